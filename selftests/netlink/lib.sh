# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of xnetctl are written with. A test ends by returning
# (passed), by fail or by skip.

X=$HERE/../../tools/xnetctl/xnetctl

fail()
{
	echo "FAILED: $1"
	echo "status ${ST-}, stdout:"
	cat out 2>/dev/null
	echo "stderr:"
	cat err 2>/dev/null
	exit 1
}

skip()
{
	echo "$1"
	exit 4
}

# Run xnetctl: its status in ST, what it printed in out and err.
x()
{
	ST=0
	"$X" "$@" >out 2>err || ST=$?
}

expect_ok()
{
	[ "$ST" = 0 ] || fail "status $ST"
	[ ! -s err ] || fail "something on stderr"
}

# expect_error STATUS SENTENCE: failed with exactly this, and printed nothing else.
expect_error()
{
	[ "$ST" = "$1" ] || fail "status $ST where $1 was expected"
	[ "$(cat err)" = "xnetctl: $2" ] || fail "expected: xnetctl: $2"
	[ ! -s out ] || fail "something on stdout"
}

# A line of the output that matches all of an extended regular expression.
expect_line()
{
	grep -qxE -e "$1" out || fail "no line that matches '$1'"
}

expect_no_line()
{
	! grep -qxE -e "$1" out || fail "a line that matches '$1'"
}

# expect_json EXPRESSION: true in Python, of what was printed (d).
expect_json()
{
	/usr/bin/python3 -c '
import json, sys
d = json.load(open("out"))
sys.exit(0 if eval(sys.argv[1]) else 1)' "$1" || fail "not so: $1"
}
