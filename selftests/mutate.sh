#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Breaks the module on purpose and sees the tests notice. See --help.

set -u

here=$(cd "$(dirname "$0")" && pwd -P)
project=$(cd "$here/.." && pwd -P)
KVER=${KVER:-$(. "$here/vm/common.sh" && default_kver)}
kdir=/lib/modules/$KVER/build
list=$here/mutations
timeout=420
wanted=()
debug=no
vm=()

usage()
{
	cat <<-USAGE
	Usage: mutate.sh [--debug] [--list] [--timeout S] [NAME...]

	Takes a copy of the module, breaks it in one of the ways that the file
	selftests/mutations lists, builds it and runs the tests that must notice,
	in a VM of their own. NAMEs, which may be patterns such as 'leak-*', choose;
	without one all are done, which takes half a minute each.

	  --debug      those of selftests/debug/mutations, on the debug kernel
	  --list       name the mutations and their tests
	  --timeout S  seconds for one VM (default $timeout)
	  --help       this text

	Exit status: 0 when each was noticed.
	USAGE
}

die()
{
	echo "mutate.sh: $*" >&2
	exit 2
}

is_wanted()
{
	local pattern

	[ ${#wanted[@]} -gt 0 ] || return 0
	for pattern in "${wanted[@]}"; do
		# shellcheck disable=SC2053 # a pattern it is
		[[ $1 != $pattern ]] || return 0
	done
	return 1
}

# A fresh copy of a source file, changed; 1 if the change no longer applies.
break_file()
{
	local from=$project/drivers/vhost/xnet/$1 to=$work/drivers/vhost/xnet/$1

	perl -0pe "$2" "$from" >"$to" || return
	! cmp -s "$from" "$to"
}

restore_file()
{
	cp "$project/drivers/vhost/xnet/$1" "$work/drivers/vhost/xnet/$1"
}

build()
{
	make -s -C "$kdir" M="$work" modules >"$work/build.log" 2>&1
}

# Tests of run.sh, or of the comparison with vhost-net: diff/control, diff/data.
run_tests()
{
	local module=$work/drivers/vhost/xnet/vhost_xnet.ko

	case $1 in
	diff/*)
		"$here/diff/run.sh" --timeout "$timeout" ${vm[@]+"${vm[@]}"} --module "$module" \
			--only "${1#diff/}" --seed 1
		;;
	*) "$here/run.sh" --timeout "$timeout" ${vm[@]+"${vm[@]}"} --module "$module" "$@" ;;
	esac
}

# one NAME FILE EXPRESSION TEST...
one()
{
	local name=$1 file=$2 expression=$3 verdict

	shift 3
	n=$((n + 1))
	if ! break_file "$file" "$expression"; then
		verdict="not ok $n $name # does not apply to $file any more"
	elif ! build; then
		sed 's/^/# /' "$work/build.log" | grep -m 5 error
		verdict="not ok $n $name # does not build"
	else
		run_tests "$@" >"$work/run.log" 2>&1
		case $? in
		0) verdict="not ok $n $name # unnoticed by $*" ;;
		1)
			grep -E '^ *not ok |# kernel:|VM ended' "$work/run.log" |
				cut -c 1-150 | head -n 5 | sed 's/^ */# /'
			verdict="ok $n $name"
			;;
		*)
			tail -n 3 "$work/run.log" | sed 's/^/# /'
			verdict="not ok $n $name # the tests could not be run"
			;;
		esac
	fi
	restore_file "$file"
	echo "$verdict"
	case $verdict in
	ok*) passed=$((passed + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
}

only_list=no
while [ $# -gt 0 ]; do
	case $1 in
	--list) only_list=yes ;;
	--debug) debug=yes; list=$here/debug/mutations ;;
	--timeout) [ $# -ge 2 ] || die "option $1 needs a value"; timeout=$2; shift ;;
	--help | -h) usage; exit 0 ;;
	-*) die "unknown option '$1'; see --help" ;;
	*) wanted+=("$1") ;;
	esac
	shift
done

names=() files=() expressions=() tests=()
while read -r name file test && IFS= read -r expression; do
	is_wanted "$name" || continue
	names+=("$name") files+=("$file") tests+=("$test") expressions+=("$expression")
done < <(grep -v -e '^#' -e '^$' "$list")
[ ${#names[@]} -gt 0 ] || die "there is no such mutation; --list names them"
if [ $only_list = yes ]; then
	for i in "${!names[@]}"; do
		printf '%-24s %s\n' "${names[i]}" "${tests[i]}"
	done
	exit 0
fi
if [ $debug = yes ]; then
	kernel=$("$here/debug/build.sh" kasan) || exit 2
	kdir=$kernel/build
	vm=(--kernel "$kernel" --mem 1024)
fi
[ -e "$kdir/Makefile" ] || die "there are no kernel headers in $kdir"

work=$(mktemp -d) || die "no temporary folder"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/drivers/vhost" "$work/include"
cp "$project/Kbuild" "$work/"
cp -r "$project/include/." "$work/include/"
cp -r "$project/drivers/vhost/xnet" "$work/drivers/vhost/"
# Dependencies of the original would be taken for ours.
find "$work" \( -name '.*.cmd' -o -name '*.o' -o -name '*.ko' -o -name '*.mod*' \) -delete
build || { cat "$work/build.log" >&2; die "the module does not build even unbroken"; }

n=0 passed=0 failed=0
echo "KTAP version 1"
echo "1..${#names[@]}"
for i in "${!names[@]}"; do
	# shellcheck disable=SC2086 # several tests are several words
	one "${names[i]}" "${files[i]}" "${expressions[i]}" ${tests[i]}
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
