#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs what it takes to build and test the module on Debian 12. Fast when
# nothing is missing.

set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
XNET_SELF=setup

# Building, running VMs, testing, checking: one line each.
packages="
gcc make git libc6-dev linux-headers-amd64 libmnl-dev libjansson-dev pkg-config perl
libc6-dev-i386 lib32gcc-12-dev
python3 python3-yaml python3-jsonschema
kmod cpio busybox-static iproute2 xz-utils procps mmdebstrap
iputils-ping iperf3 ethtool bc openssl
clang libclang-rt-14-dev libstdc++-12-dev gnuplot-nox sparse coccinelle linux-source-6.1
mandoc python3-docutils
flex bison libelf-dev"

usage()
{
	cat <<-USAGE
	Usage: setup.sh [--dry-run]

	Installs, with apt, the packages that building and testing need on Debian 12
	(bookworm), and QEMU 10 or newer from backports. It says what it installs,
	and does nothing when nothing is missing.

	  --dry-run   only say what is missing; the exit status is 1 if anything is
	  --help      this text
	USAGE
}

installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Sets missing (packages) and need_new_qemu.
look()
{
	local package major

	missing=()
	for package in $packages; do
		installed "$package" || missing+=("$package")
	done
	need_new_qemu=yes
	major=$(qemu_major qemu-system-x86_64)
	[ -n "$major" ] && [ "$major" -ge 10 ] && need_new_qemu=no
}

# apt_quiet WHAT-FOR ARG...: apt-get, its words shown only when it fails.
apt_quiet()
{
	local what=$1 log

	shift
	log=$(mktemp) || die 1 "cannot create a temporary file"
	if ! DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" \
		</dev/null >"$log" 2>&1; then
		tail -n 30 "$log" | sed 's/^/  /' >&2
		rm -f "$log"
		die 1 "$what failed: apt-get $*"
	fi
	rm -f "$log"
}

# What apt knows of its archives: address, codename, origin of each part.
archives()
{
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format '$(REPO_URI)|$(CODENAME)|$(ORIGIN)' \
		'MetaKey: main/binary-amd64/Packages' 2>/dev/null
}

update_once()
{
	[ "$updated" = yes ] && return
	say "reading the package lists"
	apt_quiet "reading the package lists" update
	updated=yes
}

# Backports come from the same mirror as the rest.
add_backports()
{
	local uri key=/usr/share/keyrings/debian-archive-keyring.gpg
	local file=/etc/apt/sources.list.d/vhost-xnet-backports.sources

	archives | grep -q "|$codename-backports|Debian" && return
	update_once
	archives | grep -q "|$codename-backports|Debian" && return
	IFS='|' read -r uri _ < <(archives | grep "|$codename|Debian\$")
	[ -n "${uri-}" ] ||
		die 1 "apt's configuration names no Debian archive for $codename to take backports from"
	say "adding $codename-backports to apt ($file)"
	{
		printf 'Types: deb\nURIs: %s\n' "$uri"
		printf 'Suites: %s-backports\nComponents: main\n' "$codename"
		[ ! -f $key ] || printf 'Signed-By: %s\n' $key
	} >"$file" || die 1 "cannot write $file"
	updated=no
	update_once
}

dry_run=no
case ${1-} in
'') ;;
--dry-run) dry_run=yes ;;
-h | --help) usage; exit 0 ;;
*) die 1 "unknown argument '$1'; see --help" ;;
esac

PATH=$PATH:/usr/sbin:/sbin
command -v dpkg-query >/dev/null ||
	die 1 "this is no Debian system; install what README.md lists by hand"
look
[ ${#missing[@]} -eq 0 ] && [ $need_new_qemu = no ] && exit 0

[ ${#missing[@]} -eq 0 ] || say "missing packages: ${missing[*]}"
[ $need_new_qemu = no ] || say "missing: QEMU 10 or newer (qemu-system-x86)"
[ $dry_run = no ] || exit 1

codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
[ "$codename" = bookworm ] ||
	die 1 "installing is for Debian 12 (bookworm) only; install these by hand"
[ "$(id -u)" -eq 0 ] ||
	die 1 "installing needs root; run: sudo $XNET_VM_DIR/setup.sh"

updated=no
if [ ${#missing[@]} -gt 0 ]; then
	update_once
	say "installing ${missing[*]}"
	apt_quiet "installing packages" install --no-install-recommends "${missing[@]}"
fi
if [ $need_new_qemu = yes ]; then
	add_backports
	say "installing qemu-system-x86 from $codename-backports"
	apt_quiet "installing QEMU" install --no-install-recommends \
		-t "$codename-backports" qemu-system-x86
fi
look
[ ${#missing[@]} -eq 0 ] && [ $need_new_qemu = no ] ||
	die 1 "still missing after the installation: ${missing[*]-} (QEMU: $(qemu_major qemu-system-x86_64))"
say "all that is needed is installed"
