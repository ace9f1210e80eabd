// SPDX-License-Identifier: GPL-2.0-only
/*
 * The work that is measured. One thread is the guest and also what is at the
 * far end of the tap, so that on one CPU nothing depends on a scheduler's
 * choice between the two.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define RING		256
#define BATCH		32
#define TIMEOUT_MS	20000
#define MAX_WORKERS	8
#define N_ROWS		6
#define ROOM		40000	/* of a transmit buffer, for the largest row */

static int step_failed(const char *dev, const struct row *row, int err)
{
	fprintf(stderr, "xnet-bench: %s on %s failed at %s: %s\n", row->name, dev,
		xg_step(), strerror(-err));
	return err;
}

/* Take back what is done; buffer i was written once and is only sent again. */
static int tx_batch(struct xg_net *net, const struct row *row, unsigned int n)
{
	struct xg_vq *vq = &net->vq[XG_TX];
	unsigned int i, buf;
	int ret;

	for (i = 0; i < n; i++) {
		buf = net->tx_slot[--net->tx_slots];
		struct xg_seg seg = {
			.gpa = net->tx_gpa[buf],
			.len = net->hdr_len + row->len,
		};

		ret = xg_vq_add(vq, &seg, 1, NULL, buf);
		if (ret < 0)
			return ret;
	}
	xg_vq_publish(vq);
	ret = xg_vq_kick(vq);
	return ret < 0 ? ret : 0;
}

static int run_tx(const struct row *row, struct xg_net *net, int pkt,
		  unsigned int packets)
{
	struct xg_vq *vq = &net->vq[XG_TX];
	unsigned int left = packets;
	int ret;

	(void)pkt;
	while (left) {
		unsigned int n = left < BATCH ? left : BATCH;

		ret = xg_net_tx_reap(net);
		if (ret < 0)
			return ret;
		if (net->tx_slots < n) {
			ret = xg_vq_wait_n(vq, n, TIMEOUT_MS);
			if (ret >= 0 && (unsigned int)ret < n)
				ret = -ETIMEDOUT;
			if (ret < 0)
				return ret;
			continue;
		}
		ret = tx_batch(net, row, n);
		if (ret < 0)
			return ret;
		left -= n;
	}
	return xg_net_tx_wait(net, TIMEOUT_MS);
}

/* Take the frames that came and post their buffers again. */
static int rx_take(struct xg_net *net, const struct row *row, unsigned int n)
{
	struct xg_vq *vq = &net->vq[XG_RX];
	struct xg_used used;
	int ret;

	ret = xg_vq_wait_n(vq, n, TIMEOUT_MS);
	if (ret >= 0 && (unsigned int)ret < n)
		return -ETIMEDOUT;
	while (ret >= 0 && n--) {
		ret = xg_vq_pop(vq, &used);
		if (ret > 0 && used.len != net->hdr_len + row->len)
			ret = -EPROTO;
		if (ret > 0)
			net->rx_slot[net->rx_slots++] = used.cookie;
	}
	if (ret < 0)
		return ret;
	ret = xg_net_rx_post(net);
	return ret < 0 ? ret : 0;
}

static int run_rx(const struct row *row, struct xg_net *net, int pkt,
		  unsigned int packets)
{
	struct mmsghdr msg[BATCH] = { 0 };
	struct iovec iov = { .iov_len = row->len };
	unsigned int left, i;
	char *frame;
	int ret = 0;

	frame = malloc(row->len);
	if (!frame)
		return -ENOMEM;
	xg_frame_fill(frame, row->len, 0);
	iov.iov_base = frame;
	for (i = 0; i < BATCH; i++) {
		msg[i].msg_hdr.msg_iov = &iov;
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	for (left = packets; left && !ret; left -= i) {
		i = left < BATCH ? left : BATCH;
		ret = sendmmsg(pkt, msg, i, 0);
		if (ret != (int)i) {
			ret = ret < 0 ? -errno : -EIO;
			break;
		}
		ret = rx_take(net, row, i);
	}
	free(frame);
	return ret;
}

static int run_rr(const struct row *row, struct xg_net *net, int pkt,
		  unsigned int packets)
{
	char frame[ROOM];
	ssize_t len;
	int ret;

	while (packets--) {
		ret = xg_net_tx_reap(net);
		if (ret >= 0)
			ret = tx_batch(net, row, 1);
		if (ret < 0)
			return ret;
		len = xg_pkt_recv(pkt, frame, sizeof(frame), TIMEOUT_MS);
		if (len != row->len)
			return len < 0 ? len : len ? -EPROTO : -ETIMEDOUT;
		ret = xg_pkt_send(pkt, frame, len);
		if (!ret)
			ret = rx_take(net, row, 1);
		if (ret)
			return ret;
	}
	return xg_net_tx_wait(net, TIMEOUT_MS);
}

const struct row rows[N_ROWS] = {
	{ "tx64", "TX 64 B", "packet", 64, 60000, run_tx },
	{ "tx1500", "TX 1500 B", "packet", 1500, 40000, run_tx },
	{ "tx32000", "TX 32000 B", "packet", 32000, 4000, run_tx },
	{ "rx64", "RX 64 B", "packet", 64, 16000, run_rx },
	{ "rx1500", "RX 1500 B", "packet", 1500, 16000, run_rx },
	{ "rr64", "request/response 64 B", "round trip", 64, 8000, run_rr },
};

const unsigned int n_rows = N_ROWS;

/* What the tap's netdev says went through, so that no drop counts as work. */
static int passed(const struct xg_net *net, const struct row *row, __u64 *n)
{
	struct xg_tap_stats stats;
	int ret = xg_tap_stats(&net->tap, &stats);

	*n = row->run == run_rx ? stats.tx_packets : stats.rx_packets;
	return ret;
}

static int run_checked(const struct row *row, struct xg_net *net, int pkt,
		       unsigned int packets)
{
	__u64 before, after;
	int ret;

	ret = passed(net, row, &before);
	if (!ret)
		ret = row->run(row, net, pkt, packets);
	if (!ret)
		ret = passed(net, row, &after);
	if (ret || after - before == packets)
		return ret;
	fprintf(stderr, "xnet-bench: the tap counted %llu of %u packets\n",
		after - before, packets);
	return -EIO;
}

static int timed_run(const struct row *row, struct xg_net *net, int pkt,
		     unsigned int packets, struct sample *s)
{
	struct xg_vq *vq = &net->vq[row->run == run_rx ? XG_RX : XG_TX];
	__u64 kicks = vq->kicks;
	__u64 start = xg_now_ns();
	int ret;

	ret = run_checked(row, net, pkt, packets);
	s->wall_ns = xg_now_ns() - start;
	s->kicks = vq->kicks - kicks;
	s->packets = packets;
	return ret;
}

static int find_workers(pid_t *tid)
{
	int n = xg_worker_find(getpid(), tid, MAX_WORKERS);

	if (n >= 1 && n <= MAX_WORKERS)
		return n;
	fprintf(stderr, "xnet-bench: found %d threads named vhost-%d instead of 1 to %d\n",
		n, getpid(), MAX_WORKERS);
	return -ESRCH;
}

/*
 * The clock makes the worker's switches slower, so the same work is done once
 * more for it, and the rate is that of the run without it.
 */
static int clocked_run(const struct row *row, struct xg_net *net, int pkt,
		       unsigned int packets, struct sample *s)
{
	pid_t tid[MAX_WORKERS];
	int fd[MAX_WORKERS];
	int i, n, found, ret;
	__s64 ns;

	found = find_workers(tid);
	if (found < 0)
		return found;
	for (n = 0, ret = 0; n < found; n++) {
		fd[n] = xg_clock_open(tid[n]);
		if (fd[n] < 0) {
			ret = fd[n];
			goto close_clocks;
		}
	}
	ret = run_checked(row, net, pkt, packets);
	s->worker_ns = 0;
	for (i = 0; i < n && !ret; i++) {
		ns = xg_clock_ns(fd[i]);
		if (ns < 0)
			ret = ns;
		else
			s->worker_ns += ns;
	}
close_clocks:
	while (n--)
		close(fd[n]);
	return ret;
}

static int run_all(const struct row *row, struct xg_net *net, int pkt,
		   unsigned int packets, bool cost, struct sample *s)
{
	int ret;

	/* Caches, page tables and the worker's pools are warm before the clock runs. */
	ret = row->run(row, net, pkt, 2 * RING);
	if (!ret)
		ret = timed_run(row, net, pkt, packets, s);
	if (!ret && cost)
		ret = clocked_run(row, net, pkt, packets, s);
	return ret;
}

int measure(const struct row *row, const char *dev, unsigned int packets,
	    bool cost, bool log, struct sample *s)
{
	struct xg_net_cfg cfg = {
		.path = dev,
		/*
		 * Not XG_F_ANY_LAYOUT: to a vhost device that bit means that
		 * the tap knows no virtio-net header.
		 */
		.features = XG_F_VERSION_1 | XG_F_EVENT_IDX | XG_F_MRG_RXBUF |
			    XG_F_INDIRECT,
		.num = RING,
		.mem_size = 64 << 20,
		.mem_flags = XG_MEM_PREFAULT,
		.tx_buf = ROOM,
	};
	struct xg_log bits = { 0 };
	struct xg_net net;
	unsigned int i;
	int pkt, ret;

	ret = xg_net_open(&net, &cfg);
	if (ret)
		return step_failed(dev, row, ret);
	for (i = 0; i < net.cfg.num; i++)
		xg_frame_fill((char *)xg_mem_ptr(&net.mem, net.tx_gpa[i], ROOM) + net.hdr_len,
			      row->len, i);
	/* Only request/response wants the frames; in the others the stack drops them. */
	pkt = xg_pkt_open(net.tap.ifindex, row->run == run_rr ? 0 : XG_PKT_SEND_ONLY);
	if (pkt < 0) {
		ret = pkt;
		goto close_net;
	}
	ret = xg_net_start(&net);
	if (!ret && log) {
		ret = xg_log_open(&bits, &net.mem);
		if (!ret)
			ret = xg_net_log(&net, &bits);
	}
	if (!ret)
		ret = run_all(row, &net, pkt, packets, cost, s);
	close(pkt);
close_net:
	if (ret)
		step_failed(dev, row, ret);
	xg_net_close(&net);
	xg_log_close(&bits);
	return ret;
}
