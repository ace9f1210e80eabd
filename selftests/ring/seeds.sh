#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A few beginnings for the fuzzer, written to the directory named. The bytes are
# what fuzz.c reads: two for the ring, then a step and what it needs.

dir=${1:?say which directory to write to}
mkdir -p "$dir" || exit

# Octal numbers become bytes.
bytes()
{
	for n; do
		# shellcheck disable=SC2059
		printf "\\$n"
	done
}

# Fetch, take, complete, publish, arm.
serve()
{
	bytes 10 100 12 100 13 100 14 0 15 0
}

# Flags, shape, and the descriptor flag that fits: transmit and receive, with the
# event index, with indirect tables, big-endian.
while read -r flags shape write; do
	name=$flags-$shape
	{
		# one descriptor, made available and served, twice
		bytes "$flags" "$shape" 0 0 0 10 "$write" 20 0 0 0 2 0 0 4 1
		serve
		bytes 2 1 0 4 1
		serve
	} >"$dir/one-$name"
	{
		# a chain of two, then a table
		bytes "$flags" "$shape" 0 0 0 10 $((write + 1)) 20 0 0 1 \
			0 1 1 20 "$write" 40 0 0 0 2 0 0 4 1
		serve
		bytes 1 0 0 10 "$write" 20 0 0 0 0 2 0 0 4 0 2 0 0 2 1 2 4 1
		serve
	} >"$dir/chain-$name"
	bytes "$flags" "$shape" 3 377 10 10 3 100 10 10 15 0 >"$dir/index-$name"
done <<END
0 4 0
1 4 2
3 64 2
6 70 0
7 10 2
27 210 2
17 3 2
END
