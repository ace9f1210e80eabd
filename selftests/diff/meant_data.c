// SPDX-License-Identifier: GPL-2.0-only
/*
 * The differences from vhost-net in what is done with rings and frames that are
 * meant: one table, from which the one in design.rst is made.
 */
#include <stdio.h>

#include "data.h"

/**
 * struct meant - a meant difference
 * @what: in a word
 * @net: what vhost-net does
 * @xnet: what vhost-xnet does
 * @why: the reason
 * @is: is this one?
 * @apart: nothing can be compared after it
 * @always: it is to be seen in each run, whatever the kernel
 * @seen: how often it was
 */
struct meant {
	const char *what;
	const char *net;
	const char *xnet;
	const char *why;
	bool (*is)(const struct scene *sc, const struct notes *all, const struct note *net,
		   const struct note *xnet);
	bool apart;
	bool always;
	unsigned long seen;
};

static bool is_num_buffers(const struct scene *sc, const struct notes *all,
			   const struct note *net, const struct note *xnet)
{
	(void)all;
	/* What the buffer held before. */
	return net->topic == N_RX_NUM && xnet->topic == N_RX_NUM && net->a == 0xeeee &&
	       xnet->a == 1 && !(sc->features & XG_F_MRG_RXBUF);
}

/* Whether it stands still when it must not shows in what comes of it. */
static bool is_hint(const struct scene *sc, const struct notes *all, const struct note *net,
		    const struct note *xnet)
{
	(void)sc;
	(void)all;
	return net->topic == xnet->topic && net->queue == XG_RX && xnet->queue == XG_RX &&
	       (net->topic == N_ASKS || net->topic == N_KICK_WANTED || net->topic == N_LOG_HINT);
}

static bool is_outside(const struct scene *sc, const struct notes *all, const struct note *net,
		       const struct note *xnet)
{
	(void)sc;
	return net - all->note >= all->outside && net->topic == N_USED_IDX &&
	       xnet->topic == N_USED_IDX && net->queue == XG_TX && xnet->queue == XG_TX &&
	       (int16_t)(xnet->a - net->a) > 0;
}

static bool is_stale_header(const struct scene *sc, const struct notes *all,
			    const struct note *net, const struct note *xnet)
{
	(void)all;
	return sc->features & XG_F_NET_HDR && net->queue == XG_TX && xnet->queue == XG_TX &&
	       (net->topic == N_TX_FRAME || net->topic == N_TX_FRAMES ||
		(net->topic == N_USED_IDX && (int16_t)(xnet->a - net->a) > 0));
}

static bool is_extra_call(const struct scene *sc, const struct notes *all, const struct note *net,
			  const struct note *xnet)
{
	(void)all;
	/* One that had to be made and was not is wrong, see data.c. */
	return sc->features & XG_F_NOTIFY_ON_EMPTY && net->topic == N_CALL &&
	       xnet->topic == N_CALL && net->queue == xnet->queue && !xnet->b;
}

/* Is a frame longer than all buffers there are, with no room for more? */
static bool is_too_long(const struct scene *sc, const struct notes *all, const struct note *net,
			const struct note *xnet)
{
	const struct note *held = net;

	if (!(sc->features & XG_F_MRG_RXBUF) || net->topic != N_USED_IDX ||
	    xnet->topic != N_USED_IDX || net->queue != XG_RX || xnet->queue != XG_RX)
		return false;
	while (held > all->note && held->topic != N_HELD)
		held--;
	return (int16_t)(xnet->a - net->a) > 0 && held->a == sc->num &&
	       (uint32_t)held->b < held->b >> 32;
}

static struct meant table[] = {
	{
		.what = "a frame whose checksum is outside of it",
		.net = "tries to send it again and again, and nothing after it",
		.xnet = "drops and counts it", .why = "it costs the guest that frame",
		.is = is_outside, .apart = true, .always = true,
	}, {
		.what = "a frame longer than all buffers of a full receive queue",
		.net = "waits for buffers that the guest has no room to offer",
		.xnet = "drops and counts it", .why = "those that come after it can be received",
		.is = is_too_long, .apart = true,
	}, {
		.what = "frames sent with VHOST_NET_F_VIRTIO_NET_HDR",
		.net = "on older kernels, acts on what its memory held before",
		.xnet = "makes a header of zeroes", .why = "frames do not depend on each other",
		.is = is_stale_header, .apart = true,
	}, {
		.what = "whether a receive queue asks to be notified of buffers",
		.net = "may ask for it without a frame that waits for them",
		.xnet = "does so only if a frame waits for them",
		.why = "a notification costs the guest an exit, and would change nothing",
		.is = is_hint, .always = true,
	}, {
		.what = "num_buffers without mergeable buffers",
		.net = "is left as it was by kernels before 6.14",
		.xnet = "is 1 whenever the header has it",
		.why = "virtio 1.3, 5.1.6.4.1", .is = is_num_buffers,
	}, {
		.what = "calls that the event index does not ask for, with NOTIFY_ON_EMPTY",
		.net = "calls when it thinks that nothing is left, and forgets that it did",
		.xnet = "calls when it thinks so, and remembers it",
		.why = "which of them come depends on when each looks; those that must come do",
		.is = is_extra_call,
	},
};

#define NR_MEANT	ARRAY_SIZE(table)

bool meant_data(const struct scene *sc, const struct notes *all, const struct note *net,
		const struct note *xnet, bool *apart)
{
	unsigned int i;

	for (i = 0; i < NR_MEANT; i++) {
		if (!table[i].is(sc, all, net, xnet))
			continue;
		table[i].seen++;
		*apart = table[i].apart;
		return true;
	}
	return false;
}

unsigned int meant_data_unused(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < NR_MEANT; i++) {
		printf("# meant, seen %lu times: %s\n", table[i].seen, table[i].what);
		if (table[i].seen || !table[i].always)
			continue;
		printf("# ... so it is not needed: take it out\n");
		n++;
	}
	return n;
}

void meant_data_print(void)
{
	unsigned int i;

	for (i = 0; i < NR_MEANT; i++)
		printf("* *%s.* vhost-net: %s. vhost-xnet: %s. Why: %s.\n", table[i].what,
		       table[i].net, table[i].xnet, table[i].why);
}
