#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Everything that "make check" does, stage by stage, the quick ones first.

set -u
cd "$(dirname "$0")/.." || exit 1

# VMs that run side by side: each keeps little more than one CPU busy.
jobs=$(nproc)
[ "$jobs" -le 4 ] || jobs=4

# Name, what it does, and the command.
stages=(
	"ring|the ring code in user space, under sanitizers|make -s -C selftests/ring check"
	"static|compiler, sparse, checkpatch, coccinelle, documents|selftests/static/run.sh"
	"build|the module and the tools|${MAKE:-make} -s"
	"launch|the launcher|selftests/launch/run.sh"
	"harness|the VM harness itself|selftests/vm/test.sh"
	"device|the module in a VM, driven as a guest would|selftests/run.sh --jobs $jobs"
	"kernels|the module on Debian's other kernels, each in a VM|selftests/kernels.sh --jobs $jobs"
	"diff|the same on vhost-net and on this module, compared|selftests/diff/run.sh --seed 1 --count 1000"
	"diff-data|the same traffic on both, compared|selftests/diff/run.sh --only data --seed 1 --count 300 --seconds 60"
	"netlink|the netlink family and xnetctl, in a VM|selftests/netlink/run.sh"
	"debug|on a debug kernel: KASAN, lockdep, leaks, failing allocations|selftests/debug/run.sh --quick"
	"e2e|QEMU with real guests, in a VM|selftests/e2e/run.sh"
	"bench|no packet costs more than with vhost-net|bench/run.sh --gate 0.5"
)

usage()
{
	cat <<-USAGE
	Usage: check.sh [--no-setup] [--kernels "KERNEL..."] [STAGE]...

	Installs what is missing, then runs the stages named, or all of them, and
	ends with a line that counts the tests. Logs are kept in selftests/build/logs.

	$(for s in "${stages[@]}"; do IFS='|' read -r name what _ <<<"$s"; printf '  %-9s %s\n' "$name" "$what"; done)

	  --no-setup   install nothing
	  --kernels    the kernels to test: 6.1 stands for all the stages but
	               "kernels", any other one, such as 6.1-rt, 6.12 or 7.x, for
	               that stage with all the device tests. Without it: everything
	               on 6.1, and on 6.1-rt, 6.12 and 7.x all the device tests but
	               the longest two.
	USAGE
}

setup=yes
kernels=
wanted=()
while [ $# -gt 0 ]; do
	case $1 in
	--no-setup) setup=no ;;
	--kernels)
		[ $# -ge 2 ] && [ -n "${2// /}" ] || {
			echo "check: option --kernels needs a list of kernels; see --help" >&2
			exit 2
		}
		kernels=$2
		shift
		;;
	-h | --help) usage; exit 0 ;;
	-*) echo "check: unknown option '$1'; --help lists them" >&2; exit 2 ;;
	*)
		printf '%s\n' "${stages[@]}" | grep -q "^$1|" || {
			echo "check: there is no stage '$1'; --help lists them" >&2
			exit 2
		}
		wanted+=("$1")
		;;
	esac
	shift
done

# Which kernels mean which stages.
if [ -n "$kernels" ]; then
	others=$(printf '%s\n' $kernels | grep -vx '6\.1' | tr '\n' ' ')
	chosen=()
	for s in "${stages[@]}"; do
		case $s in
		"kernels|"*) [ -z "$others" ] || chosen+=("$s --full $others") ;;
		*) [[ " $kernels " != *" 6.1 "* ]] || chosen+=("$s") ;;
		esac
	done
	stages=("${chosen[@]}")
fi

logs=selftests/build/logs
mkdir -p $logs && rm -f $logs/*.log || exit
[ $setup = no ] || selftests/vm/setup.sh || exit

total=0
for s in "${stages[@]}"; do
	IFS='|' read -r name _ <<<"$s"
	[ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " = *" $name "* ]] || continue
	total=$((total + 1))
done

passed=0 failed=0 skipped=0 n=0 summary=
begin=$SECONDS
for s in "${stages[@]}"; do
	IFS='|' read -r name what command <<<"$s"
	[ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " = *" $name "* ]] || continue
	n=$((n + 1))
	echo "==== [$n/$total] $name: $what"
	start=$SECONDS
	$command 2>&1 | tee "$logs/$name.log"
	rc=${PIPESTATUS[0]}
	# A stage counts its tests on its last line; one that does not is one test.
	read -r p f k <<<"$(tail -n 3 "$logs/$name.log" |
		sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' |
		tail -n 1)"
	if [ -z "${p:-}" ]; then
		p=0 f=0 k=0
		[ $rc -eq 0 ] && p=1 || f=1
	elif [ $rc -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + k))
	summary+=$(printf '%-9s %4d passed %3d failed %3d skipped %5d s' "$name" "$p" "$f" "$k" \
		$((SECONDS - start)))$'\n'
done

echo
echo "==== summary, $(((SECONDS - begin) / 60)) min"
printf '%s' "$summary"
[ $failed -eq 0 ] || {
	echo
	echo "What failed (logs are in $logs):"
	grep -H '^not ok ' $logs/*.log | sed "s,^$logs/,  ," | head -n 40
}
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
