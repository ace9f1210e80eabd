#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The device driven by a 32-bit process. Time limit: 300 s

# shellcheck source-path=SCRIPTDIR source=../common/ktap.sh
. "$(dirname "$0")/../common/ktap.sh"

program=${XNET_TESTS:?XNET_TESTS must name the folder of the programs}/m32/compat32

[ -x "$program" ] || {
	echo "Bail out! there is no $program: make -C selftests m32"
	exit 1
}
# What runs has its own exit status, and has said everything.
"$program" 2>&1
status=$?
[ $status -eq 126 ] || exit $status

skip()
{
	remark "this kernel runs no 32-bit programs (CONFIG_IA32_EMULATION)"
	return "$KTAP_SKIP"
}

try compat32 skip
ktap_end
