# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The derived MAC address.

set_machine_id()
{
	printf '%s' "$1" >machine-id
	umount /etc/machine-id 2>/dev/null
	[ -e /etc/machine-id ] || skip "no /etc/machine-id to mount over"
	mount --bind machine-id /etc/machine-id || skip "cannot mount over /etc/machine-id"
}

mac_of()
{
	launch --ifname "$1"
	expect_ok
	sed -n 's/^arg: .*,mac=\([0-9a-f:]*\),.*/\1/p' out
}

test_mac_is_stable_and_differs()
{
	local a b c

	set_machine_id 3d1219c7c4c5404aaa1f6d2a48adfda4
	a=$(mac_of tap0)
	[ "$a" = "$(mac_of tap0)" ] || fail "another address the second time"
	b=$(mac_of tap1)
	[ "$a" != "$b" ] || fail "tap0 and tap1 have the same address"
	set_machine_id 4d1219c7c4c5404aaa1f6d2a48adfda4
	c=$(mac_of tap0)
	[ "$a" != "$c" ] || fail "two machines have the same address"
	for a in "$a" "$b" "$c"; do
		# Locally administered, unicast.
		case $a in
		?[26ae]:*) ;;
		*) fail "$a is not locally administered and unicast" ;;
		esac
	done
}

# The address is SipHash-2-4 of the name under the machine-id, by OpenSSL too;
# names of every length around the hash's word of eight bytes.
test_mac_is_a_siphash()
{
	local key=000102030405060708090a0b0c0d0e0f name hash first

	command -v openssl >/dev/null || skip "no openssl to compare with"
	set_machine_id "$key"
	for name in a tap0 tap1234 tap12345 tap123456 tap123456789012; do
		hash=$(printf '%s' "$name" | openssl mac -macopt "hexkey:$key" \
			-macopt size:8 -in - SIPHASH 2>/dev/null) ||
			skip "this openssl has no SipHash"
		hash=$(tr A-F a-f <<<"${hash:0:12}")
		first=$(printf '%02x' $(((0x${hash:0:2} & 0xfe) | 2)))
		hash=$(sed 's/../&:/g; s/:$//' <<<"$first${hash:2}")
		[ "$(mac_of "$name")" = "$hash" ] || fail "$name: expected $hash"
	done
}

test_mac_needs_a_machine_id()
{
	local id

	for id in "" uninitialized 3d1219c7c4c5404aaa1f6d2a48adfda 3d1219c7c4c5404aaa1f6d2a48adfdaz; do
		set_machine_id "$id"
		expect_untouched launch
		expect_error "cannot derive a MAC address for tap0 because /etc/machine-id holds no machine-id: give one with --mac"
	done
	launch --mac 02:00:00:00:00:0A
	expect_ok
	expect_match ".*,mac=02:00:00:00:00:0a,.*"
}
