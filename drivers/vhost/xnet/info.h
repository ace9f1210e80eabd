/* SPDX-License-Identifier: GPL-2.0-only */
/* What is told of devices and queues to those who look from outside. */
#ifndef _XNET_INFO_H
#define _XNET_INFO_H

#include <linux/if.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "ring.h"
#include "stats.h"

/* Features, acknowledged or offered, come in so many words of 64. */
#define XNET_FEATURE_WORDS	2

/* Queues of a device, numbered as in vhost-net. */
enum {
	XNET_VQ_RX,
	XNET_VQ_TX,
	XNET_NR_VQS
};

/**
 * enum xnet_vq_state - the life of a queue
 * @XNET_VQ_STOPPED: no backend; the control path owns it
 * @XNET_VQ_RUNNING: has a backend; its worker owns it
 * @XNET_VQ_BROKEN: has a backend, found its ring broken, waits for another start
 *
 * The order is that of the netlink family's enumeration.
 */
enum xnet_vq_state {
	XNET_VQ_STOPPED,
	XNET_VQ_RUNNING,
	XNET_VQ_BROKEN,
};

/**
 * struct xnet_vq_info - a queue as seen from outside
 * @state: enum xnet_vq_state
 * @fault: why it is broken
 * @num: size of the ring in descriptors
 * @backend: name of the backend's network device, empty if there is none
 * @busyloop_us: the owner's busy-poll limit in microseconds, 0 for none
 * @worker: the thread that it belongs to, as seen from the initial namespace, 0 if none
 * @counters: the figures, by enum xnet_counter
 */
struct xnet_vq_info {
	enum xnet_vq_state state;
	enum xnet_fault fault;
	u32 num;
	char backend[IFNAMSIZ];
	u32 busyloop_us;
	pid_t worker;
	u64 counters[XNET_NR_COUNTERS];
};

/**
 * struct xnet_dev_info - an open device as seen from outside
 * @id: its number, never 0, not used again soon after it is closed
 * @owner: the owner's thread group as seen from the initial namespace, 0 if there is no owner
 * @worker: the first worker's thread, likewise, 0 if there is none
 * @comm: the owner's name, empty if there is no owner
 * @features: the features that were acknowledged, by their bit numbers
 * @nregions: regions in the memory map
 * @vqs: its queues
 */
struct xnet_dev_info {
	u32 id;
	pid_t owner;
	pid_t worker;
	char comm[TASK_COMM_LEN];
	u64 features[XNET_FEATURE_WORDS];
	u32 nregions;
	struct xnet_vq_info vqs[XNET_NR_VQS];
};

int xnet_info_next(u32 after, struct xnet_dev_info *info);

#endif /* _XNET_INFO_H */
