// SPDX-License-Identifier: GPL-2.0-only
/* What can be seen of a device between two steps of a scenario. */
#include <string.h>

#include "play.h"

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

void mark_pages(uint64_t *pages, uint64_t gpa, uint64_t len)
{
	uint64_t page;

	for (page = gpa / XG_LOG_PAGE; len && page <= (gpa + len - 1) / XG_LOG_PAGE; page++)
		if (page < LOG_WORDS * 64)
			pages[page / 64] |= 1ULL << page % 64;
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

/* The last completion that was taken was written, and so was the index. */
static void mark_used(struct play *p, const struct xg_vq *vq)
{
	uint64_t at = vq->cfg.device_gpa;
	uint16_t slot = (uint16_t)(vq->used - 1) & (p->sc->num - 1);

	mark_pages(p->written, at + offsetof(struct vring_used, idx), sizeof(uint16_t));
	mark_pages(p->written, at + offsetof(struct vring_used, ring[slot]),
		   sizeof(struct vring_used_elem));
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
		mark_used(p, vq);
		if (queue == XG_TX) {
			p->net.tx_slot[p->net.tx_slots++] = used.cookie;
			continue;
		}
		mark_pages(p->written, p->at[used.cookie], used.len);
		p->held -= p->size[used.cookie];
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

/*
 * The dirty log. The page with the fields by which a receive queue asks for
 * notifications is apart: it may ask more often than it has to.
 */
static void note_log(struct play *p)
{
	uint64_t bits, hint = 0, lacks = 0;
	size_t i;

	for (i = 0; i < p->log.words; i++) {
		bits = xg_log_take(&p->log, i);
		lacks += __builtin_popcountll(p->written[i] & ~bits);
		hint += __builtin_popcountll(p->hints[i] & bits);
		if (bits & ~p->hints[i])
			note(p, N_LOG, 0, i, bits & ~p->hints[i]);
	}
	memset(p->written, 0, sizeof(p->written));
	note(p, N_LOG, 0, ~0ULL, 0);
	note(p, N_LOG_HINT, XG_RX, hint, 0);
	note(p, N_LOG_LACKS, 0, lacks, 0);
}

/*
 * Does the driver have to be called, 2.7.7.2, for what was completed since it was
 * last seen? For its event index or flags, or, with NOTIFY_ON_EMPTY, as nothing is left.
 */
static bool must_call(struct play *p, unsigned int queue)
{
	struct xg_vq *vq = &p->net.vq[queue];
	uint16_t old = p->seen[queue], now = vq->used;

	p->seen[queue] = now;
	if (now == old)
		return false;
	if (p->net.features & XG_F_NOTIFY_ON_EMPTY && !vq->inflight)
		return true;
	if (p->net.features & XG_F_EVENT_IDX)
		return vring_need_event(xg_get16(vq->split.used_event), now, old);
	return !(xg_get16(&vq->split.avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
}

/* Everything that can be seen now. */
int play_look(struct play *p)
{
	struct xg_vq *rx = &p->net.vq[XG_RX];
	unsigned int q;
	int ret = settle(p);

	note(p, N_HELD, XG_RX, (uint16_t)(rx->avail - rx->used),
	     p->held | (uint64_t)p->longest << 32);
	for (q = 0; q < XG_MAX_VQS && !ret; q++) {
		struct xg_vq *vq = &p->net.vq[q];
		bool index = p->net.features & XG_F_EVENT_IDX;

		ret = note_used(p, q);
		note(p, N_CALL, q, xg_event_take(vq->call_fd) > 0, must_call(p, q));
		note(p, N_ERROR, q, xg_event_take(vq->err_fd) > 0, 0);
		note(p, N_ASKS, q, xg_get16(&vq->split.used->flags),
		     index ? xg_get16(vq->split.avail_event) : 0);
	}
	note_frames(p);
	note_log(p);
	return ret;
}
