#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the comparing programs on the machine it is on: a VM with vhost_xnet
# loaded, see run.sh. Usage: guest-run.sh [--only NAME] [--self] [OPTION]...

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source-path=SCRIPTDIR source=../vm/common.sh
. "$here/../vm/common.sh"
build=${XNET_DIFF:-$here/build}
net=/dev/vhost-net
xnet=/dev/vhost-xnet
programs=control
seconds=40
args=()
LIMIT=300

while [ $# -gt 0 ]; do
	case $1 in
	--only) programs=$2; shift ;;
	--self) xnet=$net ;;
	--seconds) seconds=$2; LIMIT=$((seconds + 260)); shift ;;
	--keep-going | --iotlb) args+=("$1") ;;
	--seed | --count) args+=("$1" "$2"); shift ;;
	*) echo "Bail out! unknown option $1"; exit 2 ;;
	esac
	shift
done

modprobe tun && modprobe vhost_net || {
	echo "Bail out! the kernel's vhost_net cannot be loaded"
	exit 2
}
[ -c $xnet ] || { echo "Bail out! there is no $xnet"; exit 2; }
# Closing a vhost-net device waits for RCU; thousands of times it adds up.
echo 1 >/sys/kernel/rcu_expedited

set -- $programs
log=$(mktemp)
passed=0 failed=0 n=0
echo "KTAP version 1"
echo "1..$#"
for program in "$@"; do
	n=$((n + 1))
	verdict=ok
	dmesg -C
	timeout -k 5 "$LIMIT" "$build/$program" --net $net --xnet $xnet --seconds "$seconds" \
		${args[@]+"${args[@]}"} 2>&1 </dev/null | tee "$log" | sed 's/^/  /'
	status=${PIPESTATUS[0]}
	p=$(grep -cE '^ok [0-9]+' "$log") f=$(grep -cE '^not ok [0-9]+' "$log")
	if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
		[ "$status" -ne 124 ] || echo "  # not over after $LIMIT s"
		f=1
	fi
	if dmesg | kernel_trouble 20 >"$log"; then
		sed 's/^/  # kernel: /' "$log"
		f=$((f + 1))
	fi
	[ "$f" -eq 0 ] || verdict="not ok"
	echo "$verdict $n $program"
	passed=$((passed + p)) failed=$((failed + f))
done
rm -f "$log"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
