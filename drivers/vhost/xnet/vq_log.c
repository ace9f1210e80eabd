// SPDX-License-Identifier: GPL-2.0-only
/* What the owner says of a queue's dirty log: whether it can be, and changing it. */

#include "vq.h"

/**
 * xnet_vq_place_log() - have the ring log as the owner wishes
 * @vq: a queue that nobody else uses: stopped, or called by xnet_vq_exclusive()
 *
 * Without a log there is nothing to do, whatever is wished.
 */
void xnet_vq_place_log(struct xnet_vq *vq)
{
	struct xnet_log *log = &vq->ring.log;

	log->payload = vq->log_all && log->base;
	log->used = vq->log_used && log->base;
	log->used_gpa = vq->log_gpa;
}

/**
 * struct vq_log_change - a new place for the log
 * @vq: the queue
 * @base: the place
 */
struct vq_log_change {
	struct xnet_vq *vq;
	unsigned long base;
};

static int vq_change_log(void *data)
{
	struct vq_log_change *c = data;

	c->vq->ring.log.base = c->base;
	xnet_vq_place_log(c->vq);
	return 0;
}

/**
 * xnet_vq_set_log() - change where the log is
 * @vq: the queue, in any state
 * @base: the owner's address of the bitmap, checked if the queue has a backend
 *
 * On return nothing is written to the old log any more.
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_vq_set_log(struct xnet_vq *vq, unsigned long base)
{
	struct vq_log_change c = { .vq = vq, .base = base };

	xnet_vq_exclusive(vq, vq_change_log, &c);
}

/**
 * xnet_vq_log_used_ok() - can writes to the device area be logged?
 * @vq: the queue
 * @base: where the log is
 * @addr: where the ring is, and whether that is wanted
 *
 * Context: the device mutex is held.
 * Return: true if so, or if it is not wanted; true, too, behind an IOTLB, which
 * will tell when it is done.
 */
bool xnet_vq_log_used_ok(const struct xnet_vq *vq, unsigned long base,
			 const struct xnet_vq_addr *addr)
{
	u64 size = sizeof(struct vring_used) + (u64)sizeof(struct vring_used_elem) * vq->num +
		   (vq->ring.event_idx ? sizeof(__virtio16) : 0);

	return !addr->log || vq->iotlb || xnet_log_fits(base, addr->log_gpa, size);
}

/**
 * xnet_vq_log_mem_ok() - can writes to a map's memory be logged?
 * @vq: the queue
 * @mem: the map, or NULL
 * @log_all: the owner wants it, even if it has not acknowledged that yet
 *
 * Context: the device mutex is held.
 * Return: true if there is a map, and it can be logged or need not be, or if
 * the queue has no backend: it is asked again when it gets one.
 */
bool xnet_vq_log_mem_ok(const struct xnet_vq *vq, const struct xnet_mem *mem, bool log_all)
{
	if (!vq->backend)
		return true;
	return mem && (!(log_all || vq->log_all) || xnet_log_fits_mem(vq->ring.log.base, mem));
}

/**
 * xnet_vq_log_ok() - can a log be at this place?
 * @vq: the queue
 * @mem: the memory map, or NULL
 * @base: the place
 *
 * Context: the device mutex is held.
 * Return: true if there is a map and all that is to be logged can be.
 */
bool xnet_vq_log_ok(const struct xnet_vq *vq, const struct xnet_mem *mem, unsigned long base)
{
	struct xnet_vq_addr addr = { .log = vq->log_used, .log_gpa = vq->log_gpa };

	return mem && (!vq->log_all || xnet_log_fits_mem(base, mem)) &&
	       xnet_vq_log_used_ok(vq, base, &addr);
}
