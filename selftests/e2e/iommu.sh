#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest whose card is behind an emulated IOMMU, so that the device has to ask
# QEMU for translations and is told when they end; to be run inside a VM
# (run.sh does that). Prints KTAP.
#
# Usage: iommu.sh xnet|vhost-net [strict|passthrough|reboot|control]...

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=suite.sh
. selftests/e2e/suite.sh
# shellcheck source-path=SCRIPTDIR source=streams.sh
. selftests/e2e/streams.sh

RATE=${RATE:-1000}	# kbytes/s of each TCP stream
SECS=2
GUEST_MACHINE=,kernel-irqchip=split
GUEST_ARGS=(-device "intel-iommu,intremap=on,device-iotlb=on"
	-device pcie-root-port,id=rp0,chassis=1)
NIC_PROPS=bus=rp0,iommu_platform=on,ats=on,disable-legacy=on
GUEST_APPEND="intel_iommu=on iommu.strict=1"

# The card's PCI device, as the guest sees it.
NIC_DEV='$(basename $(readlink -f /sys/class/net/eth0/device/..))'

# start_domain: a guest is up, in a domain that ends each translation at once.
start_domain()
{
	[ -z "$QEMU_PID" ] || return 0
	start "$MODE" 1 && guest_run 120 "echo $NIC_DEV >/tmp/nic" || return
}

# domain_is TYPE: what the guest's kernel says of the card's IOMMU domain.
domain_is()
{
	local type

	# shellcheck disable=SC2016
	type=$(guest_run 120 'cat /sys/bus/pci/devices/$(cat /tmp/nic)/iommu_group/type')
	[ "$type" = "$1" ] && return
	e2e_note "the card's domain is '$type', not '$1'"
	return 1
}

# domain_set TYPE: needs the driver off the card.
domain_set()
{
	# shellcheck disable=SC2016
	guest_run 120 'd=$(cat /tmp/nic) s=/sys/bus/pci;
		cd $s/drivers/virtio-pci && echo $d >unbind &&
		echo '"$1"' >$s/devices/$d/iommu_group/type &&
		echo $d >bind && usleep 500000 &&
		ip addr add '"$GUEST_IP"'/24 dev eth0 && ip link set eth0 up' || return
	wait_until 120 ping -q -c 1 -W 2 $GUEST_IP >/dev/null && domain_is "$1"
}

# carries: right bytes, both ways, by the kernel's path.
carries()
{
	local ms

	platform_agreed || return
	streams_start "$RATE" || return
	ms=$(worker_ms)
	sleep $((2 * SECS))
	streams_flow 120 || return
	ms=$(($(worker_ms) - ms))
	streams_end || return
	e2e_note "worker: $ms ms"
	want "worker's CPU time in ms" "$ms" -gt 0 && queues_run "$MODE" 2
}

# The guest took VIRTIO_F_ACCESS_PLATFORM, feature 33.
platform_agreed()
{
	[ "$MODE" = xnet ] || return 0
	"$XNETCTL" show --json | python3 -c '
import json, sys
sys.exit(not any(dev["features"] >> 33 & 1 for dev in json.load(sys.stdin)["devices"]))' ||
		{ e2e_note "the guest did not take ACCESS_PLATFORM"; return 1; }
}

strict()
{
	start_domain && domain_is DMA && carries
}

passthrough()
{
	start_domain && domain_set identity && carries &&
		domain_set DMA && carries
}

reboots()
{
	start_domain || return
	guest_send 'reboot -f'
	guest_wait_ready 180 && guest_run 120 "echo $NIC_DEV >/tmp/nic" &&
		domain_is DMA && carries
}

# A device that never hears of translations that ended uses pages that are no
# longer its own: something must arrive wrong, or not at all. Whatever becomes
# of such a guest is no trouble with the emulation, so its steps may get stuck.
invalidations_matter()
{
	local rc=0

	guest_kill
	SABOTAGE=invalidate guest_start "$MODE" 1 || return
	(
		trap streams_abandon EXIT
		ping -q -c 3 -W 5 $GUEST_IP >/dev/null
		streams_start $((4 * RATE)) && sleep $((4 * SECS)) &&
			streams_flow 20 && streams_end
	) && rc=1
	rm -f $E2E_DIR/stuck
	guest_kill
	[ $rc -eq 0 ] || e2e_note "nothing went wrong without invalidations"
	return $rc
}

names=("$@")
[ ${#names[@]} -gt 0 ] || names=(strict passthrough reboot control)
for name in "${names[@]}"; do
	case $name in
	strict | passthrough | reboot | control) ;;
	*) e2e_die "there is no scenario '$name' in iommu" ;;
	esac
done

# VHOST_GET_FEATURES
offers_platform()
{
	python3 -c '
import fcntl, struct, sys
with open(sys.argv[1], "rb", 0) as dev:
    answer = fcntl.ioctl(dev, 0x8008AF00, bytes(8))
sys.exit(not struct.unpack("=Q", answer)[0] >> 33 & 1)' "$(vhost_dev "$MODE")"
}

echo "KTAP version 1"
e2e_setup "$MODE"
if ! offers_platform; then
	echo "1..0 # SKIP $(vhost_dev "$MODE") does not offer ACCESS_PLATFORM"
	exit 0
fi
echo "1..${#names[@]}"
for name in "${names[@]}"; do
	case $name in
	strict) check "behind an IOMMU, translations ended at once" strict ;;
	passthrough) check "the domain switched to passthrough and back" passthrough ;;
	reboot) check "behind an IOMMU, after a reboot" reboots ;;
	control) check "control: ends of translations that are not told show" invalidations_matter ;;
	esac
done
guest_kill
[ $failed -eq 0 ]
