# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# --dry-run: shows all, does nothing, needs no root.

test_dry_run_shows_and_changes_nothing()
{
	local before

	ip link add br0 up type bridge
	before=$(net_state)
	launch_as_user --dry-run --bridge br0 --queues 2 --mtu 1400 --mac 02:00:00:00:00:01
	expect_ok
	[ "$before" = "$(net_state)" ] || fail "something was changed"
	expect_line "# make tap tap0 with vnet headers and 2 queues"
	expect_line "# set its MTU to 1400"
	expect_line "# put it in bridge br0"
	expect_line "# set it up"
	expect_line "# open $DEV 2 times"
	expect_line "# run $QEMU as user $USER_NAME, without capabilities:"
	expect_match "$QEMU -m 64 -netdev tap,id=xnet0,fds=[0-9]+:[0-9]+,vhost=on,vhostfds=[0-9]+:[0-9]+ -device virtio-net-pci,netdev=xnet0,id=xnet0-nic,mac=02:00:00:00:00:01,mq=on,vectors=6,host_mtu=1400"
	expect_no_match "fd .*"
}

test_dry_run_for_another_user_without_root()
{
	launch_as_user --dry-run --user nobody
	expect_ok
	expect_match "# run .* as user nobody, .*"
	expect_line "# open $DEV 1 time"
	expect_line "# make tap tap0 with vnet headers and 1 queue"
}

test_dry_run_tells_reuse()
{
	ip tuntap add tap3 mode tap
	launch --dry-run --ifname tap3
	expect_ok
	expect_match "# reuse tap tap3 .*"
	expect_no_match "# set its MTU.*"
	expect_no_match "# put it in.*"
}

# The line that is shown, read by a shell, is the line that is run.
test_dry_run_is_what_is_run()
{
	local args=(--device "$DEV" --user "$USER_NAME" --queues 3)
	local command=("$QEMU" -append "a 'b' \$c \\ \"d\"" "" '*' -m 64)

	exec 7</dev/zero
	xq "${args[@]}" --dry-run -- "${command[@]}"
	expect_ok
	eval "set -- $(grep -v '^#' out)"
	printf 'arg: %s\n' "$@" >shown
	xq "${args[@]}" -- "${command[@]}"
	expect_ok
	grep '^arg: ' out >run
	diff shown run || fail "shown and run differ"
}

# What is wrong is wrong in a dry run too.
test_dry_run_checks()
{
	xq --dry-run --user "$USER_NAME" --device "$WORK/none" -- "$QEMU"
	expect_error "$WORK/none does not exist: load the module with 'modprobe vhost_xnet'"
	launch --dry-run --bridge br9
	expect_error "bridge br9 does not exist: make it with 'ip link add br9 type bridge'"
	launch --dry-run --ifname lo
	expect_error "interface lo exists and is not a tap: choose another name with --ifname"
	xq --dry-run --device "$DEV" --user "$USER_NAME" -- no-such-qemu
	expect_error "'no-such-qemu' is not in PATH: install it, or give its whole path"
}

test_dry_run_full_disk()
{
	[ -c /dev/full ] || skip "no /dev/full"
	# shellcheck disable=SC2016
	catch sh -c '"$@" >/dev/full' sh "$XQ" --dry-run --device "$DEV" \
		--user "$USER_NAME" -- "$QEMU"
	expect_error "cannot write the plan: No space left on device"
}
