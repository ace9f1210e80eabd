#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Exact kernel instructions for each packet, by symbol. See --help.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

dev=
row=tx64
packets=
short=1000
results=$BENCH_DIR/results/profile
report=()
vm=()
modules=()
devices=()

usage()
{
	cat <<-USAGE
	Usage: profile.sh [OPTION]...

	Boots two VMs that count every kernel instruction, one with $short packets
	and one with more, and shows the difference for each packet by module and
	symbol. Figures are exact: they repeat from run to run.

	  --dev PATH      device (default: /dev/vhost-xnet when the module is built,
	                  else /dev/vhost-net)
	  --row NAME      work: tx64 (default) tx1500 tx32000 rx64 rx1500 rr64
	  --packets N     packets the longer run has more (default 50000; 2000 for
	                  tx32000)
	  --top N         symbols to show (default 40)
	  --module FILE   module to load first, repeatable (default: vhost_xnet.ko
	                  from drivers/vhost/xnet when it is there)
	  --kernel V      kernel to boot, as in selftests/vm/run.sh
	  --results DIR   folder for counts and symbols (default bench/results/profile)
	  --help          this text
	USAGE
}

while [ $# -gt 0 ]; do
	case $1 in
	--dev) need_value "$@"; dev=$2; shift ;;
	--row) need_value "$@"; row=$2; shift ;;
	--packets) need_value "$@"; packets=$2; shift ;;
	--top) need_value "$@"; report+=(--top "$2"); shift ;;
	--module) need_value "$@"; modules+=(--module "$2"); shift ;;
	--kernel) need_value "$@"; vm+=(--kernel "$2"); shift ;;
	--results) need_value "$@"; results=$2; shift ;;
	--help | -h) usage; exit 0 ;;
	*) die "unknown option '$1'; see --help" ;;
	esac
	shift
done
if [ -z "$packets" ]; then
	packets=50000
	[ "$row" != tx32000 ] || packets=2000
fi
case $packets in
'' | *[!0-9]* | 0*) die "--packets takes a whole number above zero, not '$packets'" ;;
esac

build
find_module
[ -n "$dev" ] || dev=${devices[-1]}
results=$(results_dir "$results/$row-$(basename "$dev")") || exit

# Symbols are read after the work, when every module that took part is loaded;
# without address randomisation both boots have them at the same places.
profile_run()
{
	local dir n=$2

	dir=$(results_dir "$results/$1") || exit
	rm -f "$dir/counts" "$dir/kallsyms"
	echo "$row on $dev, $n packets, counting instructions" >&2
	# shellcheck disable=SC2016 # expanded in the VM
	"$PROJECT/selftests/vm/run.sh" --quiet --lane icount --timeout 600 \
		--append nokaslr --results "$dir" \
		--qemu-arg -plugin \
		--qemu-arg "$BENCH_DIR/insnprof.so,out=${dir//,/,,}/counts" \
		${vm[@]+"${vm[@]}"} ${modules[@]+"${modules[@]}"} -- \
		sh -c "$IN_VM" load sh -c '"$@" >/dev/null && cat /proc/kallsyms >/results/kallsyms' \
		run bench/xnet-bench --dev "$dev" --row "$row" --repeat 1 --no-cost \
		--packets "$n" ||
		die "the run with $n packets failed; see above"
	[ -s "$dir/counts" ] || die "QEMU wrote no counts; its log is in $dir"
}

profile_run short $short
profile_run long $((short + packets))
"$BENCH_DIR/insnprof-report" "$results/short" "$results/long" "$packets" \
	--tsv "$results/symbols.tsv" ${report[@]+"${report[@]}"}
