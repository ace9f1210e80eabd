# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the scripts of this folder and beside it: where things are kept, how
# they speak, what they say when a program is missing, and what in a kernel log
# is trouble. Sourced, never run.

XNET_CACHE=${XNET_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vhost-xnet}
XNET_VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
XNET_ROOT=$(cd "$XNET_VM_DIR/../.." && pwd -P)

say()
{
	printf '%s: %s\n' "${XNET_SELF:-vm}" "$*" >&2
}

# die STATUS SENTENCE
die()
{
	local status=$1

	shift
	say "$*"
	exit "$status"
}

# Called as need_tool PROGRAM PACKAGE
need_tool()
{
	command -v "$1" >/dev/null 2>&1 ||
		die 125 "the program '$1' is missing; install the package '$2' (selftests/vm/setup.sh installs all that is needed)"
}

# Only one process at a time fills a given part of the cache.
lock_cache()
{
	mkdir -p "$XNET_CACHE" ||
		die 125 "cannot create the cache folder $XNET_CACHE; set XNET_CACHE to a folder that can be written"
	exec {XNET_LOCK}>"$XNET_CACHE/$1.lock"
	flock "$XNET_LOCK"
}

unlock_cache()
{
	exec {XNET_LOCK}>&-
}

# The version of the newest installed kernel headers of the 6.1 series, which
# is what the module is built for unless KVER= says otherwise.
default_kver()
{
	local dir best=

	for dir in /usr/src/linux-headers-6.1.*-[0-9]*-amd64; do
		case $dir in
		*-rt-* | *-cloud-*) continue ;;
		esac
		[ -d "$dir" ] && best=$best${dir#/usr/src/linux-headers-}$'\n'
	done
	printf '%s' "$best" | sort -V | tail -n 1
}

# Prints the major version of a QEMU program.
qemu_major()
{
	"$1" --version 2>/dev/null |
		sed -n '1s/^QEMU emulator version \([0-9]*\)\..*/\1/p'
}

need_qemu()
{
	local major

	need_tool qemu-system-x86_64 qemu-system-x86
	major=$(qemu_major qemu-system-x86_64)
	[ -n "$major" ] && [ "$major" -ge 10 ] && return
	die 125 "QEMU ${major:-of unknown version} is too old: nested guests hang under emulation before QEMU 10; selftests/vm/setup.sh installs a newer one from backports"
}

# pack_modules KDIR KVER FOLDER NAME...: copies the modules named, and what
# they depend on, unpacked into FOLDER; its file "order" lists them in the
# order in which they can be loaded. KDIR/lib/modules/KVER is where they are.
pack_modules()
{
	local kdir=$1 kver=$2 dest=$3 file name

	shift 3
	mkdir -p "$dest"
	for name in "$@"; do
		modprobe -C /dev/null -d "$kdir" -S "$kver" --show-depends "$name" ||
			say "kernel $kver has no module $name"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' |
	while read -r file; do
		name=${file##*/}
		name=${name%.xz} name=${name%.zst} name=${name%.gz}
		case $file in
		*.xz) xz -dc "$file" ;;
		*.zst) zstd -qdc "$file" ;;
		*.gz) gzip -dc "$file" ;;
		*) cat "$file" ;;
		esac >"$dest/$name"
		printf '%s\n' "$name"
	done >"$dest/order"
}

# make_cpio FOLDER FILE: an initramfs of FOLDER's contents, owned by root.
make_cpio()
{
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0) >"$2"
}

# The log on stdin, without KCSAN's reports of races in which the module has no
# part; empty lines take their place. It has one if a function of it is among the
# three innermost of either access: farther out it only called the kernel, which
# then does as it does for others.
own_races()
{
	awk '
	function flush() {
		if (report !~ /BUG: KCSAN/ || ours)
			printf "%s", report
		else
			for (; lines; lines--)
				print ""
		report = ""
		lines = 0
		ours = 0
	}
	/=================================================/ {
		report = report $0 "\n"
		lines++
		if (inside)
			flush()
		inside = !inside
		next
	}
	inside {
		report = report $0 "\n"
		lines++
		if (/ (to|by) 0x[0-9a-f]+ of | by (task|interrupt) /)
			depth = 0
		else if (++depth <= 3 && /\[vhost_xnet\]/)
			ours = 1
		if (/BUG: KCSAN: .*\[vhost_xnet\]/)
			ours = 1
		next
	}
	{ print }
	END { flush() }'
}

# how_slow: times that this machine, a VM, is slower than usual, as it was told at its
# start with the argument xnet_slow=N.
how_slow()
{
	local slow

	slow=$(sed -n 's/.*\<xnet_slow=\([1-9][0-9]*\).*/\1/p' /proc/cmdline)
	echo "${slow:-1}"
}

# kernel_trouble [MAX]: numbers and text of the lines, MAX of them at most, in
# which the log on stdin complains. Returns 1 if there are none.
kernel_trouble()
{
	local start='^(<[0-9]+>)?(\[[^]]*\] ?)*'

	tr -d '\r' | own_races | grep -nE -m "${1:-1}" \
		-e "$start(WARNING|BUG|Oops|Kernel panic|general protection|double fault|stack segment|divide error|invalid opcode|refcount_t:|INFO: (task|rcu|trying|lockdep|NMI)|KFENCE|Out of memory)" \
		-e '(WARNING: |BUG: |kernel BUG at|Oops|KASAN:|UBSAN:|KCSAN:|ODEBUG:|-+\[ cut here|corruption|[Bb]ad page state|soft lockup|hard LOCKUP|detected stalls|self-detected stall|expedited stalls|unable to handle|Kernel panic|suspicious RCU usage|inconsistent lock state|possible (circular|recursive|irq lock|deadlock)|unregister_netdevice: waiting)' \
		-e '(workqueue: work func .* deprecated workqueue)' \
		-e '(kmemleak: unreferenced|kmemleak: [0-9]+ new suspected|leak detector disabled)'
}
