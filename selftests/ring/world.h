/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest with one virtqueue, and the ring under test on the other side of it.
 *
 * The guest keeps its own record of what it made available and computes from
 * the virtio 1.3 text what the device has to find; every call into the ring
 * goes through a function here that compares the two.
 */
#ifndef _WORLD_H
#define _WORLD_H

#include "check.h"
#include "rng.h"
#include "shim/shim.h"
#include <linux/vhost_types.h>

#include "ring.h"

#define MAX_REGIONS	24
#define MAX_TABLES	64
#define MAX_PARTS	16
#define DESC_SIZE	16

/**
 * struct piece - memory that a descriptor stands for, in the owner's addresses
 * @hva: where it begins
 * @len: bytes
 */
struct piece {
	u64 hva;
	u64 len;
};

/**
 * struct region - a range of guest memory
 * @gpa: first guest physical address
 * @last: last one
 * @hva: the owner's address of @gpa
 * @backed: there is memory behind it, so that indirect tables can be there
 */
struct region {
	u64 gpa;
	u64 last;
	u64 hva;
	bool backed;
};

/**
 * struct map - guest memory
 * @n: number of regions
 * @r: the regions, in random order
 * @mem: the same for the ring
 */
struct map {
	unsigned int n;
	struct region r[MAX_REGIONS];
	struct xnet_mem *mem;
};

/* What map_pieces() says instead of a number; tlb_pieces() has two more. */
#define MAP_HOLE	(-1)
#define MAP_ROOM	(-2)
#define MAP_MISS	(-3)
#define MAP_DENIED	(-4)

/**
 * struct known - what the device was told of an IOMMU
 * @iova: first address
 * @last: last one
 * @hva: the owner's address of @iova
 * @age: when, later ones being greater
 * @perm: VHOST_ACCESS_*
 */
struct known {
	u64 iova;
	u64 last;
	u64 hva;
	u64 age;
	u8 perm;
};

/**
 * struct tlb - an IOTLB, and what has to be in it
 * @table: what is under test
 * @max: room for so many entries
 * @n: how many the model has
 * @age: of the last one
 * @answers: questions that were answered
 * @strict: answer with no more permission than was asked for, sometimes with less
 * @known: the model's, in any order
 */
struct tlb {
	struct xnet_iotlb *table;
	unsigned int max;
	unsigned int n;
	u64 age;
	unsigned int answers;
	bool strict;
	struct known known[];
};

/**
 * struct part - a part of an area of the ring, in one piece of the owner's memory
 * @at: where it begins in the area
 * @len: bytes
 * @p: the memory
 */
struct part {
	size_t at;
	size_t len;
	u8 *p;
};

/**
 * struct chain - a buffer that the driver made available
 * @id: its head
 * @ndirect: descriptors in the descriptor table
 * @direct: which ones
 * @table: its indirect table
 * @table_len: bytes of that, 0 if there is none
 * @npieces: pieces of memory
 * @pieces: what the device has to see
 * @len: bytes of all pieces
 */
struct chain {
	u16 id;
	unsigned int ndirect;
	u16 *direct;
	u64 table;
	u32 table_len;
	unsigned int npieces;
	struct piece *pieces;
	u64 len;
};

/**
 * struct range - a range of guest memory in use
 * @gpa: first guest physical address
 * @len: bytes, 0 if the range is free
 */
struct range {
	u64 gpa;
	u32 len;
};

/**
 * struct world - the guest and the ring
 * @rng: where choices come from
 * @map: guest memory
 * @ring: what is under test
 * @num: ring size
 * @base: where both indexes began
 * @tlb: the IOTLB that the ring is behind, or NULL
 * @log_mem: memory map for the log behind an IOTLB, NULL for that of @map
 * @area: descriptor table, driver area, device area; behind an IOTLB only the first part
 * @part: all parts of each, in order
 * @nparts: how many
 * @iova: where each is, behind an IOTLB
 * @size: their sizes
 * @shadow: what they must contain
 * @avail_idx: driver: next index to make available
 * @seen: driver: next completion to look for
 * @free: driver: descriptors not in use
 * @nfree: driver: how many
 * @tables: driver: where indirect tables are
 * @posted: chains by position in the available ring
 * @held: chains taken and not completed
 * @nheld: how many
 * @done: completions by position in the used ring; chain and length
 * @used_idx: device: completions published
 * @staged: device: completions not yet published
 * @asked: device: has published since the start
 */
struct world {
	struct rng *rng;
	struct map map;
	struct xnet_ring ring;
	u32 num;
	u16 base;
	struct tlb *tlb;
	const struct xnet_mem *log_mem;
	u8 *area[3];
	struct part part[3][MAX_PARTS];
	unsigned int nparts[3];
	u64 iova[3];
	size_t size[3];
	u8 *shadow[3];

	u16 avail_idx;
	u16 seen;
	u16 *free;
	unsigned int nfree;
	struct range tables[MAX_TABLES];
	struct chain **posted;
	struct chain **held;
	unsigned int nheld;
	struct {
		struct chain *chain;
		u32 len;
	} *done;
	u16 used_idx;
	u16 staged;
	bool asked;
	bool in_order;
};

enum { DESC, AVAIL, USED };

/* map.c */
void map_make(struct map *map, struct rng *rng, unsigned int backed, unsigned int other);
void map_move(struct map *map);
void map_free(struct map *map);
int map_pieces(const struct map *map, u64 gpa, u64 len, struct piece *out, unsigned int max);
u64 map_run(const struct map *map, u64 gpa);
u8 *map_byte(const struct map *map, u64 gpa);
bool map_readable(const struct map *map, u64 gpa, u64 len);

/* world.c */
struct config {
	u32 num;
	u16 base;
	u16 max_bufs;
	bool in, event_idx, indirect, notify_on_empty, le, iotlb;
};

void config_choose(struct config *config, struct rng *rng);
void world_make(struct world *w, struct rng *rng, const struct config *config);
void world_free(struct world *w);
void world_tables(struct world *w);
u8 *world_byte(const struct world *w, unsigned int area, size_t at);
void world_poke(struct world *w, unsigned int area, size_t at, u64 v, unsigned int n);
void world_put(struct world *w, unsigned int area, size_t at, u64 v, unsigned int n);
u64 world_get(const struct world *w, unsigned int area, size_t at, unsigned int n);
u64 world_decode(const struct world *w, const u8 *p, unsigned int n);
void world_encode(const struct world *w, u8 *p, u64 v, unsigned int n);
void world_resync(struct world *w);
void world_intact(const struct world *w);

/* tlb.c */
struct tlb *tlb_make(unsigned int max);
void tlb_free(struct tlb *tlb);
void tlb_add(struct tlb *tlb, u64 iova, u64 last, u64 hva, u8 perm);
void tlb_drop(struct tlb *tlb, u64 iova, u64 last);
const struct known *tlb_find(const struct tlb *tlb, u64 iova);
int tlb_pieces(const struct tlb *tlb, u64 iova, u32 len, u8 perm, struct piece *out,
	       unsigned int max, u64 *missing);

/* tlb_ring.c */
void tlb_answer(struct world *w);
int tlb_place(struct world *w);
void tlb_fill(struct world *w);
void tlb_disturb(struct world *w);
void tlb_renew(struct world *w);

/* driver.c */

/**
 * struct desc - a descriptor as the driver means it
 * @gpa: guest physical address
 * @len: bytes
 * @flags: VRING_DESC_F_*
 * @next: index of the next one
 */
struct desc {
	u64 gpa;
	u32 len;
	u16 flags;
	u16 next;
};

void desc_write(struct world *w, unsigned int at, const struct desc *desc);
bool table_write(struct world *w, u64 gpa, unsigned int at, const struct desc *desc);
void desc_choose(struct world *w, struct desc *desc);
struct range *table_at(struct world *w, u64 gpa, unsigned int descs);
struct range *table_alloc(struct world *w, unsigned int descs);
struct chain *driver_chain(struct world *w, unsigned int most);
void driver_post(struct world *w, u16 head, struct chain *chain);
void driver_show(struct world *w);
bool driver_add(struct world *w, unsigned int most);
void driver_reap(struct world *w);
void driver_wish(struct world *w);
void chain_free(struct world *w, struct chain *chain);

/* predict.c */

/**
 * struct prediction - what a device has to make of a chain
 * @fault: what is wrong with it
 * @no_room: it does not fit the room given
 * @outside: its indirect table is partly outside memory, so ADDRESS is right too
 * @known: by what the IOTLB holds, if there is one, not by what there is
 * @missing: the IOTLB lacks something of it
 * @miss_iova: the first address that it lacks
 * @miss_perm: what the device wants to do there
 * @unknown: the IOTLB lacks part of its indirect table, which may be asked for
 * @denied: the IOTLB forbids to read part of its table, so PERMISSION is right too
 * @table: where that table is
 * @table_len: its length in bytes
 * @id: its head
 * @n: pieces
 * @pieces: its memory
 * @len: bytes
 */
struct prediction {
	enum xnet_fault fault;
	bool no_room;
	bool outside;
	bool known;
	bool missing;
	u64 miss_iova;
	u8 miss_perm;
	bool unknown;
	bool denied;
	u64 table;
	u32 table_len;
	u16 id;
	unsigned int n;
	struct piece pieces[XNET_MAX_SEGS];
	u64 len;
};

void predict(const struct world *w, u16 pos, unsigned int room, struct prediction *out);
void predict_known(const struct world *w, u16 pos, unsigned int room, struct prediction *out);

/* device.c: the ring's functions, checked */
void device_start(struct world *w);
int device_fetch(struct world *w, unsigned int want);
void device_take(struct world *w, unsigned int n);
void device_complete(struct world *w, unsigned int n);
int device_publish(struct world *w);
int device_arm(struct world *w);
void device_disarm(struct world *w);
void device_poll(struct world *w);
void ring_sane(const struct world *w, int ret);

#endif /* _WORLD_H */
