#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the module for one of Debian's kernels, with the compiler that
# belongs to it. See --help.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
XNET_SELF=build-for

usage()
{
	cat <<-USAGE
	Usage: build-for.sh KERNEL [MAKE-ARGUMENT]...

	Builds a copy of the module for KERNEL, a version as get-kernel.sh takes it
	(6.1-rt, 6.12, 7.x), and prints the module's file name:
	selftests/build/VERSION/vhost_xnet.ko. The build log, and what the module
	found out about the kernel (probed.h), are kept beside it. What is built in
	the source tree itself stays as it is.

	It needs root: it builds with chroot, in a folder that get-kernel.sh makes.
	A compiler's warning is shown, and makes the exit status 1.
	USAGE
}

case ${1-} in
-h | --help) usage; exit 0 ;;
'' | -*) die 125 "which kernel? see --help" ;;
esac
[ "$(id -u)" -eq 0 ] || die 125 "building for another kernel needs root (it uses chroot)"
PATH=$PATH:/usr/sbin:/sbin
need_tool unshare util-linux
kver=$("$XNET_VM_DIR/get-kernel.sh" --resolve "$1") || exit 125
root=$("$XNET_VM_DIR/get-kernel.sh" --headers "$kver") || exit 125
shift

out=$XNET_ROOT/selftests/build/$kver
copy=$out/src
rm -rf "$copy" "$out/vhost_xnet.ko" "$out/probed.h"
mkdir -p "$copy" || die 125 "cannot write to $out"
# Neither objects nor answers that are another kernel's.
(cd "$XNET_ROOT" && tar -c --exclude='*.o' --exclude='*.ko' --exclude='.*.cmd' \
	--exclude='probed.h*' --exclude='*.mod*' Kbuild drivers include) | tar -x -C "$copy" ||
	die 125 "cannot copy the sources to $copy"

say "building for $kver"
# objtool reads /proc. Both mounts vanish with their namespace.
# shellcheck disable=SC2016 # expanded inside
if ! unshare -m sh -c '
	mount -t proc proc "$1/proc" && mount --bind "$2" "$1/mnt" || exit
	root=$1 kver=$3
	shift 3
	exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		make -C "/usr/src/linux-headers-$kver" M=/mnt "$@" modules
' - "$root" "$copy" "$kver" -j"$(nproc)" "$@" >"$out/build.log" 2>&1 </dev/null; then
	grep -E -m 20 'error|Error|\*\*\*|warning' "$out/build.log" >&2 || tail -n 20 "$out/build.log" >&2
	die 1 "the module does not build for $kver; the log is $out/build.log"
fi
cp "$copy/drivers/vhost/xnet/compat/probed.h" "$copy/drivers/vhost/xnet/vhost_xnet.ko" "$out/" ||
	die 1 "the build for $kver left no module; the log is $out/build.log"
rm -rf "$copy"
printf '%s\n' "$out/vhost_xnet.ko"
if grep -E 'warning:|WARNING:' "$out/build.log" >&2; then
	die 1 "the compiler warned; the log is $out/build.log"
fi
