/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading what vhost-xnet counts, over its generic netlink family. Needs
 * CAP_NET_ADMIN in the initial user namespace; any network namespace will do.
 */
#ifndef XGSTATS_H
#define XGSTATS_H

#include <stdint.h>
#include <sys/types.h>

#include "../../include/uapi/linux/vhost_xnet.h"

/**
 * struct xg_stats - a queue as the device reports it
 * @state: enum vhost_xnet_state
 * @fault: enum vhost_xnet_fault
 * @size: descriptors in the ring
 * @backend: the backend's network device, "" if there is none or it is unknown
 * @c: the counters, by VHOST_XNET_A_COUNTERS_*
 */
struct xg_stats {
	uint32_t state;
	uint32_t fault;
	uint32_t size;
	char backend[16];
	uint64_t c[VHOST_XNET_A_COUNTERS_MAX + 1];
};

/**
 * xg_stats_dev() - find the device that a process opened last
 * @owner: PID that called VHOST_SET_OWNER
 *
 * Return: its id, -ENOENT when there is no such device or no such family, or
 * another -errno.
 */
int xg_stats_dev(pid_t owner);

/**
 * xg_stats_owner() - ask for one device
 * @dev: its id
 *
 * Return: the PID that called VHOST_SET_OWNER, 0 if none has, or -errno.
 */
int xg_stats_owner(int dev);

/**
 * xg_stats_queues() - ask for all queues of a device
 * @dev: its id
 *
 * Return: how many were told of, or -errno.
 */
int xg_stats_queues(int dev);

/**
 * xg_stats_read() - read the figures of one queue
 * @dev: id of the device
 * @index: queue
 * @stats: filled in
 *
 * Return: 0 or -errno.
 */
int xg_stats_read(int dev, unsigned int index, struct xg_stats *stats);

/** xg_stats_drops() - frames dropped, for whatever reason. */
uint64_t xg_stats_drops(const struct xg_stats *stats);

#endif /* XGSTATS_H */
