// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios: made from a seed, and played to a device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "play.h"

#define TABLE		16

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

static int open_play(struct play *p, const char *path)
{
	const struct scene *sc = p->sc;
	struct xg_net_cfg cfg = {
		.path = path, .features = sc->features, .num = sc->num, .base = sc->base,
		.regions = sc->regions, .hole = sc->hole, .mem_size = MEMORY,
		.table_len = TABLE, .tx_buf = sc->tx_buf, .rx_buf = sc->rx_buf,
		.tap = { .mtu = sc->mtu, .sndbuf = sc->sndbuf },
	};
	int ret, room = 32 << 20;
	unsigned int i;
	uint64_t at;

	ret = xg_net_open(&p->net, &cfg);
	if (ret)
		return ret;
	p->pkt = xg_pkt_open(p->net.tap.ifindex, 0);
	ret = p->pkt < 0 ? p->pkt : 0;
	setsockopt(p->pkt, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (!ret && sc->log)
		ret = xg_log_open(&p->log, &p->net.mem);
	if (p->log.words > LOG_WORDS)
		ret = -E2BIG;
	if (!ret && sc->log)
		ret = xg_net_log(&p->net, &p->log);
	at = p->net.vq[XG_RX].cfg.device_gpa;
	mark_pages(p->hints, at, sizeof(uint16_t));
	mark_pages(p->hints, at + offsetof(struct vring_used, ring[sc->num]), sizeof(uint16_t));
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
	for (i = 0; i < XG_MAX_VQS; i++)
		p->seen[i] = sc->base;
	ret = open_play(p, path);
	if (ret)
		return ret;
	ret = play_look(p);
	for (i = 0; i < sc->steps && !ret; i++) {
		ret = play_step(p);
		if (!ret)
			ret = play_look(p);
	}
	if (sc->ill && !ret) {
		ret = play_ill(p);
		if (!ret)
			ret = play_look(p);
	}
	close(p->pkt);
	xg_net_close(&p->net);
	xg_log_close(&p->log);
	return ret;
}
