# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Second-level guests for scripts that run inside a VM of selftests/vm:
#
#	  this script             QEMU + KVM (nested)
#	  iperf3, ping  --- br0 --- tap1 --- vhost device --- virtio_net in guest 1
#	  10.77.0.1                                               10.77.0.2
#
# e2e_setup MODE...          loads what the modes need, makes the bridge
# guest_use N [AS]           the guest that all that follows is about; first: 1.
#                            Its tap and QEMU are number N; address and MAC are
#                            AS's, when it takes that one over by migration
# guest_start MODE QUEUES    MODE is xnet, vhost-net or user; none: no card yet
# guest_run LIMIT COMMAND    runs it in the guest; its output and exit status
# guest_kill, guest_stop     end QEMU at once, or after the guest powered off
#
# A step of the guest that outlives its limit ends the script with status
# E2E_STUCK: under emulation, nested guests now and then get stuck through no
# fault of what is tested, and the caller decides about another try.

E2E_STUCK=75
E2E_DIR=/run/e2e
HOST_IP=10.77.0.1
LAUNCHER=$PWD/tools/qemu-launch/xnet-qemu
XNETCTL=$PWD/tools/xnetctl/xnetctl
MODULE=${MODULE:-$PWD/drivers/vhost/xnet/vhost_xnet.ko}
QEMU_PIDS=()	# of each guest

# What guest_start takes into account; a suite may change it.
QEMU=(qemu-system-x86_64)	# the program, and arguments that it always needs
GUEST_MEM=256	# MiB
GUEST_CPU=	# properties of the CPUs
GUEST_CPUS=	# as many as queue pairs
GUEST_MACHINE=	# properties of the machine
GUEST_APPEND=	# for the kernel's command line
GUEST_ARGS=()	# for QEMU
NIC_PROPS=	# properties of the network card
NIC_MTU=	# MTU of tap and card
INCOMING=no	# yes: QEMU waits for a guest that migrates, paused
SABOTAGE=	# what sabotage.c is to break

AGENT_IN=()	# file descriptors of its command port
AGENT_OUT=()
QMP_IN=()	# and of its QEMU's monitor
QMP_OUT=()
QMP_PART=()	# of a line that QEMU has begun

# guest_use N [AS]: sets what names the parts of guest N.
guest_use()
{
	local as=${2-$1}

	GUEST=$1
	GUEST_IP=10.77.0.$((as + 1))
	GUEST_MAC=52:54:00:00:00:0$as
	GUEST_DIR=$E2E_DIR/guest$GUEST
	TAP=tap$GUEST
	QEMU_PID=${QEMU_PIDS[GUEST]-}
}

guest_use 1

e2e_note()
{
	echo "# $*"
}

e2e_die()
{
	echo "Bail out! $*"
	exit 1
}

# Called where a limit ran out, perhaps in a subshell: leaves a mark, which
# e2e_check_stuck turns into the end of the script.
e2e_stuck()
{
	echo "# STUCK: $*" >&2
	: >"$E2E_DIR/stuck"
	exit $E2E_STUCK
}

e2e_check_stuck()
{
	[ -e "$E2E_DIR/stuck" ] || return 0
	[ ${#QEMU_PIDS[@]} -eq 0 ] || kill -9 "${QEMU_PIDS[@]}" 2>/dev/null
	exit $E2E_STUCK
}

e2e_setup()
{
	local kdir mode

	# The guest needs no KVM of its own. With it, its migration carries state whose
	# flag of global interrupts emulation loses, and KVM refuses it.
	modprobe kvm_amd nested=0 2>/dev/null || modprobe kvm_intel nested=0 2>/dev/null
	[ -e /dev/kvm ] || e2e_die "there is no KVM in this VM for the second level"
	chmod 666 /dev/kvm
	modprobe -a tun bridge || e2e_die "no tun or bridge module"
	for mode in "$@"; do
		case $mode in
		xnet)
			if [ ! -e /dev/vhost-xnet ]; then
				load_xnet || e2e_die "cannot load $MODULE"
			fi
			;;
		vhost-net) modprobe vhost_net || e2e_die "no vhost_net module" ;;
		esac
	done

	mkdir -p $E2E_DIR
	if [ -e selftests/build/e2e/sabotage.so ]; then
		cp selftests/build/e2e/sabotage.so $E2E_DIR/ || e2e_die "cannot write to $E2E_DIR"
	fi
	kdir=$(selftests/vm/get-kernel.sh) || e2e_die "no kernel for the guest"
	cp "$kdir"/boot/vmlinuz-* $E2E_DIR/vmlinuz
	cp "$(selftests/vm/mkguest.sh)" $E2E_DIR/initrd
	chmod 644 $E2E_DIR/vmlinuz $E2E_DIR/initrd
	make_qemu_nic || e2e_die "cannot write to $E2E_DIR"

	ip link del br0 2>/dev/null
	ip link add br0 type bridge || e2e_die "cannot make a bridge"
	ip addr add $HOST_IP/24 dev br0
	ip link set br0 up
}

load_xnet()
{
	local deps

	deps=$(modinfo -F depends "$MODULE")
	[ -z "$deps" ] || modprobe -a ${deps//,/ } || return
	insmod "$MODULE"
}

# The vhost device of mode $1.
vhost_dev()
{
	echo "/dev/vhost-${1#vhost-}"
}

# Fills the array qemu with the command line of a guest in mode $1.
qemu_command()
{
	local mode=$1 queues=$2 launch=()
	# The HPET is emulated in QEMU's main loop, whose CPU time is measured;
	# without it the guest's timers are KVM's.
	local machine=q35,hpet=off,i8042=off,vmport=off$GUEST_MACHINE

	qemu=("${QEMU[@]}" -name guest,debug-threads=on -nodefaults
		-no-user-config -machine "$machine" -accel kvm -cpu "host$GUEST_CPU"
		-smp "${GUEST_CPUS:-$queues}" -m "$GUEST_MEM" -display none
		-kernel $E2E_DIR/vmlinuz -initrd $E2E_DIR/initrd
		-append "console=ttyS0 quiet panic=-1 xnet.ip=$GUEST_IP/24 $GUEST_APPEND"
		${GUEST_ARGS[@]+"${GUEST_ARGS[@]}"}
		-serial "file:$GUEST_DIR/console" -device virtio-serial-pci
		-chardev "pipe,id=agent,path=$GUEST_DIR/agent"
		-device "virtserialport,chardev=agent,nr=1"
		-chardev "pipe,id=qmp,path=$GUEST_DIR/qmp"
		-mon "chardev=qmp,mode=control")
	[ $INCOMING = no ] || qemu+=(-S -incoming defer)
	[ "$mode" != none ] || return 0
	if [ "$mode" != user ]; then
		[ -z "$NIC_MTU" ] || launch=(--mtu "$NIC_MTU")
		qemu=("$LAUNCHER" --ifname $TAP --bridge br0 --user nobody
			--queues "$queues" --mac "$GUEST_MAC" "${launch[@]}"
			--device "$(vhost_dev "$mode")" --
			$E2E_DIR/qemu-nic "$NIC_PROPS" "$SABOTAGE" "${qemu[@]}")
		return
	fi
	# QEMU's own virtio-net: no launcher, it starts only what is ours.
	ip tuntap add $TAP mode tap vnet_hdr
	ip link set $TAP master br0 up
	qemu+=(-netdev "tap,id=n,ifname=$TAP,script=no,downscript=no,vhost=off"
		-device "virtio-net-pci,netdev=n,mac=$GUEST_MAC")
}

# The launcher appends the network card; this, which it takes for QEMU, adds
# the card's properties, and what breaks QEMU.
make_qemu_nic()
{
	cat >$E2E_DIR/qemu-nic <<-'SCRIPT' && chmod 755 $E2E_DIR/qemu-nic
	#!/bin/bash
	nic=${!#}${1:+,$1}
	[ -z "$2" ] || export SABOTAGE=$2 LD_PRELOAD=/run/e2e/sabotage.so
	exec "${@:3:$#-3}" "$nic"
	SCRIPT
}

# guest_start MODE QUEUES: returns once the guest takes commands, or QEMU
# waits for one to migrate.
guest_start()
{
	local qemu

	mkdir -p "$GUEST_DIR"
	rm -f "$GUEST_DIR"/*.in "$GUEST_DIR"/*.out "$GUEST_DIR/events"
	mkfifo -m 666 "$GUEST_DIR/agent.in" "$GUEST_DIR/agent.out" \
		"$GUEST_DIR/qmp.in" "$GUEST_DIR/qmp.out"
	: >"$GUEST_DIR/console"
	chmod 666 "$GUEST_DIR/console"
	# Nothing is left of an earlier guest: no tap, and not its MAC address.
	ip link del $TAP 2>/dev/null
	[ $INCOMING = yes ] || ip neigh flush dev br0
	qemu_command "$1" "$2"
	"${qemu[@]}" </dev/null >"$GUEST_DIR/qemu.log" 2>&1 &
	QEMU_PID=$!
	QEMU_PIDS[GUEST]=$QEMU_PID
	QMP_PART[GUEST]=
	disown $QEMU_PID
	exec {AGENT_OUT[GUEST]}<>"$GUEST_DIR/agent.out" \
		{AGENT_IN[GUEST]}<>"$GUEST_DIR/agent.in" \
		{QMP_OUT[GUEST]}<>"$GUEST_DIR/qmp.out" \
		{QMP_IN[GUEST]}<>"$GUEST_DIR/qmp.in"
	[ $INCOMING = no ] || return 0
	guest_wait_ready "${BOOT_LIMIT:-180}"
}

# Waits until the guest's init announces itself; fails if QEMU ended.
guest_wait_ready()
{
	local limit=$1 end=$((SECONDS + $1)) line

	while [ $SECONDS -lt $end ]; do
		IFS= read -r -t 1 line <&"${AGENT_OUT[GUEST]}" && [ "$line" = ready ] && return 0
		if ! kill -0 "$QEMU_PID" 2>/dev/null; then
			sed 's/^/# qemu: /' "$GUEST_DIR/qemu.log"
			return 1
		fi
	done
	tail -n 5 "$GUEST_DIR/console" | tr -d '\r' | sed 's/^/# guest: /'
	qemu_threads
	! declare -F qmp_tell_cpu >/dev/null || qmp_tell_cpu
	e2e_stuck "the guest was not up after $limit s"
}

# What each thread of the QEMU in use is waiting for.
qemu_threads()
{
	local task

	for task in "/proc/$QEMU_PID/task"/*; do
		e2e_note "$(cat "$task/comm"): $(sed 's/^[^ ]* //' "$task/stack" | head -n 6 | tr '\n' ' ')"
	done
}

emulated()
{
	grep -q '^model name.*QEMU TCG CPU' /proc/cpuinfo
}

# guest_run LIMIT COMMAND: LIMIT is in seconds, between lines of output. With
# ON_RESET=stuck an emulated guest that started anew by itself counts as stuck.
guest_run()
{
	local limit=$1 id line

	shift
	id=r$RANDOM$RANDOM
	# It is one line for the guest, so what is several here needs its semicolons.
	printf '%s %s\n' "$id" "${*//$'\n'/ }" >&"${AGENT_IN[GUEST]}"
	while IFS= read -r -t "$limit" line <&"${AGENT_OUT[GUEST]}"; do
		case $line in
		"$id "*) return "${line#* }" ;;
		ready)
			[ "${ON_RESET:-}" != stuck ] || ! emulated ||
				e2e_stuck "the guest's machine was reset, which nobody asked for"
			printf '%s\n' "$line"
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	e2e_stuck "the guest did not answer within $limit s: $*"
}

# guest_send COMMAND: for what the guest cannot answer, such as its own end.
guest_send()
{
	printf 'none %s\n' "$*" >&"${AGENT_IN[GUEST]}"
}

# wait_until LIMIT COMMAND...: until it succeeds; fails when time runs out.
wait_until()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

qemu_gone()
{
	! kill -0 "$QEMU_PID" 2>/dev/null
}

guest_forget()
{
	exec {AGENT_OUT[GUEST]}<&- {AGENT_IN[GUEST]}>&- \
		{QMP_OUT[GUEST]}<&- {QMP_IN[GUEST]}>&-
	unset "QEMU_PIDS[GUEST]"
	QEMU_PID=
}

guest_kill()
{
	[ -n "$QEMU_PID" ] || return 0
	kill -9 "$QEMU_PID" 2>/dev/null
	wait_until 120 qemu_gone || return
	guest_forget
}

# An orderly end: the guest powers off, QEMU resets the device and exits.
guest_stop()
{
	[ -n "$QEMU_PID" ] || return 0
	guest_send 'poweroff -f'
	wait_until 120 qemu_gone || return
	guest_forget
}

# The comm files of the worker threads of QEMU $1, one a line. (A worker is a
# kernel thread or, on newer kernels, a thread of QEMU.)
worker_files()
{
	grep -lsx "vhost-$1" /proc/[0-9]*/task/*/comm
}

# CPU time in ms used so far by each worker of the running QEMU, one a line.
worker_ms_each()
{
	local comm ns

	for comm in $(worker_files "$QEMU_PID"); do
		read -r ns _ <"${comm%comm}schedstat" && echo $((ns / 1000000))
	done
}

worker_ms()
{
	worker_ms_each | awk '{ sum += $1 } END { print sum + 0 }'
}

# QEMU's main loop, which is where its own virtio-net moves packets.
qemu_main_ms()
{
	local ns

	read -r ns _ <"/proc/$QEMU_PID/task/$QEMU_PID/schedstat"
	echo $((ns / 1000000))
}

# worker_count PID: how many workers QEMU PID has, or had and left behind.
worker_count()
{
	worker_files "$1" | wc -l
}

# What the tap took from the guest (tx) or gave to it (rx) so far.
tap_counter()
{
	local name=tx_$2

	[ "$1" = rx ] || name=rx_$2
	cat "/sys/class/net/$TAP/statistics/$name"
}

# What all open vhost-xnet devices delivered so far, in one line: packets and
# bytes to the guest, packets and bytes from it.
dev_counters()
{
	"$XNETCTL" stats --all --json | python3 -c '
import json, sys
queues = [q for dev in json.load(sys.stdin)["devices"] for q in dev["queues"]]
print(*(sum(q["counters"][name] for q in queues if q["direction"] == direction)
        for direction in ("rx", "tx") for name in ("packets", "bytes")))'
}

# The same, as the tap counted it.
tap_counters()
{
	echo "$(tap_counter rx packets) $(tap_counter rx bytes)" \
		"$(tap_counter tx packets) $(tap_counter tx bytes)"
}

# iperf ARG...: one iperf3 run against the server in the guest, its text kept;
# fails as iperf3 does, or when it does not end.
iperf()
{
	timeout 300 iperf3 -c $GUEST_IP -f k --connect-timeout 60000 "$@" \
		>$E2E_DIR/iperf.log 2>&1
	case $? in
	0) return 0 ;;
	124) e2e_stuck "iperf3 $* did not end" ;;
	*)
		tail -n 3 $E2E_DIR/iperf.log | sed 's/^/# iperf3: /'
		guest_state
		return 1
		;;
	esac
}

# What the guest has to say after a failure; if it says nothing, it is stuck.
guest_state()
{
	ip neigh show dev br0 | sed 's/^/# here: /'
	guest_run 120 'uptime; grep eth0 /proc/net/dev; ip neigh; dmesg | tail -n 3' |
		sed 's/^/# guest: /'
	ping -q -c 5 -i 0.2 -W 5 $GUEST_IP | sed -n 's/^\([0-9]\)/# ping: \1/p'
}

# Bit rate in kbit/s of the last run as its receiver counted it.
iperf_kbits()
{
	awk '$NF == "receiver" && (/SUM/ || !sum) {
		for (i = 1; i <= NF; i++)
			if ($i == "Kbits/sec")
				rate = $(i - 1)
		sum = /SUM/
	} END { printf "%d\n", rate }' $E2E_DIR/iperf.log
}

# Datagrams of the last run: lost and sent, as its receiver counted them.
iperf_lost()
{
	sed -n 's|.* \([0-9]*\)/\([0-9]*\) (.*receiver.*|\1 \2|p' \
		$E2E_DIR/iperf.log | tail -n 1
}
