#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of the netlink family vhost-xnet and of xnetctl, on the real device of
# the machine that it runs on: a VM, see run.sh. usage: guest-run.sh [PATTERN]
#
# The module is loaded, and nothing else uses it. The tests are those of the
# program nltest, and every function test_* of the files x-*.sh. Each runs in a
# network namespace of its own. After each, the kernel's log is looked at.
#
# Output: KTAP, then "N passed, N failed, N skipped".

set -u

here=$(cd "$(dirname "$0")" && pwd)
SKIP=4
# shellcheck source-path=SCRIPTDIR source=../vm/common.sh
. "$here/../vm/common.sh"
slow=$(how_slow)
LIMIT=$((90 * slow))
MARK=xnet-netlink-test
TROUBLE='BUG:|WARNING:|Oops|general protection|lockdep|possible recursive|refcount_t|KASAN|hung task'

export DEV=${XNET_DEVICE:-/dev/vhost-xnet} XGUEST_SLOW=$slow
export HERE=$here

# One shell test, in its namespace: guest-run.sh --one file function
if [ "${1-}" = --one ]; then
	# shellcheck source-path=SCRIPTDIR source=lib.sh
	. "$here/lib.sh"
	# shellcheck disable=SC1090
	. "$2"
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

[ "$(id -u)" = 0 ] || stop "only root may ask the family: run the tests as root, in a VM"
[ -c "$DEV" ] || stop "there is no $DEV: load the module first"
work=$(mktemp -d /tmp/xnet-netlink.XXXXXX) || stop "no room in /tmp"
trap 'rm -rf "$work"' EXIT
[ -x "$here/nltest" ] || stop "the tests are not built: run make -C selftests/netlink first"

tests=$({
	"$here/nltest" | sed 's/^/nltest /'
	for f in "$here"/x-*.sh; do
		sed -n "s|^\(test_[a-z0-9_]*\)()\$|$f \1|p" "$f"
	done
} | grep -e "$pattern")
[ -n "$tests" ] || stop "no test matches '$pattern'"

# What the kernel complained of since the mark.
complaints()
{
	dmesg | awk -v mark="$1" 'found { print } index($0, mark) { found = 1 }' |
		grep -E "$TROUBLE"
}

echo "KTAP version 1"
echo "1..$(echo "$tests" | wc -l)"
while read -r file name; do
	n=$((n + 1))
	mkdir -p "$work/$n"
	cd "$work/$n" || stop "no room in /tmp"
	echo "$MARK-$n: $name" >/dev/kmsg
	if [ "$file" = nltest ]; then
		set -- "$here/nltest" "$name"
	else
		set -- bash "$here/guest-run.sh" --one "$file" "$name"
	fi
	timeout -k 5 "$LIMIT" unshare -n "$@" >"$work/log" 2>&1 </dev/null
	status=$?
	if complaints "$MARK-$n:" >>"$work/log"; then
		status=1
		echo "the kernel complained" >>"$work/log"
	fi
	case $status in
	0)
		passed=$((passed + 1))
		echo "ok $n ${name#test_}"
		;;
	"$SKIP")
		skipped=$((skipped + 1))
		echo "ok $n ${name#test_} # SKIP $(tail -n 1 "$work/log")"
		;;
	*)
		failed=$((failed + 1))
		[ "$status" != 124 ] || echo "not over after $LIMIT s" >>"$work/log"
		head -n 60 "$work/log" | sed 's/^/# /'
		echo "not ok $n ${name#test_}"
		;;
	esac
done <<<"$tests"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
