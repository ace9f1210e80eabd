// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device has to make of a chain, from the text of virtio 1.3, 2.7.5 and
 * 2.7.13, and from what ring.h says of each fault. It reads one descriptor at a
 * time, byte by byte, and keeps no state.
 */

#include "world.h"

static bool read_direct(const struct world *w, unsigned int at, struct desc *desc)
{
	if (!user_mapped(w->area[DESC], 1))
		return false;
	desc->gpa = world_get(w, DESC, at * DESC_SIZE, 8);
	desc->len = world_get(w, DESC, at * DESC_SIZE + 8, 4);
	desc->flags = world_get(w, DESC, at * DESC_SIZE + 12, 2);
	desc->next = world_get(w, DESC, at * DESC_SIZE + 14, 2);
	return true;
}

/* The IOTLB that counts for the prediction; NULL if guest memory does. */
static const struct tlb *tlb_of(const struct world *w, const struct prediction *out)
{
	return out->known ? w->tlb : NULL;
}

static void lacks(struct prediction *out, u64 iova, u8 perm)
{
	out->missing = true;
	out->miss_iova = iova;
	out->miss_perm = perm;
}

/* What an IOTLB says of a table as a whole. */
static void scan_table(const struct tlb *tlb, const struct desc *table, struct prediction *out)
{
	u64 at = table->gpa, end = table->gpa + (table->len - 1), covered = 0;
	unsigned int i;

	out->table = table->gpa;
	out->table_len = table->len;
	/* No two of them overlap. */
	for (i = 0; i < tlb->n; i++) {
		const struct known *k = &tlb->known[i];

		if (k->last < at || k->iova > end)
			continue;
		covered += min(k->last, end) - max(k->iova, at) + 1;
		out->denied |= !(k->perm & VHOST_ACCESS_RO);
	}
	out->unknown = covered < table->len;
}

/* May the entry of a table be read, as far as the IOTLB goes? */
static enum xnet_fault table_entry(const struct tlb *tlb, u64 gpa, struct prediction *out)
{
	struct piece pieces[DESC_SIZE];
	u64 missing;
	int n = tlb_pieces(tlb, gpa, DESC_SIZE, VHOST_ACCESS_RO, pieces, DESC_SIZE, &missing);

	if (n == MAP_MISS)
		lacks(out, missing, VHOST_ACCESS_RO);
	return n == MAP_DENIED ? XNET_FAULT_PERMISSION : n == MAP_HOLE ? XNET_FAULT_ADDRESS :
	       XNET_FAULT_NONE;
}

static bool read_table(const struct world *w, u64 gpa, unsigned int at, struct desc *desc)
{
	u8 raw[DESC_SIZE], *p;
	unsigned int i;

	for (i = 0; i < DESC_SIZE; i++) {
		p = map_byte(&w->map, gpa + (u64)at * DESC_SIZE + i);
		if (!p)
			return false;
		raw[i] = *p;
	}
	desc->gpa = world_decode(w, raw, 8);
	desc->len = world_decode(w, raw + 8, 4);
	desc->flags = world_decode(w, raw + 12, 2);
	desc->next = world_decode(w, raw + 14, 2);
	return true;
}

/* Memory of one descriptor. */
static enum xnet_fault grow(const struct world *w, const struct desc *desc, unsigned int room,
			    unsigned int ndesc, struct prediction *out)
{
	u8 perm = w->ring.in ? VHOST_ACCESS_WO : VHOST_ACCESS_RO;
	u64 missing;
	int n;

	if (!(desc->flags & VRING_DESC_F_WRITE) == w->ring.in)
		return XNET_FAULT_DIRECTION;
	if (ndesc > XNET_MAX_SEGS)
		return XNET_FAULT_SEGMENTS;
	if (tlb_of(w, out))
		n = tlb_pieces(w->tlb, desc->gpa, desc->len, perm, out->pieces + out->n,
			       room - out->n, &missing);
	else
		n = map_pieces(&w->map, desc->gpa, desc->len, out->pieces + out->n, room - out->n);
	if (n == MAP_HOLE)
		return XNET_FAULT_ADDRESS;
	if (n == MAP_DENIED)
		return XNET_FAULT_PERMISSION;
	if (n == MAP_MISS) {
		lacks(out, missing, perm);
		return XNET_FAULT_NONE;
	}
	if (n == MAP_ROOM) {
		out->no_room = true;
		return XNET_FAULT_NONE;
	}
	out->n += n;
	out->len += desc->len;
	return XNET_FAULT_NONE;
}

/* May the chain go on, to entry @next of @size, after @seen of them? */
static enum xnet_fault follow(u16 next, unsigned int size, unsigned int seen)
{
	if (seen >= size)
		return XNET_FAULT_LOOP;
	return next >= size ? XNET_FAULT_NEXT : XNET_FAULT_NONE;
}

static enum xnet_fault walk_table(const struct world *w, const struct desc *table,
				  unsigned int room, unsigned int ndesc, struct prediction *out)
{
	unsigned int size = table->len / DESC_SIZE, seen = 0, at = 0;
	const struct tlb *tlb = tlb_of(w, out);
	enum xnet_fault fault;
	struct desc desc;

	if (!w->ring.indirect || (table->flags & VRING_DESC_F_NEXT) || !table->len ||
	    table->len % DESC_SIZE)
		return XNET_FAULT_INDIRECT;
	/* Whether a device looks at more of the table than it needs is its own affair. */
	out->outside = !map_readable(&w->map, table->gpa, table->len);
	if (table->gpa + (table->len - 1) < table->gpa)
		return XNET_FAULT_ADDRESS;
	if (tlb)
		scan_table(tlb, table, out);
	for (;;) {
		fault = tlb ? table_entry(tlb, table->gpa + (u64)at * DESC_SIZE, out) :
			      XNET_FAULT_NONE;
		if (fault || out->missing)
			return fault;
		if (!read_table(w, table->gpa, at, &desc))
			return XNET_FAULT_ADDRESS;
		if (desc.flags & VRING_DESC_F_INDIRECT)
			return XNET_FAULT_INDIRECT;
		fault = grow(w, &desc, room, ++ndesc, out);
		if (fault || out->no_room || out->missing || !(desc.flags & VRING_DESC_F_NEXT))
			return fault;
		fault = follow(desc.next, size, ++seen);
		if (fault)
			return fault;
		at = desc.next;
	}
}

static enum xnet_fault walk(const struct world *w, unsigned int at, unsigned int room,
			    struct prediction *out)
{
	unsigned int seen = 0;
	enum xnet_fault fault;
	struct desc desc;

	for (;;) {
		if (!read_direct(w, at, &desc))
			return XNET_FAULT_RING_ACCESS;
		if (desc.flags & VRING_DESC_F_INDIRECT)
			return walk_table(w, &desc, room, seen, out);
		fault = grow(w, &desc, room, ++seen, out);
		if (fault || out->no_room || out->missing || !(desc.flags & VRING_DESC_F_NEXT))
			return fault;
		fault = follow(desc.next, w->num, seen);
		if (fault)
			return fault;
		at = desc.next;
	}
}

static void look(const struct world *w, u16 pos, unsigned int room, struct prediction *out)
{
	u16 head = world_get(w, AVAIL, 4 + 2 * (pos & (w->num - 1)), 2);

	out->fault = XNET_FAULT_RING_ACCESS;
	if (!user_mapped(w->area[AVAIL], 1))
		return;
	out->no_room = false;
	out->outside = false;
	out->missing = false;
	out->unknown = false;
	out->denied = false;
	out->id = head;
	out->n = 0;
	out->len = 0;
	if (head >= w->num) {
		out->fault = XNET_FAULT_HEAD;
		return;
	}
	out->fault = walk(w, head, room, out);
	if (out->fault || out->no_room || out->missing)
		return;
	if (out->len > U32_MAX || (w->ring.in && !out->len))
		out->fault = XNET_FAULT_LENGTH;
}

/* The chain at position @pos of the available ring, with room for @room pieces. */
void predict(const struct world *w, u16 pos, unsigned int room, struct prediction *out)
{
	out->known = false;
	look(w, pos, room, out);
}

/* The same by what the device knows, if it is behind an IOTLB. */
void predict_known(const struct world *w, u16 pos, unsigned int room, struct prediction *out)
{
	out->known = true;
	look(w, pos, room, out);
}
