// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue behind an IOTLB. The table belongs to the queue's worker; it is changed
 * between two runs, and with it everything goes that was translated before.
 */

#include <linux/err.h>
#include <linux/limits.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "net.h"
#include "vq.h"

static int max_iotlb_entries = 2048;
module_param(max_iotlb_entries, int, 0444);
MODULE_PARM_DESC(max_iotlb_entries, "Most entries in the IOTLB of a queue (default: 2048)");

/**
 * xnet_vq_new_iotlb() - make an empty table
 *
 * Context: may sleep.
 * Return: the table, to be freed by kvfree(), or an ERR_PTR.
 */
struct xnet_iotlb *xnet_vq_new_iotlb(void)
{
	struct xnet_iotlb *tlb;
	size_t size;

	if (max_iotlb_entries <= 0)
		return ERR_PTR(-EINVAL);
	size = struct_size(tlb, entries, max_iotlb_entries);
	/* The kernel warns of whoever wants so much in one piece. */
	if (size > INT_MAX)
		return ERR_PTR(-ENOMEM);
	tlb = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!tlb)
		return ERR_PTR(-ENOMEM);
	tlb->max = max_iotlb_entries;
	return tlb;
}

/**
 * struct vq_tlb_change - a change of a queue's table
 * @vq: the queue
 * @tlb: the new table, if it is exchanged; afterwards the old one
 * @entry: what is added to it, or NULL
 * @iova: first address of what is dropped, if nothing is added
 * @last: last address of that
 */
struct vq_tlb_change {
	struct xnet_vq *vq;
	struct xnet_iotlb *tlb;
	const struct xnet_iotlb_entry *entry;
	u64 iova;
	u64 last;
};

static int vq_swap_iotlb(void *data)
{
	struct vq_tlb_change *c = data;
	struct xnet_vq *vq = c->vq;
	bool other_kind = !vq->iotlb != !c->tlb;

	swap(vq->iotlb, c->tlb);
	xnet_ring_set_tables(&vq->ring, vq->ring.mem, vq->iotlb);
	if (!other_kind)
		return 0;
	/* What the addresses of the ring meant they mean no more. */
	vq->desc = 0;
	vq->avail = 0;
	vq->used = 0;
	vq->log_used = false;
	vq->log_gpa = 0;
	xnet_vq_place_log(vq);
	xnet_ring_set_areas(&vq->ring, 0, 0, 0);
	vq->ring.placed = false;
	return 0;
}

/**
 * xnet_vq_set_iotlb() - exchange the queue's table
 * @vq: the queue, in any state
 * @tlb: the new table, or NULL to translate by the memory map
 *
 * If that changes what addresses are, the ring is nowhere until the owner has
 * said anew where it is.
 *
 * Context: the device mutex is held; may sleep.
 * Return: the old table, which is not in use any more, or NULL.
 */
struct xnet_iotlb *xnet_vq_set_iotlb(struct xnet_vq *vq, struct xnet_iotlb *tlb)
{
	struct vq_tlb_change c = { .vq = vq, .tlb = tlb };

	xnet_vq_exclusive(vq, vq_swap_iotlb, &c);
	return c.tlb;
}

static int vq_change_iotlb(void *data)
{
	struct vq_tlb_change *c = data;
	struct xnet_vq *vq = c->vq;

	if (c->entry)
		xnet_iotlb_add(vq->iotlb, c->entry->iova, c->entry->last, c->entry->hva,
			       c->entry->perm);
	else
		xnet_iotlb_drop(vq->iotlb, c->iova, c->last);
	/*
	 * Without asking whether it was touched: the table may have forgotten
	 * entries that the look-ahead still has addresses from.
	 */
	xnet_ring_set_tables(&vq->ring, vq->ring.mem, vq->iotlb);
	return 0;
}

/**
 * xnet_vq_iotlb_update() - add to the queue's table
 * @vq: a queue with a table, in any state
 * @entry: the addition; @age does not matter; does not end before it begins
 *
 * On return what the table had there before is not in use any more. If the queue
 * waits for it, it goes on.
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_vq_iotlb_update(struct xnet_vq *vq, const struct xnet_iotlb_entry *entry)
{
	struct vq_tlb_change c = { .vq = vq, .entry = entry };

	xnet_vq_exclusive(vq, vq_change_iotlb, &c);
	if (xnet_miss_answer(&vq->miss, entry->iova, entry->last) && vq->worker)
		xnet_work_queue(vq->worker, &vq->work);
}

/**
 * xnet_vq_iotlb_drop() - forget a part of the queue's table
 * @vq: a queue with a table, in any state
 * @iova: first address of that part
 * @last: last address
 *
 * On return nothing touches what it stood for.
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_vq_iotlb_drop(struct xnet_vq *vq, u64 iova, u64 last)
{
	struct vq_tlb_change c = { .vq = vq, .iova = iova, .last = last };

	xnet_vq_exclusive(vq, vq_change_iotlb, &c);
}

/**
 * xnet_vq_place() - find the memory of a ring that was moved, in whatever sense
 * @vq: a running queue whose ring is not placed
 *
 * Context: the worker.
 * Return: 0; 1 if the queue has to wait, for an answer of user space or for
 * being told where the ring is; or a negative errno if the ring is broken.
 */
int xnet_vq_place(struct xnet_vq *vq)
{
	struct xnet_ring *ring = &vq->ring;
	int err;

	ring->miss.perm = 0;
	/* As with vhost: there is no ring, although any one of the three may be at 0. */
	if (!ring->iova[XNET_AREA_DESC] && !ring->iova[XNET_AREA_AVAIL] &&
	    !ring->iova[XNET_AREA_USED])
		return 1;
	err = xnet_ring_place(ring);
	return err == -EAGAIN ? 1 : err;
}

/**
 * xnet_vq_ask() - ask user space for what the ring misses
 * @vq: a queue that cannot go on
 *
 * If the ring notes nothing, no question is asked.
 *
 * Context: the worker, or whoever tried to start the queue.
 */
void xnet_vq_ask(struct xnet_vq *vq)
{
	/* Frames are no reason to wake up; an answer, and a kick, is. */
	xnet_hook_deafen(&vq->sock);
	if (vq->ring.miss.perm)
		xnet_miss_post(&vq->miss, vq->ring.miss.iova, vq->ring.miss.perm);
}
