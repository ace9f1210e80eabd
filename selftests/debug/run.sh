#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the selftests on a debug kernel. See --help.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
selftests=$(cd "$here/.." && pwd -P)
flavour=kasan
quick=no
keep=
timeout=
jobs=$(nproc)
[ "$jobs" -le 4 ] || jobs=4
wanted=()

# What can be seen in a few minutes: set-up and teardown in every order, under traffic and
# behind an IOMMU, faults, hostile rings, both directions. The longest come first.
QUICK=(control/fault control/lifetime data/fault control/backend control/owner control/iotlb
	control/memtable data/iotlb control/vring data/tx data/ring_fault data/rx)
# Races need threads at work: the owner's, the workers, and whoever answers the IOTLB.
RACY=(control/threads control/lifetime control/eventfd control/worker control/backend
	control/workers control/userfault control/iotlb control/iotlb_room control/log
	control/memtable data/tx data/rx data/wakeup data/counters data/iotlb data/log
	data/log_iotlb data/backends_swap)

usage()
{
	cat <<-USAGE
	Usage: run.sh [OPTION]... [TEST]...

	Builds a small debug kernel, or takes it from the cache, and runs the
	selftests on it in a VM: the kernel may complain of nothing, and nothing may
	be left in memory once the module is unloaded. Before that it is seen that
	complaints planted on purpose are noticed. TEST is as in selftests/run.sh;
	without one, all are run, and those of the netlink family.

	KASAN, lockdep, kmemleak, UBSAN, object and list debugging, checks of
	sleeping where one may not, and of hung tasks are on, and allocations and
	user copies can be made to fail, which control/fault and data/fault do.

	  --quick        some tests, for a few minutes:
	$(fmt -w 62 <<<"${QUICK[*]}" | sed 's/^/                 /')
	  --kcsan        look for data races instead; without TEST:
	$(fmt -w 62 <<<"${RACY[*]}" | sed 's/^/                 /')
	                 Reports in which the module has no part are counted and
	                 else left alone
	  --timeout S    seconds for one boot (default 3600; with --quick 1800)
	  --jobs N       share the tests out among N VMs that run side by side
	                 (default $jobs)
	  --results DIR  keep the logs here
	  --help         this text

	Output: KTAP, then "N passed, N failed, N skipped". Exit status: 0 when none
	failed, 1 when some did, 2 when they could not be run.
	USAGE
}

die()
{
	echo "debug/run.sh: $*" >&2
	exit 2
}

need_value()
{
	[ $# -ge 2 ] || die "option $1 needs a value; see --help"
}

while [ $# -gt 0 ]; do
	case $1 in
	--quick) quick=yes ;;
	--kcsan) flavour=kcsan ;;
	--timeout) need_value "$@"; timeout=$2; shift ;;
	--jobs) need_value "$@"; jobs=$2; shift ;;
	--results) need_value "$@"; keep=$2; shift ;;
	--help | -h) usage; exit 0 ;;
	-*) die "unknown option '$1'; see --help" ;;
	*) wanted+=("$1") ;;
	esac
	shift
done

netlink=no
[ -n "$timeout" ] || { [ $quick = yes ] && timeout=1800 || timeout=3600; }
if [ ${#wanted[@]} -eq 0 ]; then
	if [ $quick = yes ]; then
		wanted=("${QUICK[@]}")
	elif [ $flavour = kcsan ]; then
		wanted=("${RACY[@]}")
	else
		netlink=yes
	fi
fi

# Not in /tmp, which is the VM's own inside.
results=${keep:-$(mktemp -d /var/tmp/vhost-xnet-debug.XXXXXX)} || die "no folder for the results"
mkdir -p "$results" || die "cannot make the folder $results"
results=$(cd "$results" && pwd -P)
trap '[ -n "$keep" ] || rm -rf "$results"' EXIT
total=(0 0 0)

{ read -r kernel && read -r module; } < <("$here/build.sh" --module "$results/module" $flavour)
[ -r "${module:-}" ] || die "there is no debug kernel, or no module for it"
# Scanning for leaks takes the longer the more memory there is. All takes long.
vm=(--kernel "$kernel" --mem 1024 --append xnet_slow=3)
# Where things are meant to fail, a test that cannot make them fail is not skipped.
[ $flavour = kcsan ] || vm+=(--append kasan_multi_shot --append xnet_inject=must)

# add LOG: adds up what its last lines count; 1 if they count nothing.
add()
{
	local p f s

	read -r p f s < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' \
		"$1" | tail -n 1)
	[ -n "${p:-}" ] || return
	total=($((total[0] + p)) $((total[1] + f)) $((total[2] + s)))
}

# part NAME COMMAND...: runs it and adds up; one failure if it has none to show.
part()
{
	local log=$results/$1.log status

	shift
	"$@" 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	if ! add "$log"; then
		total[1]=$((total[1] + 1))
	elif [ "$status" -ne 0 ] && ! grep -q ' [1-9][0-9]* failed' "$log"; then
		total[1]=$((total[1] + 1))
	fi
}

# What goes wrong on purpose has to be noticed.
planted()
{
	local dir=$results/planted log=$results/planted/log p f
	# After the last one, an oops, the kernel does not look for hung tasks any more.
	local kinds=(warn locks sleep freed bounds shift object work rcu stuck no-faults list)

	[ $flavour = kasan ] || kinds=(foreign-race own-race)
	mkdir -p "$dir/trouble"
	# The second has the name of the module under test, and so its share in races.
	cp "$selftests/vm/trouble/trouble.c" "$dir/trouble/"
	cp "$selftests/vm/trouble/trouble.c" "$dir/trouble/vhost_xnet.c"
	echo "obj-m := trouble.o vhost_xnet.o" >"$dir/trouble/Kbuild"
	{
		make -s -C "$kernel/build" M="$dir/trouble" UBSAN_SANITIZE=y modules &&
			make -s -C "$selftests" lib build/control/fault
	} >"$dir/build" 2>&1 || {
		cat "$dir/build"
		return 1
	}
	cp "$dir/trouble/"*.ko "$dir/"
	"$selftests/vm/run.sh" --quiet "${vm[@]}" --results "$dir" --timeout 600 -- \
		"$here/planted.sh" /results/trouble.ko "${kinds[@]}" 2>"$dir/words" | tee "$log"
	p=$(grep -c '^ok' "$log") f=$(grep -c '^not ok' "$log")
	[ $((p + f)) -eq ${#kinds[@]} ] || f=$((f + 1))
	if [ $flavour = kasan ]; then
		# This one is looked for at the end only, when the VM's work is done.
		if grep -A 3 'kmemleak: unreferenced .*(size 512)' "$dir/console.log" |
			grep -q insmod; then
			echo "ok $((${#kinds[@]} + 1)) planted: leak"
			p=$((p + 1))
		else
			tail -n 30 "$dir/console.log" | sed 's/^/# /'
			echo "not ok $((${#kinds[@]} + 1)) planted: leak"
			f=$((f + 1))
		fi
	fi
	echo "$p passed, $f failed, 0 skipped"
	[ $f -eq 0 ]
}

# What all the VMs with tests in them have said.
consoles()
{
	[ -d "$results/tests" ] || return
	find "$results/tests" -name 'console-*.log' -exec cat {} + | tr -d '\r'
}

# Races reported, those of others among them.
races()
{
	local all ours

	all=$(consoles | grep -c 'BUG: KCSAN: data-race')
	ours=$(consoles |
		(. "$selftests/vm/common.sh"; own_races) | grep -c 'BUG: KCSAN: data-race')
	echo "# KCSAN reported $all races; the module has a part in $ours of them"
}

part planted planted
part selftests "$selftests/run.sh" "${vm[@]}" --module "$module" --timeout "$timeout" \
	--jobs "$jobs" --results "$results/tests" ${wanted[@]+"${wanted[@]}"}
[ $netlink = no ] || part netlink "$selftests/netlink/run.sh" "${vm[@]}" --module "$module"
[ $flavour = kasan ] || races
echo "${total[0]} passed, ${total[1]} failed, ${total[2]} skipped"
[ "${total[1]}" -eq 0 ] && [ "${total[0]}" -gt 0 ]
