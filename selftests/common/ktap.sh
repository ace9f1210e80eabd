# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests that are scripts: sourced, then one "try NAME FUNCTION" for each
# test, then ktap_end. A function's status decides: 0 passed, 4 skipped.

KTAP_N=0
KTAP_FAILED=0
KTAP_SKIP=4

echo "TAP version 13"

# Says something about the test under way.
remark()
{
	echo "# $*"
}

# try NAME COMMAND...: runs the command in a subshell as one test.
try()
{
	local name=$1 status

	shift
	KTAP_N=$((KTAP_N + 1))
	("$@") </dev/null 2>&1 | sed 's/^\([^#]\)/# \1/'
	status=${PIPESTATUS[0]}
	case $status in
	0) echo "ok $KTAP_N $name" ;;
	"$KTAP_SKIP") echo "ok $KTAP_N $name # SKIP" ;;
	*)
		KTAP_FAILED=$((KTAP_FAILED + 1))
		echo "not ok $KTAP_N $name"
		;;
	esac
}

ktap_end()
{
	echo "1..$KTAP_N"
	[ $KTAP_FAILED -eq 0 ]
	exit
}
