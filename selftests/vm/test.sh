#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests the harness: whatever goes wrong in the VM must not look green, and
# what goes right must. Prints KTAP.
#
# Usage: test.sh [VM-OPTION]...

set -u
dir=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$dir/common.sh"
number=0
failed=0
kver=$(default_kver)
# Not in /tmp, which is the VM's own inside.
tmp=$(mktemp -d /var/tmp/vhost-xnet-vmtest.XXXXXX) || exit
trap 'rm -rf "$tmp"' EXIT

# expect NAME STATUS PATTERN RUN.SH-ARG...: the harness must end with STATUS
# and its words, or those of the command, must match PATTERN.
expect()
{
	local name=$1 status=$2 pattern=$3 rc

	shift 3
	number=$((number + 1))
	"$dir/run.sh" --results "$tmp/results" ${options[@]+"${options[@]}"} "$@" \
		>"$tmp/log" 2>&1
	rc=$?
	if [ $rc -eq "$status" ] && grep -qE -e "$pattern" "$tmp/log"; then
		echo "ok $number $name"
		return
	fi
	sed 's/^/# /' "$tmp/log"
	echo "# status $rc, expected $status with '$pattern'"
	echo "not ok $number $name"
	failed=$((failed + 1))
}

options=("$@")
echo "KTAP version 1"
echo 1..15

cp -r "$dir/trouble" "$tmp/trouble"
make -s -C "/usr/src/linux-headers-$kver" M="$tmp/trouble" modules >"$tmp/build" 2>&1 || {
	sed 's/^/# /' "$tmp/build"
	echo "Bail out! the module trouble.ko cannot be built"
	exit 1
}
trouble=$tmp/trouble/trouble.ko

expect "output and success" 0 "^Linux .*$kver" -- uname -a
expect "the command's status" 7 "status 7" -- sh -c 'exit 7'
expect "arguments arrive as they are" 0 '^<a  b> <\$x\*>$' -- printf '<%s> <%s>\n' 'a  b' "\$x*"
expect "the command's folder" 0 "^$XNET_ROOT\$" -- pwd
expect "writes stay inside" 0 '^inside$' -- \
	sh -c "echo inside >'$tmp/mark'; cat '$tmp/mark'"
if [ -e "$tmp/mark" ]; then
	echo "# a write in the VM reached the host"
	failed=$((failed + 1))
fi
expect "results come out" 0 '' -- sh -c 'echo out >/results/file'
[ "$(cat "$tmp/results/file" 2>/dev/null)" = out ] || {
	echo "# /results/file did not reach the host"
	failed=$((failed + 1))
}
expect "panic" 125 'Kernel panic' -- sh -c 'echo c >/proc/sysrq-trigger; sleep 9'
expect "no result" 125 'without a result' -- busybox poweroff -f
expect "a reset" 123 'without a result' --lane tcg -- \
	sh -c "printf '\\006' | busybox dd of=/dev/port bs=1 seek=$((0xcf9)) conv=notrunc; sleep 9"
expect "a warning, though the command succeeds" 125 'kernel complained.*(cut here|WARNING)' -- \
	sh -c "insmod $trouble kind=warn; true"
expect "a warning that the log does not show" 125 'tainted' -- \
	sh -c "dmesg -n 1; insmod $trouble kind=warn; true"
expect "oops" 125 'kernel complained' --module "$trouble kind=oops" -- true
expect "a module that cannot be loaded" 125 'could not be loaded' --module "$trouble" -- true
expect "hang" 124 'no end after 30 s' --timeout 30 --module "$trouble kind=hang" -- true
expect "the deterministic lane" 0 '^1 0$' --lane icount -- \
	sh -c 'echo $(nproc) $(grep -c erms /proc/cpuinfo)'

echo "$((number - failed)) passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
