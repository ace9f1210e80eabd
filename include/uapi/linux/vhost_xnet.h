/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/vhost_xnet.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_VHOST_XNET_H
#define _UAPI_LINUX_VHOST_XNET_H

#define VHOST_XNET_FAMILY_NAME		"vhost-xnet"
#define VHOST_XNET_FAMILY_VERSION	1

/**
 * enum vhost_xnet_direction - which way the frames of a queue go, as the guest
 *   sees it
 * @VHOST_XNET_DIRECTION_RX: the guest receives
 * @VHOST_XNET_DIRECTION_TX: the guest transmits
 */
enum vhost_xnet_direction {
	VHOST_XNET_DIRECTION_RX,
	VHOST_XNET_DIRECTION_TX,
};

/**
 * enum vhost_xnet_state - the life of a queue
 * @VHOST_XNET_STATE_STOPPED: has no backend
 * @VHOST_XNET_STATE_RUNNING: has a backend and moves frames
 * @VHOST_XNET_STATE_BROKEN: has a backend, but the ring was found malformed;
 *   it moves frames again when the backend is detached and attached
 */
enum vhost_xnet_state {
	VHOST_XNET_STATE_STOPPED,
	VHOST_XNET_STATE_RUNNING,
	VHOST_XNET_STATE_BROKEN,
};

/**
 * enum vhost_xnet_fault - what was wrong with the ring of a broken queue
 * @VHOST_XNET_FAULT_NONE: nothing
 * @VHOST_XNET_FAULT_RING_ACCESS: the owner has not mapped the memory of the
 *   ring itself
 * @VHOST_XNET_FAULT_AVAIL_IDX: the driver's index is further ahead than the
 *   ring is long
 * @VHOST_XNET_FAULT_HEAD: the available ring names a descriptor that does not
 *   exist
 * @VHOST_XNET_FAULT_NEXT: a chain runs on to a descriptor that does not exist
 * @VHOST_XNET_FAULT_LOOP: a chain has more descriptors than its table
 * @VHOST_XNET_FAULT_DIRECTION: a descriptor that the device may read where
 *   only ones that it may write can be, or the reverse
 * @VHOST_XNET_FAULT_INDIRECT: an indirect table that is empty, ragged, nested,
 *   continued or was not negotiated
 * @VHOST_XNET_FAULT_ADDRESS: a descriptor or an indirect table outside the
 *   guest's memory
 * @VHOST_XNET_FAULT_LENGTH: a chain without a single byte where there has to
 *   be one, or of more than 4 GiB
 * @VHOST_XNET_FAULT_SEGMENTS: a chain in more pieces than the device takes
 * @VHOST_XNET_FAULT_LOG: what the device wrote could not be noted in the
 *   owner's dirty log
 * @VHOST_XNET_FAULT_PERMISSION: memory that the IOMMU does not let the device
 *   read, or write, as it would have to
 */
enum vhost_xnet_fault {
	VHOST_XNET_FAULT_NONE,
	VHOST_XNET_FAULT_RING_ACCESS,
	VHOST_XNET_FAULT_AVAIL_IDX,
	VHOST_XNET_FAULT_HEAD,
	VHOST_XNET_FAULT_NEXT,
	VHOST_XNET_FAULT_LOOP,
	VHOST_XNET_FAULT_DIRECTION,
	VHOST_XNET_FAULT_INDIRECT,
	VHOST_XNET_FAULT_ADDRESS,
	VHOST_XNET_FAULT_LENGTH,
	VHOST_XNET_FAULT_SEGMENTS,
	VHOST_XNET_FAULT_LOG,
	VHOST_XNET_FAULT_PERMISSION,
};

enum {
	VHOST_XNET_A_DEV_ID = 1,
	VHOST_XNET_A_DEV_OWNER,
	VHOST_XNET_A_DEV_COMM,
	VHOST_XNET_A_DEV_WORKER,
	VHOST_XNET_A_DEV_FEATURES,
	VHOST_XNET_A_DEV_REGIONS,
	VHOST_XNET_A_DEV_QUEUES,
	VHOST_XNET_A_DEV_FEATURES_HIGH,

	__VHOST_XNET_A_DEV_MAX,
	VHOST_XNET_A_DEV_MAX = (__VHOST_XNET_A_DEV_MAX - 1)
};

enum {
	VHOST_XNET_A_QUEUE_DEV_ID = 1,
	VHOST_XNET_A_QUEUE_INDEX,
	VHOST_XNET_A_QUEUE_DIRECTION,
	VHOST_XNET_A_QUEUE_STATE,
	VHOST_XNET_A_QUEUE_FAULT,
	VHOST_XNET_A_QUEUE_SIZE,
	VHOST_XNET_A_QUEUE_BACKEND,
	VHOST_XNET_A_QUEUE_BUSYLOOP_US,
	VHOST_XNET_A_QUEUE_COUNTERS,
	VHOST_XNET_A_QUEUE_WORKER,

	__VHOST_XNET_A_QUEUE_MAX,
	VHOST_XNET_A_QUEUE_MAX = (__VHOST_XNET_A_QUEUE_MAX - 1)
};

enum {
	VHOST_XNET_A_COUNTERS_PACKETS = 1,
	VHOST_XNET_A_COUNTERS_BYTES,
	VHOST_XNET_A_COUNTERS_BATCHES,
	VHOST_XNET_A_COUNTERS_KICKS,
	VHOST_XNET_A_COUNTERS_WAKEUPS,
	VHOST_XNET_A_COUNTERS_SIGNALS,
	VHOST_XNET_A_COUNTERS_SIGNALS_SAVED,
	VHOST_XNET_A_COUNTERS_YIELDS,
	VHOST_XNET_A_COUNTERS_BACKEND_FULL,
	VHOST_XNET_A_COUNTERS_NO_BUFFERS,
	VHOST_XNET_A_COUNTERS_DROP_RUNT,
	VHOST_XNET_A_COUNTERS_DROP_BAD_HEADER,
	VHOST_XNET_A_COUNTERS_DROP_NO_MEMORY,
	VHOST_XNET_A_COUNTERS_DROP_BACKEND,
	VHOST_XNET_A_COUNTERS_DROP_FAULT,
	VHOST_XNET_A_COUNTERS_DROP_TOO_SMALL,
	VHOST_XNET_A_COUNTERS_RING_ERRORS,

	__VHOST_XNET_A_COUNTERS_MAX,
	VHOST_XNET_A_COUNTERS_MAX = (__VHOST_XNET_A_COUNTERS_MAX - 1)
};

enum {
	VHOST_XNET_CMD_DEV_GET = 1,
	VHOST_XNET_CMD_QUEUE_GET,

	__VHOST_XNET_CMD_MAX,
	VHOST_XNET_CMD_MAX = (__VHOST_XNET_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_VHOST_XNET_H */
