# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts of this folder share that start a VM from the host.

E2E_STUCK=75
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
# the whole VM is started again, once, and that is said.
host_run()
{
	local log=$1 rc try

	shift
	# Made here, where that is fast; the VM finds it in the cache.
	"$E2E_ROOT/selftests/vm/mkguest.sh" >/dev/null || return
	for try in 1 2; do
		[ $try = 1 ] || echo "# a step of the nested guest got stuck; second and last try of the whole VM"
		"$E2E_ROOT/selftests/vm/run.sh" --mem 2560 "$@" | tee "$log"
		rc=${PIPESTATUS[0]}
		[ "$rc" -eq $E2E_STUCK ] || break
	done
	return "$rc"
}
