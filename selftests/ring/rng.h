/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers to choose by: from a seed, or from the bytes a fuzzer gives. */
#ifndef _RNG_H
#define _RNG_H

#include "shim/shim.h"

/**
 * struct rng - a source of choices
 * @state: of the generator
 * @data: bytes to choose by instead, or NULL
 * @left: how many of them are left; zeros follow
 */
struct rng {
	u64 state;
	const u8 *data;
	size_t left;
};

/* splitmix64, as published by its author as public domain */
static inline u64 rng_mix(u64 z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline u64 rng_bytes(struct rng *rng, unsigned int n)
{
	u64 v = 0;

	if (!rng->data) {
		rng->state += 0x9e3779b97f4a7c15ULL;
		return rng_mix(rng->state);
	}
	while (n-- && rng->left) {
		v = v << 8 | *rng->data++;
		rng->left--;
	}
	return v;
}

/* 0 to @n - 1; @n at least 1 */
static inline u32 rng_below(struct rng *rng, u32 n)
{
	return rng_bytes(rng, n <= 256 ? 1 : n <= 65536 ? 2 : 4) % n;
}

/* @low to @high */
static inline u32 rng_range(struct rng *rng, u32 low, u32 high)
{
	return low + rng_below(rng, high - low + 1);
}

static inline bool rng_chance(struct rng *rng, unsigned int percent)
{
	return rng_below(rng, 100) < percent;
}

static inline u64 rng_u64(struct rng *rng)
{
	return rng_bytes(rng, 8);
}

#endif /* _RNG_H */
