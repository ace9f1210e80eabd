#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes the initramfs of a second-level guest: a stock Debian kernel's
# virtio_net, busybox and a few network tools, and guest-init.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
XNET_SELF=mkguest

usage()
{
	cat <<-USAGE
	Usage: mkguest.sh [--kernel VERSION] OUT

	Writes to OUT the initramfs of a guest for the kernel VERSION (default: as
	get-kernel.sh chooses), with virtio_net, busybox, iperf3, ethtool, ping and
	the programs of selftests/e2e, which it builds.
	The guest takes its address from the kernel command line (xnet.ip=) and
	commands from a virtio-serial port; see guest-init.

	Without OUT, the file is kept in the cache, made only when something in it
	changed, and its name is printed.
	USAGE
}

# copy_program PROGRAM FOLDER: with the shared libraries that it needs.
copy_program()
{
	local path lib

	path=$(command -v "$1") || die 125 "the program '$1' is missing; selftests/vm/setup.sh installs it"
	cp -L "$path" "$2/xnet/bin/"
	ldd "$path" | grep -o '/[^ )]*' | while read -r lib; do
		mkdir -p "$2${lib%/*}"
		cp -Lu "$lib" "$2$lib"
	done
}

make_guest()
{
	local out=$1 tmp

	tmp=$(mktemp -d "${TMPDIR:-/tmp}/vhost-xnet-guest.XXXXXX") ||
		die 125 "cannot create a scratch folder in ${TMPDIR:-/tmp}"
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	mkdir -p "$tmp/bin" "$tmp/xnet/bin"
	cp "$(command -v busybox)" "$tmp/bin/busybox"
	cp "$XNET_VM_DIR/guest-init" "$tmp/init"
	chmod 755 "$tmp/init"
	pack_modules "$kdir" "$kver" "$tmp/xnet/modules" \
		virtio_pci virtio_net virtio_console
	for program in iperf3 ethtool ping; do
		copy_program $program "$tmp"
	done
	make -s -C "$XNET_ROOT/selftests/e2e" B="$tmp/xnet/bin" CFLAGS=-O2 >&2 ||
		die 125 "the guest's programs in selftests/e2e do not build"
	make_cpio "$tmp" "$out.new" && mv "$out.new" "$out" ||
		die 125 "cannot write $out"
}

kernel=
out=
while [ $# -gt 0 ]; do
	case $1 in
	--kernel)
		[ $# -ge 2 ] || die 125 "option --kernel needs a version"
		kernel=$2
		shift
		;;
	-h | --help) usage; exit 0 ;;
	-*) die 125 "unknown option '$1'; see --help" ;;
	*)
		[ -z "$out" ] || die 125 "one file only; see --help"
		out=$1
		;;
	esac
	shift
done

PATH=$PATH:/usr/sbin:/sbin
need_tool busybox busybox-static
need_tool cpio cpio
need_tool modprobe kmod
need_tool make make
kdir=$("$XNET_VM_DIR/get-kernel.sh" ${kernel:+"$kernel"}) || exit 125
kver=${kdir##*/}

if [ -n "$out" ]; then
	make_guest "$out"
	exit 0
fi
sum=$({ cat "$0" "$XNET_VM_DIR/guest-init" "$XNET_VM_DIR/common.sh"
	cat "$(command -v busybox)" "$(command -v iperf3)"
	cat "$XNET_ROOT/selftests/e2e/"{Makefile,stream.c,kexec.c}
	echo "$kver"; } | sha256sum | cut -c1-16)
out=$XNET_CACHE/guest-$kver-$sum
lock_cache guest
if [ ! -f "$out" ]; then
	rm -f "$XNET_CACHE/guest-$kver-"*
	make_guest "$out"
fi
printf '%s\n' "$out"
