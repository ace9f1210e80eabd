// SPDX-License-Identifier: GPL-2.0-only
/* Which descriptors of a ring are free, and which a new chain gets. */
#include <errno.h>

#include "private.h"

uint32_t xg_random(uint32_t *state)
{
	uint32_t x = *state ? *state : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

void xg_slots_reset(struct xg_vq *vq)
{
	unsigned int num = vq->cfg.num;
	unsigned int i;

	for (i = 0; i < num; i++) {
		vq->slot[i].busy = false;
		vq->slot[i].count = 0;
		vq->slot[i].next = i + 1 < num ? i + 1 : XG_NO_SLOT;
		vq->slot[i].prev = i ? i - 1 : XG_NO_SLOT;
	}
	vq->free_head = 0;
	vq->free_tail = num - 1;
	vq->free = num;
	vq->inflight = 0;
}

void xg_slot_take(struct xg_vq *vq, uint16_t id)
{
	struct xg_slot *s = &vq->slot[id];

	if (s->prev == XG_NO_SLOT)
		vq->free_head = s->next;
	else
		vq->slot[s->prev].next = s->next;
	if (s->next == XG_NO_SLOT)
		vq->free_tail = s->prev;
	else
		vq->slot[s->next].prev = s->prev;
	s->busy = true;
	vq->free--;
}

void xg_slot_give(struct xg_vq *vq, uint16_t id)
{
	struct xg_slot *s = &vq->slot[id];

	s->busy = false;
	s->count = 0;
	s->next = XG_NO_SLOT;
	s->prev = vq->free_tail;
	if (vq->free_tail == XG_NO_SLOT)
		vq->free_head = id;
	else
		vq->slot[vq->free_tail].next = id;
	vq->free_tail = id;
	vq->free++;
}

static int pick_one(struct xg_vq *vq, unsigned int i, struct xg_chain *chain)
{
	unsigned int id;

	switch (chain->order) {
	case XG_ORDER_GIVEN:
		id = chain->ids[i];
		if (id >= vq->cfg.num || vq->slot[id].busy)
			return -EINVAL;
		return id;
	case XG_ORDER_RANDOM:
		id = xg_random(&chain->seed) % vq->cfg.num;
		while (vq->slot[id].busy)
			id = (id + 1) % vq->cfg.num;
		return id;
	default:
		return vq->free_head;
	}
}

/*
 * Take @n descriptors, linked through slot.next in the order of the chain.
 * Return: the first one's id, -ENOSPC, or -EINVAL with nothing taken.
 */
int xg_slots_pick(struct xg_vq *vq, unsigned int n, struct xg_chain *chain)
{
	uint16_t head = XG_NO_SLOT, last = XG_NO_SLOT;
	unsigned int i;
	int id;

	if (n > vq->free)
		return -ENOSPC;
	for (i = 0; i < n; i++) {
		id = pick_one(vq, i, chain);
		if (id < 0)
			goto give_back;
		xg_slot_take(vq, id);
		if (chain->order == XG_ORDER_REVERSE) {
			vq->slot[id].next = head;
			head = id;
			continue;
		}
		vq->slot[id].next = XG_NO_SLOT;
		if (last == XG_NO_SLOT)
			head = id;
		else
			vq->slot[last].next = id;
		last = id;
	}
	return head;

give_back:
	while (head != XG_NO_SLOT) {
		uint16_t next = vq->slot[head].next;

		xg_slot_give(vq, head);
		head = next;
	}
	return id;
}
