# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the benchmark's scripts share; sourced, not run.

BENCH_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck disable=SC2034 # used by those who source this
PROJECT=$(cd "$BENCH_DIR/.." && pwd -P)

die()
{
	echo "$(basename "$0"): $*" >&2
	exit 2
}

# Called as need_value "$@" with an option and what follows it.
need_value()
{
	[ $# -ge 2 ] || die "option $1 needs a value; see --help"
}

# The folder of a results option, made if missing; as an absolute path.
results_dir()
{
	mkdir -p "$1" || die "cannot make the folder $1"
	(cd "$1" && pwd -P) || die "cannot enter the folder $1"
}

# Loads what the devices need in the VM, then becomes the command given.
# shellcheck disable=SC2034,SC2016
IN_VM='modprobe tun && modprobe vhost_net || exit 1; exec "$@"'

build()
{
	make -s -C "$BENCH_DIR" || die "the benchmark does not build; see above"
}

# The module built in the tree, if there is one. Sets modules and devices.
find_module()
{
	local file=$PROJECT/drivers/vhost/xnet/vhost_xnet.ko

	if [ ${#modules[@]} -eq 0 ] && [ -f "$file" ]; then
		modules=(--module "$file")
	fi
	if [ ${#devices[@]} -eq 0 ]; then
		devices=(--dev /dev/vhost-net)
		[ ${#modules[@]} -eq 0 ] || devices+=(--dev /dev/vhost-xnet)
	fi
}
