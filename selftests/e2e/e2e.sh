#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# End-to-end tests, to be run inside a VM (run.sh does that): real QEMU, a real
# guest driver, one vhost device. Prints KTAP.
#
# Usage: e2e.sh xnet|vhost-net

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=suite.sh
. selftests/e2e/suite.sh

# Read by guest_run; shellcheck does not look there.
# shellcheck disable=SC2034
ON_RESET=stuck

# A running guest, for each kind of traffic

ping_all()
{
	local lost

	lost=$(ping -q -c 20 -i 0.1 -W 5 -s "$1" $GUEST_IP |
		tee $E2E_DIR/ping.log | sed -n 's/.* \([0-9]*\)% packet loss.*/\1/p')
	sed -n 's/^rtt/# rtt/p' $E2E_DIR/ping.log
	want "lost echoes in percent" "${lost:-100}" -eq 0
}

# Bytes arrive as they were sent: to the guest, then the guest's copy back.
copy_both_ways()
{
	local sum back

	head -c 4194304 /dev/urandom >$E2E_DIR/sent
	guest_run 120 'nc -l -p 5555 >/tmp/got 2>/dev/null &'
	guest_connect 5555 'cat >&3' <$E2E_DIR/sent || return
	sum=$(sha256sum <$E2E_DIR/sent)
	guest_run 120 'for i in $(seq 1000); do s=$(stat -c %s /tmp/got); [ $s = 4194304 ] && break; usleep 100000; done' ||
		return
	back=$(guest_run 120 'sha256sum </tmp/got')
	if [ "$sum" != "$back" ]; then
		e2e_note "the guest got other bytes than were sent"
		return 1
	fi
	guest_run 120 'nc -l -p 5556 </tmp/got >/dev/null 2>&1 &'
	guest_connect 5556 'head -c 4194304 <&3' >$E2E_DIR/returned
	if ! cmp -s $E2E_DIR/sent $E2E_DIR/returned; then
		e2e_note "the guest's bytes arrived changed"
		return 1
	fi
}

udp()
{
	local lost sent

	iperf -u -b 5M -l 1400 -t "$SECS" "$@" || return
	read -r lost sent < <(iperf_lost)
	e2e_note "$(iperf_kbits) kbit/s, ${lost:-?} of ${sent:-?} datagrams lost"
	want "datagrams" "${sent:-0}" -gt 100 &&
		want "datagrams lost" $((lost * 10)) -le "$sent"
}

# The same guest without the kernel's help: if what tcp_kernel_path looks at
# did not show the difference, it would prove nothing.
user_space_path()
{
	local packets worker main elapsed

	start user 1 || return
	measure rx iperf -t "$SECS" || return
	e2e_note "$(iperf_kbits) kbit/s, $packets packets; CPU: worker $worker ms, QEMU's main loop $main ms of $elapsed ms"
	want "packets on the tap" "$packets" -gt 100 &&
		want "worker's CPU time in ms" "$worker" -eq 0 &&
		want "QEMU's CPU time in ms" "$main" -gt $((elapsed / 20)) || return
	guest_stop || {
		e2e_note "the guest did not power off"
		return 1
	}
}

reboot_guest()
{
	guest_send 'reboot -f'
	guest_wait_ready 180 && guest_serves
}

# Trouble

traffic()
{
	timeout 30 iperf3 -c $GUEST_IP -t 25 "$@" >/dev/null 2>&1 &
	traffic_pid=$!
	sleep 2
	kill -0 $traffic_pid 2>/dev/null
}

traffic_end()
{
	kill $traffic_pid 2>/dev/null
	wait $traffic_pid 2>/dev/null
}

workers_gone()
{
	[ "$(worker_count "$1")" -eq 0 ]
}

device_free()
{
	[ "$MODE" != xnet ] || [ "$(cat /sys/module/vhost_xnet/refcnt)" -eq 0 ]
}

kill_under_traffic()
{
	local pid=$QEMU_PID rc=0

	want "workers before" "$(worker_count "$pid")" -ge 1 || return
	if ! traffic --bidir; then
		e2e_note "the traffic did not last until the kill"
		rc=1
	fi
	guest_kill || rc=1
	traffic_end
	wait_until 120 workers_gone "$pid" || {
		e2e_note "a worker outlived its QEMU"
		rc=1
	}
	wait_until 120 device_free || {
		e2e_note "the module is still in use"
		rc=1
	}
	return $rc
}

# The guest must go on, only without a network; and nothing may spin.
tap_taken_away()
{
	local w0 used rc=0

	if ! traffic --bidir; then
		e2e_note "the traffic did not last until the tap went"
		rc=1
	fi
	ip link del $TAP || rc=1
	sleep 1
	w0=$(worker_ms)
	guest_run 120 "ping -c 5 -W 1 $HOST_IP >/dev/null 2>&1; true" || rc=1
	used=$(($(worker_ms) - w0))
	traffic_end
	want "worker's CPU time in ms with the tap gone" "$used" -lt 500 || rc=1
	want "guest's answer" "$(guest_run 120 'echo 42')" -eq 42 || rc=1
	return $rc
}

# With the traffic over, the device has counted what the tap has counted, to
# the packet and to the byte: nothing went another way, nothing was lost.
counters_agree()
{
	local tap dev rc=0

	wait_until 120 same_counts || rc=1
	e2e_note "packets and bytes to the guest, from the guest"
	e2e_note "device: ${dev[*]}"
	e2e_note "tap:    ${tap[*]}"
	[ $rc -eq 0 ] || "$XNETCTL" stats | sed 's/^/# /'
	want "bytes to the guest" "${dev[1]}" -gt 1000000 &&
		want "bytes from the guest" "${dev[3]}" -gt 1000000 &&
		return $rc
}

same_counts()
{
	local i

	read -ra tap < <(tap_counters)
	read -ra dev < <(dev_counters)
	for i in 0 1 2 3; do
		tap[i]=$((tap[i] - tap_first[i]))
		dev[i]=$((dev[i] - dev_first[i]))
	done
	[ "${tap[*]}" = "${dev[*]}" ]
}

# Two queue pairs

both_pairs_work()
{
	local before after i busy=0

	mapfile -t before < <(worker_ms_each)
	want "workers" ${#before[@]} -eq 2 || return
	iperf -t "$SECS" -P 8 "$@" || return
	mapfile -t after < <(worker_ms_each)
	for i in 0 1; do
		used=$((after[i] - before[i]))
		e2e_note "worker $((i + 1)): $used ms"
		[ $used -gt 50 ] && busy=$((busy + 1))
	done
	e2e_note "$(iperf_kbits) kbit/s"
	want "busy workers" $busy -eq 2
}

guest_has_pairs()
{
	local n

	n=$(guest_run 120 'ethtool -l eth0' | awk '/Combined/ { n = $2 } END { print n }')
	want "queue pairs in use in the guest" "${n:-0}" -eq "$1"
}

unload()
{
	wait_until 120 device_free && rmmod vhost_xnet
}

echo "KTAP version 1"
e2e_setup "$MODE"
if [ "$MODE" = xnet ]; then echo 1..21; else echo 1..18; fi

check "a guest starts" start "$MODE" 1
check "ping, 56 bytes" ping_all 56
check "ping, 8000 bytes" ping_all 8000
check "bytes unchanged both ways" copy_both_ways
check "TCP to the guest, by the kernel path" tcp_kernel_path rx
check "TCP from the guest, by the kernel path" tcp_kernel_path tx -R
check "UDP to the guest" udp
check "UDP from the guest" udp -R
[ "$MODE" != xnet ] || check "the device's counters agree with the tap's" counters_agree
check "guest reboots" reboot_guest
check "TCP to the guest after its reboot" tcp_kernel_path rx
check "QEMU killed under traffic" kill_under_traffic
check "a guest with two queue pairs starts" start "$MODE" 2
check "the guest uses two pairs" guest_has_pairs 2
check "two pairs carry TCP to the guest" both_pairs_work
check "two pairs carry TCP from the guest" both_pairs_work -R
[ "$MODE" != xnet ] || check "the counters of two pairs agree with the tap's" counters_agree
check "tap taken away under traffic" tap_taken_away
check "the guest ends in order" guest_stop
check "control: QEMU's own virtio-net shows in QEMU's CPU time" user_space_path
[ "$MODE" != xnet ] || check "the module can be unloaded" unload

[ $failed -eq 0 ]
