# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the scripts of this folder: where things are kept, how they speak,
# and what they say when a program is missing. Sourced, never run.

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
