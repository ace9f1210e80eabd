// SPDX-License-Identifier: GPL-2.0-only
/* An open device: its owner, features, memory map and backends. */

#include <linux/err.h>
#include <linux/idr.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "dev.h"

/* Features on offer; the same for every device, whatever it has acknowledged. */
const u64 xnet_offer[XNET_FEATURE_WORDS] = { XNET_FEATURES, XNET_FEATURES_HIGH };

/* The open devices, by number. */
static DEFINE_IDR(xnet_devs);
static DEFINE_MUTEX(xnet_devs_lock);

/* The map of a device that had an owner and has to start anew. */
static const struct xnet_mem dev_no_mem;

static const u64 dev_no_features[XNET_FEATURE_WORDS];

/**
 * xnet_dev_open() - make a device
 *
 * Context: may sleep.
 * Return: a device without an owner, or an ERR_PTR.
 */
struct xnet_dev *xnet_dev_open(void)
{
	struct xnet_dev *dev;
	unsigned int i;
	int id;

	dev = kvzalloc(sizeof(*dev), GFP_KERNEL_ACCOUNT);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	mutex_init(&dev->mutex);
	xnet_misses_init(&dev->misses);
	for (i = 0; i < XNET_NR_VQS; i++) {
		xnet_vq_init(&dev->vqs[i], i);
		xnet_miss_init(&dev->vqs[i].miss, &dev->misses);
	}

	mutex_lock(&xnet_devs_lock);
	id = idr_alloc_cyclic(&xnet_devs, dev, 1, 0, GFP_KERNEL);
	if (id > 0) {
		dev->id = id;
		for (i = 0; i < XNET_NR_VQS; i++)
			dev->vqs[i].dev_id = id;
	}
	mutex_unlock(&xnet_devs_lock);
	if (id < 0) {
		kvfree(dev);
		return ERR_PTR(id);
	}
	return dev;
}

static void dev_set_mem(struct xnet_dev *dev, const struct xnet_mem *mem)
{
	const struct xnet_mem *old = dev->mem;
	unsigned int i;

	dev->mem = mem;
	WRITE_ONCE(dev->nregions, mem ? mem->nregions : 0);
	for (i = 0; i < XNET_NR_VQS; i++)
		xnet_vq_set_mem(&dev->vqs[i], mem);
	if (old != &dev_no_mem)
		kvfree(old);
}

/* For those who only want to know; the queues have what matters. */
static void dev_note_features(struct xnet_dev *dev, const u64 features[XNET_FEATURE_WORDS])
{
	unsigned int i;

	for (i = 0; i < XNET_FEATURE_WORDS; i++)
		WRITE_ONCE(dev->features[i], features[i]);
}

/* Give each queue an empty IOTLB, or none. */
static int dev_set_iotlb(struct xnet_dev *dev, bool on)
{
	struct xnet_iotlb *tlbs[XNET_NR_VQS] = {};
	unsigned int i;
	int err = 0;

	if (!on && !dev->iotlb)
		return 0;
	for (i = 0; on && i < XNET_NR_VQS; i++) {
		tlbs[i] = xnet_vq_new_iotlb();
		if (IS_ERR(tlbs[i])) {
			err = PTR_ERR(tlbs[i]);
			tlbs[i] = NULL;
			goto free;
		}
	}
	dev->iotlb = on;
	for (i = 0; i < XNET_NR_VQS; i++) {
		tlbs[i] = xnet_vq_set_iotlb(&dev->vqs[i], tlbs[i]);
		if (!on)
			xnet_miss_withdraw(&dev->vqs[i].miss);
	}
	xnet_misses_switch(&dev->misses, on);
free:
	for (i = 0; i < XNET_NR_VQS; i++)
		kvfree(tlbs[i]);
	return err;
}

/* Stop the queues and give everything back that came with the owner. */
static void dev_cleanup(struct xnet_dev *dev)
{
	struct xnet_backend *backends[XNET_NR_VQS];
	unsigned int i;

	for (i = 0; i < XNET_NR_VQS; i++)
		backends[i] = xnet_vq_detach(&dev->vqs[i]);
	dev_set_iotlb(dev, false);
	xnet_misses_set_v2(&dev->misses, false);
	dev_set_mem(dev, NULL);
	for (i = 0; i < XNET_NR_VQS; i++)
		xnet_vq_reset(&dev->vqs[i]);
	/* No event can queue work now; what is queued is done before the threads end. */
	xnet_dev_free_workers(dev);
	for (i = 0; i < XNET_NR_VQS; i++)
		if (backends[i])
			xnet_backend_put(backends[i]);
	WRITE_ONCE(dev->owner, 0);
	if (dev->mm)
		mmput(dev->mm);
	dev->mm = NULL;
	dev_note_features(dev, dev_no_features);
	if (dev->log_ctx)
		eventfd_ctx_put(dev->log_ctx);
	dev->log_ctx = NULL;
}

/**
 * xnet_dev_release() - stop a device and forget it
 * @dev: the device; nobody can ask anything of it any more
 *
 * Context: any process, not only the owner; may sleep.
 */
void xnet_dev_release(struct xnet_dev *dev)
{
	mutex_lock(&xnet_devs_lock);
	idr_remove(&xnet_devs, dev->id);
	mutex_unlock(&xnet_devs_lock);

	mutex_lock(&dev->mutex);
	dev_cleanup(dev);
	mutex_unlock(&dev->mutex);
	mutex_destroy(&dev->mutex);
	kvfree(dev);
}

/**
 * xnet_dev_check_owner() - is the caller the owner?
 * @dev: the device
 *
 * Context: the device mutex is held.
 * Return: 0 or -EPERM.
 */
int xnet_dev_check_owner(const struct xnet_dev *dev)
{
	lockdep_assert_held(&dev->mutex);
	return dev->mm == current->mm ? 0 : -EPERM;
}

/**
 * xnet_dev_set_owner() - make the calling process the owner
 * @dev: the device
 *
 * Context: the device mutex is held; may sleep.
 * Return: 0; -EBUSY if there is an owner; an error of starting the worker.
 */
int xnet_dev_set_owner(struct xnet_dev *dev)
{
	struct xnet_worker *worker;
	struct mm_struct *mm;
	unsigned int i;

	lockdep_assert_held(&dev->mutex);
	if (dev->mm)
		return -EBUSY;
	mm = get_task_mm(current);
	if (!mm)
		return -EINVAL;
	dev->mm = mm;
	worker = xnet_dev_new_worker(dev);
	if (IS_ERR(worker)) {
		dev->mm = NULL;
		mmput(mm);
		return PTR_ERR(worker);
	}
	for (i = 0; i < XNET_NR_VQS; i++)
		xnet_vq_set_worker(&dev->vqs[i], worker);

	spin_lock(&dev->vqs[0].info_lock);
	get_task_comm(dev->comm, current->group_leader);
	spin_unlock(&dev->vqs[0].info_lock);
	WRITE_ONCE(dev->owner, task_tgid_nr(current));
	return 0;
}

/**
 * xnet_dev_reset_owner() - stop the device; afterwards it has no owner
 * @dev: the device
 *
 * Context: the owner's process, with the device mutex; may sleep.
 */
void xnet_dev_reset_owner(struct xnet_dev *dev)
{
	lockdep_assert_held(&dev->mutex);
	dev_cleanup(dev);
	dev->fork_owner = false;
	/* As with vhost-net, what starts anew has a map, with nothing in it. */
	dev_set_mem(dev, &dev_no_mem);
}

/**
 * xnet_dev_log_mem_ok() - can writes to a map's memory be logged?
 * @dev: the device
 * @mem: the map, or NULL
 * @log_all: the owner is about to ask for it, if it has not yet
 *
 * Context: the device mutex is held.
 * Return: false if a queue that has a backend wants to log and cannot, or if
 * there is no map for it.
 */
bool xnet_dev_log_mem_ok(const struct xnet_dev *dev, const struct xnet_mem *mem, bool log_all)
{
	unsigned int i;

	lockdep_assert_held(&dev->mutex);
	for (i = 0; i < XNET_NR_VQS; i++)
		if (!xnet_vq_log_mem_ok(&dev->vqs[i], mem, log_all))
			return false;
	return true;
}

/**
 * xnet_dev_set_features() - acknowledge features
 * @dev: the device
 * @features: the features, all of them on offer
 *
 * VIRTIO_F_ACCESS_PLATFORM begins with an empty IOTLB, each time.
 *
 * Context: the device mutex is held; may sleep.
 * Return: 0, or -EFAULT if they ask for a log that cannot be, or if there is no
 * IOTLB to be had.
 */
int xnet_dev_set_features(struct xnet_dev *dev, const u64 features[XNET_FEATURE_WORDS])
{
	unsigned int i;

	lockdep_assert_held(&dev->mutex);
	if (features[0] & BIT_ULL(VHOST_F_LOG_ALL) && !xnet_dev_log_mem_ok(dev, dev->mem, true))
		return -EFAULT;
	if (dev_set_iotlb(dev, features[0] & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM)))
		return -EFAULT;
	dev_note_features(dev, features);
	for (i = 0; i < XNET_NR_VQS; i++)
		xnet_vq_set_features(&dev->vqs[i], features);
	return 0;
}

/**
 * xnet_dev_set_mem() - change the guest's memory map
 * @dev: the device
 * @mem: the map, the device's from now on
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_dev_set_mem(struct xnet_dev *dev, const struct xnet_mem *mem)
{
	lockdep_assert_held(&dev->mutex);
	dev_set_mem(dev, mem);
}

/* Give @vq the backend @new instead of the one it has; either may be NULL. */
static int dev_swap_backend(struct xnet_vq *vq, struct xnet_backend *new)
{
	struct xnet_backend *old = vq->backend;
	/* Pairs with the release in vq_break(). */
	bool broken = smp_load_acquire(&vq->state) == XNET_VQ_BROKEN;
	int err = 0;

	/* Nothing to do, unless it is to be brought back to life. */
	if (!broken && old && new && old->file == new->file) {
		xnet_backend_put(new);
		return 0;
	}
	old = xnet_vq_detach(vq);
	if (new) {
		xnet_backend_find_name(new);
		err = xnet_vq_attach(vq, new);
	}
	if (err) {
		xnet_backend_put(new);
		/* It worked before; if it does not now the queue stays stopped. */
		if (old && !broken && !xnet_vq_attach(vq, old))
			return err;
	}
	if (old)
		xnet_backend_put(old);
	return err;
}

/**
 * xnet_dev_set_backend() - start a queue on a backend, or stop it
 * @dev: the device
 * @index: which queue
 * @fd: the backend's file descriptor, -1 to stop
 *
 * Context: the owner's process, with the device mutex; may sleep.
 * Return: 0; -ENOBUFS if there is no such queue; -EFAULT if there is no memory
 * map, no ring or no room for the log that is wanted; -ENOTSOCK if @fd cannot
 * be a backend; errors of xnet_vq_attach().
 */
int xnet_dev_set_backend(struct xnet_dev *dev, unsigned int index, int fd)
{
	struct xnet_backend *backend = NULL;
	struct xnet_vq_addr addr;
	struct xnet_vq *vq;

	lockdep_assert_held(&dev->mutex);
	if (index >= XNET_NR_VQS)
		return -ENOBUFS;
	vq = &dev->vqs[array_index_nospec(index, XNET_NR_VQS)];
	addr = (struct xnet_vq_addr) { vq->desc, vq->avail, vq->used };
	if (!xnet_vq_log_ok(vq, dev->mem, vq->ring.log.base) || !xnet_vq_addr_ok(vq, &addr))
		return -EFAULT;
	if (fd != -1) {
		backend = xnet_backend_get(fd);
		if (IS_ERR(backend))
			return PTR_ERR(backend);
	}
	return dev_swap_backend(vq, backend);
}

/**
 * xnet_info_next() - describe the next open device
 * @after: a number, 0 to begin with
 * @info: receives the description of the open device with the lowest number
 *	above @after
 *
 * Context: any process; may sleep, but waits for no ioctl and no queue.
 * Return: 0, or -ENOENT if there is no such device.
 */
int xnet_info_next(u32 after, struct xnet_dev_info *info)
{
	struct xnet_dev *dev = NULL;
	unsigned int i;
	int id;

	if (after >= INT_MAX)
		return -ENOENT;
	id = after + 1;
	memset(info, 0, sizeof(*info));
	mutex_lock(&xnet_devs_lock);
	dev = idr_get_next(&xnet_devs, &id);
	if (dev) {
		info->id = dev->id;
		info->owner = READ_ONCE(dev->owner);
		info->worker = READ_ONCE(dev->worker_pid);
		for (i = 0; i < XNET_FEATURE_WORDS; i++)
			info->features[i] = READ_ONCE(dev->features[i]);
		info->nregions = READ_ONCE(dev->nregions);
		if (info->owner) {
			spin_lock(&dev->vqs[0].info_lock);
			memcpy(info->comm, dev->comm, sizeof(info->comm));
			spin_unlock(&dev->vqs[0].info_lock);
		}
		for (i = 0; i < XNET_NR_VQS; i++)
			xnet_vq_info(&dev->vqs[i], &info->vqs[i]);
	}
	mutex_unlock(&xnet_devs_lock);
	return dev ? 0 : -ENOENT;
}
