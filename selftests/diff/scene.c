// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios: made from a seed, and played to a device. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "data.h"

#define FILL		0xee
#define MAX_CUT		12
#define TABLE		16

/**
 * struct play - a scenario on a device
 * @sc: the scenario
 * @net: the device
 * @log: its dirty log
 * @pkt: packet socket at the tap's far end
 * @rng: state of the choices; the same on both devices
 * @seen: used index of each queue that was noted last
 * @notes: what was seen
 * @size: bytes posted of each receive buffer
 * @at: where it begins
 * @frame: room for a frame
 */
struct play {
	const struct scene *sc;
	struct xg_net net;
	struct xg_log log;
	int pkt;
	uint64_t rng;
	uint16_t seen[XG_MAX_VQS];
	struct notes *notes;
	uint32_t size[1024];
	uint64_t at[1024];
	uint8_t frame[XG_MAX_FRAME + 64];
};

static void note(struct play *p, enum topic about, unsigned int queue, uint64_t a, uint64_t b)
{
	struct notes *all = p->notes;

	if (all->n < MAX_NOTES)
		all->note[all->n++] = (struct note){ about, queue, a, b };
}

void scene_make(struct scene *sc, uint64_t seed, uint64_t features)
{
	static const uint64_t may[] = {
		XG_F_VERSION_1, XG_F_EVENT_IDX, XG_F_INDIRECT, XG_F_MRG_RXBUF,
	};
	uint64_t rng = seed;
	unsigned int i;

	*sc = (struct scene){ .seed = seed };
	for (i = 0; i < ARRAY_SIZE(may); i++)
		if (!rnd_once(&rng, 3))
			sc->features |= may[i];
	if (rnd_once(&rng, 5))
		sc->features |= XG_F_NOTIFY_ON_EMPTY;
	if (rnd_once(&rng, 8))
		sc->features |= XG_F_NET_HDR;
	sc->features &= features;
	sc->num = 8u << rnd_below(&rng, 6);
	sc->base = rnd_once(&rng, 2) ? rnd(&rng) : 65530 + rnd_below(&rng, 6);
	sc->regions = 1 + rnd_below(&rng, 5);
	sc->hole = rnd_once(&rng, 2) ? 0 : 4096;
	sc->tx_buf = rnd_once(&rng, 6) ? XG_MAX_FRAME + 12 : 4096;
	sc->rx_buf = rnd_once(&rng, 3) ? 512 : 4096;
	sc->mtu = rnd_once(&rng, 4) ? 9000 : 1500;
	sc->sndbuf = rnd_once(&rng, 5) ? 1 << 20 : 0;
	sc->steps = 4 + rnd_below(&rng, MAX_STEPS - 3);
	sc->ill = rnd_once(&rng, 4);
	sc->log = features & XG_F_LOG_ALL && rnd_once(&rng, 3);
}

void scene_show(const struct scene *sc)
{
	printf("#  features %#llx, %u entries from %u, %u regions %s, sizes %u/%u, mtu %d/%d%s%s\n",
	       (unsigned long long)sc->features, sc->num, sc->base, sc->regions,
	       sc->hole ? "apart" : "together", sc->tx_buf, sc->rx_buf, sc->mtu, sc->sndbuf,
	       sc->log ? ", logged" : "", sc->ill ? ", malformed at the end" : "");
}

/* Wait until the device has done all it can: its worker has run all that was queued. */
static int settle(struct play *p)
{
	uint16_t last[2] = { 0, 0 };
	unsigned int quiet = 0, base, i;

	while (quiet < 2) {
		/* vhost-net waits for its worker here, vhost-xnet there. */
		int ret = xg_ioctl_set_log_fd(p->net.fd, -1);

		for (i = 0; i < XG_MAX_VQS && !ret; i++)
			ret = xg_ioctl_get_vring_base(p->net.fd, i, &base);
		if (ret)
			return ret;
		quiet++;
		for (i = 0; i < XG_MAX_VQS; i++) {
			uint16_t now = xg_get16(&p->net.vq[i].split.used->idx);

			if (now != last[i])
				quiet = 0;
			last[i] = now;
		}
	}
	return 0;
}

/* What the device left in a receive buffer. */
static void note_buffer(struct play *p, unsigned int buf, bool first)
{
	uint8_t *data = xg_mem_ptr(&p->net.mem, p->at[buf], p->size[buf]);
	unsigned int hlen = p->net.hdr_len, skip = 0;
	uint8_t hdr[16] = { 0 };

	if (first && p->size[buf] >= hlen) {
		memcpy(hdr, data, hlen);
		note(p, N_RX_HDR, XG_RX, fnv(hdr, 10), hdr[0] | hdr[1] << 8);
		if (hlen > 10)
			note(p, N_RX_NUM, XG_RX, hdr[10] | hdr[11] << 8, 0);
		skip = hlen;
	}
	note(p, N_RX_BYTES, XG_RX, fnv(data + skip, p->size[buf] - skip), p->size[buf]);
	p->net.rx_slot[p->net.rx_slots++] = buf;
}

static int note_used(struct play *p, unsigned int queue)
{
	struct xg_vq *vq = &p->net.vq[queue];
	unsigned int left = 0;
	struct xg_used used;
	int ret;

	note(p, N_USED_IDX, queue, xg_get16(&vq->split.used->idx), 0);
	while ((ret = xg_vq_pop(vq, &used)) > 0) {
		note(p, N_USED, queue, used.id, used.len);
		if (queue == XG_TX) {
			p->net.tx_slot[p->net.tx_slots++] = used.cookie;
			continue;
		}
		note_buffer(p, used.cookie, !left);
		/* Those that follow are parts of the same frame. */
		if (!left && p->net.features & XG_F_MRG_RXBUF) {
			uint16_t *num = xg_mem_ptr(&p->net.mem, p->at[used.cookie] + 10, 2);

			left = num && p->size[used.cookie] >= 12 ? *num : 1;
		}
		if (left)
			left--;
	}
	return ret;
}

static void note_frames(struct play *p)
{
	unsigned int n = 0;
	ssize_t len;

	while ((len = xg_pkt_recv(p->pkt, p->frame, sizeof(p->frame), 0)) > 0) {
		note(p, N_TX_FRAME, XG_TX, len, fnv(p->frame, len));
		n++;
	}
	note(p, N_TX_FRAMES, XG_TX, n, 0);
}

static void note_log(struct play *p)
{
	uint64_t bits;
	size_t i;

	for (i = 0; i < p->log.words; i++) {
		bits = xg_log_take(&p->log, i);
		if (bits)
			note(p, N_LOG, 0, i, bits);
	}
	note(p, N_LOG, 0, ~0ULL, 0);
}

/* Everything that can be seen now. */
static int look(struct play *p)
{
	unsigned int q;
	int ret = settle(p);

	for (q = 0; q < XG_MAX_VQS && !ret; q++) {
		struct xg_vq *vq = &p->net.vq[q];
		bool index = p->net.features & XG_F_EVENT_IDX;

		ret = note_used(p, q);
		note(p, N_CALL, q, xg_event_take(vq->call_fd) > 0, 0);
		note(p, N_ERROR, q, xg_event_take(vq->err_fd) > 0, 0);
		note(p, N_ASKS, q, xg_get16(&vq->split.used->flags),
		     index ? xg_get16(vq->split.avail_event) : 0);
	}
	note_frames(p);
	note_log(p);
	return ret;
}

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

/* A ring that makes no sense, in one of several ways. */
static int step_ill(struct play *p)
{
	unsigned int queue = rnd_below(&p->rng, 2), how = rnd_below(&p->rng, 6);
	struct xg_vq *vq = &p->net.vq[queue];
	uint16_t mask = p->sc->num - 1, dir = queue == XG_RX ? VRING_DESC_F_WRITE : 0;
	uint16_t id = vq->split.avail->ring[vq->avail & mask] & mask;
	struct vring_desc *d = &vq->split.desc[id];

	note(p, N_STEP, queue, 'i', how);
	*d = (struct vring_desc){ .addr = p->net.tx_gpa[0], .len = 100, .flags = dir };
	switch (how) {
	case 0:
		id = p->sc->num;
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
	vq->split.avail->ring[vq->avail++ & mask] = id;
	xg_vq_publish(vq);
	if (queue == XG_RX) {
		xg_frame_fill(p->frame, 64, 1);
		xg_pkt_send(p->pkt, p->frame, 64);
	}
	return xg_vq_kick_always(vq);
}

static int step(struct play *p)
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

static int open_play(struct play *p, const char *path)
{
	const struct scene *sc = p->sc;
	struct xg_net_cfg cfg = {
		.path = path, .features = sc->features, .num = sc->num, .base = sc->base,
		.regions = sc->regions, .hole = sc->hole, .mem_size = 24 << 20,
		.table_len = TABLE, .tx_buf = sc->tx_buf, .rx_buf = sc->rx_buf,
		.tap = { .mtu = sc->mtu, .sndbuf = sc->sndbuf },
	};
	int ret, room = 32 << 20;
	unsigned int i;

	ret = xg_net_open(&p->net, &cfg);
	if (ret)
		return ret;
	p->pkt = xg_pkt_open(p->net.tap.ifindex, 0);
	ret = p->pkt < 0 ? p->pkt : 0;
	setsockopt(p->pkt, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (!ret && sc->log)
		ret = xg_log_open(&p->log, &p->net.mem);
	if (!ret && sc->log)
		ret = xg_net_log(&p->net, &p->log);
	/* No buffers yet: those come in a step. */
	for (i = 0; i < XG_MAX_VQS && !ret; i++)
		ret = xg_vq_attach(&p->net.vq[i], p->net.tap.fd[0]);
	if (ret) {
		xg_net_close(&p->net);
		xg_log_close(&p->log);
	}
	return ret;
}

int scene_play(const struct scene *sc, const char *path, struct notes *notes)
{
	static struct play play;
	struct play *p = &play;
	unsigned int i;
	int ret;

	notes->n = 0;
	notes->outside = MAX_NOTES;
	memset(p, 0, sizeof(*p));
	p->sc = sc;
	p->notes = notes;
	p->rng = sc->seed ^ 0x5eed;
	ret = open_play(p, path);
	if (ret)
		return ret;
	ret = look(p);
	for (i = 0; i < sc->steps && !ret; i++) {
		ret = step(p);
		if (!ret)
			ret = look(p);
	}
	if (sc->ill && !ret) {
		ret = step_ill(p);
		if (!ret)
			ret = look(p);
	}
	close(p->pkt);
	xg_net_close(&p->net);
	xg_log_close(&p->log);
	return ret;
}
