// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtqueue's life: set up, running, stopped or broken. Who may touch what
 * stands in vq.h.
 */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/virtio_byteorder.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>

#include "net.h"
#include "trace.h"
#include "vq.h"

static bool vq_has_feature(const u64 features[XNET_FEATURE_WORDS], unsigned int bit)
{
	return features[bit / 64] & BIT_ULL(bit % 64);
}

/*
 * The ring cannot be used any more. It stays as it is until the owner takes
 * the backend away; what waits in the backend waits on.
 */
static void vq_break(struct xnet_vq *vq)
{
	/* Pairs with the acquire in xnet_vq_info(), which goes on to read the fault. */
	smp_store_release(&vq->state, XNET_VQ_BROKEN);
	xnet_hook_deafen(&vq->sock);
	xnet_stats_inc(&vq->stats, XNET_C_RING_ERRORS);
	trace_xnet_vq_break(vq);
	if (vq->error)
		xnet_eventfd_signal(vq->error);
}

static int vq_run(struct xnet_vq *vq)
{
	int ret;

	if (unlikely(!vq->ring.placed)) {
		ret = xnet_vq_place(vq);
		if (ret)
			return ret < 0 ? ret : XNET_RUN_MISS;
	}
	return vq->index == XNET_VQ_TX ? xnet_tx_run(vq) : xnet_rx_run(vq);
}

static void vq_work(struct xnet_work *work)
{
	struct xnet_vq *vq = container_of(work, struct xnet_vq, work);
	int ret;

	/* Pairs with the release in vq_move(), where the queue gets another worker. */
	if (unlikely(smp_load_acquire(&vq->moving)))
		return;
	/* Pairs with the release in xnet_vq_attach(). */
	if (smp_load_acquire(&vq->state) != XNET_VQ_RUNNING)
		return;
	/* Its owner has been killed: what is under way ends, and nothing begins. */
	if (unlikely(xnet_worker_is_dead(vq->worker)))
		return;
	xnet_stats_inc(&vq->stats, XNET_C_WAKEUPS);
	ret = vq_run(vq);
	xnet_vq_log_tell(vq);
	if (unlikely(ret < 0))
		vq_break(vq);
	else if (ret == XNET_RUN_AGAIN)
		xnet_work_queue(vq->worker, work);
	else if (unlikely(ret == XNET_RUN_MISS))
		xnet_vq_ask(vq);
}

/**
 * xnet_vq_init() - make a queue
 * @vq: memory for it, all zero
 * @index: XNET_VQ_RX or XNET_VQ_TX
 */
void xnet_vq_init(struct xnet_vq *vq, unsigned int index)
{
	vq->index = index;
	vq->state = XNET_VQ_STOPPED;
	vq->num = 1;
	vq->big_endian = !virtio_legacy_is_little_endian();
	spin_lock_init(&vq->info_lock);
	xnet_stats_init(&vq->stats);
	xnet_work_init(&vq->work, vq_work);
	xnet_hook_init(&vq->kick, &vq->work, EPOLLIN, &vq->stats.kicks);
	xnet_hook_init(&vq->sock, &vq->work, index == XNET_VQ_TX ? EPOLLOUT : EPOLLIN, NULL);
}

/**
 * xnet_vq_reset() - forget everything the owner has set
 * @vq: a stopped queue
 *
 * The figures stay.
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_vq_reset(struct xnet_vq *vq)
{
	WARN_ON_ONCE(vq->backend);
	xnet_vq_set_kick(vq, NULL);
	if (vq->call)
		eventfd_ctx_put(vq->call);
	vq->call = NULL;
	if (vq->error)
		eventfd_ctx_put(vq->error);
	vq->error = NULL;
	vq->log_ctx = NULL;
	WARN_ON_ONCE(vq->iotlb);
	memset(&vq->ring, 0, sizeof(vq->ring));
	vq->hlen = 0;
	vq->own_header = false;
	vq->mergeable = false;
	vq->modern = false;
	WRITE_ONCE(vq->busyloop_us, 0);
	WRITE_ONCE(vq->num, 1);
	vq->desc = 0;
	vq->avail = 0;
	vq->used = 0;
	vq->log_gpa = 0;
	vq->log_used = false;
	vq->log_all = false;
	vq->big_endian = !virtio_legacy_is_little_endian();
}

/**
 * xnet_vq_addr_ok() - can a ring of the queue's size be there?
 * @vq: the queue
 * @addr: the places
 *
 * Context: the device mutex is held.
 * Return: true if each part lies in user space as a whole, or there is an IOTLB,
 * which will tell.
 */
bool xnet_vq_addr_ok(const struct xnet_vq *vq, const struct xnet_vq_addr *addr)
{
	/* The event index fields count even if they are not in use yet. */
	size_t desc = sizeof(struct vring_desc) * vq->num;
	size_t avail = sizeof(struct vring_avail) + sizeof(__virtio16) * (vq->num + 1);
	size_t used = sizeof(struct vring_used) + sizeof(struct vring_used_elem) * vq->num +
		      sizeof(__virtio16);

	if (vq->iotlb)
		return true;
	return access_ok((void __user *)addr->desc, desc) &&
	       access_ok((void __user *)addr->avail, avail) &&
	       access_ok((void __user *)addr->used, used);
}

static void vq_place_ring(struct xnet_vq *vq)
{
	xnet_ring_set_areas(&vq->ring, vq->desc, vq->avail, vq->used);
	xnet_vq_place_log(vq);
}

static void vq_free_arrays(struct xnet_vq *vq)
{
	struct xnet_ring *ring = &vq->ring;

	kvfree(ring->bufs);
	ring->bufs = NULL;
	kvfree(ring->segs);
	ring->segs = NULL;
	kfree(ring->descs);
	ring->descs = NULL;
}

static int vq_alloc_arrays(struct xnet_vq *vq)
{
	struct xnet_ring *ring = &vq->ring;

	/* A frame may take as many receive buffers as a frame has segments. */
	ring->max_bufs = vq->index == XNET_VQ_TX ? XNET_BATCH :
			 clamp_t(u32, vq->num, XNET_BATCH, XNET_MAX_SEGS);
	ring->bufs = kvcalloc(ring->max_bufs, sizeof(*ring->bufs), GFP_KERNEL_ACCOUNT);
	ring->segs = kvcalloc(XNET_MAX_SEGS, sizeof(*ring->segs), GFP_KERNEL_ACCOUNT);
	ring->descs = kcalloc(XNET_BATCH, sizeof(*ring->descs), GFP_KERNEL_ACCOUNT);
	if (ring->bufs && ring->segs && ring->descs)
		return 0;
	vq_free_arrays(vq);
	return -ENOMEM;
}

static int vq_start_net(struct xnet_vq *vq)
{
	return vq->index == XNET_VQ_TX ? xnet_tx_start(vq) : xnet_rx_start(vq);
}

static void vq_stop_net(struct xnet_vq *vq)
{
	if (vq->index == XNET_VQ_TX)
		xnet_tx_stop(vq);
	else
		xnet_rx_stop(vq);
}

static void vq_set_name(struct xnet_vq *vq, const char *name)
{
	spin_lock(&vq->info_lock);
	strscpy(vq->backend_name, name, sizeof(vq->backend_name));
	spin_unlock(&vq->info_lock);
}

/* Runs on the worker: the last time that it touches the queue. */
static int vq_quiesce(void *data)
{
	struct xnet_vq *vq = data;

	/* Whoever sees this may be sure that the worker is done with the queue. */
	smp_store_release(&vq->state, XNET_VQ_STOPPED);
	if (vq->index == XNET_VQ_RX)
		xnet_rx_quiesce(vq);
	return 0;
}

/**
 * xnet_vq_attach() - give a queue a backend and let it run
 * @vq: a stopped queue
 * @backend: the backend; the queue has it until xnet_vq_detach()
 *
 * Context: the owner's process, with the device mutex; may sleep.
 * Return: 0; -ENOMEM; -EFAULT if the ring is not mapped; -EINVAL if the
 * backend is in a state of error. The caller keeps the backend on error.
 */
int xnet_vq_attach(struct xnet_vq *vq, struct xnet_backend *backend)
{
	int err;

	WARN_ON_ONCE(vq->backend || vq->state != XNET_VQ_STOPPED);
	vq->ring.num = vq->num;
	vq->ring.in = vq->index == XNET_VQ_RX;
	vq->ring.le = vq->modern || !vq->big_endian;
	vq_place_ring(vq);
	err = vq_alloc_arrays(vq);
	if (err)
		return err;
	vq->backend = backend;
	err = vq_start_net(vq);
	if (err)
		goto free_arrays;
	err = xnet_ring_start(&vq->ring);
	xnet_vq_log_tell(vq);
	if (err)
		goto ask;

	xnet_hook_deafen(&vq->sock);
	/*
	 * Before the queue runs, or a kick could send frames to a backend that turns
	 * out to be no good. What the hook queues meanwhile is queued once more below.
	 */
	err = xnet_hook_on(&vq->sock, vq->worker, backend->file);
	if (err)
		goto stop_net;
	trace_xnet_vq_start(vq);
	/* From here on the queue is the worker's. Pairs with the acquire in vq_work(). */
	smp_store_release(&vq->state, XNET_VQ_RUNNING);
	vq_set_name(vq, backend->name);
	/* There may be work already, for which no event will come. */
	xnet_work_queue(vq->worker, &vq->work);
	return 0;

ask:
	/* User space may try again when the IOTLB has what is missing now. */
	xnet_vq_ask(vq);
stop_net:
	vq_stop_net(vq);
free_arrays:
	vq->backend = NULL;
	vq_free_arrays(vq);
	return err;
}

/**
 * xnet_vq_detach() - stop a queue
 * @vq: the queue, in any state
 *
 * On return nothing touches the guest's memory for this queue, and every
 * buffer that was taken has been completed, unless the ring is broken.
 *
 * Context: the device mutex is held; may sleep.
 * Return: the backend, which is the caller's now, or NULL if there was none.
 */
struct xnet_backend *xnet_vq_detach(struct xnet_vq *vq)
{
	struct xnet_backend *backend = vq->backend;

	if (backend)
		xnet_worker_call(vq->worker, vq_quiesce, vq);
	/* A queue that could not be started may have asked as well. */
	xnet_miss_withdraw(&vq->miss);
	if (!backend)
		return NULL;
	xnet_hook_off(&vq->sock);
	vq_stop_net(vq);
	vq_free_arrays(vq);
	vq->backend = NULL;
	vq_set_name(vq, "");
	trace_xnet_vq_stop(vq);
	return backend;
}

/**
 * xnet_vq_exclusive() - run a function while nobody else uses the queue
 * @vq: the queue, in any state
 * @fn: the function; short
 * @data: its argument
 *
 * Context: the device mutex is held; may sleep.
 * Return: what @fn returned.
 */
int xnet_vq_exclusive(struct xnet_vq *vq, int (*fn)(void *data), void *data)
{
	return vq->backend ? xnet_worker_call(vq->worker, fn, data) : fn(data);
}

/**
 * xnet_vq_set_kick() - change the eventfd by which the guest notifies
 * @vq: the queue, in any state
 * @file: an eventfd, whose reference is taken over, or NULL for none
 *
 * Context: the device mutex is held; may sleep.
 * Return: 0, or -EINVAL if the eventfd is in a state of error; it is set even
 * so, but does not notify.
 */
int xnet_vq_set_kick(struct xnet_vq *vq, struct file *file)
{
	int err = 0;

	if (file && file == vq->kick_file) {
		fput(file);
		return 0;
	}
	xnet_hook_off(&vq->kick);
	if (vq->kick_file)
		fput(vq->kick_file);
	vq->kick_file = file;
	if (file) {
		err = xnet_hook_on(&vq->kick, vq->worker, file);
		/* The guest may have notified while nobody listened. */
		xnet_work_queue(vq->worker, &vq->work);
	}
	return err;
}

/**
 * struct vq_swap - an exchange of one of a queue's eventfds
 * @slot: where the queue keeps it
 * @ctx: the new one, or NULL; afterwards the old one
 */
struct vq_swap {
	struct eventfd_ctx **slot;
	struct eventfd_ctx *ctx;
};

static int vq_swap(void *data)
{
	struct vq_swap *s = data;

	swap(*s->slot, s->ctx);
	return 0;
}

/**
 * xnet_vq_swap_ctx() - change an eventfd that the queue signals
 * @vq: the queue, in any state
 * @slot: &vq->call, &vq->error or &vq->log_ctx
 * @ctx: the new one, or NULL for none
 *
 * On return the old one is not signalled any more.
 *
 * Context: the device mutex is held; may sleep.
 * Return: the old one, or NULL.
 */
struct eventfd_ctx *xnet_vq_swap_ctx(struct xnet_vq *vq, struct eventfd_ctx **slot,
				     struct eventfd_ctx *ctx)
{
	struct vq_swap s = { .slot = slot, .ctx = ctx };

	xnet_vq_exclusive(vq, vq_swap, &s);
	return s.ctx;
}

/**
 * struct vq_change - a change of what a running ring works with
 * @vq: the queue
 * @mem: its new memory map, if it is that which changes
 * @features: the features, if it is those
 */
struct vq_change {
	struct xnet_vq *vq;
	const struct xnet_mem *mem;
	const u64 *features;
};

static int vq_move_ring(void *data)
{
	struct xnet_vq *vq = data;

	vq_place_ring(vq);
	xnet_ring_forget(&vq->ring);
	return 0;
}

/**
 * xnet_vq_set_addr() - say where the ring is
 * @vq: the queue, in any state
 * @addr: the places; checked, if the queue has a backend
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_vq_set_addr(struct xnet_vq *vq, const struct xnet_vq_addr *addr)
{
	vq->desc = addr->desc;
	vq->avail = addr->avail;
	vq->used = addr->used;
	vq->log_used = addr->log;
	vq->log_gpa = addr->log_gpa;
	if (!vq->backend)
		return;
	xnet_worker_call(vq->worker, vq_move_ring, vq);
	/* No event will tell of what is available there already. */
	xnet_work_queue(vq->worker, &vq->work);
}

static int vq_change_mem(void *data)
{
	struct vq_change *c = data;

	xnet_ring_set_tables(&c->vq->ring, c->mem, c->vq->iotlb);
	return 0;
}

/**
 * xnet_vq_set_mem() - change the memory map
 * @vq: the queue, in any state
 * @mem: the map; stays until another one is set
 *
 * On return the old map is not in use any more.
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_vq_set_mem(struct xnet_vq *vq, const struct xnet_mem *mem)
{
	struct vq_change c = { .vq = vq, .mem = mem };

	xnet_vq_exclusive(vq, vq_change_mem, &c);
}

static int vq_change_features(void *data)
{
	struct vq_change *c = data;
	struct xnet_ring *ring = &c->vq->ring;
	struct xnet_vq *vq = c->vq;
	const u64 *f = c->features;

	ring->event_idx = vq_has_feature(f, VIRTIO_RING_F_EVENT_IDX);
	ring->indirect = vq_has_feature(f, VIRTIO_RING_F_INDIRECT_DESC);
	ring->notify_on_empty = vq_has_feature(f, VIRTIO_F_NOTIFY_ON_EMPTY);
	/* Whether the fields of the event index have to be there may be another matter now. */
	if (ring->iotlb)
		ring->placed = false;
	vq->modern = vq_has_feature(f, VIRTIO_F_VERSION_1);
	vq->mergeable = vq_has_feature(f, VIRTIO_NET_F_MRG_RXBUF);
	vq->log_all = vq_has_feature(f, VHOST_F_LOG_ALL);
	xnet_vq_place_log(vq);
	vq->own_header = vq_has_feature(f, VHOST_NET_F_VIRTIO_NET_HDR);
	/* 5.1.6.1: num_buffers is there in any case if the guest is not a legacy one. */
	vq->hlen = vq->mergeable || vq->modern ?
		   sizeof(struct virtio_net_hdr_mrg_rxbuf) : sizeof(struct virtio_net_hdr);
	if (vq_has_feature(f, VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO) ||
	    vq_has_feature(f, VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO))
		vq->hlen = XNET_UDP_TUNNEL_HLEN;
	return 0;
}

/**
 * xnet_vq_set_features() - apply the features that were acknowledged
 * @vq: the queue, in any state
 * @features: the features, all of them on offer
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_vq_set_features(struct xnet_vq *vq, const u64 features[XNET_FEATURE_WORDS])
{
	struct vq_change c = { .vq = vq, .features = features };

	xnet_vq_exclusive(vq, vq_change_features, &c);
	/* If the driver is to notify in another way now, it has to be asked anew. */
	if (vq->backend)
		xnet_work_queue(vq->worker, &vq->work);
}

static int vq_read_base(void *data)
{
	struct xnet_vq *vq = data;

	return vq->ring.taken;
}

/**
 * xnet_vq_get_base() - how far the device has got in the available ring
 * @vq: the queue, in any state
 *
 * Context: the device mutex is held; may sleep.
 * Return: index of the next entry that it would take.
 */
u16 xnet_vq_get_base(struct xnet_vq *vq)
{
	return xnet_vq_exclusive(vq, vq_read_base, vq);
}

/**
 * xnet_vq_info() - describe a queue to somebody outside
 * @vq: the queue, in any state
 * @info: receives the description
 *
 * Context: any process; does not sleep and holds nobody up.
 */
void xnet_vq_info(struct xnet_vq *vq, struct xnet_vq_info *info)
{
	/* Pairs with the release in vq_break(). */
	info->state = smp_load_acquire(&vq->state);
	info->fault = info->state == XNET_VQ_BROKEN ? READ_ONCE(vq->ring.fault) :
						      XNET_FAULT_NONE;
	info->num = READ_ONCE(vq->num);
	info->worker = READ_ONCE(vq->worker_pid);
	info->busyloop_us = READ_ONCE(vq->busyloop_us);
	spin_lock(&vq->info_lock);
	memcpy(info->backend, vq->backend_name, sizeof(info->backend));
	spin_unlock(&vq->info_lock);
	xnet_stats_read(&vq->stats, info->counters);
}
