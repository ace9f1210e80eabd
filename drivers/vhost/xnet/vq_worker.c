// SPDX-License-Identifier: GPL-2.0-only
/* Which thread a queue belongs to, and how it gets from one to another. */

#include "vq.h"

/* Runs on the thread that the queue leaves: from now on it finds nothing to do there. */
static int vq_pause(void *data)
{
	struct xnet_vq *vq = data;

	WRITE_ONCE(vq->moving, true);
	return 0;
}

/*
 * Three steps, so that no two threads have the queue at a time and no event is
 * lost. First the old thread is told to let it lie; what it does with it in
 * that moment it finishes. Then events go to the new one, which is to let it lie
 * too. What was queued on the old one before is behind it once that has done
 * all it had to; only then can the queue's work, which can be queued but once,
 * be queued on another. Events on the way find the queue closed. So it is looked
 * at in any case once it is open.
 */
static void vq_move(struct xnet_vq *vq, struct xnet_worker *from, struct xnet_worker *to)
{
	xnet_worker_call(from, vq_pause, vq);
	xnet_hook_aim(&vq->kick, to);
	xnet_hook_aim(&vq->sock, to);
	xnet_worker_flush(from);
	vq->worker = to;
	/* From here on the queue is the new one's. Pairs with the acquire in vq_work(). */
	smp_store_release(&vq->moving, false);
	xnet_work_queue(to, &vq->work);
}

/**
 * xnet_vq_set_worker() - say which thread the queue belongs to
 * @vq: the queue, in any state; without a backend or eventfds if @worker is NULL
 * @worker: the thread; NULL for none
 *
 * On return the old thread does not touch the queue any more.
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_vq_set_worker(struct xnet_vq *vq, struct xnet_worker *worker)
{
	struct xnet_worker *old = vq->worker;

	if (old && worker && old != worker)
		vq_move(vq, old, worker);
	else
		vq->worker = worker;
	WRITE_ONCE(vq->worker_pid, worker ? worker->pid : 0);
}
