#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots a VM and runs the end-to-end tests in it.

set -u
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$(dirname "$0")/host.sh"
SELF=e2e

usage()
{
	cat <<-USAGE
	Usage: run.sh [--device xnet|vhost-net] [VM-OPTION]...

	Runs the end-to-end tests (QEMU with a guest, in a VM) on one vhost device;
	the default is xnet. Prints KTAP; the last line counts the results.
	Other options go to selftests/vm/run.sh; see its --help.

	When a step of the nested guest gets stuck under emulation, the whole VM is
	started again, once, and that is said.
	USAGE
}

device=xnet
options=()
while [ $# -gt 0 ]; do
	case $1 in
	--device)
		[ $# -ge 2 ] || host_die "--device needs xnet or vhost-net"
		device=$2
		shift
		;;
	-h | --help) usage; exit 0 ;;
	*) options+=("$1") ;;
	esac
	shift
done
case $device in
xnet) host_need drivers/vhost/xnet/vhost_xnet.ko tools/xnetctl/xnetctl ;;
vhost-net) ;;
*) host_die "unknown device '$device'; it is xnet or vhost-net" ;;
esac
host_need tools/qemu-launch/xnet-qemu

log=$(mktemp "${TMPDIR:-/tmp}/vhost-xnet-e2e.XXXXXX") || exit
trap 'rm -f "$log"' EXIT
host_run "$log" --timeout 900 ${options[@]+"${options[@]}"} \
	-- selftests/e2e/e2e.sh "$device"
rc=$?

planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log" | head -n 1)
passed=$(grep -c '^ok ' "$log")
failed=$(grep -c '^not ok ' "$log")
missing=$((${planned:-1} - passed - failed))
[ $missing -le 0 ] || echo "# $missing tests gave no result"
failed=$((failed + missing))
if [ $rc -ne 0 ] && [ $failed -eq 0 ]; then
	echo "# the VM ended with status $rc"
	failed=1
fi
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
