#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Downloads a Debian kernel image package with apt and unpacks it into the
# cache: nothing is installed, no boot loader is touched.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
XNET_SELF=get-kernel

usage()
{
	cat <<-USAGE
	Usage: get-kernel.sh [VERSION]

	Fetches a Debian kernel image with apt and unpacks it, without installing it.
	Prints the folder, which holds boot/vmlinuz-* and lib/modules/*.

	VERSION is a full version (6.1.0-56-amd64) or the start of one (6.12); in
	the second case the newest package that apt knows is taken. Without it: the
	version of the installed linux-headers of the 6.1 series, else the one that
	linux-image-amd64 stands for.

	XNET_CACHE names the cache folder; now: $XNET_CACHE
	USAGE
}

# Turns what the user gave into a full version.
resolve()
{
	local want=$1 found

	if [ -z "$want" ]; then
		want=$(default_kver)
	fi
	if [ -z "$want" ]; then
		want=$(apt-cache depends linux-image-amd64 2>/dev/null |
			sed -n 's/.*Depends: linux-image-\([0-9].*\)/\1/p' | head -n 1)
		[ -n "$want" ] ||
			die 125 "apt knows no package linux-image-amd64; run 'apt-get update' or name a version"
	fi
	case $want in
	*-amd64)
		;;
	*)
		found=$(apt-cache pkgnames "linux-image-$want" |
			grep -E -- '^linux-image-[0-9.]+([-+~][0-9a-z.+~]+)*-amd64$' |
			grep -vE -- '-(rt|cloud)-amd64$' | sort -V | tail -n 1)
		[ -n "$found" ] ||
			die 125 "apt knows no kernel image that starts with '$want'; run 'apt-get update' or name a full version such as 6.1.0-56-amd64"
		want=${found#linux-image-}
		;;
	esac
	printf '%s\n' "$want"
}

# Puts kernel $1 into folder $2 by way of a scratch folder beside it.
fetch()
{
	local ver=$1 dest=$2 tmp

	tmp=$(mktemp -d "$XNET_CACHE/kernel/.get.XXXXXX") ||
		die 125 "cannot write to $XNET_CACHE/kernel"
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT

	say "downloading linux-image-$ver"
	if ! (cd "$tmp" && apt-get -q -o APT::Sandbox::User=root download \
		"linux-image-$ver" >apt.log 2>&1); then
		sed 's/^/  /' "$tmp/apt.log" >&2
		die 125 "apt-get could not download linux-image-$ver; run 'apt-get update', or name another version"
	fi
	mkdir "$tmp/root"
	dpkg-deb -x "$tmp"/*.deb "$tmp/root" ||
		die 125 "the package of linux-image-$ver cannot be unpacked"

	# Newer packages use the merged /usr; older ones do not.
	if [ ! -d "$tmp/root/lib/modules" ] && [ -d "$tmp/root/usr/lib/modules" ]; then
		mkdir -p "$tmp/root/lib"
		mv "$tmp/root/usr/lib/modules" "$tmp/root/lib/modules"
	fi
	[ -f "$tmp/root/boot/vmlinuz-$ver" ] && [ -d "$tmp/root/lib/modules/$ver" ] ||
		die 125 "linux-image-$ver lacks boot/vmlinuz-$ver or its modules"

	depmod -b "$tmp/root" "$ver" ||
		die 125 "depmod failed on the modules of $ver"
	# What the header package would put beside installed modules.
	ln -sfn "/usr/src/linux-headers-$ver" "$tmp/root/lib/modules/$ver/build"
	rm -rf "$tmp/root/usr/share"
	mv "$tmp/root" "$dest" || die 125 "cannot move the kernel to $dest"
}

case ${1-} in
-h | --help)
	usage
	exit 0
	;;
-*)
	die 125 "unknown option '$1'; see --help"
	;;
esac
[ $# -le 1 ] || die 125 "one version at most; see --help"

PATH=$PATH:/usr/sbin:/sbin
need_tool apt-get apt
need_tool dpkg-deb dpkg
need_tool depmod kmod

ver=$(resolve "${1-}") || exit
dest=$XNET_CACHE/kernel/$ver
mkdir -p "$XNET_CACHE/kernel" ||
	die 125 "cannot create $XNET_CACHE/kernel; set XNET_CACHE to a folder that can be written"
lock_cache kernel
[ -d "$dest" ] || fetch "$ver" "$dest"
printf '%s\n' "$dest"
