#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Measures in-tree vhost_net and vhost_xnet in one boot of a VM. See --help.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lane=icount
timeout=900
results=$BENCH_DIR/results
vm=()
modules=()
devices=()
bench=()

usage()
{
	cat <<-USAGE
	Usage: run.sh [OPTION]...

	Boots a VM, runs xnet-bench in it, prints a table, and leaves results.tsv
	(medians), runs.tsv (every measurement) and environment.txt behind.

	  --dev PATH       device to measure, repeatable; the first one is what the
	                   others are compared with (default: /dev/vhost-net, and
	                   /dev/vhost-xnet when the module is built)
	  --module FILE    module to load first, repeatable (default: vhost_xnet.ko
	                   from drivers/vhost/xnet when it is there)
	  --row NAME       only this row, repeatable: tx64 tx1500 tx32000 rx64
	                   rx1500 rr64
	  --repeat N       measurements of each row and device (default 3)
	  --packets N      packets in each (default: the row's own number)
	  --gate PERCENT   exit with 3 if a packet costs more worker time than on
	                   the first device by over PERCENT in any row
	  --log            with the dirty log on, as while a guest is migrated
	  --lane LANE      icount (default): one instruction takes a nanosecond, and
	                   figures repeat; tcg or kvm: real time, noisy
	  --kernel V       kernel to boot, as in selftests/vm/run.sh
	  --results DIR    folder for the results (default bench/results)
	  --timeout S      give up after S seconds (default $timeout)
	  --help           this text
	USAGE
}

while [ $# -gt 0 ]; do
	case $1 in
	--dev) need_value "$@"; devices+=(--dev "$2"); shift ;;
	--module) need_value "$@"; modules+=(--module "$2"); shift ;;
	--row | --repeat | --packets | --gate) need_value "$@"; bench+=("$1" "$2"); shift ;;
	--log) bench+=("$1") ;;
	--lane) need_value "$@"; lane=$2; shift ;;
	--kernel) need_value "$@"; vm+=(--kernel "$2"); shift ;;
	--results) need_value "$@"; results=$2; shift ;;
	--timeout) need_value "$@"; timeout=$2; shift ;;
	--help | -h) usage; exit 0 ;;
	*) die "unknown option '$1'; see --help" ;;
	esac
	shift
done

build
find_module
results=$(results_dir "$results") || exit
{
	printf 'lane %s\n' "$lane"
	printf 'qemu %s\n' "$(qemu-system-x86_64 --version | head -n 1)"
	printf 'commit %s\n' "$(git -C "$PROJECT" describe --always --dirty 2>/dev/null)"
	printf 'date %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
} >"$results/environment.txt"

"$PROJECT/selftests/vm/run.sh" --lane "$lane" --timeout "$timeout" \
	--results "$results" ${vm[@]+"${vm[@]}"} ${modules[@]+"${modules[@]}"} -- \
	sh -c "$IN_VM" sh bench/xnet-bench "${devices[@]}" \
	${bench[@]+"${bench[@]}"} --out /results
status=$?
[ $status -ne 0 ] || echo "Results are in $results; bench/plot.sh draws them."
exit $status
