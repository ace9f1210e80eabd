// SPDX-License-Identifier: GPL-2.0-only
/* What each device knows of addresses behind an IOTLB, worked out from the messages to it. */
#include <errno.h>
#include <string.h>

#include "call.h"
#include "xguest.h"

/* More than a sequence can make: a message splits an entry at most in two. */
#define MAX_KNOWN	(2 * MAX_CALLS)

/**
 * struct known - a device's IOTLB; what is allowed there is not looked at
 * @n: entries
 * @entry: the entries, as they were told: a range, and the owner's address of its begin
 */
struct known {
	unsigned int n;
	struct range {
		uint64_t first;
		uint64_t last;
		uint64_t user;
	} entry[MAX_KNOWN];
};

static bool touches(const struct range *a, const struct range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

static void forget(struct known *k, const struct range *r)
{
	unsigned int i, n = 0;

	for (i = 0; i < k->n; i++)
		if (!touches(&k->entry[i], r))
			k->entry[n++] = k->entry[i];
	k->n = n;
}

/* Leave of each entry what is on either side of a range. */
static void cut(struct known *k, const struct range *r)
{
	unsigned int i;

	for (i = k->n; i--; ) {
		struct range e = k->entry[i];

		if (!touches(&e, r))
			continue;
		k->entry[i] = k->entry[--k->n];
		if (e.first < r->first)
			k->entry[k->n++] = (struct range){ e.first, r->first - 1, e.user };
		if (e.last > r->last)
			k->entry[k->n++] = (struct range){
				r->last + 1, e.last, e.user + (r->last + 1 - e.first),
			};
	}
}

static void take(struct known *k, const struct vhost_iotlb_msg *m, bool replaces)
{
	struct range r = { m->iova, m->iova + m->size - 1, m->uaddr };

	if (m->type == VHOST_IOTLB_INVALIDATE) {
		/* Where messages replace, one that is about nothing is refused. */
		if (m->size || !replaces)
			forget(k, &r);
	} else if (m->type == VHOST_IOTLB_UPDATE) {
		if (replaces)
			cut(k, &r);
		k->entry[k->n++] = r;
	}
}

/* All that was told before a call. */
static void find_out(struct known *k, const struct pair *p, bool replaces)
{
	const struct call *c;
	struct vhost_msg_v2 m;

	k->n = 0;
	for (c = p->s->call; c < p->c; c++) {
		int64_t ret = p->res[c - p->s->call].ret;

		/* An IOTLB begins with knowing nothing. */
		if (c->kind == K_OPEN ||
		    (c->kind == K_IOCTL && c->req == VHOST_SET_FEATURES && !ret))
			k->n = 0;
		if (c->kind != K_WRITE || c->len < sizeof(m) || ret != (int)sizeof(m))
			continue;
		/* Both formats have it in the same place. */
		memcpy(&m, p->s->arena + c->at, sizeof(m));
		take(k, &m.iotlb, replaces);
	}
}

/* The entry that an access uses: of several the one that begins first, or was told first. */
static const struct range *find(const struct known *k, uint64_t iova)
{
	const struct range at = { .first = iova, .last = iova };
	const struct range *best = NULL;
	unsigned int i;

	for (i = 0; i < k->n; i++)
		if (touches(&k->entry[i], &at) && (!best || k->entry[i].first < best->first))
			best = &k->entry[i];
	return best;
}

static bool has_asked(const struct asked *a, uint64_t iova)
{
	unsigned int i;

	for (i = 0; i < a->count; i++)
		if (a->iova[i] == iova)
			return true;
	return false;
}

bool is_other_answer(const struct pair *p)
{
	static struct known known[2];
	struct asked asked[2];
	unsigned int own[2] = { 0, 0 }, unknown[2] = { 0, 0 }, i, who;

	if (p->c->kind != K_ASKS)
		return false;
	memcpy(&asked[0], p->net->out, sizeof(asked[0]));
	memcpy(&asked[1], p->xnet->out, sizeof(asked[1]));
	for (who = 0; who < 2; who++) {
		find_out(&known[who], p, who == 1);
		if (asked[who].count > ARRAY_SIZE(asked[who].iova))
			return false;
	}
	/* Questions that only one of them has: how many, and of how many neither knows. */
	for (who = 0; who < 2; who++) {
		for (i = 0; i < asked[who].count; i++) {
			uint64_t iova = asked[who].iova[i];

			if (find(&known[who], iova))
				return false;
			if (has_asked(&asked[!who], iova))
				continue;
			own[who]++;
			unknown[who] += !find(&known[!who], iova);
		}
	}
	/* Instead of a question that it should ask as well a device asks one of its own. */
	return own[0] + own[1] > unknown[0] + unknown[1] &&
	       unknown[0] <= own[1] && unknown[1] <= own[0];
}

bool is_other_start(const struct pair *p)
{
	static struct known known[2];
	struct vhost_vring_addr addr;
	const uint8_t *data;
	unsigned int who, end;
	uint32_t queue;

	if (p->c->kind != K_IOCTL || p->c->req != VHOST_NET_SET_BACKEND ||
	    (p->net->ret && p->net->ret != -EFAULT) || (p->xnet->ret && p->xnet->ret != -EFAULT))
		return false;
	memcpy(&queue, p->data, sizeof(queue));
	data = last_call(p, VHOST_SET_VRING_ADDR, queue);
	if (!data)
		return false;
	memcpy(&addr, data, sizeof(addr));
	for (who = 0; who < 2; who++)
		find_out(&known[who], p, who == 1);
	/* A start reads and writes the first words of the device area, here or there. */
	for (end = 0; end < 4; end += 3) {
		uint64_t iova = addr.used_user_addr + end;
		const struct range *net = find(&known[0], iova), *xnet = find(&known[1], iova);

		if (!net != !xnet || (net && net->user - net->first != xnet->user - xnet->first))
			return true;
	}
	return false;
}
