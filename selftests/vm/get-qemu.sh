#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Downloads another version of Debian's QEMU with apt and unpacks it into the
# cache, beside the one that is installed.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
XNET_SELF=get-qemu

usage()
{
	cat <<-USAGE
	Usage: get-qemu.sh VERSION

	Fetches the newest QEMU that apt knows of which the version starts with
	VERSION (7.2), and unpacks it without installing it. Prints the folder,
	which holds usr/bin/qemu-system-x86_64 and usr/share/qemu, to be given with
	-L. The libraries are those that are installed.

	XNET_CACHE names the cache folder; now: $XNET_CACHE
	USAGE
}

# newest PACKAGE VERSION: what apt can fetch.
newest()
{
	apt-cache madison "$1" | awk -F '[ |]+' '{ print $2 }' |
		grep -F -- ":$2" | grep -E "^[0-9]+:${2//./\\.}[^0-9]" | sort -V | tail -n 1
}

fetch()
{
	local want=$1 dest=$2 tmp package version files=()

	tmp=$(mktemp -d "$XNET_CACHE/qemu/.get.XXXXXX") ||
		die 125 "cannot write to $XNET_CACHE/qemu"
	# shellcheck disable=SC2064
	trap "rm -rf '$tmp'" EXIT
	for package in qemu-system-x86 qemu-system-common qemu-system-data; do
		version=$(newest $package "$want")
		[ -n "$version" ] ||
			die 125 "apt knows no $package of version $want; run 'apt-get update', or see 'apt-cache madison $package'"
		files+=("$package=$version")
	done
	say "downloading ${files[0]}"
	if ! (cd "$tmp" && apt-get -q -o APT::Sandbox::User=root download \
		"${files[@]}" >apt.log 2>&1); then
		sed 's/^/  /' "$tmp/apt.log" >&2
		die 125 "apt-get could not download ${files[*]}; run 'apt-get update'"
	fi
	mkdir "$tmp/root"
	for package in "$tmp"/*.deb; do
		dpkg-deb -x "$package" "$tmp/root" ||
			die 125 "${package##*/} cannot be unpacked"
	done
	version=$("$tmp/root/usr/bin/qemu-system-x86_64" --version 2>&1 | head -n 1)
	case $version in
	"QEMU emulator version $want."*) ;;
	*) die 125 "QEMU $want does not run here: $version" ;;
	esac
	# Firmware comes from packages of its own, which suit each QEMU.
	cp -L /usr/share/seabios/*.bin "$tmp/root/usr/share/qemu/" &&
		cp -L /usr/lib/ipxe/qemu/*.rom "$tmp/root/usr/share/qemu/" ||
		die 125 "the firmware is missing; install seabios and ipxe-qemu"
	mv "$tmp/root" "$dest" || die 125 "cannot move QEMU to $dest"
}

case ${1-} in
-h | --help) usage; exit 0 ;;
'' | -*) die 125 "a version is needed, such as 7.2; see --help" ;;
*[!0-9.]*) die 125 "'$1' is no version; see --help" ;;
esac
[ $# -eq 1 ] || die 125 "one version only; see --help"

need_tool apt-get apt
need_tool dpkg-deb dpkg
dest=$XNET_CACHE/qemu/$1
mkdir -p "$XNET_CACHE/qemu" ||
	die 125 "cannot create $XNET_CACHE/qemu; set XNET_CACHE to a folder that can be written"
lock_cache qemu
[ -d "$dest" ] || fetch "$1" "$dest"
printf '%s\n' "$dest"
