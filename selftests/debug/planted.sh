#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the VM: does wrong what trouble.ko can do wrong, one kind after
# another, and sees that each is noticed in the kernel's log. Prints KTAP. Last
# it leaks some memory.
#
# Usage: planted.sh MODULE KIND...

set -u
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source-path=SCRIPTDIR source=../vm/common.sh
. "$here/../vm/common.sh"
# shellcheck source-path=SCRIPTDIR source=../common/ktap.sh
. "$here/../common/ktap.sh"

trouble=$1
shift

noticed()
{
	local line

	echo "xnet-planted: $1" >/dev/kmsg
	insmod "$trouble" "kind=$1" 2>/dev/null && echo "the module stayed" && return 1
	# Some reports come a little later.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		if line=$(dmesg | sed "1,/xnet-planted: $1\$/d" | kernel_trouble); then
			echo "${line#*:}"
			return 0
		fi
		sleep 1
	done
	echo "not noticed; the log:"
	dmesg | sed "1,/xnet-planted: $1\$/d" | tail -n 20
	return 1
}

# A foreign race is no trouble of ours.
if [ "$1" = foreign-race ]; then
	shift
	foreign()
	{
		echo "xnet-planted: foreign" >/dev/kmsg
		insmod "$trouble" kind=race 2>/dev/null
		dmesg | grep -q 'KCSAN: data-race in .*trouble' || {
			echo "KCSAN did not see it"
			return 1
		}
		! dmesg | kernel_trouble
	}
	try "a race elsewhere is not counted" foreign
fi
for kind; do
	try "planted: $kind" noticed "$kind"
done
# The VM looks for leaks when this script has ended.
insmod "$trouble" kind=leak 2>/dev/null
ktap_end
