# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the suites share that run in the VM: results in KTAP, and proof of who
# moved the packets. A suite sources it with its arguments: the vhost device,
# xnet or vhost-net, and the scenarios wanted (all, if none is named).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. selftests/e2e/lib.sh
# shellcheck source-path=SCRIPTDIR source=qmp.sh
. selftests/e2e/qmp.sh

MODE=${1:-xnet}
case $MODE in
xnet | vhost-net) ;;
*) e2e_die "unknown device '$MODE'; it is xnet or vhost-net" ;;
esac
[ $# -eq 0 ] || shift
SECS=${SECS:-4}
number=0
failed=0

# check NAME COMMAND...: one KTAP result.
check()
{
	local name=$1 before=$SECONDS rc taint

	shift
	number=$((number + 1))
	taint=$(kernel_complaints)
	echo "vhost-xnet e2e: $name" >/dev/kmsg
	"$@"
	rc=$?
	e2e_check_stuck
	if [ "$(kernel_complaints)" != "$taint" ]; then
		e2e_note "the kernel complained; see the console log"
		rc=1
	fi
	if [ $rc -eq 0 ]; then
		e2e_note "$((SECONDS - before)) s"
		echo "ok $number $name"
	else
		e2e_note "failed after $((SECONDS - before)) s"
		echo "not ok $number $name"
		failed=$((failed + 1))
	fi
}

# The kernel's memory of warnings and worse: taint bits 5, 7, 9 and 14.
kernel_complaints()
{
	echo $(($(cat /proc/sys/kernel/tainted) & (1 << 5 | 1 << 7 | 1 << 9 | 1 << 14)))
}

# want WHAT NUMBER OPERATOR NUMBER: a condition that speaks when it fails.
want()
{
	test "$2" "$3" "$4" && return
	e2e_note "$1: $2 is not $3 $4"
	return 1
}

# Runs a command while taking the measure of who works for it: sets packets,
# worker, main (ms of CPU time), elapsed (ms).
measure()
{
	local dir=$1 p0 w0 m0 t0 rc

	shift
	p0=$(tap_counter "$dir" packets) w0=$(worker_ms) m0=$(qemu_main_ms)
	t0=$(date +%s%3N)
	"$@"
	rc=$?
	elapsed=$(($(date +%s%3N) - t0))
	packets=$(($(tap_counter "$dir" packets) - p0))
	worker=$(($(worker_ms) - w0)) main=$(($(qemu_main_ms) - m0))
	return $rc
}

# tcp_kernel_path tx|rx ARG...: a TCP run, and proof of who moved the packets.
tcp_kernel_path()
{
	local dir=$1 packets worker main elapsed device

	shift
	device=$(device_packets)
	measure "$dir" iperf -t "$SECS" "$@" || return
	device=$(($(device_packets) - device))
	e2e_note "$(iperf_kbits) kbit/s, $packets packets; CPU: worker $worker ms, QEMU's main loop $main ms of $elapsed ms"
	want "kbit/s" "$(iperf_kbits)" -gt 1000 &&
		want "packets on the tap" "$packets" -gt 50 &&
		{ [ "$MODE" != xnet ] || want "packets of the device" "$device" -gt 50; } &&
		want "worker's CPU time in ms" "$worker" -gt $((elapsed / 20)) &&
		want "QEMU's CPU time in ms" $((main * 10)) -lt "$worker"
}

# guest_serves: an iperf3 in the guest listens, on port 5201 (1451 in hex).
guest_serves()
{
	# shellcheck disable=SC2016
	guest_run 120 'pidof iperf3 >/dev/null || iperf3 -s -D >/dev/null;
		for i in $(seq 600); do
			grep -q ":1451 .* 0A " /proc/net/tcp /proc/net/tcp6 && exit 0;
			usleep 100000;
		done; false'
}

# guest_connect PORT COMMAND: with a listener in the guest, which may be late,
# as descriptor 3.
guest_connect()
{
	timeout 300 bash -c "until exec 3<>/dev/tcp/$GUEST_IP/$1; do sleep 0.2; done 2>/dev/null; $2"
}

# start MODE QUEUES
start()
{
	guest_start "$1" "$2" || return
	guest_serves || {
		e2e_note "the guest could not start iperf3"
		return 1
	}
	# Frames sent before the guest's driver is ready are lost by right.
	wait_until 120 ping -q -c 1 -W 2 $GUEST_IP >/dev/null || {
		e2e_note "the guest does not answer to ping"
		return 1
	}
	[ "$1" != xnet ] || count_from_here
}

# Until the guest's driver is there, QEMU itself reads the tap, so counting
# starts after that; in a moment in which no stray packet passes.
count_from_here()
{
	local before

	until [ "${before-}" = "$(tap_counters)" ]; do
		before=$(tap_counters)
		read -ra dev_first < <(dev_counters)
	done
	read -ra tap_first <<<"$before"
}


# queues_run MODE N: N queues of the QEMU in use are running, and none is
# anything else. In-tree vhost-net does not tell.
queues_run()
{
	local states

	[ "$1" = xnet ] || return 0
	states=$(queue_states)
	[ "$states" = "$2 running" ] && return
	e2e_note "queues: ${states:-none}, not $2 running"
	"$XNETCTL" show | sed 's/^/# /'
	return 1
}

# How many queues of the QEMU in use are in which state, on one line.
queue_states()
{
	"$XNETCTL" show | awk -v "pid=(pid $QEMU_PID)," '
		/^device/ { mine = index($0, pid); next }
		mine && $2 ~ /^[rt]x$/ { n[$3]++ }
		END { for (state in n) printf "%s%d %s", sep++ ? ", " : "", n[state], state }'
}

# What all queues of vhost-xnet moved so far; 0 for in-tree vhost-net.
device_packets()
{
	if [ "$MODE" = xnet ]; then
		"$XNETCTL" stats | awk '
			$1 == "packets" { for (i = 2; i <= NF; i++) n += $i }
			END { print n + 0 }'
	else
		echo 0
	fi
}
