#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Downloads a Debian kernel with apt and unpacks it into the cache: nothing is
# installed, no boot loader is touched.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=archive.sh
. "$(dirname "$0")/archive.sh"
XNET_SELF=get-kernel

usage()
{
	cat <<-USAGE
	Usage: get-kernel.sh [--headers | --resolve] [VERSION]

	Fetches a Debian kernel with apt and unpacks it, without installing it.
	Prints the folder, which holds boot/vmlinuz-* and lib/modules/*.

	VERSION is a full version (6.1.0-56-amd64) or the start of one (6.12, or 7.x
	for any 7), in the second case with -rt for the kernel with PREEMPT_RT; the
	newest package that fits is taken, from this machine's release, else from
	$XNET_NEXT and its backports. Without it: the version of the installed
	linux-headers of the 6.1 series, else the newest 6.1.

	  --headers   fetch its headers instead, and what it takes to build a module
	              with them; prints the root of a Debian that has them in
	              /usr/src/linux-headers-VERSION, to be used with chroot (root only)
	  --resolve   only print the full version
	  --help      this text

	XNET_CACHE names the cache folder; now: $XNET_CACHE
	USAGE
}

# make_scratch: a folder in the cache that does not outlive this process.
make_scratch()
{
	mkdir -p "$XNET_CACHE/kernel" "$XNET_CACHE/build" &&
		tmp=$(mktemp -d "$XNET_CACHE/kernel/.get.XXXXXX") ||
		die 125 "cannot write to $XNET_CACHE; set XNET_CACHE to a folder that can be written"
	trap 'rm -rf "$tmp"' EXIT
}

unpack_packages()
{
	local deb

	for deb in "$tmp"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$1" --keep-directory-symlink ||
			die 125 "the package ${deb##*/} cannot be unpacked"
	done
}

# Puts the kernel into folder $1 by way of a scratch folder beside it.
fetch_image()
{
	local dest=$1 packages

	packages=$(kernel_packages "$release" | image_packages "$version")
	make_scratch
	# shellcheck disable=SC2086 # several packages, perhaps
	get_packages "$release" "$tmp" $packages
	mkdir "$tmp/root"
	unpack_packages "$tmp/root"

	# Newer packages use the merged /usr; older ones do not.
	if [ ! -d "$tmp/root/lib/modules" ] && [ -d "$tmp/root/usr/lib/modules" ]; then
		mkdir -p "$tmp/root/lib"
		mv "$tmp/root/usr/lib/modules" "$tmp/root/lib/modules"
	fi
	# So does the kernel itself, which used to be in /boot.
	if [ -f "$tmp/root/lib/modules/$version/vmlinuz" ]; then
		mkdir -p "$tmp/root/boot"
		mv "$tmp/root/lib/modules/$version/vmlinuz" "$tmp/root/boot/vmlinuz-$version"
	fi
	[ -f "$tmp/root/boot/vmlinuz-$version" ] && [ -d "$tmp/root/lib/modules/$version" ] ||
		die 125 "$packages: no boot/vmlinuz-$version, or no modules"

	depmod -b "$tmp/root" "$version" ||
		die 125 "depmod failed on the modules of $version"
	# What the header package would put beside installed modules.
	ln -sfn "/usr/src/linux-headers-$version" "$tmp/root/lib/modules/$version/build"
	# Where newer packages have it, and where the VM sees it.
	[ -e "$tmp/root/lib/modules/$version/config" ] ||
		cp "$tmp/root/boot/config-$version" "$tmp/root/lib/modules/$version/config"
	rm -rf "$tmp/root/usr/share"
	mv "$tmp/root" "$dest" || die 125 "cannot move the kernel to $dest"
}

# A small Debian with a compiler, one for each release: a kernel's headers come
# with programs that want the libraries, and a compiler, of their own release.
make_build_root()
{
	local dest=$1 options=() uri

	[ "$(id -u)" -eq 0 ] || die 125 "only root can make a folder to build in; run this as root"
	need_tool mmdebstrap mmdebstrap
	uri=$(mirror) || exit
	say "making a Debian $release to build in (once, about a minute)"
	[ ! -f $XNET_KEYRING ] || options+=(--keyring=$XNET_KEYRING)
	# pahole and openssl stand for the libraries that the headers' programs use.
	if ! mmdebstrap --quiet --variant=apt --include=gcc,make,pahole,openssl \
		${options[@]+"${options[@]}"} "$release" "$dest.new" \
		"deb $uri $release main" >"$tmp/mmdebstrap.log" 2>&1; then
		tail -n 20 "$tmp/mmdebstrap.log" | sed 's/^/  /' >&2
		rm -rf "$dest.new"
		die 125 "mmdebstrap could not make $dest"
	fi
	mv "$dest.new" "$dest"
}

# The header package, and those it needs that are of the kernel as well.
header_packages()
{
	apt_of "$release" apt-cache depends --recurse -i --no-suggests --no-recommends \
		"linux-headers-$version" |
		grep -oE '^linux-(headers|kbuild)-[^ ]+$' | sort -u
}

# Sees that folder $1 can build for the kernel.
fetch_headers()
{
	local dest=$1 packages

	[ ! -d "$dest/usr/src/linux-headers-$version/.complete" ] || return 0
	make_scratch
	[ -d "$dest" ] || make_build_root "$dest"
	packages=$(header_packages)
	# shellcheck disable=SC2086 # one word each
	get_packages "$release" "$tmp" $packages
	unpack_packages "$dest"
	[ -e "$dest/usr/src/linux-headers-$version/Makefile" ] ||
		die 125 "linux-headers-$version lacks its Makefile"
	mkdir "$dest/usr/src/linux-headers-$version/.complete"
}

what=image
case ${1-} in
-h | --help) usage; exit 0 ;;
--headers) what=headers; shift ;;
--resolve) what=version; shift ;;
-*) die 125 "unknown option '$1'; see --help" ;;
esac
[ $# -le 1 ] || die 125 "one version at most; see --help"

PATH=$PATH:/usr/sbin:/sbin
need_tool apt-get apt
need_tool dpkg-deb dpkg
need_tool depmod kmod

version=${1:-$(default_kver)}
# What is there already needs no look into the archive.
if [ $what = image ] && [ -n "$version" ] && [ -d "$XNET_CACHE/kernel/$version" ]; then
	printf '%s\n' "$XNET_CACHE/kernel/$version"
	exit 0
fi
lock_cache kernel
find_kernel_version "${version:-6.1}"
case $what in
version)
	printf '%s\n' "$version"
	;;
image)
	[ -d "$XNET_CACHE/kernel/$version" ] || fetch_image "$XNET_CACHE/kernel/$version"
	printf '%s\n' "$XNET_CACHE/kernel/$version"
	;;
headers)
	fetch_headers "$XNET_CACHE/build/$release"
	printf '%s\n' "$XNET_CACHE/build/$release"
	;;
esac
