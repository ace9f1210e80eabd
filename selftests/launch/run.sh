#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of tools/qemu-launch. usage: run.sh [name-pattern]
#
# Every function test_* of the files t-*.sh is a test. It runs as root in
# network and mount namespaces of its own, with a program in QEMU's place that
# prints what it was given (fakeqemu.c). Nothing needs the module: a harmless
# character device stands in for it. Set XNET_DEVICE=/dev/vhost-xnet where
# there is a real one, and a real QEMU is tried too; set XNET_QEMU to test
# another build of the launcher.
#
# Output: KTAP, then "N passed, N failed, N skipped".

set -u

here=$(cd "$(dirname "$0")" && pwd)
SKIP=4
LIMIT=120

# One test, in its namespaces: run.sh --one file function
if [ "${1-}" = --one ]; then
	# shellcheck source-path=SCRIPTDIR source=lib.sh
	. "$here/lib.sh"
	# shellcheck disable=SC1090
	. "$2"
	set_up
	"$3"
	exit 0
fi

pattern=${1:-}
passed=0 failed=0 skipped=0 n=0

stop()
{
	echo "Bail out! $1"
	exit 1
}

[ "$(id -u)" = 0 ] || stop "the launcher's tests make interfaces: run them as root"
unshare -n -m true 2>/dev/null || stop "no namespaces here: unshare -n -m fails"
[ -c /dev/net/tun ] || modprobe -q tun || stop "no /dev/net/tun: load the module with 'modprobe tun'"
for tool in ip setpriv timeout unshare; do
	command -v "$tool" >/dev/null || stop "$tool is missing: install iproute2 and util-linux"
done

# A folder that any user can reach, wherever the sources are.
dir=$(mktemp -d /tmp/xnet-launch.XXXXXX) || stop "no room in /tmp"
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
make -s -C "$here" OUT="$dir" >"$dir/log" 2>&1 || stop "cannot build: $(cat "$dir/log")"
if [ -z "${XNET_QEMU-}" ]; then
	make -s -C "$here/../../tools/qemu-launch" >"$dir/log" 2>&1 ||
		stop "cannot build the launcher: $(cat "$dir/log")"
	XNET_QEMU=$here/../../tools/qemu-launch/xnet-qemu
fi
install -m 755 "$XNET_QEMU" "$dir/xnet-qemu" || stop "no launcher to test"
export TESTDIR=$dir
# A small machine may have no machine-id; each test then sees an /etc with one.
if [ ! -s /etc/machine-id ]; then
	cp -a /etc "$dir/etc" && echo 0123456789abcdef0123456789abcdef >"$dir/etc/machine-id" ||
		stop "cannot copy /etc"
	export XNET_ETC=$dir/etc
fi

tests=$(for f in "$here"/t-*.sh; do
	sed -n "s|^\(test_[a-z0-9_]*\)()\$|$f \1|p" "$f"
done | grep -e "$pattern")
[ -n "$tests" ] || stop "no test matches '$pattern'"

echo "KTAP version 1"
echo "1..$(echo "$tests" | wc -l)"
while read -r file func; do
	n=$((n + 1))
	rm -rf "$dir/work"
	mkdir -m 777 "$dir/work"
	timeout -k 5 "$LIMIT" unshare -n -m --propagation private \
		bash "$here/run.sh" --one "$file" "$func" >"$dir/log" 2>&1 </dev/null
	status=$?
	case $status in
	0)
		passed=$((passed + 1))
		echo "ok $n ${func#test_}"
		;;
	"$SKIP")
		skipped=$((skipped + 1))
		echo "ok $n ${func#test_} # SKIP $(tail -n 1 "$dir/log")"
		;;
	*)
		failed=$((failed + 1))
		[ "$status" != 124 ] || echo "not over after $LIMIT s" >>"$dir/log"
		head -n 60 "$dir/log" | sed 's/^/# /'
		echo "not ok $n ${func#test_}"
		;;
	esac
done <<<"$tests"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
