/* SPDX-License-Identifier: GPL-2.0-only */
/* A scenario while it is played to a device; between scene.c, step.c and look.c. */
#ifndef DIFF_PLAY_H
#define DIFF_PLAY_H

#include "data.h"

#define FILL		0xee
#define MEMORY		(24 << 20)

/* For its memory, what is below it and the holes in it. */
#define LOG_WORDS	((MEMORY + (2 << 20)) / (64 * XG_LOG_PAGE))

/**
 * struct play - a scenario on a device
 * @sc: the scenario
 * @net: the device
 * @log: its dirty log
 * @pkt: packet socket at the tap's far end
 * @rng: state of the choices; the same on both devices
 * @seen: used index of each queue that was noted last
 * @written: pages that the device has written to since the log was looked at
 * @hints: pages of the fields by which the receive queue asks for notifications
 * @notes: what was seen
 * @size: bytes posted of each receive buffer
 * @at: where it begins
 * @held: bytes of all receive buffers that the device holds
 * @longest: longest frame sent to the guest, with its header
 * @frame: room for a frame
 */
struct play {
	const struct scene *sc;
	struct xg_net net;
	struct xg_log log;
	int pkt;
	uint64_t rng;
	uint16_t seen[XG_MAX_VQS];
	uint64_t written[LOG_WORDS];
	uint64_t hints[LOG_WORDS];
	struct notes *notes;
	uint32_t size[1024];
	uint64_t at[1024];
	uint32_t held;
	uint32_t longest;
	uint8_t frame[XG_MAX_FRAME + 64];
};

/** note() - note something. */
static inline void note(struct play *p, enum topic about, unsigned int queue, uint64_t a,
			uint64_t b)
{
	struct notes *all = p->notes;

	if (all->n < MAX_NOTES)
		all->note[all->n++] = (struct note){ about, queue, a, b };
}

/**
 * play_step() - do the next thing, chosen at random
 * @p: a scenario that is played
 *
 * Return: 0 or a negative errno.
 */
int play_step(struct play *p);

/**
 * play_ill() - make a ring that makes no sense
 * @p: a scenario that is played
 *
 * Return: 0 or a negative errno.
 */
int play_ill(struct play *p);

/**
 * play_look() - note everything that can be seen now
 * @p: a scenario that is played
 *
 * Return: 0 or a negative errno.
 */
int play_look(struct play *p);

/** mark_pages() - add the pages of @len bytes at @gpa to a bitmap of LOG_WORDS. */
void mark_pages(uint64_t *pages, uint64_t gpa, uint64_t len);

#endif /* DIFF_PLAY_H */
