#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The demonstration, from nothing: installs what is missing, builds, boots a
# VM, and in it a guest on QEMU's own virtio-net, vhost-net and vhost-xnet.

set -u
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$(dirname "$0")/host.sh"
SELF=demo

usage()
{
	cat <<-USAGE
	Usage: demo.sh [VM-OPTION]...

	Installs what is missing, builds the module and the tools, boots a VM, loads
	the module there and starts a guest on each of three network back ends. Ends
	with a table measured in that run. Takes some four minutes under emulation.
	Options go to selftests/vm/run.sh; see its --help.
	USAGE
}

case ${1-} in
-h | --help) usage; exit 0 ;;
esac

"$E2E_ROOT/selftests/vm/setup.sh" || exit
echo "Building the module and the tools"
"${MAKE:-make}" -C "$E2E_ROOT" --no-print-directory -s || exit
host_need drivers/vhost/xnet/vhost_xnet.ko tools/qemu-launch/xnet-qemu \
	tools/xnetctl/xnetctl

log=$(mktemp "${TMPDIR:-/tmp}/vhost-xnet-demo.XXXXXX") || exit
trap 'rm -f "$log"' EXIT
start=$SECONDS
host_run "$log" --timeout 500 "$@" -- selftests/e2e/demo-vm.sh
rc=$?
if [ $rc -ne 0 ]; then
	echo "The demonstration failed (status $rc)."
	exit 1
fi
echo
echo "Measured just now, in $((SECONDS - start)) s: figures of emulated CPUs, good for comparing within the table only."
