/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenarios of traffic, and what a device makes of them.
 *
 * A scenario follows from its seed alone. It is played to two devices; between
 * its steps a device has done all that it can. What is to be seen from outside
 * is noted, and the notes of both have to be the same.
 */
#ifndef DIFF_DATA_H
#define DIFF_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xguest.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define MAX_NOTES	16384
#define MAX_STEPS	24

/**
 * enum topic - what a note is about
 * @N_STEP: what was done: @a kind, @b amount
 * @N_KICK_WANTED: did the device ask to be kicked for it?
 * @N_USED_IDX: index of the used ring
 * @N_USED: an element of the used ring: @a id, @b length
 * @N_CALL: @a: was the guest called? @b: did it have to be?
 * @N_ERROR: was the error eventfd signalled?
 * @N_ASKS: what the device writes to be kicked or not: @a flags, @b event index
 * @N_BASE: GET_VRING_BASE after a stop
 * @N_RX_HDR: header of a received frame without num_buffers
 * @N_RX_NUM: its num_buffers, if the header has it
 * @N_RX_BYTES: hash of all bytes of a receive buffer behind the header
 * @N_TX_FRAMES: frames that came out of the tap
 * @N_TX_FRAME: one of them: @a length, @b hash
 * @N_LOG: a word of the dirty log that is not zero: @a which, @b its bits
 * @N_LOG_HINT: how many are dirty of the pages by which a receive queue asks to be kicked or not
 * @N_LOG_LACKS: pages that were written to, as the used rings say, and not logged
 * @N_RESULT: return value of a control call
 * @N_TO_SEND: a frame handed to the device: @a length, gso_type and flags, @b the rest of
 *	its header
 * @N_WISH: when the driver wants a call: @a used index seen, @b event index, or flags
 * @N_HELD: receive buffers that the device holds: @a how many, @b their bytes, and in the
 *	upper half the length of the longest frame sent so far, with its header
 */
enum topic {
	N_STEP,
	N_KICK_WANTED,
	N_USED_IDX,
	N_USED,
	N_CALL,
	N_ERROR,
	N_ASKS,
	N_BASE,
	N_RX_HDR,
	N_RX_NUM,
	N_RX_BYTES,
	N_TX_FRAMES,
	N_TX_FRAME,
	N_LOG,
	N_LOG_HINT,
	N_LOG_LACKS,
	N_RESULT,
	N_WISH,
	N_TO_SEND,
	N_HELD,
	N_END
};

/**
 * struct note - something seen
 * @topic: what it is about
 * @queue: which queue
 * @a: depends on @topic
 * @b: depends on @topic
 */
struct note {
	uint8_t topic;
	uint8_t queue;
	uint64_t a;
	uint64_t b;
};

/**
 * struct notes - all that was seen of a device
 * @n: how many
 * @outside: note from which on a frame was sent whose checksum lies outside of it
 * @note: the notes
 */
struct notes {
	unsigned int n;
	unsigned int outside;
	struct note note[MAX_NOTES];
};

/**
 * struct scene - a scenario
 * @seed: it follows from this
 * @features: negotiated
 * @num: ring size
 * @base: first ring index
 * @regions: regions of memory
 * @hole: bytes between them
 * @tx_buf: longest transmitted frame with its header
 * @rx_buf: longest receive buffer
 * @mtu: of the tap
 * @sndbuf: send buffer of the tap, 0 for no limit
 * @steps: how many steps
 * @log: dirty pages are logged
 * @ill: the last step is a malformed ring
 */
struct scene {
	uint64_t seed;
	uint64_t features;
	unsigned int num;
	uint16_t base;
	unsigned int regions;
	uint64_t hole;
	uint32_t tx_buf;
	uint32_t rx_buf;
	int mtu;
	int sndbuf;
	unsigned int steps;
	bool log;
	bool ill;
};

/** rnd() - the next pseudo-random number of a state. */
static inline uint64_t rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/** rnd_below() - one of 0 to @n - 1. */
static inline uint64_t rnd_below(uint64_t *state, uint64_t n)
{
	return rnd(state) % n;
}

/** rnd_once() - true once in @n times. */
static inline bool rnd_once(uint64_t *state, unsigned int n)
{
	return rnd_below(state, n) == 0;
}

/** fnv() - hash of some bytes. */
static inline uint64_t fnv(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

/**
 * scene_make() - make a scenario
 * @sc: filled in
 * @seed: any number
 * @features: what both devices offer
 */
void scene_make(struct scene *sc, uint64_t seed, uint64_t features);

/** scene_show() - print a scenario. */
void scene_show(const struct scene *sc);

/**
 * scene_play() - play a scenario to a device
 * @sc: the scenario
 * @path: the device
 * @notes: what was seen
 *
 * Return: 0, or a negative errno with xg_step() naming what failed.
 */
int scene_play(const struct scene *sc, const char *path, struct notes *notes);

/**
 * meant_data() - is a difference of the table?
 * @sc: the scenario
 * @all: all that was seen of the reference
 * @net: the note of the reference, one of @all
 * @xnet: the note of the device under test
 * @apart: set if nothing after it can be compared
 */
bool meant_data(const struct scene *sc, const struct notes *all, const struct note *net,
		const struct note *xnet, bool *apart);

/** meant_data_unused() - name entries that never applied but should have. Return: how many. */
unsigned int meant_data_unused(void);

/** meant_data_print() - the table, as lines of reStructuredText. */
void meant_data_print(void);

#endif /* DIFF_DATA_H */
