/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring contract: what the network code may ask of a virtqueue's ring,
 * whatever its format.
 *
 * A ring carries buffers one way, from the driver's point of view "out" (the
 * device reads them: transmit) or "in" (the device writes them: receive). Each
 * buffer is a chain of descriptors, handed on as user-space segments.
 *
 * The life of a buffer is: fetched into the look-ahead, taken, completed,
 * published. Fetching has no effect that the guest can see, so a buffer may
 * stay in the look-ahead for as long as one likes, or be forgotten and fetched
 * again. A taken buffer must be completed. Completions become visible to the
 * guest when they are published, all at once.
 *
 * Everything is batched so that the choice of the format costs one test for
 * many buffers, and one opening of user access serves many descriptors.
 *
 * Memory barriers, each with its partner in the driver (virtio 1.3, 2.7.13):
 *
 *  xnet_ring_fetch()    read avail idx; rmb; read the entries behind it
 *      pairs with       driver: write entries; wmb; write avail idx
 *  xnet_ring_publish()  write used entries; wmb; write used idx
 *      pairs with       driver: read used idx; rmb; read the entries behind it
 *  xnet_ring_publish()  write used idx; mb; read used_event or avail flags
 *      pairs with       driver: write used_event or flags; mb; read used idx
 *  xnet_ring_arm()      write avail_event or used flags; mb; read avail idx
 *      pairs with       driver: write avail idx; mb; read avail_event or flags
 *
 * The second and the fourth pair are what keeps either side from sleeping
 * while the other believes that it was told.
 *
 * Every function here is for the thread that owns the ring: the queue's worker
 * while the queue runs, otherwise whoever holds the device mutex. All of them
 * may sleep, as the guest's memory may be paged out. Errors are negative
 * errnos and mean that the ring is broken; @fault then says why.
 *
 * What these functions write to the device area they log, if the owner wishes,
 * before they return; see log.h. What is written into buffers is for those to
 * log who write it.
 */
#ifndef _XNET_RING_H
#define _XNET_RING_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/virtio_ring.h>

#include "iotlb.h"
#include "log.h"
#include "mem.h"

/* The most descriptors of a chain, and segments of a frame; vhost-net's limit too. */
#define XNET_MAX_SEGS	1024

/* How many buffers are fetched, and frames handed on, at once. */
#define XNET_BATCH	64

/**
 * enum xnet_fault - what was wrong with a ring
 * @XNET_FAULT_NONE: nothing
 * @XNET_FAULT_RING_ACCESS: the ring's own memory is not mapped by the owner
 * @XNET_FAULT_AVAIL_IDX: the driver's index is further ahead than the ring is long
 * @XNET_FAULT_HEAD: the available ring names a descriptor that does not exist
 * @XNET_FAULT_NEXT: a chain runs on to a descriptor that does not exist
 * @XNET_FAULT_LOOP: a chain has more descriptors than its table, so it runs in a circle
 * @XNET_FAULT_DIRECTION: a readable descriptor where only writable ones may be, or the reverse
 * @XNET_FAULT_INDIRECT: an indirect table that is empty, ragged, nested, continued or was not
 *	negotiated
 * @XNET_FAULT_ADDRESS: a descriptor or an indirect table outside the guest's memory
 * @XNET_FAULT_LENGTH: a chain without a byte, where there has to be one, or of more than 4 GiB
 * @XNET_FAULT_SEGMENTS: a chain of more than XNET_MAX_SEGS descriptors or segments; the
 *	descriptor that refers to an indirect table does not count
 * @XNET_FAULT_LOG: what was written could not be noted in the dirty log
 * @XNET_FAULT_PERMISSION: the IOTLB does not let the device do what the ring or a
 *	descriptor asks for
 * @XNET_NR_FAULTS: how many there are
 *
 * The order is that of the netlink family's enumeration.
 */
enum xnet_fault {
	XNET_FAULT_NONE,
	XNET_FAULT_RING_ACCESS,
	XNET_FAULT_AVAIL_IDX,
	XNET_FAULT_HEAD,
	XNET_FAULT_NEXT,
	XNET_FAULT_LOOP,
	XNET_FAULT_DIRECTION,
	XNET_FAULT_INDIRECT,
	XNET_FAULT_ADDRESS,
	XNET_FAULT_LENGTH,
	XNET_FAULT_SEGMENTS,
	XNET_FAULT_LOG,
	XNET_FAULT_PERMISSION,
	XNET_NR_FAULTS
};

/**
 * struct xnet_buf - one buffer in the look-ahead
 * @id: what the driver knows it by
 * @seg: index of its first segment
 * @nsegs: how many segments it has
 * @len: bytes in all of them
 *
 * The segments of neighbouring buffers are neighbours too.
 */
struct xnet_buf {
	u16 id;
	u16 seg;
	u16 nsegs;
	u32 len;
};

/**
 * struct xnet_done - one completion
 * @id: the buffer's id
 * @len: bytes the device wrote into it
 */
struct xnet_done {
	u32 id;
	u32 len;
};

/**
 * enum xnet_area - the parts of a ring
 * @XNET_AREA_DESC: descriptor table
 * @XNET_AREA_AVAIL: driver area
 * @XNET_AREA_USED: device area
 * @XNET_NR_AREAS: how many there are
 */
enum xnet_area {
	XNET_AREA_DESC,
	XNET_AREA_AVAIL,
	XNET_AREA_USED,
	XNET_NR_AREAS
};

/**
 * struct xnet_ring_miss - what an IOTLB lacked
 * @iova: the first address of which nothing was known
 * @perm: VHOST_ACCESS_RO or VHOST_ACCESS_WO, what the device wanted to do there; 0 for no miss
 */
struct xnet_ring_miss {
	u64 iova;
	u8 perm;
};

/**
 * struct xnet_ring - a ring and where the device stands in it
 * @map: the map by which descriptors are translated; empty behind an IOTLB
 * @desc: descriptor table, in the owner's memory; ringmem.h says what if it is scattered
 * @avail: driver area, likewise
 * @used: device area, likewise
 * @scattered: a bit for each enum xnet_area that is not one piece of the owner's memory
 * @placed: the areas have been looked up since the IOTLB last changed, or there is none
 * @num: size of the ring, a power of two from 1 to 32768
 * @in: the device writes into the buffers (receive)
 * @event_idx: VIRTIO_RING_F_EVENT_IDX was negotiated
 * @indirect: VIRTIO_RING_F_INDIRECT_DESC was negotiated
 * @notify_on_empty: VIRTIO_F_NOTIFY_ON_EMPTY was negotiated
 * @le: ring fields are little-endian (VIRTIO_F_VERSION_1, or a little-endian legacy guest)
 * @avail_idx: the driver's index as last read
 * @fetched: index of the next entry to fetch
 * @taken: index of the next entry to take; what GET_VRING_BASE tells
 * @used_idx: index of the next completion to publish
 * @staged: completions written behind @used_idx and not yet published
 * @signalled: @used_idx when the guest was last signalled
 * @signalled_valid: @signalled means something
 * @used_flags: the flags word of the device area as last written
 * @log: the dirty log; changed as @mem is
 * @fault: why the ring is broken
 * @hint: region that served the last descriptor
 * @indirect_hint: region that served the last indirect table
 * @first: first buffer of the look-ahead that was not taken
 * @end: end of the look-ahead; @end - @first is @fetched - @taken
 * @nsegs: segments in use
 * @max_bufs: room in @bufs
 * @bufs: the look-ahead
 * @segs: XNET_MAX_SEGS segments
 * @descs: room for XNET_BATCH descriptors
 * @mem: the guest's memory map, also behind an IOTLB
 * @iotlb: the table by which everything is translated if the ring is behind an IOTLB, or NULL
 * @iova: where the areas are, as the owner has set it
 * @area_hint: entries of @iotlb that served the areas last
 * @miss: what @iotlb lacked, if the last call gave -EAGAIN
 */
struct xnet_ring {
	const struct xnet_mem *map;
	struct vring_desc __user *desc;
	struct vring_avail __user *avail;
	struct vring_used __user *used;
	u32 num;
	u8 scattered;
	bool placed;
	bool in;
	bool event_idx;
	bool indirect;
	bool notify_on_empty;
	bool le;

	u16 avail_idx;
	u16 fetched;
	u16 taken;
	u16 used_idx;
	u16 staged;
	u16 signalled;
	bool signalled_valid;
	u16 used_flags;
	struct xnet_log log;
	enum xnet_fault fault;
	u32 hint;
	u32 indirect_hint;

	u16 first;
	u16 end;
	u16 nsegs;
	u16 max_bufs;
	struct xnet_buf *bufs;
	struct iovec *segs;
	struct vring_desc *descs;

	const struct xnet_mem *mem;
	const struct xnet_iotlb *iotlb;
	u64 iova[XNET_NR_AREAS];
	u32 area_hint[XNET_NR_AREAS];
	struct xnet_ring_miss miss;
};

void xnet_ring_set_areas(struct xnet_ring *ring, unsigned long desc, unsigned long avail,
			 unsigned long used);
void xnet_ring_set_tables(struct xnet_ring *ring, const struct xnet_mem *mem,
			  const struct xnet_iotlb *iotlb);

/* The split format, ring_split.c; called through the names below only. */
int xnet_split_place(struct xnet_ring *ring);
int xnet_split_start(struct xnet_ring *ring);
int xnet_split_fetch(struct xnet_ring *ring, unsigned int want);
int xnet_split_complete(struct xnet_ring *ring, const struct xnet_done *done, unsigned int n);
int xnet_split_publish(struct xnet_ring *ring);
int xnet_split_arm(struct xnet_ring *ring);
int xnet_split_disarm(struct xnet_ring *ring);
int xnet_split_poll(struct xnet_ring *ring);

/**
 * xnet_ring_place() - find a ring's memory behind an IOTLB
 * @ring: the addresses, size, features and tables are set
 *
 * Has to be done before the ring is used again, but for xnet_ring_start(),
 * whenever @placed is not set.
 *
 * Return: 0; -EAGAIN if the IOTLB lacks something, which is noted in @miss; or
 * another negative errno.
 */
static inline int xnet_ring_place(struct xnet_ring *ring)
{
	return xnet_split_place(ring);
}

/**
 * xnet_ring_start() - begin at the position set, with the guest's device area
 * @ring: the addresses, size, features, @taken, the tables and the arrays are set
 *
 * Forgets the look-ahead and any fault; notifications are left on.
 *
 * Return: 0 or -EFAULT; if that is for something that the IOTLB lacks it is
 * noted in @miss, otherwise @perm is 0 there.
 */
static inline int xnet_ring_start(struct xnet_ring *ring)
{
	return xnet_split_start(ring);
}

/**
 * xnet_ring_fetch() - have buffers in the look-ahead
 * @ring: a started ring
 * @want: how many are wished for; more than @max_bufs is the same as @max_bufs
 *
 * Looks at what the driver has made available until the look-ahead holds
 * @want buffers or there is no more, or no more room (see xnet_ring_full()).
 * Moves the look-ahead to the front if it needs to, so positions, as @first,
 * and pointers into it do not survive the call.
 *
 * A malformed buffer is reported only when it is the next one to be added, so
 * that those before it are served. The same goes for one of which the IOTLB
 * lacks something: that is no fault, and the call may be repeated when @miss has
 * been answered.
 *
 * Return: how many buffers the look-ahead holds; -EAGAIN if the IOTLB lacks
 * something for the next one; or another negative errno.
 */
static inline int xnet_ring_fetch(struct xnet_ring *ring, unsigned int want)
{
	return xnet_split_fetch(ring, want);
}

/**
 * xnet_ring_ahead() - how many buffers are in the look-ahead
 * @ring: a started ring
 *
 * Return: their number.
 */
static inline unsigned int xnet_ring_ahead(const struct xnet_ring *ring)
{
	return ring->end - ring->first;
}

/**
 * xnet_ring_full() - can the look-ahead never hold more than it does?
 * @ring: a started ring, xnet_ring_fetch() just gave less than was wished for
 *
 * Return: true if the whole ring is in it or it has no room left; false if
 * more may come when the driver adds buffers.
 */
static inline bool xnet_ring_full(const struct xnet_ring *ring)
{
	unsigned int ahead = xnet_ring_ahead(ring);

	return ahead == ring->num || ahead == ring->max_bufs ||
	       ring->fetched != ring->avail_idx;
}

/**
 * xnet_ring_buf() - a buffer of the look-ahead
 * @ring: a started ring
 * @i: which one, 0 being the next to be taken; less than xnet_ring_ahead()
 *
 * Return: the buffer; valid until the next fetch.
 */
static inline const struct xnet_buf *xnet_ring_buf(const struct xnet_ring *ring, unsigned int i)
{
	return &ring->bufs[ring->first + i];
}

/**
 * xnet_ring_take() - take buffers out of the look-ahead
 * @ring: a started ring
 * @n: how many, at most xnet_ring_ahead(); their contents stay readable until
 *     the next fetch
 */
static inline void xnet_ring_take(struct xnet_ring *ring, unsigned int n)
{
	ring->first += n;
	ring->taken += n;
}

/**
 * xnet_ring_forget() - drop the look-ahead
 * @ring: a started ring
 *
 * For when the map or the ring's place changes. Nothing is lost: the driver's
 * index is read again, and so are the buffers.
 */
static inline void xnet_ring_forget(struct xnet_ring *ring)
{
	ring->first = 0;
	ring->end = 0;
	ring->nsegs = 0;
	ring->fetched = ring->taken;
	ring->avail_idx = ring->taken;
	ring->hint = 0;
	ring->indirect_hint = 0;
}

/**
 * xnet_ring_complete() - stage completions of taken buffers
 * @ring: a started ring
 * @done: the completions, in the order the guest is to see them
 * @n: how many
 *
 * Return: 0 or -EFAULT.
 */
static inline int xnet_ring_complete(struct xnet_ring *ring, const struct xnet_done *done,
				     unsigned int n)
{
	return xnet_split_complete(ring, done, n);
}

/**
 * xnet_ring_publish() - show the guest what was staged
 * @ring: a started ring
 *
 * Return: 1 if the guest is to be signalled now, 0 if not, or -EFAULT.
 */
static inline int xnet_ring_publish(struct xnet_ring *ring)
{
	return xnet_split_publish(ring);
}

/**
 * xnet_ring_arm() - ask the driver for a notification of the next buffer
 * @ring: a started ring, everything available has been fetched
 *
 * Return: 0 if armed; 1 if a buffer has appeared meanwhile, for which no
 * notification may come; or a negative errno.
 */
static inline int xnet_ring_arm(struct xnet_ring *ring)
{
	return xnet_split_arm(ring);
}

/**
 * xnet_ring_disarm() - tell the driver that notifications are not needed
 * @ring: a started ring
 *
 * Only a hint: notifications may still come.
 *
 * Return: 0 or -EFAULT.
 */
static inline int xnet_ring_disarm(struct xnet_ring *ring)
{
	return xnet_split_disarm(ring);
}

/**
 * xnet_ring_poll() - is there a buffer that was not fetched?
 * @ring: a started ring
 *
 * Return: 1 if so, 0 if not, or a negative errno.
 */
static inline int xnet_ring_poll(struct xnet_ring *ring)
{
	return xnet_split_poll(ring);
}

#endif /* _XNET_RING_H */
