# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts of this folder share that start a VM from the host.

E2E_STUCK=75
E2E_RESET=123
E2E_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

host_die()
{
	echo "${SELF:-e2e}: $*" >&2
	exit 1
}

# host_need FILE...: files of the project that must be built.
host_need()
{
	local file

	for file in "$@"; do
		[ -e "$E2E_ROOT/$file" ] ||
			host_die "$file is not built; run 'make' first"
	done
}

# host_run LOG VM-OPTION... -- COMMAND...: runs COMMAND in a VM, its output
# kept in LOG too. When a step of the nested guest gets stuck under emulation,
# or the emulated CPU fails, with which the machine may be reset without a word
# of its kernel's, the whole VM is started again, twice at most, and that is said.
host_run()
{
	local log=$1 rc try why results

	shift
	# Made here, where that is fast; the VM finds it in the cache.
	"$E2E_ROOT/selftests/vm/mkguest.sh" >/dev/null || return
	for try in 1 2 3; do
		results=$(mktemp -d "${TMPDIR:-/tmp}/vhost-xnet-e2e-vm.XXXXXX") || return
		"$E2E_ROOT/selftests/vm/run.sh" --mem 2560 --results "$results" "$@" | tee "$log"
		rc=${PIPESTATUS[0]}
		if [ "$rc" -eq $E2E_STUCK ]; then
			why="a step of the nested guest got stuck"
		elif [ "$rc" -ne 0 ] && emulation_failed "$results/console.log"; then
			why="the emulated CPU failed (console log kept: $results/console.log)"
			results=
		elif [ "$rc" -eq $E2E_RESET ]; then
			why="the emulated machine was reset (console log kept: $results/console.log)"
			results=
		else
			break
		fi
		[ $try = 3 ] || echo "# $why; try $((try + 1)) of 3 of the whole VM"
		[ -z "$results" ] || rm -rf "$results"
		results=
	done
	if [ -n "$results" ]; then
		# After a failure, the VM's last words name the log in there.
		[ "$rc" -ge 124 ] || rm -rf "$results"
	fi
	return "$rc"
}

# Now and then the emulated CPU leaves a nested guest without getting back all
# of its own state, which takes the kernel down. It then has the guest's clock:
# time on the console goes backwards, which nothing else makes it do. Or it never
# leaves the guest, and the kernel finds a vCPU's thread stuck where KVM enters it.
emulation_failed()
{
	tr -d '\r' <"$1" | awk '
		match($0, /^\[ *[0-9]+\.[0-9]+\]/) {
			now = substr($0, 2) + 0
			if (now < last - 5)
				failed = 1
			last = now
		}
		/soft lockup - CPU#[0-9]+ stuck for .*\[CPU [0-9]+\/KVM:/ { vcpu = 1 }
		vcpu && / RIP: / {
			if (/ \[kvm(_amd)?\]$/)
				failed = 1
			vcpu = 0
		}
		END { exit !failed }'
}
