// SPDX-License-Identifier: GPL-2.0-only
/* Frames into the transmit queue and out of the receive queue. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

/* So do drivers that were written before VERSION_1. */
static bool header_apart(const struct xg_net *net)
{
	return !(net->features & XG_F_VERSION_1);
}

/* How much of the header struct virtio_net_hdr_v1 is. */
static size_t header_known(const struct xg_net *net)
{
	size_t most = sizeof(struct virtio_net_hdr_v1), len = net->hdr_len;

	return len < most ? len : most;
}

int xg_net_tx_reap(struct xg_net *net)
{
	struct xg_vq *vq = &net->vq[XG_TX];
	struct xg_used used;
	int n = 0;
	int ret;

	while ((ret = xg_vq_pop(vq, &used)) > 0) {
		net->tx_slot[net->tx_slots++] = used.cookie;
		n++;
	}
	return ret < 0 ? ret : n;
}

int xg_net_tx_add(struct xg_net *net, const struct virtio_net_hdr_v1 *hdr,
		  const void *frame, size_t len, unsigned int n,
		  const uint32_t *cut, struct xg_chain *chain)
{
	struct xg_vq *vq = &net->vq[XG_TX];
	struct xg_seg *seg;
	unsigned int buf;
	char *to;
	int ret;

	if (len + net->hdr_len > net->cfg.tx_buf)
		return -EMSGSIZE;
	if (!n)
		return -EINVAL;
	if (!net->tx_slots || vq->free < n) {
		ret = xg_net_tx_reap(net);
		if (ret < 0)
			return ret;
		if (!net->tx_slots)
			return -EAGAIN;
	}
	buf = net->tx_slot[net->tx_slots - 1];
	to = xg_mem_ptr(&net->mem, net->tx_gpa[buf], net->cfg.tx_buf);
	memset(to, 0, net->hdr_len);
	if (hdr)
		memcpy(to, hdr, header_known(net));
	memcpy(to + net->hdr_len, frame, len);

	seg = calloc(n, sizeof(*seg));
	if (!seg)
		return -ENOMEM;
	xg_cut(seg, n, net->tx_gpa[buf], len + net->hdr_len, cut, false);
	ret = xg_vq_add(vq, seg, n, chain, buf);
	free(seg);
	if (ret < 0)
		return ret == -ENOSPC ? -EAGAIN : ret;
	net->tx_slots--;
	return 0;
}

int xg_net_tx_cut(struct xg_net *net, const struct virtio_net_hdr_v1 *hdr,
		  const void *frame, size_t len, unsigned int n,
		  const uint32_t *cut, struct xg_chain *chain)
{
	int ret = xg_net_tx_add(net, hdr, frame, len, n, cut, chain);

	if (ret)
		return ret;
	xg_vq_publish(&net->vq[XG_TX]);
	ret = xg_vq_kick(&net->vq[XG_TX]);
	return ret < 0 ? ret : 0;
}

int xg_net_tx(struct xg_net *net, const struct virtio_net_hdr_v1 *hdr,
	      const void *frame, size_t len)
{
	uint32_t hdr_len = net->hdr_len;

	if (header_apart(net))
		return xg_net_tx_cut(net, hdr, frame, len, 2, &hdr_len, NULL);
	return xg_net_tx_cut(net, hdr, frame, len, 1, NULL, NULL);
}

int xg_net_tx_wait(struct xg_net *net, int timeout_ms)
{
	struct xg_vq *vq = &net->vq[XG_TX];
	int ret;

	ret = xg_vq_wait_n(vq, vq->inflight, timeout_ms);
	if (ret < 0)
		return ret;
	ret = xg_net_tx_reap(net);
	if (ret < 0)
		return ret;
	return vq->inflight ? xg_note("waiting for transmission", -ETIMEDOUT) : 0;
}

/* How a receive buffer is cut: as asked for, else as the features demand. */
static unsigned int rx_cuts(const struct xg_net *net)
{
	if (net->cfg.rx_segs)
		return net->cfg.rx_segs;
	return header_apart(net) && !(net->features & XG_F_MRG_RXBUF) ? 2 : 1;
}

int xg_net_rx_post(struct xg_net *net)
{
	unsigned int n = rx_cuts(net);
	uint32_t hdr_len = net->hdr_len;
	const uint32_t *cut = net->cfg.rx_segs ? net->cfg.rx_cut : &hdr_len;
	struct xg_vq *vq = &net->vq[XG_RX];
	struct xg_seg seg[XG_MAX_RX_SEGS];
	int posted = 0;
	int ret;

	if (n > XG_MAX_RX_SEGS)
		return xg_note("descriptors of a receive buffer", -EINVAL);
	while (net->rx_slots) {
		unsigned int buf = net->rx_slot[net->rx_slots - 1];

		xg_cut(seg, n, net->rx_gpa[buf], net->cfg.rx_buf, cut, true);
		ret = xg_vq_add(vq, seg, n, &net->cfg.rx_chain, buf);
		if (ret == -ENOSPC)
			break;
		if (ret < 0)
			return ret;
		net->rx_slots--;
		posted++;
	}
	if (!posted)
		return 0;
	xg_vq_publish(vq);
	ret = xg_vq_kick(vq);
	return ret < 0 ? ret : posted;
}

/**
 * struct join - a frame put together from its buffers
 * @to: the caller's room
 * @size: its size
 * @len: bytes of the frame so far, also those that had no room
 */
struct join {
	char *to;
	size_t size;
	size_t len;
};

static void join_add(struct join *j, const char *from, size_t len)
{
	size_t room = j->len < j->size ? j->size - j->len : 0;

	memcpy(j->to + (j->len < j->size ? j->len : 0), from, len < room ? len : room);
	j->len += len;
}

/* Take one completion; its buffer is free to be posted again. */
static int rx_take(struct xg_net *net, struct xg_used *used, const char **data)
{
	int ret = xg_vq_pop(&net->vq[XG_RX], used);

	if (ret <= 0)
		return ret;
	net->rx_slot[net->rx_slots++] = used->cookie;
	*data = xg_mem_ptr(&net->mem, net->rx_gpa[used->cookie], net->cfg.rx_buf);
	return 1;
}

static int rx_join(struct xg_net *net, struct join *j, struct xg_rx *info)
{
	struct xg_used used;
	const char *data;
	unsigned int i;
	int ret;

	ret = rx_take(net, &used, &data);
	if (ret <= 0)
		return ret ? ret : -EPROTO;
	if (used.len < (uint32_t)net->hdr_len)
		return xg_note("a receive buffer without a header", -EPROTO);
	memcpy(&info->hdr, data, header_known(net));
	info->buffers = net->features & XG_F_MRG_RXBUF ? info->hdr.num_buffers : 1;
	if (!info->buffers)
		return xg_note("num_buffers of 0", -EPROTO);
	join_add(j, data + net->hdr_len, used.len - net->hdr_len);
	if (xg_vq_pending(&net->vq[XG_RX]) < info->buffers - 1)
		return xg_note("num_buffers above the completions", -EPROTO);
	for (i = 1; i < info->buffers; i++) {
		if (used.len != net->cfg.rx_buf)
			return xg_note("a buffer not filled before the next", -EPROTO);
		ret = rx_take(net, &used, &data);
		if (ret <= 0)
			return ret ? ret : -EPROTO;
		join_add(j, data, used.len);
	}
	return 0;
}

ssize_t xg_net_rx(struct xg_net *net, void *frame, size_t size, struct xg_rx *info,
		  int timeout_ms)
{
	struct join j = { .to = frame, .size = size };
	struct xg_vq *vq = &net->vq[XG_RX];
	struct xg_rx own;
	int ret, err;

	if (!info)
		info = &own;
	memset(info, 0, sizeof(*info));
	info->hdr.num_buffers = 1;
	if (!xg_vq_pending(vq)) {
		ret = xg_vq_wait(vq, timeout_ms);
		if (ret <= 0)
			return xg_note("waiting for a frame", ret ? ret : -ETIMEDOUT);
	}
	err = rx_join(net, &j, info);
	ret = xg_net_rx_post(net);
	if (err)
		return err;
	if (ret < 0)
		return ret;
	return j.len > size ? xg_note("room for a frame", -EMSGSIZE) : (ssize_t)j.len;
}
