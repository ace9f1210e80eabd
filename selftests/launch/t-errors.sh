# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What can be missing or in the way: one sentence, nothing left behind.

other="choose another name with --ifname"

# expect_failure SENTENCE launcher-option...
expect_failure()
{
	local sentence=$1

	shift
	expect_untouched launch "$@"
	expect_error "$sentence"
}

# The same with a failing call.
expect_fault()
{
	local spec=$1 sentence=$2

	shift 2
	expect_untouched launch_with_fault "$spec" "$@"
	expect_error "$sentence"
}

# And with another command in QEMU's place.
expect_bad_command()
{
	local sentence=$1

	shift
	expect_untouched xq --device "$DEV" --user "$USER_NAME" -- "$@"
	expect_error "$sentence"
}

test_module_missing()
{
	[ ! -e /dev/vhost-xnet ] || skip "the module is loaded"
	expect_untouched xq --user "$USER_NAME" -- "$QEMU"
	expect_error "/dev/vhost-xnet does not exist: load the module with 'modprobe vhost_xnet'"
}

test_device_without_driver()
{
	# A number that no driver has: the node stays after rmmod by hand.
	mknod node c 10 254 || skip "cannot make a device node"
	! (: <node) 2>/dev/null || skip "misc 254 has a driver here"
	DEV=$WORK/node expect_failure "$WORK/node has no driver behind it: load the module with 'modprobe vhost_xnet'"
}

test_device_is_a_file()
{
	: >file
	DEV=$WORK/file expect_failure "$WORK/file is not a device: give --device the path of a vhost device"
	DEV=$WORK expect_failure "$WORK is not a device: give --device the path of a vhost device"
}

test_device_denied()
{
	mknod -m 600 node c 1 3 || skip "cannot make a device node"
	DEV=$WORK/node expect_untouched launch_as_user
	expect_error "no permission to open $WORK/node: run xnet-qemu as root, or join the group that 'ls -l $WORK/node' shows"
}

test_too_few_descriptors()
{
	ulimit -n 24
	expect_failure "cannot open $DEV: Too many open files" --queues 40
	ulimit -n 20
	expect_failure "cannot open /dev/net/tun: Too many open files" --queues 12
}

test_bridge_missing()
{
	expect_failure "bridge br9 does not exist: make it with 'ip link add br9 type bridge'" \
		--bridge br9
}

test_bridge_is_something_else()
{
	ip tuntap add tap9 mode tap
	for name in lo tap9; do
		expect_failure "$name is not a bridge: name one of those that 'ip link show type bridge' lists" \
			--bridge "$name"
	done
}

test_bridge_refuses()
{
	ip link add br0 up type bridge
	ip tuntap add tap3 mode tap
	# A bridge does not take an interface that another driver listens to.
	ip link add link tap3 type macvlan 2>/dev/null || skip "no macvlan here"
	expect_untouched launch --ifname tap3 --bridge br0 --mtu 3000
	grep -qx "xnet-qemu: cannot put tap tap3 in bridge br0: Device or resource busy.*" err ||
		fail "not the sentence that was expected"
}

test_not_a_tap()
{
	ip tuntap add tun3 mode tun
	ip link add br0 type bridge
	for name in lo tun3 br0; do
		expect_failure "interface $name exists and is not a tap: $other" \
			--ifname "$name"
	done
}

test_tap_busy()
{
	ip tuntap add tap3 mode tap
	ip tuntap add tap4 mode tap multi_queue
	for name in tap3 tap4 "tap4 disabled"; do
		# While the fake QEMU of one launch holds it, try another.
		rm -f ready hold
		mkfifo hold
		# shellcheck disable=SC2030
		(
			[ "$name" = "${name% *}" ] || export FAKEQEMU_DETACH=1
			export FAKEQEMU_RUN="touch ready; cat hold"
			launch --ifname "${name% *}"
		) &
		until [ -e ready ]; do
			sleep 0.1
		done
		name=${name% *}
		WORK=$WORK/second
		mkdir -p "$WORK"
		expect_failure "tap $name is in use by another process: $other" \
			--ifname "$name"
		WORK=${WORK%/second}
		: >hold
		wait
	done
}

test_no_multi_queue()
{
	ip tuntap add tap3 mode tap
	expect_failure "tap tap3 exists without multi_queue: use --queues 1, or make it again with 'ip tuntap add tap3 mode tap multi_queue vnet_hdr'" \
		--ifname tap3 --queues 2
}

test_tun_missing()
{
	mount -t tmpfs tmpfs /dev/net
	expect_failure "/dev/net/tun does not work (No such file or directory): load the module with 'modprobe tun'"
	mknod /dev/net/tun c 10 254
	! (: </dev/net/tun) 2>/dev/null || skip "misc 254 has a driver here"
	launch
	grep -q "^xnet-qemu: /dev/net/tun does not work (No such device.*): load the module with 'modprobe tun'" err ||
		fail "not the sentence that was expected"
}

test_tun_denied()
{
	open_for_all
	chmod 600 /dev/net/tun
	expect_untouched launch_as_user
	expect_error "no permission to open /dev/net/tun: run xnet-qemu as root"
}

test_tap_denied()
{
	open_for_all
	expect_untouched launch_as_user
	expect_error "no permission to make tap tap0: run xnet-qemu as root"
	ip tuntap add tap3 mode tap user nobody
	expect_untouched launch_as_user --ifname tap3
	expect_error "no permission to use tap tap3: run xnet-qemu as root or as the tap's owner"
}

# A user's own tap that would need changes only root can make; its flags,
# which the user did change, are put back.
test_changes_denied()
{
	open_for_all
	ip link add br0 up type bridge
	ip tuntap add tap3 mode tap user "$USER_NAME"
	expect_untouched launch_as_user --ifname tap3
	expect_error "cannot set tap tap3 up: Operation not permitted"
	ip link set tap3 up
	expect_untouched launch_as_user --ifname tap3 --bridge br0
	expect_error "cannot put tap tap3 in bridge br0: Operation not permitted"
	expect_untouched launch_as_user --ifname tap3 --mtu 1400
	expect_error "cannot set the MTU of tap tap3 to 1400: Operation not permitted"
}

test_kernel_words_are_shown()
{
	# The third request sets the MTU; made to ask for less than any allows.
	expect_fault sendto:3:bend \
		"cannot set the MTU of tap tap0 to 1400: Invalid argument (mtu less than device minimum)" \
		--mtu 1400
}

test_command_not_found()
{
	expect_bad_command "'no-such-qemu' is not in PATH: install it, or give its whole path" \
		no-such-qemu
	expect_bad_command "'$WORK/none' does not exist: give the path of a QEMU program" \
		"$WORK/none"
}

test_command_without_path()
{
	catch env -i "$XQ" --device "$DEV" --user "$USER_NAME" -- true
	expect_ok
}

test_command_not_executable()
{
	: >plain
	expect_bad_command "'./plain' cannot be run: Permission denied" ./plain
	expect_bad_command "'$WORK' cannot be run: Is a directory" "$WORK"
	PATH=$WORK:$PATH expect_bad_command \
		"'plain' in PATH is not executable: see 'ls -l' for its mode" plain
}

test_command_not_executable_by_user()
{
	install -m 700 "$QEMU" mine
	expect_bad_command "user $USER_NAME may not run './mine': Permission denied" ./mine
	mkdir -m 700 closed
	install -m 755 "$QEMU" closed/qemu
	expect_bad_command "user $USER_NAME may not run '$WORK/closed/qemu': Permission denied" \
		"$WORK/closed/qemu"
}

# Only exec itself notices these; the tap is put back without root by then.
test_exec_fails()
{
	local options=(--device "$DEV" --user "$USER_NAME" --ifname tap3
		--bridge br1 --mtu 3000 --queues 2)

	ip link add br0 up type bridge
	ip link add br1 up type bridge
	ip tuntap add tap3 mode tap multi_queue
	ip link set tap3 master br0 mtu 1700
	printf '#!/no/interpreter\n' >script
	printf 'not a program' >text
	chmod 755 script text
	expect_untouched xq "${options[@]}" -- ./script
	expect_error "cannot run './script': the interpreter or loader that it names does not exist"
	expect_untouched xq "${options[@]}" -- ./text
	expect_error "cannot run './text': it is not a program for this machine"
	expect_fault execv:1:7 "cannot run '$QEMU': Argument list too long" \
		--ifname tap3 --bridge br1 --mtu 3000
	# A tap that was made is simply gone.
	expect_untouched xq --device "$DEV" --user "$USER_NAME" -- ./script
	expect_error "cannot run './script': the interpreter or loader that it names does not exist"
}

test_packet_info_is_put_back()
{
	ip tuntap add tap3 mode tap pi vnet_hdr
	printf '#!/no/interpreter\n' >script
	chmod 755 script
	expect_untouched xq --device "$DEV" --user "$USER_NAME" --ifname tap3 -- ./script
	ip -d link show tap3 | grep -q "pi on vnet_hdr on" || fail "flags differ"
}

test_attach_fails()
{
	expect_fault ioctl:2:7 \
		"cannot attach queue 2 of 3 to tap tap0: Argument list too long" --queues 3
	ip tuntap add tap3 mode tap multi_queue
	expect_fault ioctl:3:16 "tap tap3 is in use by another process: $other" \
		--queues 3 --ifname tap3
}

# A tap that somebody makes between the look and the ioctl is not taken.
test_tap_made_meanwhile()
{
	FAULT_RUN="unset LD_PRELOAD; ip tuntap add tap0 mode tap" \
		launch_with_fault ioctl:1:run
	expect_error "tap tap0 is in use by another process: $other"
	ip -d link show tap0 | grep -q "vnet_hdr off" || fail "the other's tap was changed"
}

test_opens_fail()
{
	# 1 is /dev/null for stdio, 2 the machine-id, 3 and 4 the device.
	expect_fault open:1:23 "cannot open /dev/null: Too many open files in system"
	expect_fault open:4:6 \
		"$DEV has no driver behind it: load the module with 'modprobe vhost_xnet'" \
		--queues 2
	expect_fault open:6:23 \
		"cannot open /dev/net/tun: Too many open files in system" --queues 2
	# The spare descriptor of a reused tap; by then the tap has other flags.
	ip tuntap add tap3 mode tap
	expect_fault open:5:23 \
		"cannot open /dev/net/tun: Too many open files in system" --ifname tap3
	ip -d link show tap3 | grep -q "vnet_hdr off" || fail "flags differ"
}

test_rtnetlink_fails()
{
	# Requests: bridge, tap, tap again once open, MTU, bridge, up.
	local bridged=(--bridge br0 --mtu 3000 --ifname tap3)

	ip link add br0 up type bridge
	ip tuntap add tap3 mode tap
	expect_fault sendto:1:12 "cannot look up bridge br0: Cannot allocate memory" "${bridged[@]}"
	expect_fault sendto:2:12 "cannot look up interface tap3: Cannot allocate memory" "${bridged[@]}"
	expect_fault sendto:3:12 "cannot look up interface tap3: Cannot allocate memory" "${bridged[@]}"
	expect_fault sendto:4:12 "cannot set the MTU of tap tap3 to 3000: Cannot allocate memory" "${bridged[@]}"
	expect_fault sendto:5:12 "cannot put tap tap3 in bridge br0: Cannot allocate memory" "${bridged[@]}"
	expect_fault sendto:6:12 "cannot set tap tap3 up: Cannot allocate memory" "${bridged[@]}"
}

test_fork_fails()
{
	expect_fault fork:1:11 "cannot fork: Resource temporarily unavailable"
}

# A signal in the middle ends the launcher once the tap is put back.
test_signals()
{
	local options=(--ifname tap3 --bridge br0 --mtu 3000) sig name

	ip link add br0 up type bridge
	ip tuntap add tap3 mode tap
	for sig in 1:Hangup 2:Interrupt 3:Quit 15:Terminated; do
		name=${sig#*:} sig=${sig%:*}
		# After the first ioctl the tap is attached; before it, not yet.
		for spec in "ioctl:1:sig$sig" "sendto:6:sig$sig"; do
			expect_untouched launch_with_fault "$spec" "${options[@]}"
			[ "$ST" = $((128 + sig)) ] || fail "not killed by signal $sig"
			grep -qx "xnet-qemu: interrupted by signal $sig ($name)" err ||
				fail "not the sentence that was expected"
		done
	done
}

test_ignored_signal_is_ignored()
{
	trap '' HUP
	launch_with_fault ioctl:1:sig1
	expect_ok
	expect_match "SigBlk:.0+"
}
