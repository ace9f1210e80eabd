/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices and queues as the kernel told of them. */
#ifndef XNETCTL_MODEL_H
#define XNETCTL_MODEL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include <linux/vhost_xnet.h>

/* Counters known here; counter i is attribute i + 1. */
#define XC_COUNTERS	VHOST_XNET_A_COUNTERS_MAX

/* Features come in words of 64. */
#define XC_FEATURE_WORDS	2
#define XC_FEATURES		(64 * XC_FEATURE_WORDS)

/* Room for the name of a process, and to spare. */
#define XC_COMM_LEN	64

/**
 * struct xc_dev - an open device
 * @id: its number
 * @owner: process that owns it, 0 if none does
 * @comm: name of that process, empty if there is none
 * @worker: thread that serves it, 0 if there is none
 * @features: acknowledged features by bit number, 64 in each word
 * @regions: regions in its memory map
 * @queues: how many queues it has
 */
struct xc_dev {
	__u32 id;
	__u32 owner;
	char comm[XC_COMM_LEN];
	__u32 worker;
	__u64 features[XC_FEATURE_WORDS];
	__u32 regions;
	__u32 queues;
};

/**
 * struct xc_queue - a queue
 * @dev_id: number of its device
 * @index: its number in the device
 * @direction: enum vhost_xnet_direction, or a value unknown here
 * @state: enum vhost_xnet_state, or a value unknown here
 * @fault: enum vhost_xnet_fault, or a value unknown here
 * @size: descriptors in its ring, 0 if not set
 * @backend: name of the backend's interface, empty if there is none
 * @busyloop_us: owner's limit for busy polling, 0 for none
 * @worker: thread that serves it, 0 if none does, or the kernel does not tell
 * @counters: the figures
 * @known: bit i is set if the kernel told of counter i
 */
struct xc_queue {
	__u32 dev_id;
	__u32 index;
	__u32 direction;
	__u32 state;
	__u32 fault;
	__u32 size;
	char backend[IFNAMSIZ];
	__u32 busyloop_us;
	__u32 worker;
	__u64 counters[XC_COUNTERS];
	__u64 known;
};

/**
 * struct xc_view - what one look at the kernel brought
 * @devs: devices by ascending number
 * @ndevs: how many
 * @queues: queues by ascending device number and index
 * @nqueues: how many
 * @time: when, in seconds of a clock that only runs forward
 */
struct xc_view {
	struct xc_dev *devs;
	size_t ndevs;
	struct xc_queue *queues;
	size_t nqueues;
	double time;
};

size_t xc_view_queues(const struct xc_view *view, __u32 id, const struct xc_queue **first);
const struct xc_queue *xc_view_find(const struct xc_view *view, __u32 id, __u32 index);
void xc_view_free(struct xc_view *view);

#endif /* XNETCTL_MODEL_H */
