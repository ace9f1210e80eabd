# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A real QEMU on a real device takes what it is given.

test_real_qemu()
{
	local qemu=qemu-system-x86_64 queues

	[ -n "${XNET_DEVICE-}" ] || skip "needs a vhost device, see XNET_DEVICE"
	command -v "$qemu" >/dev/null || skip "no $qemu"
	ip link add br0 up type bridge
	for queues in 1 4; do
		printf 'info network\ninfo qtree\nquit\n' >monitor
		catch timeout 50 "$XQ" --device "$DEV" --user nobody \
			--queues "$queues" --mtu 1800 --bridge br0 \
			--mac 52:54:00:12:34:56 -- "$qemu" -accel tcg -M q35 \
			-m 64 -display none -nodefaults -S -monitor stdio <monitor
		expect_ok
		grep -q "model=virtio-net-pci,macaddr=52:54:00:12:34:56" out ||
			fail "no virtio-net device with that address"
		[ "$(grep -c "xnet0: index=[0-9]*,type=tap,fd=" out)" = "$queues" ] ||
			fail "not $queues queue pairs"
		grep -q "vectors = $((2 * queues + 2)) " out || fail "wrong vectors"
		grep -q "host_mtu = 1800 " out || fail "wrong host_mtu"
		ip link show tap0 >/dev/null 2>&1 && fail "the tap outlived QEMU"
	done
	return 0
}
