#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What happens to a guest and its card in the course of a life, to be run
# inside a VM (run.sh does that). After each event, the kernel path must carry
# TCP both ways again. Prints KTAP.
#
# Usage: lifecycle.sh xnet|vhost-net [pairs|link|suspend|crash|kexec|plug|mtu|
#                               control]...

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=suite.sh
. selftests/e2e/suite.sh
# shellcheck source-path=SCRIPTDIR source=streams.sh
. selftests/e2e/streams.sh

RATE=${RATE:-1000}	# kbytes/s of each TCP stream
SECS=2		# of each TCP run
pairs=2
plugged=no		# the guest is one of plug_guest()

need_guest()
{
	if [ -n "$QEMU_PID" ]; then
		[ $plugged = yes ] || return 0
		guest_stop || return
	fi
	plugged=no
	start "$MODE" $pairs
}

# after_event: the kernel path carries TCP both ways, on N running queues.
after_event()
{
	guest_serves || return
	wait_until 120 ping -q -c 1 -W 2 $GUEST_IP >/dev/null || {
		e2e_note "the guest does not answer to ping"
		guest_state
		return 1
	}
	tcp_kernel_path rx && tcp_kernel_path tx -R && queues_run "$MODE" "$1"
}

# Echoes without a pause, so that the event comes under load.
echoes()
{
	ping -q -i 0.02 -s 1000 $GUEST_IP >/dev/null &
	echoes_pid=$!
	disown $echoes_pid
	sleep 1
}

echoes_end()
{
	kill $echoes_pid
}

# tap_has N: N queues of the tap take part in its traffic.
tap_has()
{
	local queues=(/sys/class/net/"$TAP"/queues/tx-*)

	[ -e "${queues[0]}" ] && [ ${#queues[@]} -eq "$1" ]
}

# What changes is how many queues of the tap there are to use; QEMU has those of the
# device run all the time.
change_pairs()
{
	local n

	need_guest && streams_start "$RATE" || return
	for n in 1 2 1 2 1 2; do
		guest_run 120 "ethtool -L eth0 combined $n" && streams_flow 120 || return
		wait_until 60 tap_has $n || {
			e2e_note "the guest uses $n pairs, and its tap has other queues:" \
				/sys/class/net/"$TAP"/queues/*
			return 1
		}
		queues_run "$MODE" $((2 * pairs)) || return
	done
	streams_end && after_event 4
}

none_run()
{
	[ "$MODE" != xnet ] || case $(queue_states) in
	*running*) return 1 ;;
	esac
}

carrier_is()
{
	[ "$(guest_run 120 'cat /sys/class/net/eth0/carrier')" = "$1" ]
}

link_down_up()
{
	local n

	need_guest || return
	for n in 1 2 3; do
		echoes
		qmp set_link '{"name":"xnet0","up":false}' || return
		wait_until 120 carrier_is 0 && wait_until 10 none_run || {
			e2e_note "the link is down, but not everywhere"
			return 1
		}
		! ping -q -c 2 -W 1 $GUEST_IP >/dev/null || {
			e2e_note "packets pass with the link down"
			return 1
		}
		qmp set_link '{"name":"xnet0","up":true}' && wait_until 120 carrier_is 1 ||
			return
		echoes_end
	done
	after_event $((2 * pairs))
}

suspend()
{
	need_guest || return
	guest_run 120 'grep -q deep /sys/power/mem_sleep && echo deep >/sys/power/mem_sleep' || {
		e2e_note "the guest knows no S3: $(guest_run 120 'cat /sys/power/mem_sleep')"
		return 1
	}
	qmp query-status || return
	echoes
	guest_send 'echo mem >/sys/power/state'
	qmp_event SUSPEND 180 || {
		e2e_note "the guest does not fall asleep"
		guest_run 120 'dmesg | tail -n 20' | sed 's/^/# guest: /'
		return 1
	}
	wait_until 120 none_run || {
		e2e_note "queues run while the guest sleeps: $(queue_states)"
		return 1
	}
	qmp system_wakeup && qmp_event WAKEUP 180 || return
	guest_run 120 true >/dev/null || return
	echoes_end
	after_event $((2 * pairs))
}

crash()
{
	need_guest || return
	echoes
	guest_send 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger'
	guest_wait_ready 180 || return
	echoes_end
	after_event $((2 * pairs))
}

# send_file FILE NAME: into the guest's /tmp, by its network.
send_file()
{
	local size

	size=$(stat -c %s "$1")
	guest_run 120 "nc -l -p 5557 >/tmp/$2 2>/dev/null &"
	guest_connect 5557 'cat >&3' <"$1" || return
	guest_run 120 "for i in \$(seq 1000); do [ \$(stat -c %s /tmp/$2) = $size ] && exit 0; usleep 100000; done; false"
}

run_kexec()
{
	need_guest || return
	send_file $E2E_DIR/vmlinuz vmlinuz && send_file $E2E_DIR/initrd initrd || {
		e2e_note "the guest did not get its kernel"
		return 1
	}
	echoes
	guest_send "kexec /tmp/vmlinuz /tmp/initrd \"\$(cat /proc/cmdline) xnet.again=yes\""
	guest_wait_ready 180 || return
	echoes_end
	guest_run 120 'grep -q xnet.again /proc/cmdline' || {
		e2e_note "the guest did not start by kexec"
		return 1
	}
	after_event $((2 * pairs))
}

# A guest that starts without a card: QEMU gets the devices' descriptors, and
# all else through its monitor.
PLUG_FDS=(30 31 32 33)
plug_guest()
{
	local fd

	if [ -n "$QEMU_PID" ]; then
		[ $plugged = no ] || return 0
		guest_stop || return
	fi
	plugged=yes
	plugs=0
	GUEST_ARGS=(-device pcie-root-port,id=rp0,chassis=1)
	for fd in "${PLUG_FDS[@]}"; do
		eval "exec $fd<>$(vhost_dev "$MODE")" || return
	done
	guest_start none 1
	for fd in "${PLUG_FDS[@]}"; do
		eval "exec $fd>&-"
	done
}

# plug [PROPERTY]: a card, and the tap and device behind it.
plug()
{
	ip link show $TAP >/dev/null 2>&1 || ip tuntap add $TAP mode tap vnet_hdr || return
	ip link set $TAP master br0 up
	qmp netdev_add "{\"type\":\"tap\",\"id\":\"net0\",\"ifname\":\"$TAP\",\"script\":\"no\",\"downscript\":\"no\",\"vhost\":true,\"vhostfd\":\"${PLUG_FDS[plugs]}\"}" &&
		qmp device_add "{\"driver\":\"virtio-net-pci\",\"id\":\"nic0\",\"netdev\":\"net0\",\"mac\":\"$GUEST_MAC\",\"bus\":\"rp0\"${1:+,$1}}" || return
	plugs=$((plugs + 1))
	guest_run 120 "for i in \$(seq 1000); do [ -e /sys/class/net/eth0 ] && break; usleep 100000; done;
		ip addr add $GUEST_IP/24 dev eth0 && ip link set eth0 up"
}

unplug()
{
	qmp device_del '{"id":"nic0"}' && qmp_event DEVICE_DELETED 180 || {
		e2e_note "the guest does not let go of the card"
		return 1
	}
	qmp netdev_del '{"id":"net0"}' || return
	guest_run 120 '! [ -e /sys/class/net/eth0 ]' || {
		e2e_note "the card is gone, but not in the guest"
		return 1
	}
}

plug_unplug()
{
	local n

	plug_guest || return
	for n in 1 2 3; do
		plug && after_event 2 || return
		[ $n != 3 ] || break
		echoes
		unplug || return
		echoes_end
		none_run || return
	done
}

# mtu_works MTU GUEST-MTU. The guest's shell would take busybox's ping.
mtu_works()
{
	local back=$2

	[ "$back" -le "$1" ] || back=$1
	ip link set $TAP mtu "$1" && ip link set br0 mtu "$1" &&
		guest_run 120 "ip link set eth0 mtu $2" || {
		e2e_note "MTU $1 is refused"
		return 1
	}
	ping -q -M do -c 3 -i 0.2 -W 10 -s $((back - 28)) $GUEST_IP >/dev/null &&
		guest_run 120 "/xnet/bin/ping -q -M do -c 3 -i 0.2 -W 10 -s $(($2 - 28)) $HOST_IP >/dev/null" || {
		e2e_note "no echo of full size with MTU $1, $2 in the guest"
		return 1
	}
}

# A tap has 65521 at most; the guest's card has 65535.
mtus()
{
	local mtu

	plug_guest || return
	[ "$plugs" -gt 0 ] || plug || return
	wait_until 120 ping -q -c 1 -W 2 $GUEST_IP >/dev/null
	for mtu in 68 69 576 1280 1499 1500 1501 4096 9000 16384 32768 65520 65521; do
		mtu_works $mtu $mtu || return
	done
	mtu_works 65521 65535 && mtu_works 1500 1500 && after_event 2 || return
	unplug && plug '"host_mtu":9000' || return
	want "MTU that the card told" "$(guest_run 120 'cat /sys/class/net/eth0/mtu')" -eq 9000 &&
		mtu_works 9000 9000 && mtu_works 1500 1500 && after_event 2
}

# A device that does not start again must be seen, or the rest proves nothing.
restart_matters()
{
	local rc=0

	guest_kill
	plugged=no
	GUEST_ARGS=()
	SABOTAGE=restart start "$MODE" 1 || return
	qmp set_link '{"name":"xnet0","up":false}' && wait_until 120 carrier_is 0 &&
		qmp set_link '{"name":"xnet0","up":true}' && wait_until 120 carrier_is 1 ||
		return
	! ping -q -c 5 -W 2 $GUEST_IP >/dev/null || {
		e2e_note "the guest answers to ping all the same"
		rc=1
	}
	[ "$MODE" != xnet ] || ! queues_run "$MODE" 2 || rc=1
	guest_kill
	return $rc
}

names=("$@")
[ ${#names[@]} -gt 0 ] || names=(pairs link suspend crash kexec plug mtu control)
for name in "${names[@]}"; do
	case $name in
	pairs | link | suspend | crash | kexec | plug | mtu | control) ;;
	*) e2e_die "there is no scenario '$name' in lifecycle" ;;
	esac
done

# event COMMAND: after a failure, the next scenario starts with a new guest.
event()
{
	"$@" && return
	e2e_check_stuck
	streams_abandon
	[ -z "${echoes_pid-}" ] || kill "$echoes_pid" 2>/dev/null
	guest_kill
	return 1
}

echo "KTAP version 1"
e2e_setup "$MODE"
echo "1..${#names[@]}"
for name in "${names[@]}"; do
	case $name in
	pairs) check "queue pairs changed under load" event change_pairs ;;
	link) check "link down and up" event link_down_up ;;
	suspend) check "the guest sleeps (S3) and wakes up" event suspend ;;
	crash) check "the guest's kernel crashes and starts again" event crash ;;
	kexec) check "the guest starts another kernel by kexec" event run_kexec ;;
	plug) check "the card is unplugged and plugged under load" event plug_unplug ;;
	mtu) check "MTU 68 to 65535" event mtus ;;
	control) check "control: a device that does not start again shows" event restart_matters ;;
	esac
done
guest_kill
[ $failed -eq 0 ]
