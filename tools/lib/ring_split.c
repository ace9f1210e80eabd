// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's side of a split ring.
 *
 * Memory ordering, with what stands on the device's side of each pair:
 *
 *  - split_publish() stores avail->idx with release. Descriptors and the
 *    available entries written before it are seen by a device that loads the
 *    index (acquire, or a read barrier after it) before it reads them.
 *  - split_wants_kick() has a full fence between that store and the load of
 *    avail_event (or used->flags). The device stores avail_event, has a full
 *    fence, and loads avail->idx again before it sleeps. With a fence on both
 *    sides one of the two sees the other's store: either we kick or it goes on.
 *  - split_pending() loads used->idx with acquire, so that the used entry and
 *    the payload are read after it; the device stores used->idx last.
 *  - split_arm() stores used_event (or avail->flags), has a full fence, and
 *    loads used->idx again. The device stores used->idx, has a full fence,
 *    and loads used_event: either it calls or we see the completion.
 *
 * The kick itself, a system call, orders nothing that we rely on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

static void split_size(unsigned int num, uint64_t part[3])
{
	part[0] = num * sizeof(struct vring_desc);
	part[1] = sizeof(struct vring_avail) + (num + 1) * sizeof(uint16_t);
	part[2] = sizeof(struct vring_used) + num * sizeof(struct vring_used_elem) +
		  sizeof(uint16_t);
}

static void split_map(struct xg_vq *vq, void *desc, void *driver, void *device)
{
	vq->split.desc = desc;
	vq->split.avail = driver;
	vq->split.used = device;
	vq->split.used_event = &vq->split.avail->ring[vq->cfg.num];
	vq->split.avail_event = (uint16_t *)&vq->split.used->ring[vq->cfg.num];
}

static void split_reset(struct xg_vq *vq, uint16_t base)
{
	uint64_t part[3];

	split_size(vq->cfg.num, part);
	memset(vq->split.desc, 0, part[0]);
	memset(vq->split.avail, 0, part[1]);
	memset(vq->split.used, 0, part[2]);
	vq->split.avail->idx = base;
	vq->split.used->idx = base;
	/* As the device leaves it: the first buffer is to be kicked. */
	*vq->split.used_event = base;
	*vq->split.avail_event = base;
	vq->avail = base;
	vq->published = base;
	vq->kicked = base;
	vq->used = base;
	vq->batch = 0;
}

static void desc_put(struct vring_desc *d, const struct xg_seg *seg,
		     uint16_t flags, uint16_t next)
{
	d->addr = seg->gpa;
	d->len = seg->len;
	d->flags = flags | (seg->write ? VRING_DESC_F_WRITE : 0);
	d->next = next;
}

/* The order in which a table's entries are used; entry 0 is always first. */
static void table_order(uint16_t *at, unsigned int n, struct xg_chain *chain)
{
	unsigned int i, j;
	uint16_t swap;

	for (i = 0; i < n; i++)
		at[i] = i && chain->table_order == XG_ORDER_REVERSE ? n - i : i;
	if (chain->table_order != XG_ORDER_RANDOM)
		return;
	for (i = n - 1; i > 1; i--) {
		j = 1 + xg_random(&chain->seed) % i;
		swap = at[i];
		at[i] = at[j];
		at[j] = swap;
	}
}

static int table_fill(struct vring_desc *table, const struct xg_seg *seg,
		      unsigned int n, struct xg_chain *chain)
{
	uint16_t *at = malloc(n * sizeof(*at));
	unsigned int i;

	if (!at)
		return -ENOMEM;
	table_order(at, n, chain);
	for (i = 0; i < n; i++) {
		bool more = i + 1 < n;

		desc_put(&table[at[i]], &seg[i], more ? VRING_DESC_F_NEXT : 0,
			 more ? at[i + 1] : 0);
	}
	free(at);
	return 0;
}

/* The segments from chain->direct on go to a table; it needs a place first. */
static int table_find(struct xg_vq *vq, uint16_t head, unsigned int entries,
		      const struct xg_chain *chain, uint64_t *gpa,
		      struct vring_desc **table)
{
	*gpa = chain->table;
	if (!*gpa) {
		*gpa = vq->slot[head].table;
		if (entries > vq->cfg.table_len)
			return -EINVAL;
	}
	*table = xg_mem_ptr(vq->mem, *gpa, entries * sizeof(**table));
	return *table ? 0 : -EINVAL;
}

static void chain_give_back(struct xg_vq *vq, uint16_t id)
{
	while (id != XG_NO_SLOT) {
		uint16_t next = vq->slot[id].next;

		xg_slot_give(vq, id);
		id = next;
	}
}

static int split_add(struct xg_vq *vq, const struct xg_seg *seg, unsigned int n,
		     struct xg_chain *chain, uintptr_t cookie)
{
	unsigned int direct = chain->indirect ? chain->direct : n;
	unsigned int count = direct + chain->indirect;
	struct xg_seg pointer = { 0 };
	struct vring_desc *table;
	struct xg_slot *slot;
	unsigned int i;
	int head, ret;
	uint16_t id;

	if (!n || direct > n || (chain->indirect && direct == n))
		return -EINVAL;
	head = xg_slots_pick(vq, count, chain);
	if (head < 0)
		return head;
	slot = &vq->slot[head];
	if (chain->indirect) {
		ret = table_find(vq, head, n - direct, chain, &pointer.gpa, &table);
		if (!ret)
			ret = table_fill(table, seg + direct, n - direct, chain);
		if (ret) {
			chain_give_back(vq, head);
			return ret;
		}
		pointer.len = (n - direct) * sizeof(*table);
	}
	slot->writable = 0;
	for (i = 0; i < n; i++)
		if (seg[i].write)
			slot->writable += seg[i].len;
	for (i = 0, id = head; i < count; i++) {
		uint16_t next = vq->slot[id].next;
		bool more = i + 1 < count;

		if (i < direct)
			desc_put(&vq->split.desc[id], &seg[i],
				 more ? VRING_DESC_F_NEXT : 0, more ? next : 0);
		else
			desc_put(&vq->split.desc[id], &pointer,
				 VRING_DESC_F_INDIRECT, 0);
		id = next;
	}
	slot->count = count;
	slot->cookie = cookie;
	vq->split.avail->ring[vq->avail++ & (vq->cfg.num - 1)] = head;
	vq->inflight++;
	return head;
}

static void split_publish(struct xg_vq *vq)
{
	xg_put16(&vq->split.avail->idx, vq->avail);
	vq->published = vq->avail;
}

static bool split_wants_kick(const struct xg_vq *vq)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vq->published == vq->kicked)
		return false;
	if (vq->cfg.features & XG_F_EVENT_IDX)
		return vring_need_event(__atomic_load_n(vq->split.avail_event,
							__ATOMIC_RELAXED),
					vq->published, vq->kicked);
	return !(__atomic_load_n(&vq->split.used->flags, __ATOMIC_RELAXED) &
		 VRING_USED_F_NO_NOTIFY);
}

static unsigned int split_pending(const struct xg_vq *vq)
{
	return (uint16_t)(xg_get16(&vq->split.used->idx) - vq->used);
}

/*
 * In order, an entry with the id of one buffer stands for all those before it as
 * well, and only the last one has a length; virtio 1.3, 2.7.8. Returns 0 and the
 * next buffer in @used, or -EBADMSG if the entry's is not among those pending.
 */
static int split_in_order(struct xg_vq *vq, unsigned int pending, struct xg_used *used)
{
	unsigned int mask = vq->cfg.num - 1, i;

	if (!vq->batch) {
		for (i = 0; vq->split.avail->ring[(vq->used + i) & mask] != used->id; i++)
			if (i + 1 == pending)
				return -EBADMSG;
		vq->batch = i + 1;
		vq->batch_len = used->len;
	}
	used->id = vq->split.avail->ring[vq->used & mask];
	used->len = --vq->batch ? vq->slot[used->id].writable : vq->batch_len;
	return 0;
}

static int split_pop(struct xg_vq *vq, struct xg_used *used)
{
	const struct vring_used_elem *e;
	unsigned int pending = split_pending(vq);
	struct xg_slot *slot;

	if (!pending)
		return 0;
	e = &vq->split.used->ring[vq->used & (vq->cfg.num - 1)];
	used->id = __atomic_load_n(&e->id, __ATOMIC_RELAXED);
	used->len = __atomic_load_n(&e->len, __ATOMIC_RELAXED);
	used->cookie = 0;
	if (pending > vq->inflight)
		return -ERANGE;
	if (vq->cfg.features & XG_F_IN_ORDER && split_in_order(vq, pending, used))
		return -EBADMSG;
	if (used->id >= vq->cfg.num || !vq->slot[used->id].count)
		return -EBADMSG;
	slot = &vq->slot[used->id];
	used->cookie = slot->cookie;
	if (used->len > slot->writable)
		return -EOVERFLOW;
	chain_give_back(vq, used->id);
	vq->inflight--;
	vq->used++;
	return 1;
}

static bool split_arm(struct xg_vq *vq, unsigned int after)
{
	if (vq->cfg.features & XG_F_EVENT_IDX) {
		__atomic_store_n(vq->split.used_event, vq->used + after - 1,
				 __ATOMIC_RELAXED);
	} else {
		__atomic_store_n(&vq->split.avail->flags, 0, __ATOMIC_RELAXED);
		after = 1;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return split_pending(vq) >= after;
}

static void split_disarm(struct xg_vq *vq)
{
	/* An index just passed is the one the device reaches last. */
	if (vq->cfg.features & XG_F_EVENT_IDX)
		__atomic_store_n(vq->split.used_event, vq->used - 1,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&vq->split.avail->flags, VRING_AVAIL_F_NO_INTERRUPT,
				 __ATOMIC_RELAXED);
}

/* Buffers are completed in order, so all before the used index are done. */
static unsigned int split_base(const struct xg_vq *vq)
{
	return xg_get16(&vq->split.used->idx);
}

const struct xg_ring_ops xg_ring_split = {
	.size = split_size,
	.map = split_map,
	.reset = split_reset,
	.add = split_add,
	.publish = split_publish,
	.wants_kick = split_wants_kick,
	.pending = split_pending,
	.pop = split_pop,
	.arm = split_arm,
	.disarm = split_disarm,
	.base = split_base,
};
