// SPDX-License-Identifier: GPL-2.0-only
/* A running device with frames going both ways. */
#include <stdio.h>
#include <unistd.h>

#include "traffic.h"
#include "words.h"

#define MAX_FRAME	1514
#define CHECK_FRAMES	64

/* Frame number @seed has this many bytes. */
static size_t frame_len(uint32_t seed)
{
	return 60 + seed * 2654435761U % (MAX_FRAME - 60 + 1);
}

static int flow_note(struct xt_flow *flow, const char *what, int error)
{
	snprintf(flow->step, sizeof(flow->step), "%s, after %lu frames; last step: %s",
		 what, atomic_load(&flow->frames), xg_step());
	flow->error = error ? error : -EIO;
	return flow->error;
}

/* Both sides of a frame agree on its number, so a lost one shows at once. */
static int frame_check(const char *frame, ssize_t len, uint32_t seed)
{
	if (len != (ssize_t)frame_len(seed) || xg_frame_check(frame, len, seed) >= 0)
		return -EBADMSG;
	return 0;
}

static int tx_burst(struct xt_traffic *t, uint32_t seed)
{
	struct xt_flow *flow = &t->flow[XG_TX];
	char frame[MAX_FRAME + 1];
	unsigned int i;
	ssize_t ret;

	for (i = 0; i < t->burst; i++) {
		xg_frame_fill(frame, frame_len(seed + i), seed + i);
		ret = xg_net_tx(&t->net, NULL, frame, frame_len(seed + i));
		if (ret)
			return flow_note(flow, "adding a frame", ret);
	}
	ret = xg_net_tx_wait(&t->net, t->patience_ms);
	if (ret)
		return flow_note(flow, "completion of frames sent", ret);
	if (t->lossy) {
		xg_pkt_drain(t->tx_pkt);
		atomic_fetch_add(&flow->frames, t->burst);
		return 0;
	}
	for (i = 0; i < t->burst; i++) {
		ret = xg_pkt_recv(t->tx_pkt, frame, sizeof(frame), t->patience_ms);
		if (ret <= 0)
			return flow_note(flow, "frame lost on the way out", ret);
		ret = frame_check(frame, ret, seed + i);
		if (ret)
			return flow_note(flow, "wrong frame on the way out", ret);
		atomic_fetch_add(&flow->frames, 1);
	}
	return 0;
}

static int rx_lossy(struct xt_traffic *t, uint32_t seed)
{
	struct xt_flow *flow = &t->flow[XG_RX];
	char frame[MAX_FRAME + 1];
	unsigned int i;
	ssize_t ret;

	for (i = 0; i < t->burst; i++) {
		xg_frame_fill(frame, frame_len(seed + i), seed + i);
		/* A tap without its backend fills up. */
		xg_pkt_send(t->rx_pkt, frame, frame_len(seed + i));
	}
	for (i = 0; i < t->burst; i++) {
		ret = xg_net_rx(&t->net, frame, sizeof(frame), NULL, 20);
		if (ret == -ETIMEDOUT)
			return 0;
		if (ret < 0)
			return flow_note(flow, "receiving", ret);
		if (xg_frame_check(frame, ret, xg_frame_seed(frame)) >= 0)
			return flow_note(flow, "damaged frame on the way in", -EBADMSG);
		atomic_fetch_add(&flow->frames, 1);
	}
	return 0;
}

static int rx_burst(struct xt_traffic *t, uint32_t seed)
{
	struct xt_flow *flow = &t->flow[XG_RX];
	char frame[MAX_FRAME + 1];
	unsigned int i;
	ssize_t ret;

	if (t->lossy)
		return rx_lossy(t, seed);
	for (i = 0; i < t->burst; i++) {
		xg_frame_fill(frame, frame_len(seed + i), seed + i);
		ret = xg_pkt_send(t->rx_pkt, frame, frame_len(seed + i));
		if (ret)
			return flow_note(flow, "sending to the tap", ret);
	}
	for (i = 0; i < t->burst; i++) {
		ret = xg_net_rx(&t->net, frame, sizeof(frame), NULL, t->patience_ms);
		if (ret < 0)
			return flow_note(flow, "frame lost on the way in", ret);
		ret = frame_check(frame, ret, seed + i);
		if (ret)
			return flow_note(flow, "wrong frame on the way in", ret);
		atomic_fetch_add(&flow->frames, 1);
	}
	return 0;
}

static void *tx_thread(void *data)
{
	struct xt_traffic *t = data;
	uint32_t seed = 1;

	while (!atomic_load(&t->stop) && !tx_burst(t, seed))
		seed += t->burst;
	return NULL;
}

static void *rx_thread(void *data)
{
	struct xt_traffic *t = data;
	uint32_t seed = 1 << 24;

	while (!atomic_load(&t->stop) && !rx_burst(t, seed))
		seed += t->burst;
	return NULL;
}

int xt_traffic_open(struct xt_traffic *t, const struct xg_net_cfg *cfg)
{
	struct xg_net_cfg modern = { .path = xt_dev(), .features = XG_F_MODERN };
	int ret;

	memset(t, 0, sizeof(*t));
	t->patience_ms = 10000;
	t->burst = 16;
	t->rx_pkt = -1;
	t->tx_pkt = -1;
	ret = cfg && cfg->backend ? 0 : xg_netns();
	if (ret)
		return ret;
	ret = xg_net_open(&t->net, cfg ? cfg : &modern);
	if (ret)
		return ret;
	t->rx_pkt = xg_pkt_open(t->net.tap.ifindex, XG_PKT_SEND_ONLY);
	t->tx_pkt = xg_pkt_open(t->net.tap.ifindex, 0);
	ret = t->rx_pkt < 0 ? t->rx_pkt : t->tx_pkt < 0 ? t->tx_pkt : 0;
	if (!ret)
		ret = xg_net_start(&t->net);
	if (ret)
		xt_traffic_close(t);
	return ret;
}

void xt_traffic_close(struct xt_traffic *t)
{
	xt_traffic_stop(t);
	if (t->rx_pkt >= 0)
		close(t->rx_pkt);
	if (t->tx_pkt >= 0)
		close(t->tx_pkt);
	t->rx_pkt = -1;
	t->tx_pkt = -1;
	xg_net_close(&t->net);
}

static void flows_clear(struct xt_traffic *t)
{
	unsigned int i;

	for (i = 0; i < XG_MAX_VQS; i++) {
		atomic_store(&t->flow[i].frames, 0);
		t->flow[i].error = 0;
		t->flow[i].step[0] = '\0';
	}
}

int xt_traffic_start(struct xt_traffic *t)
{
	int ret;

	flows_clear(t);
	atomic_store(&t->stop, false);
	ret = pthread_create(&t->flow[XG_TX].thread, NULL, tx_thread, t);
	if (ret)
		return -ret;
	ret = pthread_create(&t->flow[XG_RX].thread, NULL, rx_thread, t);
	if (ret) {
		atomic_store(&t->stop, true);
		pthread_join(t->flow[XG_TX].thread, NULL);
		return -ret;
	}
	t->running = true;
	return 0;
}

void xt_traffic_settle(struct xt_traffic *t)
{
	char frame[MAX_FRAME + 1];

	while (xg_net_rx(&t->net, frame, sizeof(frame), NULL, 300) > 0)
		;
	xg_pkt_drain(t->tx_pkt);
	t->lossy = false;
}

static int flow_error(const struct xt_traffic *t)
{
	return t->flow[XG_TX].error ? t->flow[XG_TX].error : t->flow[XG_RX].error;
}

const char *xt_traffic_step(const struct xt_traffic *t)
{
	return t->flow[XG_TX].error ? t->flow[XG_TX].step : t->flow[XG_RX].step;
}

int xt_traffic_moves(struct xt_traffic *t, unsigned long frames)
{
	uint64_t end = xg_now_ns() + xg_patience(t->patience_ms + 20000) * 1000000ULL;
	unsigned long want[XG_MAX_VQS];
	unsigned int i;

	for (i = 0; i < XG_MAX_VQS; i++)
		want[i] = atomic_load(&t->flow[i].frames) + frames;
	for (i = 0; i < XG_MAX_VQS;) {
		if (flow_error(t))
			return flow_error(t);
		if (atomic_load(&t->flow[i].frames) >= want[i]) {
			i++;
			continue;
		}
		if (xg_now_ns() > end)
			return -ETIMEDOUT;
		xt_msleep(1);
	}
	return 0;
}

int xt_traffic_breaks(struct xt_traffic *t)
{
	uint64_t end = xg_now_ns() + xg_patience(t->patience_ms + 20000) * 1000000ULL;

	while (!t->flow[XG_TX].error || !t->flow[XG_RX].error) {
		if (xg_now_ns() > end)
			return -ETIMEDOUT;
		xt_msleep(2);
	}
	xt_traffic_stop(t);
	return 0;
}

int xt_traffic_stop(struct xt_traffic *t)
{
	unsigned int i;

	if (!t->running)
		return flow_error(t);
	atomic_store(&t->stop, true);
	for (i = 0; i < XG_MAX_VQS; i++)
		pthread_join(t->flow[i].thread, NULL);
	t->running = false;
	return flow_error(t);
}

int xt_traffic_check(struct xt_traffic *t)
{
	unsigned int n;
	int ret = 0;

	flows_clear(t);
	for (n = 0; !ret && n < CHECK_FRAMES; n += t->burst) {
		ret = tx_burst(t, n);
		if (!ret)
			ret = rx_burst(t, n);
	}
	return ret;
}

static void slots_refill(uint16_t *slot, unsigned int n, unsigned int *slots)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		slot[i] = n - 1 - i;
	*slots = n;
}

int xt_traffic_renew(struct xt_traffic *t, bool owner, uint16_t base)
{
	struct xg_net *net = &t->net;
	char frame[MAX_FRAME + 1];
	unsigned int i;
	int ret = 0;

	flows_clear(t);
	if (owner)
		ret = xg_ioctl_set_owner(net->fd);
	if (!ret && owner)
		ret = xg_ioctl_set_features(net->fd, net->features);
	if (!ret)
		ret = xg_mem_commit(net->fd, &net->mem);
	for (i = 0; !ret && i < XG_MAX_VQS; i++) {
		xg_vq_reset(&net->vq[i], base);
		ret = xg_vq_setup(&net->vq[i]);
	}
	if (ret)
		return ret;
	slots_refill(net->rx_slot, net->cfg.rx_bufs, &net->rx_slots);
	slots_refill(net->tx_slot, net->cfg.num, &net->tx_slots);
	xg_pkt_drain(t->tx_pkt);
	/* Frames that wait in the tap belong to the time before. */
	while (read(net->tap.fd[0], frame, sizeof(frame)) > 0)
		;
	return xg_net_start(net);
}
