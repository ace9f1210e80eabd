#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes Documentation/differences.rst from the tables in meant.c and
# meant_data.c. Usage: doc.sh [--check]; with --check it only compares.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
file=$here/../../Documentation/differences.rst

case ${1-} in
'' | --check) ;;
--help | -h)
	sed -n '/^# Makes/,/^$/s/^# \?//p' "$0"
	exit 0
	;;
*)
	echo "doc.sh: unknown option '$1'; --check is the only one" >&2
	exit 2
	;;
esac

out=$(mktemp) || exit 2
trap 'rm -f "$out"' EXIT
log=$(make -s -C "$here" 2>&1) || {
	printf '%s\n' "$log" >&2
	echo "doc.sh: the programs do not build" >&2
	exit 2
}

# A line for each difference, folded; what is folded is indented.
bullets()
{
	local line

	"$here/build/$1" --table | while IFS= read -r line; do
		echo
		fold -s -w 78 <<<"$line" | sed -e 's/ *$//' -e '2,$s/^/  /'
	done
}

{
	cat <<-HEAD
	.. SPDX-License-Identifier: GPL-2.0-only
	.. Made by selftests/diff/doc.sh; change the tables in selftests/diff.

	Control calls
	-------------
	HEAD
	bullets control
	cat <<-HEAD

	Rings and frames
	----------------
	HEAD
	bullets data
} >"$out"

if [ "${1-}" = --check ]; then
	diff -u "$file" "$out" && exit 0
	echo "Documentation/differences.rst is out of date: run selftests/diff/doc.sh"
	exit 1
fi
cp "$out" "$file" && chmod 644 "$file"
