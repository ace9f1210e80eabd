#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compares vhost-xnet with the kernel's own vhost-net in one VM. See --help.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
project=$(cd "$here/../.." && pwd -P)
module=$project/drivers/vhost/xnet/vhost_xnet.ko
timeout=600
keep=
vm=()
args=()

usage()
{
	cat <<-USAGE
	Usage: run.sh [OPTION]... [-- CONTROL-OPTION...]

	Loads the kernel's vhost_net and this module into one VM, does the same on
	both devices and compares what comes of it. "control" compares ioctls and
	file operations, right and wrong ones: a list, and random sequences. "data"
	compares what the devices make of the same rings and the same frames. What
	differs is shown, but for what the tables in selftests/diff/meant*.c list.

	  --only NAME       control (default), or data
	  --seed N          repeat a run; each run prints its seed
	  --count N         random sequences, or scenarios
	  --seconds N       no new ones, but for some first, after N seconds, for each
	                    program (default 40)
	  --keep-going      also show the differences after the first one
	  --iotlb           all random sequences behind an IOTLB
	  --self            compare vhost-net with itself: no difference at all
	  --module FILE     module to load (default drivers/vhost/xnet/vhost_xnet.ko)
	  --kernel VERSION  kernel to boot, as in selftests/vm/run.sh, which also
	  --lane LANE       knows these
	  --smp N
	  --mem MIB
	  --append ARG
	  --timeout S       seconds for the VM (default $timeout)
	  --results DIR     keep the logs here
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

need_number()
{
	need_value "$@"
	case $2 in
	'' | *[!0-9]*) die "option $1 needs a number, not '$2'" ;;
	esac
}

while [ $# -gt 0 ]; do
	case $1 in
	--only)
		need_value "$@"
		[ -e "$here/$2.c" ] && [ -n "$(sed -n "/^PROGRAMS := .*\<$2\>/p" "$here/Makefile")" ] ||
			die "there is no '$2' to compare; see --help"
		args+=(--only "$2"); shift ;;
	--seed | --count | --seconds) need_number "$@"; args+=("$1" "$2"); shift ;;
	--self | --keep-going | --iotlb) args+=("$1") ;;
	--module) need_value "$@"; module=$(realpath -m "$2"); shift ;;
	--timeout) need_number "$@"; timeout=$2; shift ;;
	--results) need_value "$@"; keep=$2; shift ;;
	--kernel | --lane | --smp | --mem | --append)
		need_value "$@"; vm+=("$1" "$2"); shift ;;
	--help | -h) usage; exit 0 ;;
	*) die "unknown option '$1'; see --help" ;;
	esac
	shift
done

results=${keep:-$(mktemp -d)} || die "no temporary folder"
trap '[ -n "$keep" ] || rm -rf "$results"' EXIT
mkdir -p "$results" || die "cannot make the folder $results"
make -s -C "$here" >"$results/make.log" 2>&1 || {
	cat "$results/make.log" >&2
	die "the programs do not build"
}
[ -r "$module" ] || die "there is no $module; run 'make' in $project first"
# A copy stays the same when somebody builds meanwhile.
cp "$module" "$results/vhost_xnet.ko" || die "cannot copy $module"

"$here/../vm/run.sh" --quiet --timeout "$timeout" --results "$results" \
	--module "$results/vhost_xnet.ko" ${vm[@]+"${vm[@]}"} -- \
	"$here/guest-run.sh" ${args[@]+"${args[@]}"} | tee "$results/tap"
status=${PIPESTATUS[0]}
[ "$status" -ne 0 ] || exit 0

# No count, or one without a failure: it was the VM that failed.
if ! grep -q '^[0-9]* passed, [1-9][0-9]* failed' "$results/tap"; then
	keep=$results
	echo "not ok the VM ended with status $status; console: $results/console.log"
	echo "$(grep -c '^ *ok [0-9]' "$results/tap") passed, 1 failed, 0 skipped"
fi
exit 1
