#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Checks that need only to read or to compile the sources. Prints KTAP; the
# last line counts the results.
#
# Usage: run.sh [TEST]...

set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../vm/common.sh
. selftests/vm/common.sh
XNET_SELF=static

module=drivers/vhost/xnet
cache=${XNET_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vhost-xnet}/linux-scripts
work=$(mktemp -d "${TMPDIR:-/tmp}/vhost-xnet-static.XXXXXX") || exit
trap 'rm -rf "$work"' EXIT

# What is checked: everything that git would commit, so not what was built.
sources()
{
	git ls-files -co --exclude-standard -- "$@" | grep -v -e-gen'\.[ch]$' |
		while read -r file; do [ ! -e "$file" ] || echo "$file"; done
}

# Where git lists nothing, nothing would be checked, and found in order.
[ "$(sources "$module/*.c" | wc -l)" -gt 10 ] || {
	echo "Bail out! git does not list the sources here; install git, and run this in a checkout of your own"
	exit 1
}

# The kernel's own scripts, taken out of its sources once.
need_scripts()
{
	local tarball

	[ -e "$cache/.complete" ] && return
	tarball=$(ls /usr/src/linux-source-6.1*.tar.xz 2>/dev/null | tail -n 1)
	[ -n "$tarball" ] || {
		echo "the kernel's scripts are missing: install linux-source-6.1 (selftests/vm/setup.sh does)"
		return 1
	}
	rm -rf "$cache" && mkdir -p "$cache" &&
		tar -xJf "$tarball" -C "$cache" --strip-components=2 --wildcards \
			'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
			'*/scripts/const_structs.checkpatch' \
			'*/scripts/kernel-doc' '*/scripts/coccinelle' &&
		touch "$cache/.complete"
}

# compile NAME ARG...: builds a copy of the module; neither gcc nor sparse may
# have anything to say.
compile()
{
	local dir=$work/$1 log=$work/$1.log

	shift
	mkdir "$dir" && cp -r Kbuild drivers include "$dir/" || return
	find "$dir" -name '*.o' -delete
	make -C "/lib/modules/$(default_kver)/build" M="$dir" C=2 "$@" modules >"$log" 2>&1 || {
		cat "$log"
		return 1
	}
	grep -q 'CHECK .*main\.c' "$log" || { echo "sparse did not run"; return 1; }
	! grep -iE 'warning|error' "$log"
}

test_warnings()
{
	compile all W=1
}

# What this kernel's configuration leaves out compiles as well.
test_cross_endian()
{
	compile endian KCFLAGS=-DCONFIG_VHOST_CROSS_ENDIAN_LEGACY=1 \
		CHECK="sparse -DCONFIG_VHOST_CROSS_ENDIAN_LEGACY=1"
}

test_checkpatch()
{
	need_scripts || return
	# One process each: the script keeps more than it should between files.
	sources '*.c' '*.h' | xargs -n 1 -P "$(nproc)" \
		perl "$cache/checkpatch.pl" --terse --show-types -f >"$work/checkpatch" 2>&1
	! grep -v '^total: ' "$work/checkpatch"
}

# semantic_patch FILE: what it has to say of the module.
semantic_patch()
{
	timeout 400 spatch </dev/null -D report --very-quiet --no-show-diff --cocci-file "$1" \
		--dir "$module" -I "$module" -I include >>"$work/cocci" 2>>"$work/cocci.err" &&
		return
	echo "$1 ended with status $?: $(tail -n 1 "$work/cocci.err")" >>"$work/cocci"
}

test_coccinelle()
{
	need_scripts || return
	# Those with a part in OCaml need a compiler for it.
	grep -lr --include='*.cocci' 'virtual report' "$cache/coccinelle" |
		xargs -r -d '\n' grep -L 'script:ocaml' | sort >"$work/patches"
	[ -s "$work/patches" ] || { echo "no semantic patch was found"; return 1; }
	export -f semantic_patch
	export work module
	xargs -d '\n' -n 1 -P "$(nproc)" bash -c 'semantic_patch "$1"' _ <"$work/patches"
	! grep . "$work/cocci"
}

test_kernel_doc()
{
	need_scripts || return
	sources "$module/*.[ch]" | xargs perl "$cache/kernel-doc" -none >"$work/doc" 2>&1
	! grep -E 'warning|error' "$work/doc"
}

# Functions that other files call have a kernel-doc comment.
test_documented()
{
	local name bad=0

	for name in $(sources "$module/*.h" | xargs grep -hE '^[a-z].*[ *](xnet_[a-z0-9_]+)\(.*' |
		grep -oE 'xnet_[a-z0-9_]+\(' | tr -d '(' | sort -u); do
		grep -qE "^ \* $name\(\) - " -r "$module" --include='*.[ch]' || {
			echo "$name() has no kernel-doc comment"
			bad=1
		}
	done
	return $bad
}

# No version of the kernel is asked for, in compat/ neither: that is compiled.
test_versions()
{
	! sources "$module" |
		xargs grep -nE 'LINUX_VERSION_CODE|KERNEL_VERSION\(|linux/version\.h'
}

# The ring knows nothing of networking, networking knows no ring format, and
# nothing below the control path knows of it.
test_layers()
{
	local ring="$module/ring*.[ch] $module/mem.[ch]"
	local net="$module/net_*.c $module/poll.[ch] $module/usercopy.[ch]"

	# shellcheck disable=SC2086
	! grep -nE '#include.*(net/|netdevice|skbuff|if_tun|eventfd|"(vq|dev|net|worker|backend)\.h)' \
		$ring /dev/null &&
		! grep -nE 'struct vring|xnet_split_|"(dev|ctl|netlink)\.h"' $net /dev/null &&
		! grep -nE '"(dev|ctl|netlink)\.h"' $module/vq.[ch] $module/worker.[ch] \
			$module/event.[ch] $module/backend.[ch] $ring
}

# One subject a file, one thought a function.
test_sizes()
{
	sources "$module/*.c" 'tools/*.c' | xargs awk '
		FNR == 1 { start = 0 }
		FNR == 601 { print FILENAME ": more than 600 lines"; bad = 1 }
		/^[a-z].*\)$/ { name = $0 }
		/^\{/ { start = FNR }
		/^\}/ {
			if (start && FNR - start > 70) {
				print FILENAME ":" start ": " FNR - start " lines: " name
				bad = 1
			}
			start = 0
		}
		END { exit bad }'
}

test_generated()
{
	tools/ynl-regen.sh --check >"$work/ynl" 2>&1 || { cat "$work/ynl"; return 1; }
}

# The document of differences from vhost-net is that of the tables.
test_differences()
{
	selftests/diff/doc.sh --check
}

# Each of vhost-net's bugs in the list has a test named after it, in the file that
# is named with it, and a mutation that this file must notice; and the list has
# all tests and mutations with such names.
test_bugs()
{
	local list=$work/bugs row tests mutations file name bad=0

	# A row of the table in a line.
	sed -n '/^Bugs that vhost-net had/,/^How it is tested/p' Documentation/design.rst |
		awk '/^   \* - / { if (row) print row; row = "" } /^   ( |\*)/ { row = row " " $0 }
			END { print row }' | grep -v 'What went wrong' >"$list"
	[ "$(wc -l <"$list")" -ge 13 ] || { echo "the list is not found in design.rst"; return 1; }
	while read -r row; do
		file=$(grep -oE '``[a-z]+/[a-z0-9_]+``' <<<"$row" | tr -d '`')
		tests=$(grep -oE '``(cve|noid|suspected)_[a-z0-9_]+``' <<<"$row" | tr -d '`')
		mutations=$(grep -oE '``(cve|noid|suspected)-[a-z0-9-]+``' <<<"$row" | tr -d '`')
		[ -n "$tests" ] && [ -n "$mutations" ] || {
			echo "a test or a mutation is missing: $row"
			bad=1
		}
		for name in $tests; do
			grep -qsE "^TEST.*\\b$name\\)" "selftests/$file.c" || {
				echo "there is no test $name in selftests/$file.c"
				bad=1
			}
		done
		for name in $mutations; do
			grep -qE "^$name .*$file( |$)" selftests/mutations || {
				echo "there is no mutation $name for $file"
				bad=1
			}
		done
	done <"$list"
	while read -r name; do
		grep -q "\`\`$name\`\`" "$list" || { echo "$name is not in the list"; bad=1; }
	done < <(sources 'selftests/*.c' | xargs grep -hoE '^TEST.*\b(cve|noid|suspected)_[a-z0-9_]+' |
			grep -oE '(cve|noid|suspected)_[a-z0-9_]+$'
		grep -oE '^(cve|noid|suspected)-[^ ]+' selftests/mutations)
	return $bad
}

# Whatever the control path reads or writes of its callers' can be made to fail, and
# control/fault has each ioctl in its list of those that it lets fail.
test_faults()
{
	local name bad=0

	! grep -nE '\b(_*(get|put|clear)_user|_*strncpy_from_user)\(' $module/ctl*.[ch] |
		grep -vE ':[[:space:]]*/?\*' || bad=1
	for name in $(sed -n 's/^\t{ \(VHOST_[A-Z_]*\),.*/\1/p' $module/ctl*.c); do
		case $name in
		# Only where the kernel is configured to know the other byte order.
		VHOST_[SG]ET_VRING_ENDIAN) continue ;;
		esac
		grep -qE "(FAILS\(|req = )$name\\b" selftests/control/fault.h || {
			echo "$name is not in the list in selftests/control/fault.h"
			bad=1
		}
	done
	return $bad
}

# The mutations change what they mean to change.
test_mutations()
{
	local name file tests expression bad=0

	while read -r name file tests && IFS= read -r expression; do
		perl -0pe "$expression" "$module/$file" >"$work/mutated" &&
			! cmp -s "$work/mutated" "$module/$file" || {
			echo "$name does not apply to $file any more"
			bad=1
		}
	done < <(cat selftests/mutations selftests/debug/mutations | grep -v -e '^#' -e '^$')
	return $bad
}

test_man_pages()
{
	sources 'Documentation/man/*' | xargs mandoc -T lint -W warning
}

test_rst()
{
	local file

	for file in $(sources 'Documentation/*.rst'); do
		rst2html --strict "$file" /dev/null || return
	done
}

test_shell()
{
	local file bad=0

	for file in $(sources '*.sh') selftests/vm/init selftests/vm/guest-init .ci/run; do
		# Files without an interpreter are read by bash scripts.
		case $(head -n 1 "$file") in
		*/sh*) busybox sh -n "$file" || bad=1 ;;
		*) bash -n "$file" || bad=1 ;;
		esac
	done
	return $bad
}

tests=("$@")
[ $# -gt 0 ] || mapfile -t tests < <(declare -F | sed -n 's/^declare -f test_//p')
echo "KTAP version 1"
echo "1..${#tests[@]}"
n=0 failed=0
for name in "${tests[@]}"; do
	n=$((n + 1))
	if "test_$name" >"$work/out" 2>&1; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		head -n 40 "$work/out" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
done
echo "$((n - failed)) passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
