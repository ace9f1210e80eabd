#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs test programs on the machine it is on, one after another. See --help.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source-path=SCRIPTDIR source=vm/common.sh
. "$here/vm/common.sh"
build=${XNET_TESTS:-$here/build}
module=${XNET_MODULE:-$here/../drivers/vhost/xnet/vhost_xnet.ko}
device=/dev/vhost-xnet
progress=
number=1
bare=no
LIMIT=180		# seconds for a program that names no limit of its own
slow=$(how_slow)
SKIP=4			# exit status of a program that skips as a whole

usage()
{
	cat <<-USAGE
	Usage: guest-run.sh [OPTION]... TEST...

	Runs test programs (such as control/owner) as root on this machine, loading
	the module first. After each one it reads what the kernel logged meanwhile:
	a warning fails the test. Output: KTAP, then the sum. selftests/run.sh does
	this in a VM, which is where tests that break things belong.

	  --dev PATH        device under test (default $device)
	  --progress FILE   also note the beginning and the result of each test
	  --first N         number of the first test
	  --bare            neither KTAP's head nor the sum: part of a longer run
	  --help            this text

	On a machine started with the argument xnet_slow=N tests may take N times as
	long, and wait so long for what has to come.
	USAGE
}

die()
{
	echo "Bail out! $*"
	exit 2
}

mark()
{
	echo "xnet-selftest: $1" >/dev/kmsg
}

# The kernel log since the mark of that name.
log_since()
{
	dmesg | awk -v m="xnet-selftest: $1" \
		'index($0, m) { n = 0; on = 1; next } on { l[n++] = $0 }
		 END { for (i = 0; i < n; i++) print l[i] }'
}

note()
{
	[ -z "$progress" ] || echo "$*" >>"$progress"
}

# Seconds that a test may take: its source can say "Time limit: N s", which is on a
# machine of the usual speed.
limit_of()
{
	local source=$here/$1.c n

	[ -f "$source" ] || source=$here/$1
	n=$(sed -n 's/.*Time limit: \([0-9]*\) s.*/\1/p' "$source" 2>/dev/null | head -n 1)
	echo $((${n:-$LIMIT} * slow))
}

# end_session SID: kills what is left of it, and waits a while until it is gone.
end_session()
{
	local n

	for ((n = 0; n < 100; n++)); do
		pkill -KILL -s "$1" || return
		sleep 0.1
	done
}

# run_one NAME LOG: runs it, sets status; 137 when it had to be killed, 999
# when even that did not end it.
run_one()
{
	local name=$1 log=$2 program=$build/$1 limit pid

	[ "${name%.sh}" = "$name" ] || program="bash $here/$name"
	limit=$(limit_of "$name")
	# shellcheck disable=SC2086 # a script has its interpreter before it
	setsid timeout -s KILL "$limit" $program >"$log" 2>&1 </dev/null &
	pid=$!
	(
		sleep $((limit + 20))
		echo stuck >"$log.stuck"
	) &
	watch=$!
	rm -f "$log.stuck"
	while kill -0 $pid 2>/dev/null; do
		if [ -e "$log.stuck" ]; then
			status=999
			return
		fi
		sleep 0.1
	done
	wait $pid
	status=$?
	# Its children are in groups of their own, and keep the device open.
	[ $status -ne 137 ] || end_session $pid
	kill $watch 2>/dev/null
	wait $watch 2>/dev/null
}

# judge NAME LOG: counts what the program said and adds a line for what it
# could not say. Sets p, f, s (passed, failed, skipped) and why.
judge()
{
	local log=$2 plan said line

	why=
	s=$(grep -ciE '^ok [0-9]+.*# *skip' "$log")
	p=$(($(grep -cE '^ok [0-9]+' "$log") - s))
	f=$(grep -cE '^not ok [0-9]+' "$log")
	plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$log" | head -n 1)
	said=$((p + f + s))
	case $status in
	137) why="killed: not over after $(limit_of "$1") s" ;;
	999) why="hangs and cannot be killed" ;;
	0) ;;
	"$SKIP") [ $said -gt 0 ] || s=1 ;;
	*) [ "$f" -gt 0 ] || why="ended with status $status" ;;
	esac
	if [ -z "$why" ] && [ -n "$plan" ] && [ "$said" -ne "$plan" ]; then
		why="$plan tests promised, $said results given"
	fi
	if [ -z "$why" ] && [ $((p + f + s)) -eq 0 ]; then
		why="gave no result"
	fi
	if line=$(log_since "begin $1" | kernel_trouble 3); then
		why="${why:+$why; }kernel: ${line//$'\n'/ | }"
		echo "kernel log:" >>"$log"
		log_since "begin $1" | tail -n 60 | sed 's/^/# /' >>"$log"
	fi
	[ -z "$why" ] || f=$((f + 1))
}

run_test()
{
	local name=$1 log=$dir/log verdict=ok rest=

	note "begin $name"
	mark "begin $name"
	run_one "$name" "$log"
	judge "$name" "$log"
	mark "end $name"
	sed -e 's/^TAP version 13$/KTAP version 1/' -e 's/^/  /' "$log"
	[ "$f" -eq 0 ] || verdict="not ok"
	[ -z "$why" ] || echo "  # $why"
	[ $((p + f)) -gt 0 ] || rest=" # SKIP"
	echo "$verdict $number $name$rest"
	note "end $name $p $f $s"
	number=$((number + 1))
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	[ "$status" -ne 999 ] || die "a test hangs in the kernel; this machine must boot again"
}

load()
{
	modprobe -a tun tap || die "the modules tun and tap cannot be loaded"
	case $device in
	*vhost-net) modprobe vhost_net || die "vhost_net cannot be loaded" ;;
	*)
		[ -e "$device" ] && return
		[ -r "$module" ] || die "there is no module $module; run 'make' at the top first"
		insmod "$module" || die "$module cannot be loaded"
		;;
	esac
}

while [ $# -gt 0 ]; do
	case $1 in
	--dev) device=$2; shift ;;
	--progress) progress=$2; shift ;;
	--first) number=$2; shift ;;
	--bare) bare=yes ;;
	--help | -h) usage; exit 0 ;;
	-*) die "unknown option '$1'; see --help" ;;
	*) break ;;
	esac
	shift
done
[ $# -gt 0 ] || die "no test named; see --help"
[ "$(id -u)" = 0 ] || die "the tests open the device: run them as root"

dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0 skipped=0
export XNET_DEV=$device XNET_MODULE=$module XNET_TESTS=$build XGUEST_SLOW=$slow
load
if [ $bare = no ]; then
	echo "KTAP version 1"
	echo "1..$#"
fi
for test in "$@"; do
	run_test "$test"
done
[ $bare = yes ] || echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
