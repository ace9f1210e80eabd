#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds a debug kernel out of Debian's linux-source-6.1, once, and the module
# for it. See --help.

set -u
# shellcheck source-path=SCRIPTDIR source=../vm/common.sh
. "$(dirname "$0")/../vm/common.sh"
XNET_SELF=debug-kernel
here=$(cd "$(dirname "$0")" && pwd -P)
source=${LINUX_SOURCE:-$(find /usr/src -maxdepth 1 -name 'linux-source-6.1*.tar.xz' | sort | tail -n 1)}
module=
flavour=
limit=2400		# seconds for one step of the building
layout=1		# of the folder; another number builds anew

usage()
{
	cat <<-USAGE
	Usage: build.sh [--module FOLDER] kasan|kcsan

	Builds a small kernel for the VM out of the package linux-source-6.1, with
	kernel.config and that of the flavour, and prints the folder that it is in,
	which vm/run.sh takes as --kernel. It is kept in the cache and built again
	only when source, configuration or compiler have changed; that takes some
	minutes.

	  kasan           memory errors, locking errors, leaks, undefined behaviour,
	                  and allocations that can be made to fail
	  kcsan           data races
	  --module FOLDER build the module for it, too, from a copy of this tree in
	                  FOLDER, and print the .ko as a second line; the folder
	                  is made, and what is in it decides what is built anew
	  --help          this text

	Each minute it says how far it is; a step that takes longer than $((limit / 60)) min
	is given up. XNET_CACHE names the cache folder; now: $XNET_CACHE
	USAGE
}

while [ $# -gt 0 ]; do
	case $1 in
	--module)
		[ $# -ge 2 ] || die 2 "option $1 needs a value; see --help"
		module=$2
		shift
		;;
	--help | -h) usage; exit 0 ;;
	-*) die 2 "unknown option '$1'; see --help" ;;
	*)
		[ -z "$flavour" ] || die 2 "one flavour at a time; see --help"
		flavour=$1
		;;
	esac
	shift
done
[ -n "$flavour" ] || die 2 "no flavour given; see --help"
[ -f "$here/$flavour.config" ] || die 2 "there is no flavour '$flavour'; it is kasan or kcsan"

# No part of these is built, and without them the rest is a third as long.
left_out=(
	'*/Documentation/*.rst' '*/Documentation/*.txt' '*/Documentation/*.yaml'
	'*/Documentation/*.svg' '*/arch/[!Kx]*/*.[chS]' '*/arch/[!Kx]*/*.dts*' '*/tools/testing' '*/tools/perf'
	'*/sound/*.[ch]' '*/drivers/gpu/*.[ch]' '*/drivers/media/*.[ch]'
	'*/drivers/staging/*.[ch]' '*/drivers/scsi/*.[ch]' '*/drivers/infiniband/*.[ch]'
	'*/drivers/net/ethernet/*.[ch]' '*/drivers/net/wireless/*.[ch]'
	'*/drivers/iio/*.[ch]' '*/drivers/usb/*.[ch]' '*/fs/xfs/*.[ch]' '*/fs/btrfs/*.[ch]'
)

# Runs a step with its output in a log, which is shown when it fails. A long one
# says every minute how far it has got.
step()
{
	local what=$1 turns=0 rc=0

	shift
	timeout -k 10 "$limit" "$@" </dev/null >>"$tmp/log" 2>&1 &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.5
		turns=$((turns + 1))
		[ $((turns % 120)) -ne 0 ] || say "$what: $((turns / 120)) min," \
			"$(grep -c '^  CC' "$tmp/log") files compiled"
	done
	wait "$pid" || rc=$?
	pid=
	[ $rc -ne 0 ] || return 0
	grep -vE '^  [A-Z0-9_]+ ' "$tmp/log" | tail -n 30 | sed 's/^/  /' >&2
	[ $rc -ne 124 ] || die 1 "$what took longer than $((limit / 60)) min and was given up"
	die 1 "$what failed"
}

# What is under way ends with this script.
clean_up()
{
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	[ -z "$scratch" ] || rm -rf "$scratch"
}

configure()
{
	local missing

	cat "$here/kernel.config" "$here/$flavour.config" >"$tmp/fragment"
	echo "CONFIG_LOCALVERSION=\"-xnet-$flavour\"" >>"$tmp/fragment"
	step "configuring the kernel" make -s -C "$tree" KCONFIG_ALLCONFIG="$tmp/fragment" \
		allnoconfig
	missing=$(grep '^CONFIG' "$tmp/fragment" | grep -vxFf "$tree/.config")
	[ -z "$missing" ] ||
		die 1 "these lines of the configuration had no effect:
$missing"
}

# What building a module needs is left; the rest would only fill the disk.
strip_tree()
{
	rm -rf "$tree/vmlinux" "$tree/vmlinux.o" "$tree"/.tmp_* "$tree/modules-only.symvers"
	find "$tree" \( -path "$tree/scripts" -o -path "$tree/tools/objtool" \) -prune -o \
		-type f \( -name '*.[coSa]' -o -name '*.ko' -o -name '*.cmd' -o -name '*.dtsi' \) \
		! -name asm-offsets.c ! -name bounds.c -print0 | xargs -0 rm -f
	find "$tree" -type d -empty -delete
}

build()
{
	local version

	tmp=$(mktemp -d "$XNET_CACHE/debug/.build.XXXXXX") ||
		die 1 "cannot write to $XNET_CACHE/debug"
	scratch=$tmp
	tree=$tmp/made/build
	say "building the $flavour kernel from ${source##*/}; some minutes, once"
	mkdir -p "$tree" "$tmp/made/boot"
	step "unpacking $source" tar -xJf "$source" -C "$tree" --strip-components=1 \
		"${left_out[@]/#/--exclude=}"
	configure
	step "building the kernel" make --no-print-directory -C "$tree" -j"$(nproc)" bzImage modules
	step "collecting the modules" make -s -C "$tree" INSTALL_MOD_PATH="$tmp/made" modules_install
	version=$(make -s -C "$tree" kernelrelease)
	step "copying the kernel" cp "$tree/arch/x86/boot/bzImage" "$tmp/made/boot/vmlinuz-$version"
	cp "$tree/.config" "$tmp/made/boot/config-$version"
	ln -sfn "$kernel/build" "$tmp/made/lib/modules/$version/build"
	rm -f "$tmp/made/lib/modules/$version/source"
	strip_tree
	mv "$tmp/made" "$kernel" || die 1 "cannot move the kernel to $kernel"
	say "built in $((SECONDS / 60)) min $((SECONDS % 60)) s"
}

# The module is built in a copy, so that the one beside the sources stays for
# the kernel that it is for.
build_module()
{
	local dir

	mkdir -p "$module/drivers/vhost" "$module/include" || die 1 "cannot make $module"
	module=$(cd "$module" && pwd -P)
	tmp=$module
	rm -f "$module/log"
	for dir in Kbuild include drivers/vhost/xnet; do
		(cd "$XNET_ROOT" && find "$dir" -type f ! -name '.*' ! -name '*.mod*' \
			! -name '*.o' ! -name '*.ko' -print0) |
			(cd "$XNET_ROOT" && cpio --quiet -pdum0 "$module")
	done
	# UBSAN only here: see kasan.config.
	step "building the module" make -s -C "$kernel/build" M="$module" UBSAN_SANITIZE=y modules
}

pid=
scratch=
trap clean_up EXIT
trap 'exit 130' INT TERM
need_tool make make
need_tool "${CC:-gcc}" gcc
need_tool flex flex
need_tool bison bison
need_tool bc bc
need_tool cpio cpio
[ -r "$source" ] ||
	die 1 "the sources of the kernel are missing; install linux-source-6.1 (selftests/vm/setup.sh does)"

sum=$({
	cat "$here/kernel.config" "$here/$flavour.config"
	gcc --version | head -n 1
	printf "%s\n" "$layout" "${left_out[@]}"
	stat -Lc '%n %s %Y' "$source"
} | sha256sum | cut -c1-16)
kernel=$XNET_CACHE/debug/$flavour-$sum
mkdir -p "$XNET_CACHE/debug" || die 1 "cannot create $XNET_CACHE/debug"
lock_cache "debug-$flavour"
[ -d "$kernel" ] || build
unlock_cache
echo "$kernel"
if [ -n "$module" ]; then
	build_module
	echo "$module/drivers/vhost/xnet/vhost_xnet.ko"
fi
