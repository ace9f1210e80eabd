/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtqueue: its ring, its events and its backend.
 *
 * Who may touch what
 * ==================
 *
 * A queue without a backend belongs to whoever holds the device mutex. A queue
 * with a backend, running or broken, belongs to its worker thread: ring, net
 * state, counters and the eventfds it signals. Nothing on the data path takes
 * a lock. The control path has two ways to a queue with a backend: take the
 * backend away (xnet_vq_detach()), or have the worker run a short function
 * (xnet_vq_exclusive()). After either, nothing of the old state is in use. A
 * queue gets to another worker thread as vq_worker.c says.
 *
 * Locks, outermost first:
 *
 *   xnet_dev.mutex	serialises ioctls; held while waiting for the worker,
 *			which never takes it
 *   xnet_devs.lock	the list of open devices; held for copying figures,
 *			never while waiting for anything
 *   xnet_vq.info_lock	a name that readers of the list see; a spinlock
 *   xnet_misses.lock	what is asked of user space; a spinlock
 *
 * Fields marked [m] belong to the device mutex and are changed only while the
 * queue is stopped or by xnet_vq_exclusive(); [w] to the worker; [i] to
 * info_lock.
 */
#ifndef _XNET_VQ_H
#define _XNET_VQ_H

#include <linux/eventfd.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vhost.h>

#include "backend.h"
#include "compat/compat.h"
#include "event.h"
#include "info.h"
#include "miss.h"
#include "ring.h"
#include "stats.h"
#include "worker.h"

struct xnet_rx;
struct xnet_tx;

/**
 * struct xnet_vq - a virtqueue
 * @dev_id: number of the device it is part of
 * @index: XNET_VQ_RX or XNET_VQ_TX
 * @worker: the thread that runs it; NULL while the device has no owner [m]
 * @worker_pid: that thread in the initial namespace, for those who want to know
 * @moving: the queue is on its way from one thread to another
 * @state: enum xnet_vq_state; written with release, read with acquire
 * @ring: the ring [w]; @ring.taken keeps the position while stopped
 * @iotlb: the queue's IOTLB [w], NULL if addresses are translated by the memory map
 * @miss: what the IOTLB lacks and user space is asked for
 * @tx: transmit state [w], there while a transmit queue has a backend
 * @rx: receive state [w], likewise
 * @call: signalled when the guest is to be interrupted [w], may be NULL
 * @error: signalled when the queue breaks [w], may be NULL
 * @backend: where frames come from and go to [m], NULL if stopped
 * @hlen: length in bytes of the header in front of each frame in the ring [w]
 * @own_header: vhost makes that header, the backend knows none [w]
 * @mergeable: VIRTIO_NET_F_MRG_RXBUF was negotiated [w]
 * @modern: VIRTIO_F_VERSION_1 was negotiated [w]
 * @log_ctx: signalled when something was logged [w], may be NULL; the device's
 * @busyloop_us: how long to busy poll, in microseconds; written under the
 *	mutex, read without
 * @stats: the figures
 * @work: makes the worker look at the queue
 * @kick: the guest's notifications [m]
 * @sock: the backend's events [m]
 * @kick_file: the kick eventfd the owner has set [m]
 * @num: ring size [m]
 * @desc: address of the descriptor table [m], a user address or, with an IOTLB, an IOVA
 * @avail: address of the driver area [m], likewise
 * @used: address of the device area [m], likewise
 * @log_gpa: guest physical address of the device area, for the log [m]
 * @log_used: the owner wants writes to the device area logged [m]
 * @log_all: the owner wants writes into buffers logged [m]
 * @big_endian: the ring is big-endian as long as the guest is a legacy one [m]
 * @info_lock: protects @backend_name
 * @backend_name: the backend's network device [i]
 */
struct xnet_vq {
	u32 dev_id;
	unsigned int index;
	struct xnet_worker *worker;
	pid_t worker_pid;
	bool moving;
	int state;
	struct xnet_ring ring;
	struct xnet_iotlb *iotlb;
	struct xnet_miss miss;
	union {
		struct xnet_tx *tx;
		struct xnet_rx *rx;
	};
	struct eventfd_ctx *call;
	struct eventfd_ctx *error;
	struct xnet_backend *backend;
	unsigned int hlen;
	bool own_header;
	bool mergeable;
	bool modern;
	struct eventfd_ctx *log_ctx;
	u32 busyloop_us;
	struct xnet_stats stats;

	struct xnet_work work;
	struct xnet_hook kick;
	struct xnet_hook sock;
	struct file *kick_file;
	u32 num;
	unsigned long desc;
	unsigned long avail;
	unsigned long used;
	u64 log_gpa;
	bool log_used;
	bool log_all;
	bool big_endian;
	spinlock_t info_lock;
	char backend_name[IFNAMSIZ];
};

/**
 * struct xnet_vq_addr - where the parts of a ring are
 * @desc: descriptor table
 * @avail: driver area
 * @used: device area
 * @log: log what is written to the device area
 * @log_gpa: guest physical address of the device area, for the log
 */
struct xnet_vq_addr {
	unsigned long desc;
	unsigned long avail;
	unsigned long used;
	bool log;
	u64 log_gpa;
};

void xnet_vq_init(struct xnet_vq *vq, unsigned int index);
void xnet_vq_reset(struct xnet_vq *vq);
bool xnet_vq_addr_ok(const struct xnet_vq *vq, const struct xnet_vq_addr *addr);
int xnet_vq_attach(struct xnet_vq *vq, struct xnet_backend *backend);
struct xnet_backend *xnet_vq_detach(struct xnet_vq *vq);
int xnet_vq_exclusive(struct xnet_vq *vq, int (*fn)(void *data), void *data);
int xnet_vq_set_kick(struct xnet_vq *vq, struct file *file);
struct eventfd_ctx *xnet_vq_swap_ctx(struct xnet_vq *vq, struct eventfd_ctx **slot,
				     struct eventfd_ctx *ctx);
void xnet_vq_set_addr(struct xnet_vq *vq, const struct xnet_vq_addr *addr);
void xnet_vq_set_mem(struct xnet_vq *vq, const struct xnet_mem *mem);
void xnet_vq_set_features(struct xnet_vq *vq, const u64 features[XNET_FEATURE_WORDS]);
u16 xnet_vq_get_base(struct xnet_vq *vq);
void xnet_vq_set_worker(struct xnet_vq *vq, struct xnet_worker *worker);
struct xnet_iotlb *xnet_vq_new_iotlb(void);
struct xnet_iotlb *xnet_vq_set_iotlb(struct xnet_vq *vq, struct xnet_iotlb *tlb);
void xnet_vq_iotlb_update(struct xnet_vq *vq, const struct xnet_iotlb_entry *entry);
void xnet_vq_iotlb_drop(struct xnet_vq *vq, u64 iova, u64 last);
int xnet_vq_place(struct xnet_vq *vq);
void xnet_vq_ask(struct xnet_vq *vq);
void xnet_vq_info(struct xnet_vq *vq, struct xnet_vq_info *info);

/* vq_log.c */
void xnet_vq_place_log(struct xnet_vq *vq);
void xnet_vq_set_log(struct xnet_vq *vq, unsigned long base);
bool xnet_vq_log_used_ok(const struct xnet_vq *vq, unsigned long base,
			 const struct xnet_vq_addr *addr);
bool xnet_vq_log_mem_ok(const struct xnet_vq *vq, const struct xnet_mem *mem, bool log_all);
bool xnet_vq_log_ok(const struct xnet_vq *vq, const struct xnet_mem *mem, unsigned long base);

/**
 * xnet_vq_log_tell() - signal the owner if something was logged
 * @vq: the queue
 *
 * Context: the worker, or whoever has the queue to himself.
 */
static inline void xnet_vq_log_tell(struct xnet_vq *vq)
{
	if (likely(!vq->ring.log.fresh))
		return;
	vq->ring.log.fresh = false;
	if (vq->log_ctx)
		xnet_eventfd_signal(vq->log_ctx);
}

/**
 * xnet_vq_publish() - show the guest its completions and signal it if it wishes
 * @vq: a running queue
 *
 * Context: the worker; may sleep.
 * Return: 0 or a negative errno; the ring is broken then.
 */
static inline int xnet_vq_publish(struct xnet_vq *vq)
{
	int ret;

	if (!vq->ring.staged)
		return 0;
	ret = xnet_ring_publish(&vq->ring);
	xnet_vq_log_tell(vq);
	if (unlikely(ret < 0))
		return ret;
	if (ret && vq->call) {
		xnet_eventfd_signal(vq->call);
		xnet_stats_inc(&vq->stats, XNET_C_SIGNALS);
	} else {
		xnet_stats_inc(&vq->stats, XNET_C_SIGNALS_SAVED);
	}
	return 0;
}

#endif /* _XNET_VQ_H */
