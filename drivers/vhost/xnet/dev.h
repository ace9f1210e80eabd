/* SPDX-License-Identifier: GPL-2.0-only */
/* An open device. */
#ifndef _XNET_DEV_H
#define _XNET_DEV_H

#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "info.h"
#include "vq.h"

/* What a device offers: features 0 to 63, and those from 64 on. */
#define XNET_FEATURES						\
	(BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY) |			\
	 BIT_ULL(VHOST_F_LOG_ALL) |				\
	 BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) |			\
	 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) |			\
	 BIT_ULL(VIRTIO_F_ANY_LAYOUT) |				\
	 BIT_ULL(VIRTIO_F_VERSION_1) |				\
	 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |			\
	 BIT_ULL(VIRTIO_F_IN_ORDER) |				\
	 BIT_ULL(VIRTIO_F_RING_RESET) |				\
	 BIT_ULL(VIRTIO_NET_F_MRG_RXBUF) |			\
	 BIT_ULL(VHOST_NET_F_VIRTIO_NET_HDR))

#define XNET_FEATURES_HIGH					\
	(XNET_HAVE_UDP_TUNNEL ?					\
	 BIT_ULL(VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO - 64) |	\
	 BIT_ULL(VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO - 64) : 0ULL)

#define XNET_BACKEND_FEATURES	BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2)

/*
 * The most threads of a device. It has work for two, and may want to hold one or
 * two more ready; without a limit an owner could have as many threads of the
 * kernel's as memory holds.
 */
#define XNET_MAX_WORKERS	8

/**
 * struct xnet_dev - an open device
 * @mutex: serialises everything the owner asks for
 * @id: the number by which it is known outside
 * @mm: the owner's address space, referenced; NULL if there is no owner
 * @workers: the threads that run the queues, by number; at least one of them is
 *	there whenever @mm is
 * @fork_owner: they are tasks of the owner
 * @mem: the guest's memory map, NULL if none was ever set
 * @iotlb: the queues have IOTLBs, VIRTIO_F_ACCESS_PLATFORM having been acknowledged
 * @misses: what those lack and user space is asked for
 * @features: features acknowledged, 64 in each word
 * @log_ctx: the eventfd that the owner wants to hear of dirty pages by, may be NULL
 * @owner: the owner's thread group in the initial namespace
 * @worker_pid: the thread with number 0, likewise
 * @nregions: regions in @mem
 * @comm: the owner's name, under the info lock of the first queue
 * @vqs: the queues
 *
 * @features, @owner, @worker_pid and @nregions are read without the mutex by
 * those who only want to know.
 */
struct xnet_dev {
	struct mutex mutex;
	u32 id;
	struct mm_struct *mm;
	struct xnet_worker *workers[XNET_MAX_WORKERS];
	bool fork_owner;
	const struct xnet_mem *mem;
	bool iotlb;
	struct xnet_misses misses;
	u64 features[XNET_FEATURE_WORDS];
	struct eventfd_ctx *log_ctx;
	pid_t owner;
	pid_t worker_pid;
	u32 nregions;
	char comm[TASK_COMM_LEN];
	struct xnet_vq vqs[XNET_NR_VQS];
};

extern const u64 xnet_offer[XNET_FEATURE_WORDS];

struct xnet_dev *xnet_dev_open(void);
void xnet_dev_release(struct xnet_dev *dev);
int xnet_dev_check_owner(const struct xnet_dev *dev);
int xnet_dev_set_owner(struct xnet_dev *dev);
void xnet_dev_reset_owner(struct xnet_dev *dev);
int xnet_dev_set_features(struct xnet_dev *dev, const u64 features[XNET_FEATURE_WORDS]);
bool xnet_dev_log_mem_ok(const struct xnet_dev *dev, const struct xnet_mem *mem, bool log_all);
void xnet_dev_set_mem(struct xnet_dev *dev, const struct xnet_mem *mem);
struct xnet_worker *xnet_dev_new_worker(struct xnet_dev *dev);
int xnet_dev_free_worker(struct xnet_dev *dev, u32 id);
int xnet_dev_attach_worker(struct xnet_dev *dev, struct xnet_vq *vq, u32 id);
void xnet_dev_free_workers(struct xnet_dev *dev);
int xnet_dev_set_backend(struct xnet_dev *dev, unsigned int index, int fd);

#endif /* _XNET_DEV_H */
