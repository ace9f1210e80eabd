#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Another version of QEMU than the installed one, which get-qemu.sh has put
# into the cache, with a guest; to be run inside a VM (run.sh does that).
# Prints KTAP.
#
# Usage: other-qemu.sh xnet|vhost-net [VERSION]...

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=suite.sh
. selftests/e2e/suite.sh
# shellcheck source-path=SCRIPTDIR source=streams.sh
. selftests/e2e/streams.sh

SECS=2
RATE=${RATE:-1000}	# kbytes/s of each TCP stream

# QEMU runs without root, and the cache need not be readable to it.
use_qemu()
{
	local dir

	dir=$(selftests/vm/get-qemu.sh "$1") || return
	mkdir -p "$E2E_DIR/qemu-$1" &&
		cp "$dir/usr/bin/qemu-system-x86_64" "$E2E_DIR/qemu-$1/" &&
		cp -r "$dir/usr/share/qemu" "$E2E_DIR/qemu-$1/share" || return
	QEMU=("$E2E_DIR/qemu-$1/qemu-system-x86_64" -L "$E2E_DIR/qemu-$1/share")
}

# starts VERSION: and the program is the one meant.
starts()
{
	use_qemu "$1" && start "$MODE" 1 && qmp query-version || return
	e2e_note "QEMU $(qmp_field major).$(qmp_field minor).$(qmp_field micro)"
	case "$(qmp_field major).$(qmp_field minor)" in
	"$1") ;;
	*) return 1 ;;
	esac
}

carries()
{
	tcp_kernel_path rx && tcp_kernel_path tx -R && queues_run "$MODE" 2
}

checked_streams()
{
	streams_start "$RATE" && streams_flow 120 && streams_end
}

reboots()
{
	guest_send 'reboot -f'
	guest_wait_ready 180 && guest_serves && carries
}

versions=("$@")
[ ${#versions[@]} -gt 0 ] || versions=(7.2)
echo "KTAP version 1"
e2e_setup "$MODE"
echo "1..$((5 * ${#versions[@]}))"
for version in "${versions[@]}"; do
	check "QEMU $version starts a guest" starts "$version"
	check "QEMU $version: TCP both ways, by the kernel path" carries
	check "QEMU $version: bytes unchanged both ways" checked_streams
	check "QEMU $version: the guest reboots" reboots
	check "QEMU $version: the guest ends in order" guest_stop
	guest_kill
done
[ $failed -eq 0 ]
