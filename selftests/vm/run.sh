#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boots a kernel in QEMU and runs a command there as root, on the files of
# this machine; writes stay in the VM. See --help.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
XNET_SELF=vm

kernel=
lane=auto
smp=
mem=2048
timeout=600
results=
shell=no
no_erms=no
quiet=no
modules=()
qemu_args=()
append=()
command=()
work=
qemu_pid=

usage()
{
	cat <<-USAGE
	Usage: run.sh [OPTION]... -- COMMAND [ARG]...
	       run.sh [OPTION]... --shell

	Boots a kernel in QEMU and runs COMMAND in it as root, in the folder of
	this project. The files of this machine are its root; what it writes stays
	in the VM, except in /results. Nothing of it reaches a network.

	  --kernel VERSION   Debian kernel to boot, fetched with get-kernel.sh, or
	                     a folder with boot/vmlinuz-* and lib/modules/*
	                     (default: as the installed linux-headers of 6.1)
	  --lane LANE        auto    KVM if a probe guest boots with it, else tcg
	                     kvm     KVM, no questions asked
	                     tcg     emulation, a thread for each CPU
	                     icount  emulation of one CPU, a nanosecond for each
	                             instruction: figures repeat
	  --smp N            CPUs (default 2; icount has 1)
	  --mem MIB          memory (default $mem)
	  --timeout S        give up after S seconds (default $timeout)
	  --module FILE.ko   load this module first, and what it depends on; with
	                     parameters: --module 'FILE.ko name=value'; repeatable
	  --results DIR      folder that appears as /results; the console log and
	                     the output are kept there too
	  --no-erms          hide the CPU's fast string moves (icount always does)
	  --append ARG       add ARG to the kernel command line; repeatable
	  --qemu-arg ARG     add ARG to QEMU's command line; repeatable
	  --shell            an interactive shell; leave it with 'exit'
	  --quiet            no word from the harness unless something is wrong
	  --help             this text

	Exit status: that of COMMAND; 124 when the time ran out; 123 when an
	emulated machine was reset in the middle and its kernel said nothing; 125
	when the VM could not be started, gave no result, or its kernel complained.
	USAGE
}

# Called as need_value "$@" with an option and what follows it.
need_value()
{
	[ $# -ge 2 ] || die 125 "option $1 needs a value; see --help"
}

need_number()
{
	case $2 in
	'' | *[!0-9]* | 0*) die 125 "option $1 needs a whole number above zero, not '$2'" ;;
	esac
}

parse()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) need_value "$@"; kernel=$2; shift ;;
		--lane) need_value "$@"; lane=$2; shift ;;
		--smp) need_value "$@"; need_number "$@"; smp=$2; shift ;;
		--mem) need_value "$@"; need_number "$@"; mem=$2; shift ;;
		--timeout) need_value "$@"; need_number "$@"; timeout=$2; shift ;;
		--module) need_value "$@"; modules+=("$2"); shift ;;
		--results) need_value "$@"; results=$2; shift ;;
		--append) need_value "$@"; append+=("$2"); shift ;;
		--qemu-arg) need_value "$@"; qemu_args+=("$2"); shift ;;
		--no-erms) no_erms=yes ;;
		--shell) shell=yes ;;
		--quiet) quiet=yes ;;
		--help | -h) usage; exit 0 ;;
		--) shift; command=("$@"); break ;;
		*) die 125 "unknown option '$1' (a command comes after --); see --help" ;;
		esac
		shift
	done
	case $lane in
	auto | kvm | tcg | icount) ;;
	*) die 125 "unknown lane '$lane'; it is one of auto, kvm, tcg, icount" ;;
	esac
	if [ $shell = yes ]; then
		[ ${#command[@]} -eq 0 ] || die 125 "either --shell or a command, not both"
		[ -t 0 ] || die 125 "--shell needs a terminal"
		command=(bash -i)
	fi
	[ ${#command[@]} -gt 0 ] || die 125 "no command given: put one after --, or use --shell; see --help"
}

note()
{
	[ $quiet = yes ] || say "$*"
}

# Where the kernel is: sets kdir, kver, image.
find_kernel()
{
	if [ -d "$kernel" ]; then
		kdir=$(cd "$kernel" && pwd -P)
	else
		kdir=$("$XNET_VM_DIR/get-kernel.sh" ${kernel:+"$kernel"}) || exit 125
	fi
	image=$(find "$kdir/boot" -maxdepth 1 -name 'vmlinuz-*' | sort -V | tail -n 1)
	[ -n "$image" ] || die 125 "there is no boot/vmlinuz-* in $kdir"
	kver=${image##*/vmlinuz-}
	[ -d "$kdir/lib/modules/$kver" ] ||
		die 125 "there is no lib/modules/$kver in $kdir"
	[ -r "$image" ] || die 125 "cannot read $image"
}

# The part of the initramfs that depends on the kernel only; kept in the
# cache under the name of all that went into it. Sets base.
make_base()
{
	local sum tmp

	sum=$(cat "$XNET_VM_DIR/init" "$XNET_VM_DIR/stage2" \
		"$XNET_VM_DIR/common.sh" "$0" \
		"$(command -v busybox)" "$image" | sha256sum | cut -c1-16)
	base=$XNET_CACHE/initrd-$kver-$sum
	lock_cache initrd
	if [ ! -f "$base" ]; then
		rm -f "$XNET_CACHE/initrd-$kver-"*
		tmp=$(mktemp -d "$XNET_CACHE/.initrd.XXXXXX") ||
			die 125 "cannot write to the cache folder $XNET_CACHE"
		mkdir -p "$tmp/bin" "$tmp/xnet"
		cp "$(command -v busybox)" "$tmp/bin/busybox"
		cp "$XNET_VM_DIR/init" "$tmp/init"
		cp "$XNET_VM_DIR/stage2" "$tmp/xnet/stage2"
		chmod 755 "$tmp/init"
		pack_modules "$kdir" "$kver" "$tmp/xnet/modules" \
			virtio_pci 9pnet_virtio 9p overlay virtio_console
		make_cpio "$tmp" "$base.new" && mv "$base.new" "$base"
		rm -rf "$tmp"
	fi
	unlock_cache
	[ -f "$base" ] || die 125 "the initramfs could not be made"
}

quote()
{
	printf '%q ' "$@"
}

# The part of the initramfs that belongs to this run alone. Sets initrd.
make_run()
{
	local dir=$work/run entry file params deps n=0 rows=24 cols=80

	mkdir -p "$dir/xnet"
	: >"$dir/xnet/load"
	for entry in ${modules[@]+"${modules[@]}"}; do
		read -r file params <<<"$entry"
		[ -r "$file" ] || die 125 "there is no module file $file; build it first"
		file=$(realpath "$file")
		check_module "$file"
		deps=$(modinfo -F depends "$file")
		# Taken along: not all that the host sees is seen inside.
		n=$((n + 1))
		mkdir -p "$dir/xnet/load.d/$n"
		cp "$file" "$dir/xnet/load.d/$n/"
		printf '%s %s %s\n' "${deps:--}" \
			"/run/xnet/load.d/$n/${file##*/}" "$params" >>"$dir/xnet/load"
	done
	if [ $shell = yes ]; then
		read -r rows cols < <(stty size)
	fi
	printf 'exec %s\n' "$(quote "${command[@]}")" >"$dir/xnet/command"
	{
		printf 'PROBE=no\nLANE=%q\nINTERACTIVE=%q\n' "$lane" "$shell"
		printf 'PROJECT=%q\nXNET_CACHE=%q\n' "$XNET_ROOT" "$XNET_CACHE"
		printf 'TERMINAL=%q\nROWS=%q\nCOLS=%q\n' "${TERM:-dumb}" "$rows" "$cols"
		printf 'GRACE=%d\n' $((timeout > 60 ? timeout - 15 : 0))
	} >"$dir/xnet/run.conf"
	initrd=$work/initrd
	make_cpio "$dir" "$work/run.cpio"
	cat "$base" "$work/run.cpio" >"$initrd"
}

# A module for another kernel would only be refused inside.
check_module()
{
	local magic

	magic=$(modinfo -F vermagic "$1" 2>/dev/null) && [ -n "$magic" ] ||
		die 125 "$1 is not a kernel module"
	[ "${magic%% *}" = "$kver" ] ||
		die 125 "$1 is built for kernel ${magic%% *}, but $kver is to be booted; build it with KVER=$kver, or use --kernel"
}

# /dev/kvm may be there, take a VM, and yet never run it: only a guest that
# came up is proof. The answer holds until this machine boots again.
probe_kvm()
{
	local boot answer dir

	if [ ! -e /dev/kvm ]; then
		why="there is no /dev/kvm"
		return 1
	fi
	if [ ! -w /dev/kvm ]; then
		why="/dev/kvm may not be opened by $(id -un)"
		return 1
	fi
	boot=$(cat /proc/sys/kernel/random/boot_id)
	answer=$XNET_CACHE/kvm-probe
	lock_cache kvm-probe
	if [ "$(sed -n 1p "$answer" 2>/dev/null)" != "$boot" ]; then
		note "trying a guest with KVM (20 s at most, once after each boot of this machine)"
		dir=$work/probe
		mkdir -p "$dir/xnet"
		printf 'PROBE=yes\n' >"$dir/xnet/run.conf"
		make_cpio "$dir" "$dir.cpio"
		cat "$base" "$dir.cpio" >"$dir.initrd"
		: >"$dir.serial"
		# In a shell of its own, so that a QEMU that aborts does so
		# in silence.
		(timeout -k 2 20 qemu-system-x86_64 -nodefaults -no-user-config \
			-machine q35 -accel kvm -cpu host -m 256 -display none \
			-no-reboot -kernel "$image" -initrd "$dir.initrd" \
			-append "console=ttyS0 quiet panic=-1" -serial null \
			-serial "file:$dir.serial"; :) </dev/null >/dev/null 2>&1
		if grep -q '^hello' "$dir.serial"; then
			printf '%s\nyes\n' "$boot" >"$answer"
		else
			printf '%s\nno\n' "$boot" >"$answer"
		fi
	fi
	unlock_cache
	if [ "$(sed -n 2p "$answer")" = yes ]; then
		why="a probe guest booted with it"
		return 0
	fi
	why="/dev/kvm is there, but a probe guest did not boot with it"
	return 1
}

# Sets lane to what will be used, why, and cpu_args.
choose_lane()
{
	local cpu=max

	why="asked for"
	if [ "$lane" = auto ]; then
		lane=tcg
		probe_kvm && lane=kvm
	fi
	[ $no_erms = no ] && [ "$lane" != icount ] || cpu=max,-erms,-fsrm
	case $lane in
	kvm)
		cpu_args=(-accel kvm -cpu "${cpu/#max/host}" -smp "${smp:-2}")
		;;
	tcg)
		cpu_args=(-accel tcg,thread=multi -cpu "$cpu" -smp "${smp:-2}")
		append=(tsc=reliable ${append[@]+"${append[@]}"})
		;;
	icount)
		[ "${smp:-1}" -eq 1 ] ||
			die 125 "the icount lane has one CPU; leave --smp away"
		cpu_args=(-accel tcg,thread=single -icount shift=0,sleep=off
			-cpu "$cpu" -smp 1)
		append=(tsc=reliable ${append[@]+"${append[@]}"})
		;;
	esac
	note "lane $lane ($why), kernel $kver"
}

share()
{
	local mode=$3

	printf '%s\n' -virtfs \
		"local,path=${1//,/,,},mount_tag=$2,security_model=none,multidevs=remap$mode"
}

# shellcheck disable=SC2054 # commas belong to QEMU
start_qemu()
{
	local args fg=()

	args=(-nodefaults -no-user-config -machine q35 "${cpu_args[@]}"
		-m "$mem" -display none -no-reboot
		-kernel "$image" -initrd "$initrd"
		-append "console=ttyS0 loglevel=7 panic=-1 oops=panic ${append[*]-}"
		-serial "file:$log"
		-device virtio-serial-pci
		-chardev "file,id=out,path=${output//,/,,}"
		-device virtserialport,chardev=out,nr=1,name=out
		-chardev "file,id=status,path=${report//,/,,}"
		-device virtserialport,chardev=status,nr=2,name=status)
	mapfile -t -O ${#args[@]} args < <(share / root ,readonly=on
		share "$kdir/lib/modules/$kver" modules ,readonly=on
		share "$results" results "")
	if [ $shell = yes ]; then
		args+=(-chardev stdio,id=tty,signal=off -serial chardev:tty)
		fg=(--foreground)
	fi
	args+=(${qemu_args[@]+"${qemu_args[@]}"})

	if [ $shell = yes ]; then
		timeout "${fg[@]}" -k 5 "$timeout" qemu-system-x86_64 "${args[@]}"
		qemu_rc=$?
		stty sane
		return
	fi
	timeout -k 5 "$timeout" qemu-system-x86_64 "${args[@]}" \
		</dev/null >"$work/qemu.log" 2>&1 &
	qemu_pid=$!
	tail -q -s 0.2 --pid=$qemu_pid -f -c +1 "$output"
	wait $qemu_pid
	qemu_rc=$?
	qemu_pid=
}

# The console log from line $1 on, as far as a report goes: where the log itself
# is out of reach, as in CI, this is all there is to go by.
show_trouble()
{
	tail -n "+$1" "$log" | head -n 60 | tr -d '\r' | grep -v 'Modules linked in:' | sed 's/^/  | /'
}

# was_reset WORDS: an emulated machine ended, and neither its kernel nor its init,
# whose words these are, had done it.
was_reset()
{
	[ "$lane" != kvm ] && [ "$qemu_rc" -eq 0 ] && [ -z "$1" ] &&
		! grep -q '\] reboot: ' "$log"
}

# Says what became of the run and ends with its status.
judge()
{
	local word rc='' taint='' line

	while read -r word line; do
		[ "$word" = end ] && read -r rc taint <<<"$line"
	done <"$report"

	if line=$(kernel_trouble <"$log"); then
		keep=yes
		show_trouble "${line%%:*}" >&2
		die 125 "the kernel complained, console log line ${line/:/: }"
	fi
	if [ "$qemu_rc" -eq 124 ] || [ "$qemu_rc" -eq 137 ]; then
		keep=yes
		die 124 "no end after $timeout s, the VM was stopped"
	fi
	if [ -z "$rc" ]; then
		keep=yes
		[ -s "$work/qemu.log" ] && sed 's/^/  /' "$work/qemu.log" >&2
		line=$(tr -d '\r' <"$log" | sed -n 's/^vm-init: //p' | tail -n 1)
		was_reset "$line" && rc=123
		die "${rc:-125}" "the VM ended without a result${line:+ ($line)}; QEMU's exit status was $qemu_rc"
	fi
	# Bits: 7 the kernel died, 9 it warned, 5 a bad page, 14 a lock-up.
	if [ $((taint & (1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))) -ne 0 ]; then
		keep=yes
		die 125 "the kernel marked itself as having warned (tainted = $taint)"
	fi
	[ "$rc" -eq 0 ] || note "the command ended with status $rc"
	exit "$rc"
}

cleanup()
{
	if [ -n "$qemu_pid" ]; then
		kill "$qemu_pid" 2>/dev/null
		wait "$qemu_pid" 2>/dev/null
	fi
	if [ "$keep" = yes ] && [ -s "$log" ]; then
		say "the console log is $log"
	elif [ "$own_results" = yes ]; then
		rm -rf "$results"
	fi
	[ -n "$work" ] && rm -rf "$work"
}

parse "$@"
PATH=$PATH:/usr/sbin:/sbin
need_qemu
need_tool busybox busybox-static
need_tool cpio cpio
need_tool modprobe kmod
need_tool flock util-linux
need_tool xz xz-utils

keep=no
own_results=no
log=
work=$(mktemp -d "${TMPDIR:-/tmp}/vhost-xnet-run.XXXXXX") ||
	die 125 "cannot create a scratch folder in ${TMPDIR:-/tmp}"
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
if [ -z "$results" ]; then
	results=$(mktemp -d "${TMPDIR:-/tmp}/vhost-xnet-results.XXXXXX") ||
		die 125 "cannot create a folder for the results"
	own_results=yes
fi
mkdir -p "$results" || die 125 "cannot create the results folder $results"
results=$(cd "$results" && pwd -P)
log=$results/console.log
output=$results/output.log
report=$work/status
for file in "$log" "$output" "$report"; do
	: >"$file" || die 125 "cannot write $file"
done

find_kernel
make_base
choose_lane
make_run
start_qemu
judge
