// SPDX-License-Identifier: GPL-2.0-only
/* The steps of a scenario; what is done in each is chosen at random. */
#include <errno.h>
#include <string.h>

#include "play.h"

#define MAX_CUT		12

/* The guest asks for a call, soon or late, or for none. */
static void choose_calls(struct play *p, unsigned int queue)
{
	struct xg_vq *vq = &p->net.vq[queue];

	switch (rnd_below(&p->rng, 4)) {
	case 0:
		xg_vq_disarm(vq);
		break;
	case 1:
		xg_vq_arm(vq, 1 + rnd_below(&p->rng, 6));
		break;
	default:
		xg_vq_arm(vq, 1);
	}
	note(p, N_WISH, queue, vq->used, p->net.features & XG_F_EVENT_IDX ?
	     xg_get16(vq->split.used_event) : xg_get16(&vq->split.avail->flags));
}

static int push(struct play *p, unsigned int queue)
{
	struct xg_vq *vq = &p->net.vq[queue];

	/* Not wanted, not kicked: whoever says so wrongly stands still. */
	int ret;

	xg_vq_publish(vq);
	ret = xg_vq_kick(vq);
	note(p, N_KICK_WANTED, queue, ret, 0);
	return ret < 0 ? ret : 0;
}

static unsigned int choose_cuts(struct play *p, uint32_t *cut, uint32_t total)
{
	unsigned int n = 1 + (rnd_once(&p->rng, 3) ? 0 : rnd_below(&p->rng, MAX_CUT)), i;
	uint32_t left = total;

	for (i = 0; i < n; i++) {
		cut[i] = rnd_once(&p->rng, 12) ? 0 : rnd_once(&p->rng, 2) ?
			 rnd_below(&p->rng, 24) : rnd_below(&p->rng, left + 1);
		if (cut[i] > left)
			cut[i] = left;
		left -= cut[i];
	}
	return n;
}

static struct xg_chain choose_chain(struct play *p, unsigned int n)
{
	struct xg_chain c = { .order = rnd_below(&p->rng, 3), .seed = rnd(&p->rng) | 1 };

	if (p->net.features & XG_F_INDIRECT && !rnd_once(&p->rng, 3)) {
		c.indirect = true;
		if (n > 1 && rnd_once(&p->rng, 2))
			c.direct = rnd_below(&p->rng, n);
	}
	return c;
}

static uint32_t choose_length(struct play *p, uint32_t max)
{
	switch (rnd_below(&p->rng, 6)) {
	case 0:
		return rnd_below(&p->rng, 20);
	case 1:
		return max - rnd_below(&p->rng, max < 64 ? max : 64);
	case 2:
		return rnd_below(&p->rng, max);
	default:
		return rnd_below(&p->rng, max < 1600 ? max : 1600);
	}
}

/* A header with something in it, mostly nonsense. */
static void choose_header(struct play *p, struct virtio_net_hdr_v1 *h, uint32_t len)
{
	memset(h, 0, sizeof(*h));
	if (!rnd_once(&p->rng, 6))
		return;
	h->flags = rnd_below(&p->rng, 4);
	h->gso_type = rnd_once(&p->rng, 2) ? 0 : rnd_below(&p->rng, 6);
	h->gso_size = rnd_below(&p->rng, 1500);
	h->hdr_len = rnd_below(&p->rng, 128);
	h->csum_start = rnd_below(&p->rng, len + 8);
	h->csum_offset = rnd_below(&p->rng, 32);
	if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || p->net.features & XG_F_NET_HDR ||
	    h->csum_start + h->csum_offset + 2u <= len)
		return;
	if (!rnd_once(&p->rng, 10))
		h->flags = 0;
	else if (p->notes->outside > p->notes->n)
		p->notes->outside = p->notes->n;
}

static int step_tx(struct play *p)
{
	unsigned int n = 1 + rnd_below(&p->rng, rnd_once(&p->rng, 5) ? 70 : 8), i;
	uint32_t max = p->sc->tx_buf - 12, seed = rnd(&p->rng);

	note(p, N_STEP, XG_TX, 't', n);
	choose_calls(p, XG_TX);
	for (i = 0; i < n; i++) {
		uint32_t cut[MAX_CUT], len = choose_length(p, max);
		unsigned int cuts = choose_cuts(p, cut, len + p->net.hdr_len);
		struct xg_chain chain = choose_chain(p, cuts);
		struct virtio_net_hdr_v1 hdr;
		int ret;

		choose_header(p, &hdr, len);
		xg_frame_fill(p->frame, len, seed + i);
		ret = xg_net_tx_add(&p->net, &hdr, p->frame, len, cuts, cut, &chain);
		if (ret == -EAGAIN)
			break;
		if (ret)
			return ret;
		note(p, N_TO_SEND, XG_TX, len | (uint64_t)hdr.gso_type << 32 |
		     (uint64_t)hdr.flags << 40, hdr.hdr_len | (uint64_t)hdr.gso_size << 16 |
		     (uint64_t)hdr.csum_start << 32 | (uint64_t)hdr.csum_offset << 48);
	}
	return push(p, XG_TX);
}

static int step_post(struct play *p)
{
	unsigned int n = 1 + rnd_below(&p->rng, rnd_once(&p->rng, 3) ? 64 : 8), i;
	struct xg_vq *vq = &p->net.vq[XG_RX];

	note(p, N_STEP, XG_RX, 'p', n);
	choose_calls(p, XG_RX);
	for (i = 0; i < n && p->net.rx_slots; i++) {
		unsigned int buf = p->net.rx_slot[p->net.rx_slots - 1];
		uint32_t cut[MAX_CUT], off = rnd_below(&p->rng, 64);
		uint32_t size = 1 + choose_length(p, p->sc->rx_buf - 64);
		unsigned int cuts;
		struct xg_seg seg[MAX_CUT];
		struct xg_chain chain;
		int ret;

		/* What has no room for a header has tests of its own. */
		if (size < 12)
			size += 12;
		cuts = choose_cuts(p, cut, size);
		chain = choose_chain(p, cuts);
		p->at[buf] = p->net.rx_gpa[buf] + off;
		p->size[buf] = size;
		memset(xg_mem_ptr(&p->net.mem, p->at[buf], size), FILL, size);
		xg_cut(seg, cuts, p->at[buf], size, cut, true);
		ret = xg_vq_add(vq, seg, cuts, &chain, buf);
		if (ret == -ENOSPC)
			break;
		if (ret < 0)
			return ret;
		p->net.rx_slots--;
		p->held += size;
	}
	return push(p, XG_RX);
}

static int step_send(struct play *p)
{
	unsigned int n = 1 + rnd_below(&p->rng, rnd_once(&p->rng, 5) ? 80 : 6), i;
	uint32_t seed = rnd(&p->rng);

	note(p, N_STEP, XG_RX, 's', n);
	choose_calls(p, XG_RX);
	for (i = 0; i < n; i++) {
		uint32_t len = 14 + choose_length(p, p->sc->mtu);
		int ret;

		if (p->longest < len + p->net.hdr_len)
			p->longest = len + p->net.hdr_len;
		xg_frame_fill(p->frame, len, seed + i);
		ret = xg_pkt_send(p->pkt, p->frame, len);
		if (ret && ret != -ENOBUFS)
			return ret;
	}
	return 0;
}

static int step_restart(struct play *p)
{
	unsigned int i, base;
	int ret = 0;

	note(p, N_STEP, XG_RX, 'r', 0);
	for (i = 0; i < XG_MAX_VQS && !ret; i++) {
		ret = xg_vq_attach(&p->net.vq[i], -1);
		if (!ret)
			ret = xg_ioctl_get_vring_base(p->net.fd, i, &base);
		note(p, N_BASE, i, base, 0);
	}
	for (i = 0; i < XG_MAX_VQS && !ret; i++)
		ret = xg_vq_attach(&p->net.vq[i], p->net.tap.fd[0]);
	return ret;
}

/* A ring that makes no sense, in one of several ways: of a chain of its own. */
int play_ill(struct play *p)
{
	unsigned int queue = rnd_below(&p->rng, 2), how = rnd_below(&p->rng, 6);
	struct xg_seg seg = { .gpa = p->net.tx_gpa[0], .len = 100, .write = queue == XG_RX };
	struct xg_vq *vq = &p->net.vq[queue];
	uint16_t mask = p->sc->num - 1;
	int id = xg_vq_add(vq, &seg, 1, NULL, 0);
	struct vring_desc *d;

	note(p, N_STEP, queue, 'i', how);
	if (id < 0)
		return id == -ENOSPC ? 0 : id;
	d = &vq->split.desc[id];
	switch (how) {
	case 0:
		vq->split.avail->ring[(uint16_t)(vq->avail - 1) & mask] = p->sc->num;
		break;
	case 1:
		d->flags |= VRING_DESC_F_NEXT;
		d->next = id;
		break;
	case 2:
		d->flags ^= VRING_DESC_F_WRITE;
		break;
	case 3:
		d->addr = 0xdead0000000ULL;
		break;
	case 4:
		d->flags |= VRING_DESC_F_NEXT;
		d->next = p->sc->num + 5;
		break;
	case 5:
		d->flags = VRING_DESC_F_INDIRECT;
		d->len = 17;
		break;
	}
	xg_vq_publish(vq);
	if (queue == XG_RX) {
		xg_frame_fill(p->frame, 64, 1);
		xg_pkt_send(p->pkt, p->frame, 64);
	}
	return xg_vq_kick_always(vq);
}

int play_step(struct play *p)
{
	switch (rnd_below(&p->rng, 10)) {
	case 0 ... 3:
		return step_tx(p);
	case 4 ... 5:
		return step_post(p);
	case 6 ... 8:
		return step_send(p);
	default:
		return step_restart(p);
	}
}
