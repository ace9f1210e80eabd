#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes the netlink family's generated files from its specification, with the
# kernel's own generator, or checks that they are what it makes.

set -u -o pipefail

spec=Documentation/netlink/specs/vhost_xnet.yaml
# Series of the kernel whose generator is used; all files come from one.
series=6.12
package=linux-source-$series

# FILE MODE PART, as the generator is told them.
outputs="
include/uapi/linux/vhost_xnet.h uapi header
drivers/vhost/xnet/netlink-gen.h kernel header
drivers/vhost/xnet/netlink-gen.c kernel source"

root=$(cd "$(dirname "$0")/.." && pwd -P)
cache=${XNET_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vhost-xnet}/ynl

usage()
{
	cat <<-USAGE
	Usage: ynl-regen.sh [--check]

	Makes these files from $spec:
	$(awk 'NF { print "  " $1 }' <<<"$outputs")

	  --check   change nothing; show how they differ from what would be made,
	            and exit with status 1 if they do
	  --help    this text

	The generator, tools/net/ynl, is taken from Debian's package $package:
	the one in /usr/src if it is installed, otherwise fetched with apt-get
	download; it is unpacked into the cache folder, once. XNET_CACHE names the
	cache folder; now: ${cache%/ynl}
	USAGE
}

say()
{
	printf 'ynl-regen: %s\n' "$*" >&2
}

die()
{
	say "$*"
	exit 2
}

need_tool()
{
	command -v "$1" >/dev/null 2>&1 ||
		die "the program '$1' is missing; install the package '$2'"
}

need_python()
{
	/usr/bin/python3 -c 'import yaml, jsonschema' 2>/dev/null ||
		die "the generator needs Python with two modules; install the packages 'python3-yaml' and 'python3-jsonschema'"
}

# unpack FOLDER: puts there what the generator consists of, out of a tarball on
# standard input.
unpack()
{
	tar -xJ -C "$1" --strip-components=1 --wildcards \
		"$package/tools/net/ynl/*" "$package/Documentation/netlink/*.yaml"
}

# Puts the generator into $cache/$series, whole or not at all.
obtain()
{
	local tmp tarball=/usr/src/$package.tar.xz

	[ -d "$cache/$series" ] && return
	mkdir -p "$cache" ||
		die "cannot create the cache folder $cache; set XNET_CACHE to a folder that can be written"
	need_tool xz xz-utils
	tmp=$(mktemp -d "$cache/new.XXXXXX") || die "cannot write to $cache"
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf '$tmp'" EXIT
	mkdir "$tmp/tree"
	if [ -r "$tarball" ]; then
		say "unpacking the generator from $tarball into $cache/$series"
		unpack "$tmp/tree" <"$tarball" ||
			die "cannot unpack the generator from $tarball"
	else
		need_tool dpkg-deb dpkg
		say "fetching the package $package (about 150 MB) for its generator"
		(cd "$tmp" && apt-get -q -q download "$package") 2>"$tmp/log" || {
			cat "$tmp/log" >&2
			die "cannot fetch the package $package; it is in bookworm-backports and in Debian's security archive"
		}
		say "unpacking the generator into $cache/$series"
		dpkg-deb --fsys-tarfile "$tmp"/*.deb |
			tar -xO "./usr/src/$package.tar.xz" | unpack "$tmp/tree" ||
			die "cannot unpack the generator from the package $package"
	fi
	mv -T "$tmp/tree" "$cache/$series" || die "cannot write to $cache"
	rm -rf "$tmp"
	trap - EXIT
}

# The generator writes into its output where the specification lies in a
# kernel tree, so it is shown something that looks like one. Sets stage.
make_stage()
{
	stage=$(mktemp -d) || die "cannot create a temporary folder"
	trap 'rm -rf "$stage"' EXIT
	mkdir -p "$stage/Documentation/netlink/specs"
	touch "$stage/MAINTAINERS"
	cp "$cache/$series"/Documentation/netlink/*.yaml "$stage/Documentation/netlink/" ||
		die "cannot copy the generator's schemas"
	cp "$root/$spec" "$stage/$spec" || die "cannot copy the specification $spec"
}

generate()
{
	local file mode part

	while read -r file mode part; do
		[ -n "$file" ] || continue
		mkdir -p "$stage/${file%/*}"
		/usr/bin/python3 "$cache/$series/tools/net/ynl/ynl-gen-c.py" \
			--mode "$mode" "--$part" --spec "$stage/$spec" \
			-o "$stage/$file" ||
			die "the generator does not accept $spec"
		[ -s "$stage/$file" ] || die "the generator made nothing of $spec"
	done <<<"$outputs"
}

check()
{
	local file rest status=0

	while read -r file rest; do
		[ -n "$file" ] || continue
		diff -u --label "$file" --label "$file, made from $spec" \
			"$root/$file" "$stage/$file" || status=1
	done <<<"$outputs"
	if [ $status -ne 0 ]; then
		say "the files differ from what $spec says; run tools/ynl-regen.sh"
	else
		say "the files are what $spec says"
	fi
	return $status
}

install_all()
{
	local file rest

	while read -r file rest; do
		[ -n "$file" ] || continue
		mkdir -p "$root/${file%/*}"
		if cmp -s "$stage/$file" "$root/$file"; then
			say "$file is as it should be"
		else
			cp "$stage/$file" "$root/$file" || die "cannot write $file"
			say "$file is made anew"
		fi
	done <<<"$outputs"
}

action=install_all
case ${1-} in
'') ;;
--check) action=check ;;
-h | --help)
	usage
	exit 0
	;;
*) die "unknown argument '$1'; see --help" ;;
esac
[ $# -le 1 ] || die "one argument at most; see --help"

need_python
obtain
make_stage
generate
$action
