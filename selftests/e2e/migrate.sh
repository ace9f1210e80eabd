#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Live migration between two QEMUs, to be run inside a VM (run.sh does that),
# under TCP and UDP load both ways. After each migration, before the guest
# goes on, its memory is compared with what the source has: a page that the
# device wrote and did not log would differ. Only the wall clock is left out,
# which the destination's KVM writes when QEMU restores the register that says
# where it is; and what KVM writes for a vCPU, running or not, the guest is not
# offered. Prints KTAP.
#
# Usage: migrate.sh xnet|vhost-net
#                   [one-pair|two-pairs|unmerged|other-device|control]...

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=suite.sh
. selftests/e2e/suite.sh
# shellcheck source-path=SCRIPTDIR source=streams.sh
. selftests/e2e/streams.sh

TIMES=${MIGRATIONS:-4}		# migrations of each scenario
MIGRATION_LIMIT=${MIGRATION_LIMIT:-300}	# s
RATE=${RATE:-4000}		# kbytes/s of each TCP stream
GUEST_MEM=128
# A receive buffer that the guest clears is dirty already, whatever the device
# logs.
GUEST_APPEND=init_on_alloc=0
# No steal time, no EOIs and no page faults by way of memory that KVM writes.
GUEST_CPU=,kvm-steal-time=off,kvm-pv-eoi=off,kvm-asyncpf=off,kvm-asyncpf-int=off
SHARED=$E2E_DIR/shared		# what QEMU, without root, may write to
side=1				# the QEMU that has the guest
downtimes=()

# scenario COMMAND...: runs it; nothing of it is left.
scenario()
{
	local rc

	downtimes=()
	"$@"
	rc=$?
	e2e_check_stuck
	streams_abandon
	guests_kill || rc=1
	return $rc
}

guests_kill()
{
	local n rc=0

	for n in 1 2; do
		guest_use $n 1
		guest_kill || rc=1
		rm -f "$GUEST_DIR"/{events,qemu.log}
	done
	return $rc
}

# begin MODE QUEUES
begin()
{
	side=1
	guest_use 1
	guest_start "$1" "$2" || return
	guest_ready && find_wall_clock || return
	streams_start "$RATE"
}

# Where the guest's kernel lets KVM write the wall clock (12 bytes, registered
# by MSR_KVM_WALL_CLOCK_NEW), which is the only memory that a vCPU writes
# without running.
find_wall_clock()
{
	# shellcheck disable=SC2016
	wall_clock=$(guest_run 120 'at() { awk -v s=$1 "\$3 == s { print \$1 }" /proc/kallsyms; };
		text=$(sed -n "s/^ *\([0-9a-f]*\)-.* : Kernel code/\1/p" /proc/iomem);
		echo $((0x$(at wall_clock) - 0x$(at _text) + 0x$text))')
	case $wall_clock in
	'' | *[!0-9]*)
		e2e_note "the guest does not say where its wall clock is: $wall_clock"
		return 1
		;;
	esac
	want "the wall clock's address" "$wall_clock" -lt $((GUEST_MEM << 20))
}

guest_ready()
{
	wait_until 120 ping -q -c 1 -W 2 $GUEST_IP >/dev/null || {
		e2e_note "the guest does not answer to ping"
		return 1
	}
}

# migrate MODE QUEUES: to a new QEMU on a device of kind MODE. After it, the
# source still is there, stopped, and the destination has not started. Sets
# load, packets to and from the guest meanwhile.
migrate()
{
	local to=$((3 - side)) status='' end

	: >"$E2E_DIR/watch"
	guest_use $to 1
	INCOMING=yes guest_start "$1" "$2" || return
	rm -f $SHARED/socket
	qmp migrate-incoming "{\"uri\":\"unix:$SHARED/socket\"}" || return
	guest_use $side 1
	load=("$(tap_counter rx packets)" "$(tap_counter tx packets)")
	qmp migrate-set-parameters '{"downtime-limit":500,"max-bandwidth":1000000000}' &&
		qmp migrate "{\"uri\":\"unix:$SHARED/socket\"}" || return
	end=$((SECONDS + MIGRATION_LIMIT))
	while [ $SECONDS -lt $end ]; do
		qmp query-migrate || return
		status=$(migration_status)
		case $status in
		completed | failed) break ;;
		esac
		watch
		sleep 0.2
	done
	if [ "$status" != completed ]; then
		e2e_note "migration $status: $REPLY"
		sed 's/^/# qemu: /' "$E2E_DIR"/guest[12]/qemu.log
		return 1
	fi
	figures="$(qmp_field downtime) $(qmp_field total-time) $(qmp_field dirty-sync-count) $(qmp_field transferred)"
	downtimes+=("$(qmp_field downtime)")
	load=($(($(tap_counter rx packets) - load[0])) $(($(tap_counter tx packets) - load[1])))
	guest_use $to 1
	wait_until 120 arrived || {
		e2e_note "the destination is not ready: $REPLY"
		return 1
	}
}

# Notes what passed so far, once a second or so.
watch()
{
	[ "$SECONDS" != "${watched-}" ] || return 0
	watched=$SECONDS
	{
		echo "$SECONDS s: $(tap_counter rx packets) to and $(tap_counter tx packets) from the guest"
		[ ! -e /dev/vhost-xnet ] || "$XNETCTL" stats
	} >>"$E2E_DIR/watch"
}

# The first status of the answer is that of the migration.
migration_status()
{
	grep -o '"status": "[a-z-]*"' <<<"$REPLY" | head -n 1 | cut -d '"' -f 4
}

arrived()
{
	qmp query-status && case $(qmp_field status) in
	paused | prelaunch) ;;
	*) return 1 ;;
	esac
}

# Compares the memory of both; sets differing, in pages, and sum, its hash.
compare_memory()
{
	local n

	for n in 1 2; do
		guest_use $n 1
		rm -f $SHARED/memory$n
		qmp pmemsave "{\"val\":0,\"size\":$((GUEST_MEM << 20)),\"filename\":\"$SHARED/memory$n\"}" || return
	done
	n=$((3 - side))
	selftests/e2e/pages.py $SHARED/memory$side $SHARED/memory$n $((GUEST_MEM << 20)) "$wall_clock" \
		>"$E2E_DIR/pages"
	read -r sum differing <"$E2E_DIR/pages"
	rm -f $SHARED/memory[12]
	[ -n "$sum" ] || {
		e2e_note "the memories could not be compared"
		return 1
	}
	sed '1d; s/^/# /' "$E2E_DIR/pages"
}

# hand_over: the source ends, the guest goes on in the destination.
hand_over()
{
	guest_use $side 1
	guest_kill || return
	side=$((3 - side))
	guest_use $side 1
	qmp cont || return
	streams_flow 120 && worked
}

# The worker of the QEMU in use moves the packets, and its queues are right.
worked()
{
	local ms

	ms=$(worker_ms)
	streams_flow 120 || return
	wait_until 120 worker_beyond "$ms" || {
		e2e_note "packets pass, but the worker did nothing"
		return 1
	}
	queues_run "$mode" $((2 * pairs))
}

worker_beyond()
{
	[ "$(worker_ms)" -gt "$1" ]
}

# migrate_times PAIRS MODE...: TIMES migrations, on the devices in turn.
#
# Emulation loses a guest now and then, with either device, see lost_guest. A
# new guest then makes the rest.
migrate_times()
{
	local pairs=$1 modes n=0 losses=0 differing mode why

	shift
	modes=("$@")
	until series; do
		# Nothing excuses a page that was not logged.
		[ "${differing:-0}" -eq 0 ] && lost_guest && emulated &&
			[ $((losses += 1)) -le $((TIMES / 2)) ] || return
		e2e_note "emulation lost the guest, after $n migrations ($why); a new one makes the rest"
		streams_abandon
		guests_kill || return
		# Each guest migrates once at least.
		[ "$n" -lt "$TIMES" ] || n=$((TIMES - 1))
	done
	e2e_note "downtime in ms: $(printf '%s\n' "${downtimes[@]}" | sort -n | awk '
		{ v[NR] = $1 } END { print "least", v[1] ", median", v[int((NR + 1) / 2)] ", most", v[NR] }')"
}

# All migrations after the first n, which it counts, with one guest.
series()
{
	mode=${modes[n % ${#modes[@]}]}
	begin "$mode" "$pairs" || return
	while [ "$n" -lt "$TIMES" ]; do
		mode=${modes[(n + 1) % ${#modes[@]}]}
		migrate_once && hand_over || return
		! lost_guest || return
		n=$((n + 1))
	done
	streams_end || return
	guest_stop || {
		e2e_note "the guest did not power off"
		return 1
	}
}

# To a device of kind mode, and the guest's memory is the same there.
migrate_once()
{
	local figures sum load

	migrate "$mode" "$pairs" && compare_memory || return
	# shellcheck disable=SC2086
	e2e_note "$((n + 1)): to $mode, $(printf 'downtime %s ms, total %s ms, %s passes, %s bytes' $figures); ${load[0]} and ${load[1]} packets to and from the guest; memory $sum, $differing pages differ"
	want "pages that differ" "$differing" -eq 0 &&
		want "packets to the guest while it migrated" "${load[0]}" -gt 100 &&
		want "packets from the guest while it migrated" "${load[1]}" -gt 100 || {
		sed 's/^/# /' "$E2E_DIR/watch"
		tell_rings
		return 1
	}
}

# What the source's rings hold, unless the guest begins again: where avail and used
# differ, the device owes work. And where the vCPUs are.
tell_rings()
{
	local q avail used num path=/machine/peripheral/xnet0-nic/virtio-backend

	guest_use $side 1
	for ((q = 0; q < 2 * pairs; q++)); do
		qmp x-query-virtio-queue-status "{\"path\":\"$path\",\"queue\":$q}" || return 0
		avail=$(qmp_field vring-avail) used=$(qmp_field vring-used) num=$(qmp_field vring-num)
		[ "$avail" -ne 0 ] || continue
		e2e_note "queue $q at $(printf '%x and %x' "$avail" "$used"): avail $(word $((avail + 2))), used_event $(word $((avail + 4 + 2 * num)));" \
			"used $(word $((used + 2))), avail_event $(word $((used + 4 + 8 * num)))"
	done
	qmp human-monitor-command '{"command-line":"info registers -a"}' || return 0
	e2e_note "$(grep -o 'CPU#[0-9]*\|RIP=[0-9a-f]* RFL=[0-9a-f]*\|HLT=[01]' <<<"$REPLY" | tr '\n' ' ')"
}

# word ADDRESS: 16 bits of the guest's memory.
word()
{
	qmp human-monitor-command "{\"command-line\":\"xp /1dh $1\"}"
	sed 's/.*: *\([0-9]*\)\\r.*/\1/' <<<"$REPLY"
}

# Did one of the QEMUs see the guest's machine reset, which nobody asked for? Or
# does KVM not take back what KVM itself said of a vCPU? Says why.
#
# The first was seen with vhost-net as well; the second is of registers, such as an
# exception under way whose number none has.
lost_guest()
{
	local n now=$GUEST

	why=
	for n in 1 2; do
		guest_use $n 1
		[ -z "$QEMU_PID" ] || qmp query-status >/dev/null
		! grep -qs '"event": "RESET".*"guest-reset"' "$GUEST_DIR/events" ||
			why="its machine was reset"
		! grep -qs 'Putting registers after init: Failed to set' "$GUEST_DIR/qemu.log" ||
			why="KVM refused the state of its CPU"
	done
	guest_use "$now" 1
	[ -n "$why" ]
}

# Without mergeable buffers the guest writes nothing into those of packets, so
# all that is in them must come from the device's log.
unmerged()
{
	local NIC_PROPS=mrg_rxbuf=off

	"$@"
}

# The card must have what both devices offer, and the vhost-net of 6.1 does not
# know RING_RESET.
between_devices()
{
	local NIC_PROPS=queue_reset=off

	"$@"
}

# Without the log the comparison must fail, or it proves nothing.
unlogged_pages_show()
{
	local figures differing=0 sum load

	SABOTAGE=log begin "$MODE" 1 || return
	migrate "$MODE" 1 && compare_memory || return
	want "pages that differ" "$differing" -gt 0
}

plan()
{
	local name

	names=("$@")
	[ ${#names[@]} -gt 0 ] || names=(one-pair two-pairs unmerged other-device control)
	for name in "${names[@]}"; do
		case $name in
		one-pair | two-pairs | unmerged | other-device | control) ;;
		*) e2e_die "there is no scenario '$name' in migrate" ;;
		esac
	done
}

other=vhost-net
[ "$MODE" != vhost-net ] || other=xnet
plan "$@"
echo "KTAP version 1"
case " ${names[*]} " in
*" other-device "*) e2e_setup "$MODE" "$other" ;;
*) e2e_setup "$MODE" ;;
esac
mkdir -m 1777 -p $SHARED
echo "1..${#names[@]}"
for name in "${names[@]}"; do
	case $name in
	one-pair) check "$TIMES migrations with one queue pair" scenario migrate_times 1 "$MODE" ;;
	two-pairs) check "$TIMES migrations with two queue pairs" scenario migrate_times 2 "$MODE" ;;
	unmerged) check "$TIMES migrations without mergeable buffers" scenario unmerged migrate_times 1 "$MODE" ;;
	other-device) check "$TIMES migrations between $MODE and $other" scenario between_devices migrate_times 1 "$MODE" "$other" ;;
	control) check "control: pages not logged show in the comparison" scenario unmerged unlogged_pages_show ;;
	esac
done
[ $failed -eq 0 ]
