/* SPDX-License-Identifier: GPL-2.0-only */
/* The two directions, and what they have in common. */
#ifndef _XNET_NET_H
#define _XNET_NET_H

#include <linux/types.h>

struct xnet_vq;

/*
 * A queue gives way to what else waits for its worker after so many frames, or
 * bytes, of one run. They are vhost-net's numbers.
 */
#define XNET_RUN_FRAMES	256
#define XNET_RUN_BYTES	0x80000

/**
 * enum xnet_run - how a run of a queue ended, if not in an error
 * @XNET_RUN_IDLE: there is nothing more to do until an event comes
 * @XNET_RUN_AGAIN: there is more to do, after others have had their turn
 * @XNET_RUN_MISS: the IOTLB lacks what the ring notes; all that could be done without is done
 */
enum xnet_run {
	XNET_RUN_IDLE,
	XNET_RUN_AGAIN,
	XNET_RUN_MISS,
};

int xnet_tx_start(struct xnet_vq *vq);
void xnet_tx_stop(struct xnet_vq *vq);
int xnet_tx_run(struct xnet_vq *vq);

int xnet_rx_start(struct xnet_vq *vq);
void xnet_rx_quiesce(struct xnet_vq *vq);
void xnet_rx_stop(struct xnet_vq *vq);
int xnet_rx_run(struct xnet_vq *vq);

#endif /* _XNET_NET_H */
