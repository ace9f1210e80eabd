/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic: a running device with frames going both ways, every one of them
 * checked, while the test does something else to the device.
 */
#ifndef XT_TRAFFIC_H
#define XT_TRAFFIC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "xguest.h"

/**
 * struct xt_flow - one direction
 * @thread: who drives it
 * @frames: frames that arrived intact so far
 * @error: 0, or the negative errno that ended it
 * @step: what failed, "" if nothing
 */
struct xt_flow {
	pthread_t thread;
	atomic_ulong frames;
	atomic_int error;
	char step[96];
};

/**
 * struct xt_traffic - a device and its traffic
 * @net: the device
 * @rx_pkt: packet socket at the far end that sends towards the guest
 * @tx_pkt: packet socket at the far end that receives from the guest
 * @patience_ms: how long a frame may take
 * @burst: frames under way at a time
 * @lossy: frames may be lost, buffers not: the sender only waits for its
 *	completions, the receiver takes what comes
 * @stop: asks the threads to end
 * @running: they were started
 * @flow: the directions, XG_RX and XG_TX
 */
struct xt_traffic {
	struct xg_net net;
	int rx_pkt;
	int tx_pkt;
	int patience_ms;
	unsigned int burst;
	bool lossy;
	atomic_bool stop;
	bool running;
	struct xt_flow flow[XG_MAX_VQS];
};

/**
 * xt_traffic_open() - make a network namespace, a device and its far end
 * @t: filled in
 * @cfg: the device; NULL for a modern guest with rings of 256 on xt_dev()
 *
 * With a backend of one's own the namespace is that which it is in. The device
 * is started. Return: 0, or -errno with nothing left behind.
 */
int xt_traffic_open(struct xt_traffic *t, const struct xg_net_cfg *cfg);

/** xt_traffic_close() - end the traffic and give everything back. */
void xt_traffic_close(struct xt_traffic *t);

/** xt_traffic_start() - begin both directions. Return: 0 or -errno. */
int xt_traffic_start(struct xt_traffic *t);

/**
 * xt_traffic_moves() - wait until each direction has moved some frames more
 * @t: traffic
 * @frames: how many
 *
 * Return: 0, what ended a direction, or -ETIMEDOUT.
 */
int xt_traffic_moves(struct xt_traffic *t, unsigned long frames);

/**
 * xt_traffic_breaks() - wait until both directions have failed, as they must
 * @t: traffic whose device works no more; set @t->patience_ms before
 *
 * Return: 0, or -ETIMEDOUT: frames still pass.
 */
int xt_traffic_breaks(struct xt_traffic *t);

/**
 * xt_traffic_stop() - end the traffic; what is under way arrives first
 * @t: traffic, possibly stopped
 *
 * Return: 0, or what ended a direction before: a frame was lost, late or wrong.
 */
int xt_traffic_stop(struct xt_traffic *t);

/** xt_traffic_settle() - throw away what a lossy time left on the way. */
void xt_traffic_settle(struct xt_traffic *t);

/** xt_traffic_step() - what failed, for a message. */
const char *xt_traffic_step(const struct xt_traffic *t);

/**
 * xt_traffic_check() - send some frames each way and see them arrive intact
 * @t: stopped traffic
 *
 * Return: 0 or a negative errno.
 */
int xt_traffic_check(struct xt_traffic *t);

/**
 * xt_traffic_renew() - set everything up again on the open descriptor
 * @t: stopped traffic
 * @owner: also set the owner and the features, as after VHOST_RESET_OWNER
 * @base: first ring index
 *
 * The rings start empty; what was under way is forgotten at both ends.
 * Return: 0 or a negative errno.
 */
int xt_traffic_renew(struct xt_traffic *t, bool owner, uint16_t base);

#endif /* XT_TRAFFIC_H */
