# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Taps made and reused, and what QEMU is given of them.

show="ip -d -o link show"

test_one_queue()
{
	local tap dev

	FAKEQEMU_RUN="$show tap0" launch --mac 52:54:00:12:34:56
	expect_ok
	tap=$(tap_fds) dev=$(dev_fds)
	expect_line "fd $tap: /dev/net/tun tap=tap0 flags=tap,vnet_hdr hdr=10"
	[ "$(sed -n 's/^arg: //p' out | paste -sd' ')" = "$QEMU -m 64 -netdev tap,id=xnet0,fd=$tap,vhost=on,vhostfd=$dev -device virtio-net-pci,netdev=xnet0,id=xnet0-nic,mac=52:54:00:12:34:56,vectors=4" ] ||
		fail "not the command line that was expected"
	expect_match ".* tap0: <.*[<,]UP[,>].* mtu 1500 .* tun type tap pi off vnet_hdr on .*"
	expect_no_match ".* tap0: .* master .*"
	ip link show tap0 >/dev/null 2>&1 && fail "the tap outlived QEMU"
	return 0
}

test_four_queues()
{
	local tap dev fd

	FAKEQEMU_RUN="$show tap0" launch --queues 4 --mac 52:54:00:12:34:56
	expect_ok
	tap=$(tap_fds) dev=$(dev_fds)
	for fd in ${tap//:/ }; do
		expect_line "fd $fd: /dev/net/tun tap=tap0 flags=tap,vnet_hdr,multi_queue hdr=10"
	done
	[ "$(tr -cd : <<<"$tap")" = ::: ] || fail "not four tap queues"
	[ "$(tr -cd : <<<"$dev")" = ::: ] || fail "not four vhost devices"
	expect_line "arg: tap,id=xnet0,fds=$tap,vhost=on,vhostfds=$dev"
	expect_line "arg: virtio-net-pci,netdev=xnet0,id=xnet0-nic,mac=52:54:00:12:34:56,mq=on,vectors=10"
	expect_match ".* tap0: .* tun type tap pi off vnet_hdr on multi_queue numqueues 4 .*"
}

test_most_queues()
{
	ulimit -n 1024
	launch --queues 256
	expect_ok
	[ "$(tap_fds | tr -cd : | wc -c)" = 255 ] || fail "not 256 tap queues"
	[ "$(dev_fds | tr -cd : | wc -c)" = 255 ] || fail "not 256 vhost devices"
	expect_match "arg: virtio-net-pci,.*,mq=on,vectors=514"
}

test_only_its_descriptors_are_passed()
{
	launch --queues 2
	expect_ok
	# Whatever this shell had open is passed too: compare with that.
	"$QEMU" >plain
	[ "$(grep -c '^fd ' out)" = $(($(grep -c '^fd ' plain) + 4)) ] ||
		fail "other descriptors than two taps and two devices"
}

test_inherited_descriptor_survives()
{
	exec 9</etc/passwd
	launch
	exec 9<&-
	expect_ok
	expect_match "fd 9: .*"
}

test_closed_stdio_is_not_taken()
{
	launch <&-
	expect_ok
	expect_match "fd ([3-9]|1[0-9]): /dev/net/tun tap=tap0 .*"
}

test_mtu()
{
	FAKEQEMU_RUN="$show tap0" launch --mtu 9000
	expect_ok
	expect_match ".* tap0: .* mtu 9000 .*"
	expect_match "arg: virtio-net-pci,.*,host_mtu=9000"
}

test_mtu_bounds()
{
	local mtu

	for mtu in 68 65521; do
		FAKEQEMU_RUN="$show tap0" launch --mtu "$mtu"
		expect_ok
		expect_match ".* tap0: .* mtu $mtu .*"
	done
}

test_bridge()
{
	ip link add br0 up type bridge
	FAKEQEMU_RUN="$show tap0" launch --bridge br0
	expect_ok
	expect_match ".* tap0: <.*[<,]UP[,>].* master br0 .*"
}

test_bridge_that_is_down()
{
	ip link add br0 type bridge
	launch --bridge br0
	[ "$ST" = 0 ] || fail "the launch failed"
	[ "$(cat err)" = "xnet-qemu: warning: bridge br0 is down and passes nothing until 'ip link set br0 up'" ] ||
		fail "not the expected warning"
}

test_new_tap_takes_mtu_of_bridge()
{
	ip link add br0 up mtu 4000 type bridge
	FAKEQEMU_RUN="$show" launch --bridge br0
	expect_ok
	expect_match ".* tap0: .* mtu 4000 .*"
	expect_match ".* br0: .* mtu 4000 .*"
	expect_no_match ".*host_mtu.*"
}

test_largest_bridge_mtu()
{
	ip link add br0 up mtu 65535 type bridge
	FAKEQEMU_RUN="$show tap0" launch --bridge br0
	expect_ok
	expect_match ".* tap0: .* mtu 65521 .*"
}

test_reuse()
{
	ip link add br0 up type bridge
	ip tuntap add tap3 mode tap multi_queue
	ip link set tap3 mtu 2000
	FAKEQEMU_RUN="$show tap3" launch --ifname tap3 --queues 2 --bridge br0
	expect_ok
	expect_match "fd [0-9]+: /dev/net/tun tap=tap3 flags=tap,vnet_hdr,multi_queue,persist hdr=10"
	expect_match ".* tap3: <.*[<,]UP[,>].* mtu 2000 .* master br0 .* numqueues 2 .*"
	# It was there before, so it stays, as QEMU left it.
	ip -d -o link show tap3 | grep -q "master br0 .*numqueues 0" ||
		fail "the reused tap is gone or still held"
}

test_reuse_single_queue()
{
	ip tuntap add tap3 mode tap pi
	FAKEQEMU_RUN="$show tap3" launch --ifname tap3
	expect_ok
	expect_match ".* tap3: .* tun type tap pi off vnet_hdr on persist on .*"
	expect_match "fd [0-9]+: /dev/net/tun tap=tap3 flags=tap,vnet_hdr,persist hdr=10"
}

test_reuse_multi_queue_for_one()
{
	ip tuntap add tap3 mode tap multi_queue vnet_hdr
	launch --ifname tap3
	expect_ok
	expect_match "fd [0-9]+: /dev/net/tun tap=tap3 flags=tap,vnet_hdr,multi_queue,persist hdr=10"
	expect_match "arg: tap,id=xnet0,fd=[0-9]+,vhost=on,vhostfd=[0-9]+"
}

test_reuse_moves_between_bridges()
{
	ip link add br0 up type bridge
	ip link add br1 up type bridge
	ip tuntap add tap3 mode tap vnet_hdr
	ip link set tap3 master br0
	FAKEQEMU_RUN="$show tap3" launch --ifname tap3 --bridge br1
	expect_ok
	expect_match ".* tap3: .* master br1 .*"
}

test_prepared_tap_needs_no_root()
{
	open_for_all
	ip link add br0 up type bridge
	ip tuntap add tap3 mode tap user "$USER_NAME" multi_queue vnet_hdr
	ip link set tap3 master br0 up
	launch_as_user --ifname tap3 --bridge br0 --queues 2 --mtu 1500
	expect_ok
	expect_match "fd [0-9]+: /dev/net/tun tap=tap3 flags=tap,vnet_hdr,multi_queue,persist hdr=10"
	expect_match "Uid:.$USER_UID.*"
}

test_command_line_stays_first_and_whole()
{
	xq --device "$DEV" --user "$USER_NAME" -- "$QEMU" -machine "q35,accel=kvm" \
		"" "a  b" -- --ifname x
	expect_ok
	[ "$(sed -n 's/^arg: //p' out | head -n 8 | tail -n 7 | paste -sd'|')" = \
		"-machine|q35,accel=kvm||a  b|--|--ifname|x" ] ||
		fail "arguments were changed"
	expect_line "arg: $QEMU"
}

test_command_from_path()
{
	ln -s "$QEMU" my-qemu
	PATH=/nowhere:$WORK:$PATH
	xq --device "$DEV" --user "$USER_NAME" -- my-qemu
	expect_ok
	expect_line "arg: my-qemu"
}

test_status_is_that_of_qemu()
{
	FAKEQEMU_RUN=false launch
	[ "$ST" = 1 ] || fail "status $ST"
	[ ! -s err ] || fail "something on stderr"
}
