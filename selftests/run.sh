#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the device tests and runs them in a VM. See --help.

set -u
shopt -s extglob

here=$(cd "$(dirname "$0")" && pwd -P)
project=$(cd "$here/.." && pwd -P)
device=/dev/vhost-xnet
module=$project/drivers/vhost/xnet/vhost_xnet.ko
timeout=1500
jobs=1
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
	  --jobs N          share the tests out among N VMs that run side by side
	                    (default $jobs)
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
		--jobs)
			need_value "$@"
			[[ $2 =~ ^[1-9][0-9]?$ ]] || die "--jobs needs a number from 1 to 99, not '$2'"
			jobs=$2
			shift
			;;
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
			"$want" | "$want".sh | "$want"/* | */"$want" | */"$want".sh)
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

# Prints what one of several runs says, test by test in one piece, numbered in the
# order in which they end; its sum goes to the file $1.
merge()
{
	local line chunk='' n

	while IFS= read -r line; do
		case $line in
		"KTAP version "* | 1..*) ;;
		"ok "* | "not ok "*)
			{
				flock 9
				n=$(($(<"$dir/number") + 1))
				echo $n >"$dir/number"
				printf '%s%s\n' "$chunk" "${line/ok +([0-9]) /ok $n }"
			} 9>"$dir/lock"
			chunk=
			;;
		[0-9]*" passed, "*) echo "$line" >"$1" ;;
		*) chunk+=$line$'\n' ;;
		esac
	done
	printf '%s' "$chunk"
}

# The longest tests and the seconds they take, roughly; others are taken for short ones.
declare -A takes=([data/behind_iommu.sh]=100 [control/module.sh]=75 [data/payload_rx]=60
	[data/payload_tx]=40 [control/lifetime]=40 [data/wakeup]=30 [control/backend]=25
	[control/owner]=20 [control/leak]=20 [data/backends_tap]=15 [control/threads]=15
	[control/fault]=15)

# Sets vm_of[], for each of tests[], so that all the VMs have about as much to do: each
# test, the longest first, goes to the VM that has the least.
deal()
{
	local i weight job least load=()

	for ((job = 0; job < jobs; job++)); do
		load[job]=0
	done
	while read -r weight i; do
		least=0
		for ((job = 1; job < jobs; job++)); do
			[ "${load[job]}" -ge "${load[least]}" ] || least=$job
		done
		load[least]=$((load[least] + weight))
		vm_of[i]=$least
	done < <(for i in "${!tests[@]}"; do
		echo "${takes[${tests[i]}]:-5} $i"
	done | sort -s -k 1,1nr)
}

# Runs itself once for each of the VMs, with its share of the tests.
run_parts()
{
	local job i part p f s status=0 pids=() vm_of=()
	local args=(--dev "$device" --timeout "$timeout")

	args+=(${vm[@]+"${vm[@]}"})
	[ -z "$module" ] || args+=(--module "$results/vhost_xnet.ko")
	echo 0 >"$dir/number"
	echo "KTAP version 1"
	echo "1..${#tests[@]}"
	deal
	for ((job = 0; job < jobs; job++)); do
		part=()
		for i in "${!tests[@]}"; do
			[ "${vm_of[i]}" -ne "$job" ] || part+=("${tests[i]}")
		done
		"$0" "${args[@]}" --results "$results/$job" "${part[@]}" \
			> >(merge "$dir/sum.$job") 2>&1 &
		pids+=($!)
	done
	for job in "${pids[@]}"; do
		wait "$job" || status=$?
	done
	wait
	passed=0 failed=0 skipped=0
	for ((job = 0; job < jobs; job++)); do
		[ -s "$dir/sum.$job" ] || die "one of the VMs gave no result; see above"
		read -r p _ f _ s _ < <(tr , ' ' <"$dir/sum.$job")
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	if [ $status -ne 0 ]; then
		[ -n "$keep" ] || echo "logs: $results" >&2
		keep=$results
		exit $status
	fi
	exit 0
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

[ "$jobs" -le ${#tests[@]} ] || jobs=${#tests[@]}
[ "$jobs" -eq 1 ] || run_parts
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
