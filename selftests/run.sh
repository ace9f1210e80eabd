#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the device tests and runs them in a VM. See --help.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
project=$(cd "$here/.." && pwd -P)
device=/dev/vhost-xnet
module=$project/drivers/vhost/xnet/vhost_xnet.ko
timeout=1500
list=no
shell=no
keep=
vm=()
wanted=()

usage()
{
	cat <<-USAGE
	Usage: run.sh [OPTION]... [TEST]...

	Builds the tests of selftests/control and selftests/data and runs them in a
	VM with the module loaded, all in one boot; a test that takes the kernel
	down fails, and the rest go on in another boot. A kernel warning fails the
	test it came in. TEST is a folder (control), a test (control/owner) or its
	last name (owner); without one, all are run.

	  --list            only name the tests
	  --dev PATH        device under test (default $device);
	                    /dev/vhost-net shows what the kernel's own does
	  --module FILE     module to load (default drivers/vhost/xnet/vhost_xnet.ko)
	  --kernel VERSION  kernel to boot, as in selftests/vm/run.sh, which also
	  --lane LANE       knows these
	  --smp N
	  --mem MIB
	  --append ARG
	  --timeout S       seconds for one boot (default $timeout)
	  --results DIR     keep the logs here
	  --shell           a shell in the VM, with the module loaded, and no tests
	  --help            this text

	Output: KTAP, then "N passed, N failed, N skipped". Exit status: 0 when none
	failed, 1 when some did, 2 when they could not be run.
	USAGE
}

die()
{
	echo "run.sh: $*" >&2
	exit 2
}

need_value()
{
	[ $# -ge 2 ] || die "option $1 needs a value; see --help"
}

parse()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--list) list=yes ;;
		--shell) shell=yes ;;
		--dev) need_value "$@"; device=$2; shift ;;
		--module) need_value "$@"; module=$(realpath -m "$2"); shift ;;
		--timeout) need_value "$@"; timeout=$2; shift ;;
		--results) need_value "$@"; keep=$2; shift ;;
		--kernel | --lane | --smp | --mem | --append)
			need_value "$@"; vm+=("$1" "$2"); shift ;;
		--help | -h) usage; exit 0 ;;
		-*) die "unknown option '$1'; see --help" ;;
		*) wanted+=("$1") ;;
		esac
		shift
	done
}

# Sets tests from what was asked for.
choose()
{
	local all test want found

	all=$(make -s -C "$here" list) || die "the tests cannot be listed"
	tests=()
	if [ ${#wanted[@]} -eq 0 ]; then
		mapfile -t tests <<<"$all"
		return
	fi
	for want in "${wanted[@]}"; do
		want=${want%/} found=no
		for test in $all; do
			case $test in
			"$want" | "$want"/* | */"$want" | */"$want".sh)
				tests+=("$test"); found=yes ;;
			esac
		done
		[ $found = yes ] || die "there is no test '$want'; --list names them"
	done
}

prepare()
{
	local test program targets=(lib)

	for test in "${tests[@]}"; do
		if [ "${test%.sh}" = "$test" ]; then
			targets+=("build/$test")
			continue
		fi
		# A script can say "Programs: control/owner ...", which it runs.
		for program in $(sed -n 's/^# Programs: //p' "$here/$test"); do
			targets+=("build/$program")
		done
		[ "$test" != control/compat32.sh ] || targets+=(m32)
	done
	make -s -j2 -C "$here" "${targets[@]}" >"$dir/make.log" 2>&1 || {
		cat "$dir/make.log" >&2
		die "the tests do not build"
	}
	case $device in
	*vhost-net) module= ;;
	*)
		[ -r "$module" ] || die "there is no $module; run 'make' in $project first"
		# A copy stays the same when somebody builds meanwhile.
		cp "$module" "$results/vhost_xnet.ko" || die "cannot copy $module"
		;;
	esac
}

# Sets passed, failed, skipped, finished (tests with a result) and running (the
# one that has none) from the notes of all boots.
read_progress()
{
	local word name p f s

	passed=0 failed=0 skipped=0 finished=0 running=
	[ -f "$progress" ] || return
	while read -r word name p f s; do
		if [ "$word" = begin ]; then
			running=$name
			continue
		fi
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
		finished=$((finished + 1))
		running=
	done <"$progress"
}

# One boot with the tests that are left.
boot()
{
	local status

	"$here/vm/run.sh" --quiet --timeout "$timeout" --results "$results" \
		${vm[@]+"${vm[@]}"} -- env XNET_MODULE=/results/vhost_xnet.ko \
		"$here/guest-run.sh" --bare --dev "$device" \
		--progress /results/progress --first $((finished + 1)) \
		"${tests[@]:finished}"
	status=$?
	cp -f "$results/console.log" "$results/console-$boots.log"
	return $status
}

# What a boot left without an end. Returns 1 when nothing can be run at all.
settle()
{
	local status=$1 before=$2 sum=$failed

	read_progress
	if [ -n "$running" ]; then
		echo "  # the VM ended (status $status) during this test; console: $results/console-$boots.log"
		echo "not ok $((finished + 1)) $running"
		echo "end $running 0 1 0" >>"$progress"
		read_progress
		keep=$results
	elif [ "$finished" -eq "$before" ]; then
		return 1
	elif [ "$status" -ne 0 ] && [ "$failed" -eq "$sum" ]; then
		# Each test was fine, and yet something was wrong.
		echo "# the VM ended with status $status though no test failed; console: $results/console-$boots.log"
		echo "end - 0 1 0" >>"$progress.extra"
		keep=$results
	fi
	return 0
}

parse "$@"
choose
if [ $list = yes ]; then
	printf '%s\n' "${tests[@]}"
	exit 0
fi
dir=$(mktemp -d) || die "no temporary folder"
trap 'rm -rf "$dir"; [ -n "$keep" ] || rm -rf "$results"' EXIT
results=${keep:-$(mktemp -d)}
mkdir -p "$results" || die "cannot make the folder $results"
results=$(cd "$results" && pwd -P)
progress=$results/progress
rm -f "$progress" "$progress.extra"
prepare
if [ $shell = yes ]; then
	"$here/vm/run.sh" --timeout "$timeout" ${vm[@]+"${vm[@]}"} \
		${module:+--module "$module"} --shell
	exit
fi

passed=0 failed=0 skipped=0 finished=0 boots=0
echo "KTAP version 1"
echo "1..${#tests[@]}"
while [ $finished -lt ${#tests[@]} ]; do
	before=$finished
	boots=$((boots + 1))
	boot
	settle $? "$before" || die "the VM gave no result; console: $results/console-$boots.log (kept with --results)"
done
[ ! -f "$progress.extra" ] || failed=$((failed + $(wc -l <"$progress.extra")))
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
