# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bad command lines: each is one sentence, and nothing is touched.

see="see xnet-qemu --help"

# expect_bad SENTENCE launcher-argument...
expect_bad()
{
	local sentence=$1

	shift
	expect_untouched xq "$@"
	expect_error "$sentence"
}

# expect_bad_option SENTENCE option..., in an otherwise good command line
expect_bad_option()
{
	local sentence=$1

	shift
	expect_bad "$sentence" --device "$DEV" --user "$USER_NAME" "$@" -- "$QEMU"
}

test_no_command()
{
	local none="no QEMU command line: give it after '--', $see"

	expect_bad "$none"
	expect_bad "$none" --ifname tap1
	expect_bad "$none" --ifname tap1 --
	expect_bad "$none" -- ""
}

test_command_without_dashes()
{
	expect_bad "'$QEMU' is not an option: put QEMU's command line after '--'" \
		--queues 1 "$QEMU" -m 64
}

test_unknown_option()
{
	local is="is unknown or takes no value: $see"

	expect_bad_option "option '--ifnam3' $is" --ifnam3 tap0
	expect_bad_option "option '-x' $is" -x
	expect_bad_option "option '--dry-run=yes' $is" --dry-run=yes
	expect_bad_option "option '--m' $is" --m 1500
}

test_missing_value()
{
	expect_bad "option '--mtu' needs a value: $see" --mtu
}

test_queues_out_of_range()
{
	local n

	for n in 0 257 -1 "" 1x x 0x2 " 2" 99999999999999999999; do
		expect_bad_option "--queues takes a number from 1 to 256, not '$n'" \
			--queues "$n"
	done
}

test_mtu_out_of_range()
{
	local n

	for n in 0 67 65522 65536 -1500 1.5k ""; do
		expect_bad_option "--mtu takes a number from 68 to 65521, not '$n'" \
			--mtu "$n"
	done
}

test_name_too_long()
{
	expect_bad_option "interface name 'a234567890123456' is too long: use at most 15 characters" \
		--ifname a234567890123456
	expect_bad_option "interface name 'b234567890123456' is too long: use at most 15 characters" \
		--bridge b234567890123456
}

test_name_of_15_is_taken()
{
	launch --ifname a23456789012345
	expect_ok
	expect_match "fd [0-9]+: /dev/net/tun tap=a23456789012345 .*"
}

test_bad_name()
{
	local is="is not an interface name: use letters, digits, '-', '_' and '.'"
	local name

	for name in "" . .. a/b "a b" a:b tap%d -x; do
		expect_bad_option "--ifname '$name' $is" --ifname "$name"
		expect_bad_option "--bridge '$name' $is" --bridge "$name"
	done
}

test_bad_mac()
{
	local mac

	for mac in "" 52:54:00:12:34 52:54:00:12:34:5 52:54:00:12:34:567 \
		52-54-00-12-34-56 5g:54:00:12:34:56 53:54:00:12:34:56 \
		ff:ff:ff:ff:ff:ff 00:00:00:00:00:00 52:54:00:12:34:56:78; do
		expect_bad_option "--mac '$mac' is not a unicast MAC address such as 52:54:00:12:34:56" \
			--mac "$mac"
	done
}

test_bad_id()
{
	local id

	for id in "" 0net a,b "a b" a=b -x; do
		expect_bad_option "--id '$id' cannot be an id for QEMU: begin with a letter, then use letters, digits, '-', '.' and '_'" \
			--id "$id"
	done
}

test_id_taken()
{
	local arg is="is_set_below"

	for arg in "user,id=xnet0" "id=xnet0,x=y" "virtio-net-pci,id=xnet0-nic"; do
		is="QEMU's command line uses the id 'xnet0' already: choose another with --id"
		expect_untouched xq --device "$DEV" --user "$USER_NAME" -- \
			"$QEMU" -netdev "$arg"
		expect_error "$is"
	done
	# Close, but not the same.
	xq --device "$DEV" --user "$USER_NAME" -- "$QEMU" -netdev \
		user,id=xnet00 -device x,myid=xnet0 -append "id=xnet0 quiet"
	expect_ok
	# And a way out.
	xq --device "$DEV" --user "$USER_NAME" --id net.1_b-c -- "$QEMU" \
		-netdev user,id=xnet0
	expect_ok
	expect_match "arg: tap,id=net.1_b-c,.*"
	expect_match "arg: virtio-net-pci,netdev=net.1_b-c,id=net.1_b-c-nic,.*"
}

test_help()
{
	local option

	xq --help
	expect_ok
	for option in ifname bridge queues mtu user mac id device dry-run help version; do
		grep -q -e "--$option" "$WORK/out" || fail "--$option is not in --help"
	done
	cp "$WORK/out" long
	xq -h
	expect_ok
	cmp -s long "$WORK/out" || fail "-h and --help differ"
}

test_version()
{
	xq --version
	expect_ok
	expect_match "xnet-qemu [0-9]+\.[0-9.]*[0-9]"
}
