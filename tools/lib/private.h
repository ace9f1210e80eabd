/* SPDX-License-Identifier: GPL-2.0-only */
/* What the library's files share and its users do not see. */
#ifndef XGUEST_PRIVATE_H
#define XGUEST_PRIVATE_H

#include "xguest.h"

/* A 64-bit field as "%llu" wants it, on 32-bit machines too. */
#define XG_SCAN(field)	((unsigned long long *)&(field))

#define XG_NO_SLOT	0xffff	/* no descriptor: rings have at most 32768 */

/**
 * struct xg_slot - what the driver remembers of a ring descriptor
 * @next: following descriptor, in the free list or in its buffer's chain
 * @prev: preceding descriptor in the free list
 * @busy: taken by a buffer in flight
 * @count: descriptors in the chain when it is a buffer's first one, else 0
 * @writable: bytes that the device may write to that buffer
 * @cookie: the caller's
 * @table: guest address of its own indirect table, 0 for none
 *
 * The device may not write descriptors, but tests do: chains are followed
 * here and never in the ring.
 */
struct xg_slot {
	uint16_t next;
	uint16_t prev;
	bool busy;
	uint16_t count;
	uint64_t writable;
	uintptr_t cookie;
	uint64_t table;
};

/**
 * struct xg_ring_ops - a ring format
 * @size: bytes of the three parts for @num entries
 * @map: point the queue at its parts, all three present in guest memory
 * @reset: fresh ring memory, starting at index @base
 * @add: see xg_vq_add()
 * @publish: see xg_vq_publish()
 * @wants_kick: see xg_vq_wants_kick()
 * @pending: see xg_vq_pending()
 * @pop: see xg_vq_pop()
 * @arm: see xg_vq_arm()
 * @disarm: see xg_vq_disarm()
 * @base: the number that VHOST_SET_VRING_BASE takes now
 */
struct xg_ring_ops {
	void (*size)(unsigned int num, uint64_t part[3]);
	void (*map)(struct xg_vq *vq, void *desc, void *driver, void *device);
	void (*reset)(struct xg_vq *vq, uint16_t base);
	int (*add)(struct xg_vq *vq, const struct xg_seg *seg, unsigned int n,
		   struct xg_chain *chain, uintptr_t cookie);
	void (*publish)(struct xg_vq *vq);
	bool (*wants_kick)(const struct xg_vq *vq);
	unsigned int (*pending)(const struct xg_vq *vq);
	int (*pop)(struct xg_vq *vq, struct xg_used *used);
	bool (*arm)(struct xg_vq *vq, unsigned int after);
	void (*disarm)(struct xg_vq *vq);
	unsigned int (*base)(const struct xg_vq *vq);
};

extern const struct xg_ring_ops xg_ring_split;

/* Remember @step for xg_step() when @ret is an error; hand @ret through. */
int xg_note(const char *step, int ret);

/** xg_event_wait_plain() - as xg_event_wait(), for so long and not longer. */
int64_t xg_event_wait_plain(int fd, int timeout_ms);

/* One of the SIOC* requests about a network device (tap.c). */
int xg_netdev_ioctl(const char *step, unsigned long req, struct ifreq *ifr);

/* The free list of ring descriptors (slot.c). */
void xg_slots_reset(struct xg_vq *vq);
void xg_slot_take(struct xg_vq *vq, uint16_t id);
void xg_slot_give(struct xg_vq *vq, uint16_t id);
int xg_slots_pick(struct xg_vq *vq, unsigned int n, struct xg_chain *chain);
uint32_t xg_random(uint32_t *state);

#endif /* XGUEST_PRIVATE_H */
