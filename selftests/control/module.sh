#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Loading and unloading the module. Time limit: 900 s
# Programs: control/iotlb_room

# shellcheck source-path=SCRIPTDIR source=../common/ktap.sh
. "$(dirname "$0")/../common/ktap.sh"

case ${XNET_DEV:-/dev/vhost-xnet} in
*xnet) module=vhost_xnet ;;
*)
	try module exit "$KTAP_SKIP"
	ktap_end
	;;
esac
file=${XNET_MODULE:?XNET_MODULE must name the module file}
rounds=50

fail()
{
	echo "$*"
	exit 1
}

loaded()
{
	[ -d /sys/module/$module ]
}

reload()
{
	loaded || insmod "$file" || fail "insmod failed"
}

refused_while_open()
{
	reload
	exec 9<>/dev/vhost-xnet || fail "the device cannot be opened"
	rmmod $module 2>/dev/null && fail "rmmod of a module in use succeeded"
	loaded || fail "the module is gone"
	[ -c /dev/vhost-xnet ] || fail "the node is gone"
	[ "$(cat /sys/module/$module/refcnt)" = 1 ] || fail "refcnt is not 1"
	exec 9>&-
	[ "$(cat /sys/module/$module/refcnt)" = 0 ] || fail "refcnt is not 0"
}

nothing_left()
{
	reload
	rmmod $module || fail "rmmod failed"
	loaded && fail "/sys/module/$module is still there"
	[ -e /dev/vhost-xnet ] && fail "/dev/vhost-xnet is still there"
	grep -q vhost-xnet /proc/misc && fail "/proc/misc still names it"
	grep -q "\[$module\]" /proc/kallsyms && fail "symbols are still there"
	[ -z "$(workers)" ] || fail "workers are still there: $(workers)"
	return 0
}

# Threads named vhost-*.
workers()
{
	local comm

	for comm in /proc/[0-9]*/comm; do
		grep -H '^vhost-' "$comm" 2>/dev/null
	done
}

# The kernel's own memory, in KiB.
kernel_memory()
{
	awk '/^(SUnreclaim|VmallocUsed|KernelStack|Percpu):/ { n += $2 } END { print n }' \
		/proc/meminfo
}

# Loads, opens, closes and unloads it.
round()
{
	insmod "$file" || fail "insmod failed in round $1"
	exec 9<>/dev/vhost-xnet || fail "the device cannot be opened in round $1"
	exec 9>&-
	rmmod $module || fail "rmmod failed in round $1"
}

many_rounds()
{
	local before after i

	loaded && rmmod $module
	for i in 1 2 3 4 5; do
		round "$i"
	done
	sleep 1
	before=$(kernel_memory)
	for ((i = 1; i <= rounds; i++)); do
		round "$i"
	done
	for i in 1 2 3 4 5 6; do
		after=$(kernel_memory)
		# The module itself is some 100 KiB: one lost in a round shows.
		[ $((after - before)) -lt 3000 ] && break
		sleep 1
	done
	echo "$rounds rounds, kernel memory grew by $((after - before)) KiB"
	[ $((after - before)) -lt 3000 ] || fail "that is too much"
	[ -z "$(workers)" ] || fail "workers are still there"
	nothing_left
}

parameters()
{
	local dir=/sys/module/$module/parameters

	loaded && rmmod $module
	insmod "$file" max_mem_regions=7 || fail "insmod with a parameter failed"
	[ "$(cat $dir/max_mem_regions)" = 7 ] || fail "the parameter has no effect"
	rmmod $module
	insmod "$file" max_mem_regions=nonsense 2>/dev/null &&
		fail "a parameter that is no number was taken"
	insmod "$file" || fail "insmod failed"
	[ "$(cat $dir/max_mem_regions)" = 509 ] || fail "the default is not 509"
}

# Each size of an IOTLB is what the program finds; with those that cannot be there is
# none. Of its two tests one is about the former, the other about the latter.
iotlb_entries()
{
	local n log

	loaded && rmmod $module
	for n in 3 4 100 0 -5 100000000 2147483647; do
		insmod "$file" max_iotlb_entries=$n || fail "insmod with max_iotlb_entries=$n failed"
		log=$("${XNET_TESTS:?}/control/iotlb_room" 2>&1) || fail "$n entries: $log"
		[ "$(grep -c '# SKIP' <<<"$log")" = 1 ] || fail "$n entries: $log"
		rmmod $module || fail "rmmod failed after $n entries"
	done
	insmod "$file" max_iotlb_entries=none 2>/dev/null &&
		fail "a number of entries that is no number was taken"
	return 0
}

twice()
{
	reload
	insmod "$file" 2>/dev/null && fail "it was loaded twice"
	loaded && [ -c /dev/vhost-xnet ] || fail "the first one suffered"
}

try refused_while_open refused_while_open
try nothing_left nothing_left
try many_rounds many_rounds
try parameters parameters
try iotlb_entries iotlb_entries
try twice twice
reload
ktap_end
