#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the module for other kernels of Debian and runs the device tests on
# each. See --help.

set -u
here=$(cd "$(dirname "$0")" && pwd -P)
all="6.1-rt 6.12 7.x"
full=no
jobs=1
wanted=()

# What runs with --full only: the two that take longest by far, and do what others do
# as well, behind an IOTLB and with each layout of a payload.
long="data/behind_iommu.sh data/payload_rx"

usage()
{
	cat <<-USAGE
	Usage: kernels.sh [--full] [--jobs N] [KERNEL]...

	For each KERNEL, a version as selftests/vm/get-kernel.sh takes it, builds the
	module without a warning, compares what it found out about the kernel with
	what is known of that series, compares it with vhost-net of that kernel, and
	runs device tests in a VM with it. Without KERNEL: $all.

	  --full   all the device tests; otherwise all but the longest two:
	           $long
	  --jobs N run the tests of a kernel in N VMs side by side
	  --help   this text

	Output: KTAP, then "N passed, N failed, N skipped".
	USAGE
}

# What probed.h says for the kernels that are known, one after the other: a
# probe that fails for another reason than the one it asks about is found here.
known()
{
	case $1 in
	6.1.*) echo eventfd_signal_count tun_xdp_hdr ;;
	6.12.*) echo linux_unaligned page_frag_cache_drain system_dfl_wq tun_xdp_hdr vhost_task \
		vhost_task_killed ;;
	7.2.*) echo linux_unaligned page_frag_cache_drain system_dfl_wq udp_tunnel_hdr \
		vhost_task vhost_task_killed ;;
	7.3.*) echo linux_unaligned page_frag_cache_drain system_dfl_wq tun_wake_queue udp_tunnel_hdr \
		vhost_task vhost_task_killed ;;
	esac
}

result()
{
	number=$((number + 1))
	if [ "$1" = ok ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
	echo "$1 $number $2"
}

check_probes()
{
	local expected found

	expected=$(known "$version" | tr ' ' '\n' | sort | tr '\n' ' ')
	found=$(sed -n 's/^#define XNET_HAVE_\([A-Z0-9_]*\) 1$/\1/p' "$here/build/$version/probed.h" |
		tr '[:upper:]' '[:lower:]' | grep -vx always | sort | tr '\n' ' ')
	if [ -z "${expected% }" ]; then
		echo "# $version has: $found"
		skipped=$((skipped + 1)) number=$((number + 1))
		echo "ok $number probes $version # SKIP nothing is known of this series"
	elif [ "$found" = "$expected" ]; then
		result ok "probes $version"
	else
		echo "# found:    $found"
		echo "# expected: $expected"
		result "not ok" "probes $version"
	fi
}

# Runs the device tests on the kernel, and adds up what they say.
run_tests()
{
	local log=$work/$version.log p f s rc tests=()

	[ $full = yes ] || mapfile -t tests < <("$here/run.sh" --list | grep -vxF "${long// /$'\n'}")
	"$here/run.sh" --jobs "$jobs" --kernel "$version" --module "$here/build/$version/vhost_xnet.ko" \
		"${tests[@]}" 2>&1 | tee "$log" | sed -u -e "s,^\(ok\|not ok\) [0-9]* ,&$version/," \
		-e '/^KTAP version/d' -e '/^1\.\./d' -e '$d'
	rc=${PIPESTATUS[0]}
	read -r p f s <<<"$(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' \
		"$log")"
	if [ -z "${p:-}" ]; then
		tail -n 5 "$log" | sed 's/^/# /'
		result "not ok" "$version gave no result (status $rc)"
		return
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	[ "$rc" -eq 0 ] || [ "$f" -gt 0 ] || failed=$((failed + 1))
}

# The same control calls on vhost-net of that kernel, see diff/run.sh.
compare()
{
	local log=$work/$version.diff

	if "$here/diff/run.sh" --kernel "$version" --seed 1 --count 300 --seconds 20 \
		--module "$here/build/$version/vhost_xnet.ko" >"$log" 2>&1; then
		sed -n 's/^ *\(# .* random sequences; .*\)/\1/p' "$log"
		result ok "$version compared with vhost-net"
	else
		grep -v '^ *ok' "$log" | sed 's/^/# /'
		result "not ok" "$version compared with vhost-net"
	fi
}

while [ $# -gt 0 ]; do
	case $1 in
	--full) full=yes ;;
	--jobs)
		[[ ${2-} =~ ^[1-9][0-9]?$ ]] || {
			echo "kernels.sh: --jobs needs a number from 1 to 99; see --help" >&2
			exit 2
		}
		jobs=$2
		shift
		;;
	-h | --help) usage; exit 0 ;;
	-*) echo "kernels.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
	*) wanted+=("$1") ;;
	esac
	shift
done
# shellcheck disable=SC2206 # one word each
[ ${#wanted[@]} -gt 0 ] || wanted=($all)

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
number=0 passed=0 failed=0 skipped=0
echo "KTAP version 1"
for kernel in "${wanted[@]}"; do
	start=$SECONDS
	version=$("$here/vm/get-kernel.sh" --resolve "$kernel") || {
		result "not ok" "there is no kernel $kernel"
		continue
	}
	echo "# $kernel: $version"
	if ! "$here/vm/build-for.sh" "$version" W=1 >"$work/build" 2>&1; then
		sed 's/^/# /' "$work/build"
		result "not ok" "build $version"
		[ -e "$here/build/$version/vhost_xnet.ko" ] || continue
	else
		result ok "build $version"
	fi
	check_probes
	compare
	run_tests
	echo "# $version took $((SECONDS - start)) s"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
