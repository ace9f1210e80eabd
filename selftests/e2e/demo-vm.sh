#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The part of the demonstration that runs inside the VM (demo.sh starts it):
# a guest on each network back end, measured in turn, and a table.
#
# Usage: demo-vm.sh [user|vhost-net|xnet]...

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=lib.sh
. selftests/e2e/lib.sh

SECS=${SECS:-2}
ROUNDS=${ROUNDS:-5}
modes=("$@")
[ $# -gt 0 ] || modes=(user vhost-net xnet)
started=$SECONDS

step()
{
	printf '[%3d s] %s\n' $((SECONDS - started)) "$*"
}

fail()
{
	e2e_check_stuck
	echo "demo: $*"
	exit 1
}

title()
{
	case $1 in
	user) echo "QEMU's own virtio-net" ;;
	vhost-net) echo "in-tree vhost-net" ;;
	xnet) echo "vhost-xnet" ;;
	esac
}

start()
{
	guest_start "$1" 1 && guest_run 20 'iperf3 -s -D >/dev/null' ||
		fail "the guest did not start"
	# The first packets find cold caches everywhere.
	ping -q -c 10 -i 0.05 -W 5 $GUEST_IP >/dev/null
	step "$(title "$1"): a guest is up ($(guest_run 20 'uname -sr'))"
}

# transfer tx|rx ARG...: one direction; adds the packets and the CPU time of
# worker and main loop to their sums; sets mbits.
transfer()
{
	local dir=$1 p0 w0 m0

	shift
	p0=$(tap_counter "$dir" packets) w0=$(worker_ms) m0=$(qemu_main_ms)
	iperf -t "$SECS" "$@" || fail "iperf3 failed"
	packets=$((packets + $(tap_counter "$dir" packets) - p0))
	worker=$((worker + $(worker_ms) - w0))
	main=$((main + $(qemu_main_ms) - m0))
	mbits=$(($(iperf_kbits) / 1000))
}

# One line of figures of the guest in use, kept in its folder.
measure()
{
	local rtt to from mbits packets=0 worker=0 main=0

	rtt=$(ping -q -c 20 -i 0.05 -W 5 $GUEST_IP |
		sed -n 's|^rtt.*= [^/]*/\([^/]*\)/.*|\1|p')
	[ -n "$rtt" ] || fail "no answer to ping"
	transfer rx
	to=$mbits
	transfer tx -R
	from=$mbits
	echo "$rtt $to $from $packets $worker $main" >>"$GUEST_DIR/figures"
	step "$(printf '%-24s ping %s ms, TCP %d Mbit/s to the guest, %d from it' \
		"$(title "$1"):" "$rtt" "$to" "$from")"
}

# column N: the median of column N of the figures of the guest in use.
column()
{
	cut -d ' ' -f "$1" "$GUEST_DIR/figures" | sort -n |
		sed -n "$(((ROUNDS + 1) / 2))p"
}

total()
{
	cut -d ' ' -f "$1" "$GUEST_DIR/figures" |
		awk '{ sum += $1 } END { print sum }'
}

step "preparing the VM"
e2e_setup "${modes[@]}"
for i in "${!modes[@]}"; do
	guest_use $((i + 1))
	start "${modes[i]}"
done
# In turn, so that what else this machine does spreads over all of them.
for round in $(seq "$ROUNDS"); do
	step "round $round of $ROUNDS"
	for i in "${!modes[@]}"; do
		guest_use $((i + 1))
		measure "${modes[i]}"
	done
done
case " ${modes[*]} " in
*" xnet "*)
	echo
	echo "\$ xnetctl stats"
	"$XNETCTL" stats || fail "xnetctl shows no figures"
	;;
esac

echo
echo "                              ping  TCP to guest  from guest |  packets       CPU time of"
echo "Guest's network             median        median      median |    total  worker thread  QEMU's main loop"
for i in "${!modes[@]}"; do
	guest_use $((i + 1))
	printf '%-24s %6.2f ms %6d Mbit/s %4d Mbit/s | %8d %11d ms %14d ms\n' \
		"$(title "${modes[i]}")" "$(column 1)" "$(column 2)" \
		"$(column 3)" "$(total 4)" "$(total 5)" "$(total 6)"
done
for i in "${!modes[@]}"; do
	guest_use $((i + 1))
	guest_stop || fail "a guest did not power off"
done
