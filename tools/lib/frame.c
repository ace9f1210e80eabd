// SPDX-License-Identifier: GPL-2.0-only
/* Frames whose content can be foretold. */
#include <string.h>

#include "private.h"

#define SEED_OFFSET	14
#define PATTERN_OFFSET	18

static const uint8_t header[SEED_OFFSET] = {
	0x02, 0, 0, 0, 0, 1,
	0x02, 0, 0, 0, 0, 2,
	XG_ETHERTYPE >> 8, XG_ETHERTYPE & 0xff,
};

static void prefix(uint8_t p[PATTERN_OFFSET], uint32_t seed)
{
	memcpy(p, header, sizeof(header));
	memcpy(p + SEED_OFFSET, &seed, sizeof(seed));
}

/*
 * Patterns are windows of one table of pseudo-random bytes, so that to write or
 * compare a frame costs no more than to copy it. A window's start differs from
 * one (length, seed) to the next; a frame shifted by a byte is a wrong frame.
 */
#define WINDOWS		0x10000
static uint8_t table[WINDOWS + 0x11000];
static bool table_ready;

static const uint8_t *pattern(size_t len, uint32_t seed)
{
	uint32_t start = (seed * 2654435761u) ^ ((uint32_t)len * 40503u) ^ 0x5bd1e995u;
	uint32_t state = 0x9e3779b9u;
	size_t at;

	if (!table_ready) {
		for (at = 0; at < sizeof(table); at += sizeof(state)) {
			uint32_t word = xg_random(&state);

			memcpy(table + at, &word, sizeof(word));
		}
		table_ready = true;
	}
	return table + (start ^ start >> 16) % WINDOWS;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* What follows the prefix, a window at a time. */
static size_t window(size_t len, size_t at)
{
	return smaller(len - at, sizeof(table) - WINDOWS);
}

void xg_frame_fill(void *frame, size_t len, uint32_t seed)
{
	const uint8_t *want = pattern(len, seed);
	uint8_t first[PATTERN_OFFSET];
	size_t at, n;

	prefix(first, seed);
	memcpy(frame, first, smaller(len, sizeof(first)));
	for (at = PATTERN_OFFSET; at < len; at += n) {
		n = window(len, at);
		memcpy((char *)frame + at, want, n);
	}
}

static ssize_t differ(const uint8_t *frame, const void *want, size_t at, size_t n)
{
	const uint8_t *w = want;
	size_t i;

	if (!memcmp(frame + at, w, n))
		return -1;
	for (i = 0; frame[at + i] == w[i]; i++)
		;
	return at + i;
}

ssize_t xg_frame_check(const void *frame, size_t len, uint32_t seed)
{
	const uint8_t *want = pattern(len, seed);
	uint8_t first[PATTERN_OFFSET];
	ssize_t wrong;
	size_t at, n;

	prefix(first, seed);
	wrong = differ(frame, first, 0, smaller(len, sizeof(first)));
	for (at = PATTERN_OFFSET; wrong < 0 && at < len; at += n) {
		n = window(len, at);
		wrong = differ(frame, want, at, n);
	}
	return wrong;
}

uint32_t xg_frame_seed(const void *frame)
{
	uint32_t seed;

	memcpy(&seed, (const char *)frame + SEED_OFFSET, sizeof(seed));
	return seed;
}
