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

# What the kernel's log says since the mark of that name.
log_since()
{
	dmesg | sed "1,/xnet-planted: $1\$/d"
}

# complaint NAME SECONDS: some reports come a little later.
complaint()
{
	local line n

	for ((n = 0; n < $2; n++)); do
		if line=$(log_since "$1" | kernel_trouble); then
			echo "${line#*:}"
			return 0
		fi
		sleep 1
	done
	echo "not noticed; the log:"
	log_since "$1" | tail -n 20
	return 1
}

# noticed NAME [MODULE [KIND]]
noticed()
{
	echo "xnet-planted: $1" >/dev/kmsg
	insmod "${2:-$trouble}" "kind=${3:-$1}" 2>/dev/null && echo "the module stayed" && return 1
	complaint "$1" 10
}

# A list that is broken ends the task that comes upon it, and elsewhere the machine.
noticed_list()
{
	local status

	echo 0 >/proc/sys/kernel/panic_on_oops
	noticed list
	status=$?
	echo 1 >/proc/sys/kernel/panic_on_oops
	return $status
}

# Ends only when told to, so that it is seen however slow the machine is.
noticed_stuck()
{
	local patience=/proc/sys/kernel/hung_task_timeout_secs pid status before

	before=$(cat $patience)
	echo 2 >$patience
	echo "xnet-planted: stuck" >/dev/kmsg
	insmod "$trouble" kind=stuck 2>/dev/null &
	pid=$!
	complaint stuck 120
	status=$?
	echo "$before" >$patience
	echo 1 >/sys/module/trouble/parameters/enough
	wait $pid
	return $status
}

# Not of the kernel: tests that cannot make things fail must say so and not be skipped.
noticed_no_faults()
{
	unshare -m sh -c 'umount /sys/kernel/debug && "$1"' - "$here/../build/control/fault" >/tmp/log
	grep -q '^not ok' /tmp/log && ! grep '^ok' /tmp/log && return
	cat /tmp/log
	return 1
}

# A race elsewhere is no trouble of ours.
noticed_foreign_race()
{
	echo "xnet-planted: foreign" >/dev/kmsg
	insmod "$trouble" kind=race 2>/dev/null
	dmesg | grep -q 'KCSAN: data-race in .*trouble' || {
		echo "KCSAN did not see it"
		return 1
	}
	! dmesg | kernel_trouble
}

# The same module, under the name of the one that is tested.
noticed_own_race()
{
	noticed own-race "${trouble%/*}/vhost_xnet.ko" race
}

for kind; do
	case $kind in
	foreign-race) try "a race elsewhere is not counted" noticed_foreign_race ;;
	own-race) try "planted: a race of the module's" noticed_own_race ;;
	no-faults) try "planted: nothing can be made to fail" noticed_no_faults ;;
	list | stuck) try "planted: $kind" "noticed_$kind" ;;
	*) try "planted: $kind" noticed "$kind" ;;
	esac
done
# The VM looks for leaks when this script has ended.
insmod "$trouble" kind=leak 2>/dev/null
ktap_end
