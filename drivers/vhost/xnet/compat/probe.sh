#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# probe.sh OUT FOLDER COMPILER [FLAG]...
#
# Writes the header OUT: for each FOLDER/NAME.c that the compiler takes, it
# defines XNET_HAVE_NAME. The first one, always.c, is taken by every kernel: if
# it is not, something else is wrong, and no answer would mean anything.

set -u
out=$1
folder=$2
shift 2

mkdir -p "${out%/*}" || exit
tmp=$out.tmp
rm -rf "$tmp" && mkdir "$tmp" || exit
trap 'rm -rf "$tmp"' EXIT

# A missing declaration or a wrong type is an answer, not a remark; what else
# the compiler remarks on, which depends on W=, is none.
try()
{
	"$@" -Werror=implicit-function-declaration -Werror=incompatible-pointer-types \
		-fsyntax-only -x c "$file" >"$tmp/$name.log" 2>&1 && : >"$tmp/$name"
}

for file in "$folder"/*.c; do
	name=${file##*/}
	name=${name%.c}
	try "$@" &
done
wait

if [ ! -e "$tmp/always" ]; then
	cat "$tmp/always.log" >&2
	echo "vhost-xnet: not even an empty probe compiles with this kernel's headers" >&2
	exit 1
fi
{
	echo "/* Made by probe.sh: what this kernel has. */"
	for file in "$folder"/*.c; do
		name=${file##*/}
		name=${name%.c}
		macro=XNET_HAVE_$(echo "$name" | tr '[:lower:]' '[:upper:]')
		if [ -e "$tmp/$name" ]; then
			echo "#define $macro 1"
		else
			echo "/* no $macro */"
		fi
	done
} >"$tmp/header" && mv "$tmp/header" "$out"
