#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots VMs and runs the end-to-end suites in them.

set -u
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$(dirname "$0")/host.sh"
SELF=e2e

# Name, script, what it takes in short, and with --long, and what it does.
suites=(
	"basic|e2e.sh|||traffic both ways, reboot, kill, tap taken away; a control"
	"lifecycle|lifecycle.sh|||link, queue pairs, sleep, crash, kexec, hot plug, MTU"
	"migrate|migrate.sh|other-device control|one-pair two-pairs unmerged other-device control|live migration under load, memory compared"
	"iommu|iommu.sh|strict passthrough|strict passthrough reboot control|an emulated IOMMU before the card"
	"qemu|other-qemu.sh|7.2|7.2|another version of QEMU"
)

usage()
{
	cat <<-USAGE
	Usage: run.sh [--device xnet|vhost-net] [--long] [SUITE[:SCENARIO,...]]...
	              [VM-OPTION]...

	Runs end-to-end suites (QEMU with a guest, in a VM) on one vhost device; the
	default is the suite basic on xnet, with --long it is all of them. Each suite
	has a VM of its own, with --long each scenario. Prints KTAP; the last line
	counts the results. Other options go to selftests/vm/run.sh; see its --help.

	$(for s in "${suites[@]}"; do IFS='|' read -r name _ _ _ what <<<"$s"; printf '  %-10s %s\n' "$name" "$what"; done)

	  --long           all scenarios of each suite, with 20 migrations back and
	                   forth of one-pair and of two-pairs and 4 of others that
	                   migrate; takes long under emulation
	  --migrations N   so many instead of either (without --long: 2)

	A SCENARIO is a part of a suite; the top of its script names them. For the
	suite qemu it is a version of QEMU that apt knows.

	When a step of the nested guest gets stuck under emulation, or the emulated
	CPU fails, the whole VM is started again, twice at most, and that is said.
	USAGE
}

# Sets script, short, long.
find_suite()
{
	local s name

	for s in "${suites[@]}"; do
		IFS='|' read -r name script short long _ <<<"$s"
		[ "$name" != "$1" ] || return 0
	done
	return 1
}

device=xnet
length=short
limit=900	# s, for a VM
migrations=
options=()
wanted=()
while [ $# -gt 0 ]; do
	case $1 in
	--device)
		[ $# -ge 2 ] || host_die "--device needs xnet or vhost-net"
		device=$2
		shift
		;;
	--migrations)
		[ $# -ge 2 ] || host_die "--migrations needs a number"
		migrations=$2
		shift
		;;
	--long) length=long limit=7200 ;;
	-h | --help) usage; exit 0 ;;
	*)
		if find_suite "${1%%:*}"; then
			wanted+=("$1")
		else
			options+=("$1")
		fi
		;;
	esac
	shift
done
case $device in
xnet) host_need drivers/vhost/xnet/vhost_xnet.ko tools/xnetctl/xnetctl ;;
vhost-net) ;;
*) host_die "unknown device '$device'; it is xnet or vhost-net" ;;
esac
case $migrations in
'') ;;
*[!0-9]* | 0*) host_die "--migrations needs a whole number above zero, not '$migrations'" ;;
esac
host_need tools/qemu-launch/xnet-qemu
"${MAKE:-make}" -s -C "$E2E_ROOT/selftests/e2e" all sabotage || exit
if [ ${#wanted[@]} -eq 0 ]; then
	wanted=(basic)
	[ $length = short ] || wanted=("${suites[@]%%|*}")
fi

log=$(mktemp "${TMPDIR:-/tmp}/vhost-xnet-e2e.XXXXXX") || exit
trap 'rm -f "$log"' EXIT

# run_suite NAME[:SCENARIO,...]
run_suite()
{
	local name=${1%%:*} scenarios scenario script short long version

	find_suite "$name"
	scenarios=$short
	[ $length = short ] || scenarios=$long
	[ "$name" = "$1" ] || scenarios=${1#*:}
	read -ra scenarios <<<"${scenarios//,/ }"
	if [ "$name" = qemu ]; then
		for version in "${scenarios[@]}"; do
			"$E2E_ROOT/selftests/vm/get-qemu.sh" "$version" >/dev/null || return
		done
	fi
	echo "# suite $name"
	if [ $length = short ] || [ "${#scenarios[@]}" -lt 2 ]; then
		run_vm "$name" "$script" "${scenarios[@]}"
		return
	fi
	# They are long, and when a guest gets stuck all of its VM is done again.
	for scenario in "${scenarios[@]}"; do
		run_vm "$name:$scenario" "$script" "$scenario"
	done
}

# How many migrations WHAT, a suite or a scenario, takes.
migrations_of()
{
	case $length:$1 in
	short:*) echo "${migrations:-2}" ;;
	*:one-pair | *:two-pairs) echo "${migrations:-20}" ;;
	*) echo "${migrations:-4}" ;;
	esac
}

# run_vm WHAT SCRIPT [SCENARIO]...: adds to passed, failed and skipped.
run_vm()
{
	local what=$1 script=$2 rc ok bad planned missing

	shift 2
	host_run "$log" --timeout "$limit" ${options[@]+"${options[@]}"} \
		-- env "MIGRATIONS=$(migrations_of "${1-}")" "selftests/e2e/$script" "$device" "$@"
	rc=$?
	if [ $rc -eq 0 ] && grep '^1\.\.0 # SKIP' "$log" >/dev/null; then
		skipped=$((skipped + 1))
		return
	fi
	planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log" | head -n 1)
	ok=$(grep -c '^ok ' "$log")
	bad=$(grep -c '^not ok ' "$log")
	missing=$((${planned:-1} - ok - bad))
	[ $missing -le 0 ] || echo "# $missing tests of $what gave no result"
	bad=$((bad + missing))
	if [ $rc -ne 0 ] && [ $bad -eq 0 ]; then
		echo "# the VM ended with status $rc"
		bad=1
	fi
	passed=$((passed + ok)) failed=$((failed + bad))
}

passed=0
failed=0
skipped=0
for s in "${wanted[@]}"; do
	run_suite "$s" || failed=$((failed + 1))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
