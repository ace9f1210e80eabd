#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the tests of the netlink family and of xnetctl, and runs them in a VM.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
project=$(cd "$here/../.." && pwd -P)
module=$project/drivers/vhost/xnet/vhost_xnet.ko
timeout=900
pattern=
keep=
vm=()

usage()
{
	cat <<-USAGE
	Usage: run.sh [OPTION]... [PATTERN]

	Builds the tests of the netlink family vhost-xnet and of xnetctl, and runs
	them, or those whose names match PATTERN, in a VM with the module loaded.

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

while [ $# -gt 0 ]; do
	case $1 in
	--module) need_value "$@"; module=$(realpath -m "$2"); shift ;;
	--timeout) need_value "$@"; timeout=$2; shift ;;
	--results) need_value "$@"; keep=$2; shift ;;
	--kernel | --lane | --smp | --mem | --append)
		need_value "$@"; vm+=("$1" "$2"); shift ;;
	--help | -h) usage; exit 0 ;;
	-*) die "unknown option '$1'; see --help" ;;
	*)
		[ -z "$pattern" ] || die "one pattern at most, not '$1' too; see --help"
		pattern=$1
		;;
	esac
	shift
done

results=${keep:-$(mktemp -d)} || die "no temporary folder"
trap '[ -n "$keep" ] || rm -rf "$results"' EXIT
mkdir -p "$results" || die "cannot make the folder $results"
make -s -C "$here" >"$results/make.log" 2>&1 || {
	cat "$results/make.log" >&2
	die "the tests do not build"
}
[ -r "$module" ] || die "there is no $module; run 'make' in $project first"
# A copy stays the same when somebody builds meanwhile.
cp "$module" "$results/vhost_xnet.ko" || die "cannot copy $module"

"$here/../vm/run.sh" --quiet --timeout "$timeout" --results "$results" \
	--module "$results/vhost_xnet.ko" ${vm[@]+"${vm[@]}"} -- \
	"$here/guest-run.sh" "$pattern" | tee "$results/tap"
status=${PIPESTATUS[0]}
[ "$status" -ne 0 ] || exit 0

# No count, or one without a failure: it was the VM that failed.
if ! grep -q '^[0-9]* passed, [1-9][0-9]* failed' "$results/tap"; then
	keep=$results
	echo "not ok the VM ended with status $status; console: $results/console.log"
	echo "$(grep -c '^ok [0-9]' "$results/tap") passed, 1 failed, 0 skipped"
fi
exit 1
