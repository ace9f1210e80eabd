/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xguest: the guest side of a vhost device, in user space.
 *
 * A program that links libxguest.a is QEMU's control plane and the guest's
 * virtio-net driver at once: it opens /dev/vhost-net or /dev/vhost-xnet (any
 * path), gives it memory, rings, eventfds and a tap, and moves packets.
 *
 * Three layers, each usable without the ones after it:
 *
 *   raw    xg_ioctl_*()            one ioctl each, nothing remembered
 *   ring   xg_mem_*() xg_vq_*()    guest memory and virtqueues
 *   net    xg_net_*()              everything set up, frames in and out
 *
 * beside them xg_tap_*(), xg_pkt_*() (AF_PACKET), xg_frame_*() (patterns) and
 * xg_worker_*() (the worker thread's CPU time).
 *
 * Return values: 0 or a count on success, a negative errno on failure, never
 * -1 with errno. xg_step() names the step that failed last in this thread.
 * Nothing here is locked: one thread uses a queue at a time, and different
 * queues may have different threads.
 *
 * Ring memory and headers are little-endian; so must the host be.
 */
#ifndef XGUEST_H
#define XGUEST_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <net/if.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "uapi.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "xguest handles little-endian hosts only"
#endif

#define XG_BIT(f)		(1ULL << (f))

/* Feature masks, so that tests read like the specification. */
#define XG_F_NOTIFY_ON_EMPTY	XG_BIT(VIRTIO_F_NOTIFY_ON_EMPTY)
#define XG_F_ANY_LAYOUT		XG_BIT(VIRTIO_F_ANY_LAYOUT)
#define XG_F_LOG_ALL		XG_BIT(VHOST_F_LOG_ALL)
#define XG_F_NET_HDR		XG_BIT(VHOST_NET_F_VIRTIO_NET_HDR)
#define XG_F_INDIRECT		XG_BIT(VIRTIO_RING_F_INDIRECT_DESC)
#define XG_F_EVENT_IDX		XG_BIT(VIRTIO_RING_F_EVENT_IDX)
#define XG_F_MRG_RXBUF		XG_BIT(VIRTIO_NET_F_MRG_RXBUF)
#define XG_F_VERSION_1		XG_BIT(VIRTIO_F_VERSION_1)
#define XG_F_IN_ORDER		XG_BIT(VIRTIO_F_IN_ORDER)
#define XG_F_RING_RESET		XG_BIT(VIRTIO_F_RING_RESET)
#define XG_F_ACCESS_PLATFORM	XG_BIT(VIRTIO_F_ACCESS_PLATFORM)

/*
 * What a modern guest acknowledges. Bit 27 is not part of it: it is ANY_LAYOUT
 * between a guest and its VMM, but NET_HDR between the VMM and a vhost device,
 * which then makes the virtio header itself and wants a tap without.
 */
#define XG_F_MODERN		(XG_F_VERSION_1 | XG_F_EVENT_IDX | \
				 XG_F_INDIRECT | XG_F_MRG_RXBUF)

#define XG_F_HIGH_GUEST_UDP_TUNNEL	XG_BIT(VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO - 64)
#define XG_F_HIGH_HOST_UDP_TUNNEL	XG_BIT(VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO - 64)
#define XG_TUNNEL_HDR_LEN	24

#define XG_RX			0	/* queue index the device fills */
#define XG_TX			1	/* queue index the device empties */
#define XG_MAX_VQS		2
#define XG_MAX_REGIONS		64
#define XG_MAX_FRAME		65550	/* largest frame a tap can carry */
#define XG_MAX_RX_SEGS		1024	/* descriptors of a receive buffer */

/**
 * xg_step() - name the step that failed last in this thread
 *
 * Return: a short string such as "VHOST_SET_OWNER", valid until the next call
 * of the library in this thread; "" when nothing failed.
 */
const char *xg_step(void);

/* ------------------------------------------------------------------ */
/* Raw layer: one ioctl each. Return 0 or -errno, remember nothing.    */
/* ------------------------------------------------------------------ */

/**
 * xg_open() - open a vhost character device read-write and close-on-exec
 * @path: for example "/dev/vhost-net"
 *
 * Return: a descriptor, or -errno.
 */
int xg_open(const char *path);

/**
 * xg_ioctl() - any ioctl
 * @fd: open vhost device
 * @req: request number
 * @arg: pointer or number, as the request wants it
 *
 * Return: what ioctl() gave when >= 0, else -errno.
 */
int xg_ioctl(int fd, unsigned long req, void *arg);

int xg_ioctl_set_owner(int fd);
int xg_ioctl_reset_owner(int fd);
int xg_ioctl_get_features(int fd, uint64_t *features);
int xg_ioctl_set_features(int fd, uint64_t features);
int xg_ioctl_get_features_array(int fd, uint64_t *features, uint64_t count);
int xg_ioctl_set_features_array(int fd, const uint64_t *features, uint64_t count);
int xg_ioctl_get_backend_features(int fd, uint64_t *features);
int xg_ioctl_set_backend_features(int fd, uint64_t features);
int xg_ioctl_set_mem_table(int fd, const struct vhost_memory *table);
int xg_ioctl_set_log_base(int fd, uint64_t base);
int xg_ioctl_set_log_fd(int fd, int log_fd);
int xg_ioctl_set_vring_num(int fd, unsigned int index, unsigned int num);
int xg_ioctl_set_vring_addr(int fd, const struct vhost_vring_addr *addr);
int xg_ioctl_set_vring_base(int fd, unsigned int index, unsigned int base);
int xg_ioctl_get_vring_base(int fd, unsigned int index, unsigned int *base);
int xg_ioctl_set_vring_kick(int fd, unsigned int index, int eventfd);
int xg_ioctl_set_vring_call(int fd, unsigned int index, int eventfd);
int xg_ioctl_set_vring_err(int fd, unsigned int index, int eventfd);
int xg_ioctl_set_busyloop(int fd, unsigned int index, unsigned int usec);
int xg_ioctl_get_busyloop(int fd, unsigned int index, unsigned int *usec);
int xg_ioctl_set_vring_endian(int fd, unsigned int index, unsigned int big);
int xg_ioctl_get_vring_endian(int fd, unsigned int index, unsigned int *big);
int xg_ioctl_new_worker(int fd, unsigned int *id);
int xg_ioctl_free_worker(int fd, unsigned int id);
int xg_ioctl_attach_worker(int fd, unsigned int index, unsigned int id);
int xg_ioctl_get_worker(int fd, unsigned int index, unsigned int *id);
int xg_ioctl_set_fork_owner(int fd, uint8_t fork_owner);
int xg_ioctl_get_fork_owner(int fd, uint8_t *fork_owner);
int xg_ioctl_net_set_backend(int fd, unsigned int index, int backend_fd);

/* ------------------------------------------------------------------ */
/* Raw layer of the device IOTLB: one read() or write() each           */
/* ------------------------------------------------------------------ */

/**
 * xg_iotlb_write() - write a message
 * @fd: vhost device
 * @v2: in the second format, with address space 0
 * @msg: the message, anything
 *
 * Return: 0 or -errno.
 */
int xg_iotlb_write(int fd, bool v2, const struct vhost_iotlb_msg *msg);

/** xg_iotlb_update() - map @size bytes at @iova to @at, with @perm (VHOST_ACCESS_*). */
int xg_iotlb_update(int fd, uint64_t iova, uint64_t size, void *at, uint8_t perm);

/** xg_iotlb_invalidate() - take a mapping away. Return: 0 or -errno. */
int xg_iotlb_invalidate(int fd, uint64_t iova, uint64_t size);

/**
 * xg_iotlb_read() - read a message, in whichever format it comes
 * @fd: vhost device
 * @msg: filled in
 *
 * Waits for one unless @fd is O_NONBLOCK.
 * Return: 0, -EPROTO if it is no message, or -errno.
 */
int xg_iotlb_read(int fd, struct vhost_iotlb_msg *msg);

/* ------------------------------------------------------------------ */
/* Eventfds and time                                                   */
/* ------------------------------------------------------------------ */

/**
 * xg_patience() - how long to wait on a machine that may be slow
 * @ms: milliseconds on one that is not; 0 and less stay what they are
 *
 * The environment variable XGUEST_SLOW says how many times slower this one is,
 * such as 3. All waits with a time, here and in the rest of the library, are made
 * so much longer.
 * Return: milliseconds.
 */
int xg_patience(int ms);

/** xg_event() - make a non-blocking eventfd. Return: descriptor or -errno. */
int xg_event(void);

/** xg_event_signal() - add 1 to @fd. Return: 0 or -errno. */
int xg_event_signal(int fd);

/**
 * xg_event_take() - read and clear an eventfd without waiting
 * @fd: the eventfd
 *
 * Return: the count that was there (0 when not signalled), or -errno.
 */
int64_t xg_event_take(int fd);

/**
 * xg_event_wait() - wait until an eventfd is signalled, then clear it
 * @fd: the eventfd
 * @timeout_ms: milliseconds; 0 looks once, negative waits without an end
 *
 * Return: the count read, 0 on timeout, or -errno.
 */
int64_t xg_event_wait(int fd, int timeout_ms);

/** xg_now_ns() - CLOCK_MONOTONIC in nanoseconds. */
uint64_t xg_now_ns(void);

/* ------------------------------------------------------------------ */
/* Guest memory                                                        */
/* ------------------------------------------------------------------ */

/* xg_mem_add() flags */
#define XG_MEM_MEMFD		1	/* file-backed, as QEMU's memfd backend */
#define XG_MEM_PREFAULT		2	/* touch every page now */

/**
 * struct xg_region - one region of guest memory
 * @gpa: guest physical address
 * @size: bytes
 * @host: where it is mapped in this process
 * @memfd: the file behind it, or -1
 * @used: bytes handed out by xg_mem_alloc() from its start
 */
struct xg_region {
	uint64_t gpa;
	uint64_t size;
	void *host;
	int memfd;
	uint64_t used;
};

/**
 * struct xg_mem - guest memory: regions at chosen guest addresses
 * @region: the regions in the order they were added
 * @n: how many
 */
struct xg_mem {
	struct xg_region region[XG_MAX_REGIONS];
	unsigned int n;
};

/**
 * xg_mem_add() - map one more region
 * @mem: memory, zeroed before the first call
 * @gpa: guest physical address, page-aligned
 * @size: bytes, a multiple of the page size
 * @flags: XG_MEM_*
 *
 * The device learns of it with xg_mem_commit().
 * Return: index of the region, or -errno (-ENOSPC: XG_MAX_REGIONS reached).
 */
int xg_mem_add(struct xg_mem *mem, uint64_t gpa, uint64_t size, unsigned int flags);

/**
 * xg_mem_table() - build the table that VHOST_SET_MEM_TABLE takes
 * @mem: guest memory
 *
 * Return: a malloc()ed table that the caller may change and must free(), or
 * NULL.
 */
struct vhost_memory *xg_mem_table(const struct xg_mem *mem);

/** xg_mem_commit() - give @mem to the device @fd. Return: 0 or -errno. */
int xg_mem_commit(int fd, const struct xg_mem *mem);

/**
 * xg_mem_alloc() - take zeroed guest memory
 * @mem: guest memory
 * @region: index of the region to take from, or -1 for the first with room
 * @size: bytes
 * @align: a power of two
 * @gpa: where the guest address is put
 *
 * Memory taken is given back only by xg_mem_free().
 * Return: 0, or -ENOMEM.
 */
int xg_mem_alloc(struct xg_mem *mem, int region, uint64_t size, uint64_t align,
		 uint64_t *gpa);

/**
 * xg_mem_ptr() - guest address to pointer
 * @mem: guest memory
 * @gpa: guest physical address
 * @len: bytes that must lie in one region
 *
 * Return: pointer, or NULL when no region holds all of it.
 */
void *xg_mem_ptr(const struct xg_mem *mem, uint64_t gpa, uint64_t len);

/** xg_mem_free() - unmap every region and zero @mem. */
void xg_mem_free(struct xg_mem *mem);

/* ------------------------------------------------------------------ */
/* The dirty log                                                       */
/* ------------------------------------------------------------------ */

#define XG_LOG_PAGE		4096	/* bytes of guest memory for each bit */

/**
 * struct xg_log - a dirty log
 * @base: what VHOST_SET_LOG_BASE takes
 * @words: words of 64 bits
 * @map: the mapping, a guard page behind it
 * @size: bytes of the mapping without that page; the log's end is its end
 */
struct xg_log {
	uint64_t *base;
	size_t words;
	void *map;
	size_t size;
};

/**
 * xg_log_open() - make an empty log
 * @log: filled in
 * @mem: guest memory; the log reaches to the highest address of it
 *
 * Return: 0 or -errno.
 */
int xg_log_open(struct xg_log *log, const struct xg_mem *mem);

/** xg_log_close() - give it back, in any state. */
void xg_log_close(struct xg_log *log);

/** xg_log_take() - take 64 bits, those of pages 64 * @i on, and clear them. */
uint64_t xg_log_take(struct xg_log *log, size_t i);

/* ------------------------------------------------------------------ */
/* An IOMMU                                                            */
/* ------------------------------------------------------------------ */

/**
 * struct xg_iommu - answers what a device behind an IOMMU asks
 * @fd: vhost device, made O_NONBLOCK
 * @mem: guest memory; IOVAs are its guest physical addresses
 * @page: bytes that the device is told of at a time, a power of two
 * @scatter: pages lie apart in this process
 * @silent: give no answers for now
 * @misses: questions read so far
 * @alias: private, as the rest
 */
struct xg_iommu {
	int fd;
	const struct xg_mem *mem;
	uint64_t page;
	bool scatter;
	atomic_bool silent;
	atomic_ulong misses;
	void **alias[XG_MAX_REGIONS];
	pthread_t thread;
	int stop_fd;
	bool running;
	int error;
};

/**
 * xg_iommu_start() - begin to answer
 * @iommu: filled in
 * @fd: vhost device with ACCESS_PLATFORM
 * @mem: guest memory
 * @page: bytes to tell of at a time, a power of two
 * @scatter: 4 KiB at a time, and no two pages next to each other in this process;
 *	@mem is XG_MEM_MEMFD
 *
 * Return: 0 or -errno.
 */
int xg_iommu_start(struct xg_iommu *iommu, int fd, const struct xg_mem *mem, uint64_t page,
		   bool scatter);

/** xg_iommu_map() - tell of the page that holds @iova without being asked. */
int xg_iommu_map(struct xg_iommu *iommu, uint64_t iova);

/** xg_iommu_stop() - no more answers. Return: 0, or what ended them before. */
int xg_iommu_stop(struct xg_iommu *iommu);

/* ------------------------------------------------------------------ */
/* Virtqueues                                                          */
/* ------------------------------------------------------------------ */

/**
 * struct xg_seg - one piece of a buffer
 * @gpa: guest physical address (any 64-bit number: tests may point nowhere)
 * @len: bytes, 0 allowed
 * @write: true when the device writes it
 */
struct xg_seg {
	uint64_t gpa;
	uint32_t len;
	bool write;
};

/**
 * enum xg_order - which descriptor ids a chain gets
 * @XG_ORDER_NEXT: as they became free (0, 1, 2, ... in a fresh ring)
 * @XG_ORDER_REVERSE: the same ids, last one first
 * @XG_ORDER_RANDOM: any free ids, chosen by struct xg_chain.seed
 * @XG_ORDER_GIVEN: the ids in struct xg_chain.ids
 */
enum xg_order {
	XG_ORDER_NEXT,
	XG_ORDER_REVERSE,
	XG_ORDER_RANDOM,
	XG_ORDER_GIVEN,
};

/**
 * struct xg_chain - how a buffer is laid out in descriptors
 * @order: choice of descriptor ids
 * @seed: state for XG_ORDER_RANDOM, advanced by use; not 0
 * @ids: XG_ORDER_GIVEN: one id for each descriptor of the ring, all free
 * @indirect: put the segments in an indirect table
 * @direct: with @indirect: this many first segments stay in the ring, before
 *	the descriptor that points to the table
 * @table: with @indirect: guest address of the table; 0 uses the queue's own,
 *	which has room for struct xg_vq_cfg.table_len entries
 * @table_order: order of the entries inside the table: NEXT, REVERSE, RANDOM
 *	(entry 0 is always first in the chain). The kernel's own vhost reads
 *	tables from first to last and never looks at the entries' next: with it
 *	only NEXT gives what the specification promises
 *
 * All zeroes is the plain case: direct descriptors in free order.
 */
struct xg_chain {
	enum xg_order order;
	uint32_t seed;
	const uint16_t *ids;
	bool indirect;
	unsigned int direct;
	uint64_t table;
	enum xg_order table_order;
};

/**
 * struct xg_used - a completion
 * @id: id of the buffer (split: the chain's first descriptor)
 * @len: bytes that the device says it wrote
 * @cookie: what was given to xg_vq_add()
 */
struct xg_used {
	uint32_t id;
	uint32_t len;
	uintptr_t cookie;
};

/**
 * struct xg_split - a split ring, for reading and for damaging
 * @desc: descriptor table
 * @avail: available ring
 * @used: used ring
 * @used_event: after the available ring: when the driver wants a call
 * @avail_event: after the used ring: when the device wants a kick
 *
 * Fields shared with the device: use xg_get16() and xg_put16() on indices
 * while a backend is attached.
 */
struct xg_split {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t *used_event;
	uint16_t *avail_event;
};

/* xg_vq_cfg flags */
#define XG_VQ_NO_CALL		1	/* no call eventfd (call_fd stays -1) */
#define XG_VQ_NO_KICK		2	/* no kick eventfd */
#define XG_VQ_NO_ERR		4	/* no error eventfd */

/**
 * struct xg_vq_cfg - how to make a virtqueue
 * @index: XG_RX or XG_TX
 * @num: ring size, 1 to 32768, a power of two for split
 * @features: negotiated features (EVENT_IDX decides the suppression rules; with
 *	IN_ORDER buffers come back in order, and one entry may stand for many)
 * @base: first index, 0 to 65535, to test wrapping
 * @table_len: entries in each buffer's own indirect table; 0 for no tables
 * @flags: XG_VQ_*
 * @region: memory region for the ring, or -1 for the first with room
 * @desc_gpa: guest address of the descriptor table; 0 allocates it
 * @driver_gpa: of the available ring; 0 allocates it
 * @device_gpa: of the used ring; 0 allocates it
 */
struct xg_vq_cfg {
	unsigned int index;
	unsigned int num;
	uint64_t features;
	uint16_t base;
	unsigned int table_len;
	unsigned int flags;
	int region;
	uint64_t desc_gpa;
	uint64_t driver_gpa;
	uint64_t device_gpa;
};

struct xg_ring_ops;
struct xg_slot;

/**
 * struct xg_vq - a virtqueue as its driver sees it
 * @fd: the vhost device
 * @mem: guest memory that holds the ring
 * @cfg: as given, addresses filled in
 * @kick_fd: eventfd towards the device, or -1
 * @call_fd: eventfd from the device, or -1
 * @err_fd: the device's error eventfd, or -1
 * @avail: index after the last buffer added (published or not)
 * @published: index the device was told last
 * @kicked: index at the last decision about a kick
 * @used: index of the next completion to look at
 * @free: free descriptors in the ring
 * @inflight: buffers added and not yet taken back
 * @kicks: kicks written
 * @kicks_saved: kicks left out as the device did not want them
 * @log_used: writes to the used ring are to be logged, at @cfg.device_gpa
 * @ops: the ring format
 * @slot: per-descriptor state, private
 * @free_head: first free descriptor, private
 * @free_tail: last free descriptor, private
 * @batch: buffers that the used entry read last still stands for, private
 * @batch_len: the length that is for the last of them, private
 * @split: the ring's parts when the format is split
 *
 * Tests may write any field; the library keeps no copy elsewhere.
 */
struct xg_vq {
	int fd;
	struct xg_mem *mem;
	struct xg_vq_cfg cfg;
	int kick_fd;
	int call_fd;
	int err_fd;
	uint16_t avail;
	uint16_t published;
	uint16_t kicked;
	uint16_t used;
	unsigned int free;
	unsigned int inflight;
	uint64_t kicks;
	uint64_t kicks_saved;
	bool log_used;
	const struct xg_ring_ops *ops;
	struct xg_slot *slot;
	uint16_t free_head;
	uint16_t free_tail;
	unsigned int batch;
	uint32_t batch_len;
	struct xg_split split;
};

/**
 * xg_vq_init() - allocate a queue's ring, tables and eventfds
 * @vq: the queue
 * @fd: vhost device, or -1 when only the ring is wanted
 * @mem: guest memory with room for the ring
 * @cfg: what to make
 *
 * Tells the device nothing. Return: 0 or -errno.
 */
int xg_vq_init(struct xg_vq *vq, int fd, struct xg_mem *mem, const struct xg_vq_cfg *cfg);

/**
 * xg_vq_addr() - fill in what VHOST_SET_VRING_ADDR takes for @vq
 *
 * With ACCESS_PLATFORM these are IOVAs, the same as guest physical addresses.
 */
void xg_vq_addr(const struct xg_vq *vq, struct vhost_vring_addr *addr);

/**
 * xg_vq_setup() - tell the device all about a queue, in QEMU's order
 * @vq: the queue
 *
 * NUM, BASE (the first buffer not completed), ADDR, KICK, CALL, ERR; not the
 * backend.
 * Return: 0 or -errno, xg_step() names the ioctl.
 */
int xg_vq_setup(struct xg_vq *vq);

/** xg_vq_attach() - set the backend (-1 detaches). Return: 0 or -errno. */
int xg_vq_attach(struct xg_vq *vq, int backend_fd);

/**
 * xg_vq_reset() - forget all buffers and zero the ring, as after a device reset
 * @vq: a queue without backend
 * @base: first index
 */
void xg_vq_reset(struct xg_vq *vq, uint16_t base);

/** xg_vq_free() - close the eventfds and free private state. */
void xg_vq_free(struct xg_vq *vq);

/**
 * xg_vq_add() - put a buffer in the ring; the device sees it at xg_vq_publish()
 * @vq: the queue
 * @seg: segments, those the device reads first
 * @n: how many, at least 1
 * @chain: layout, or NULL for the plain one
 * @cookie: comes back in struct xg_used
 *
 * Return: the buffer's id, or -ENOSPC (too few free descriptors), -EINVAL (no
 * room in the table, or an id given that is not free).
 */
int xg_vq_add(struct xg_vq *vq, const struct xg_seg *seg, unsigned int n,
	      struct xg_chain *chain, uintptr_t cookie);

/** xg_vq_publish() - make everything added visible to the device. */
void xg_vq_publish(struct xg_vq *vq);

/**
 * xg_vq_kick() - kick if the device asked for it since the last call
 * @vq: the queue
 *
 * Return: 1 when the eventfd was written, 0 when suppressed, or -errno.
 */
int xg_vq_kick(struct xg_vq *vq);

/** xg_vq_kick_always() - kick, wanted or not. Return: 0 or -errno. */
int xg_vq_kick_always(struct xg_vq *vq);

/** xg_vq_wants_kick() - would xg_vq_kick() kick? Changes nothing. */
bool xg_vq_wants_kick(const struct xg_vq *vq);

/** xg_vq_pending() - completions that the device has published and we have not taken. */
unsigned int xg_vq_pending(const struct xg_vq *vq);

/**
 * xg_vq_pop() - take one completion, checking it
 * @vq: the queue
 * @used: filled in when 1 or an error is returned
 *
 * Return: 1, or 0 when there is none; -EBADMSG: the id is no buffer in flight;
 * -EOVERFLOW: len is more than the buffer's writable bytes; -ERANGE: the
 * device completed more buffers than are in flight. After an error @vq stays
 * as it was.
 */
int xg_vq_pop(struct xg_vq *vq, struct xg_used *used);

/**
 * xg_vq_arm() - ask for a call
 * @vq: the queue
 * @after: completions to come before the call is wanted, 1 for the next one
 *	(without EVENT_IDX always the next one)
 *
 * Return: true when that many completions are there already: no call will come
 * for them, look again instead of waiting.
 */
bool xg_vq_arm(struct xg_vq *vq, unsigned int after);

/** xg_vq_disarm() - ask for no calls (a hint; with EVENT_IDX a far index). */
void xg_vq_disarm(struct xg_vq *vq);

/**
 * xg_vq_wait() - sleep until a completion is there
 * @vq: the queue, with a call eventfd
 * @timeout_ms: milliseconds in all
 *
 * Arms, looks, and polls the call eventfd; a call without a completion only
 * makes it look again. Return: completions pending (>= 1), 0 on timeout,
 * or -errno.
 */
int xg_vq_wait(struct xg_vq *vq, int timeout_ms);

/**
 * xg_vq_wait_n() - sleep until @n completions are there
 * @vq: the queue, with a call eventfd
 * @n: completions wanted, at most those in flight
 * @timeout_ms: milliseconds in all
 *
 * With EVENT_IDX one call is asked for, at the last of them.
 * Return: completions pending, which is < @n on timeout; or -errno.
 */
int xg_vq_wait_n(struct xg_vq *vq, unsigned int n, int timeout_ms);

/** xg_get16() - load a shared index, later loads stay after it (acquire). */
static inline uint16_t xg_get16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

/** xg_put16() - store a shared index, earlier accesses stay before it (release). */
static inline void xg_put16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

/**
 * xg_cut() - cut a contiguous buffer into segments
 * @seg: filled in, @n entries
 * @n: number of segments, at least 1
 * @gpa: start of the buffer
 * @total: bytes in the buffer
 * @len: length of each segment but the last, or NULL for equal parts; the last
 *	one takes what is left
 * @write: true when the device writes them
 */
void xg_cut(struct xg_seg *seg, unsigned int n, uint64_t gpa, uint32_t total,
	    const uint32_t *len, bool write);

/* ------------------------------------------------------------------ */
/* Tap and packet socket                                               */
/* ------------------------------------------------------------------ */

#define XG_MAX_TAP_QUEUES	8

/**
 * struct xg_tap_cfg - how to make a tap
 * @ifname: name, "" or NULL lets the kernel choose tapN
 * @queues: queue descriptors; more than 1 sets IFF_MULTI_QUEUE; 0 means 1
 * @no_vnet_hdr: without IFF_VNET_HDR (for VHOST_NET_F_VIRTIO_NET_HDR)
 * @hdr_len: TUNSETVNETHDRSZ, at least 10; 0 leaves the kernel's 10
 * @offload: TUNSETOFFLOAD bits (TUN_F_*)
 * @sndbuf: TUNSETSNDBUF bytes; 0 leaves it unlimited
 * @mtu: 0 leaves 1500
 * @flags: more IFF_* for TUNSETIFF, for example IFF_NAPI
 * @down: leave the interface down
 */
struct xg_tap_cfg {
	const char *ifname;
	unsigned int queues;
	bool no_vnet_hdr;
	int hdr_len;
	unsigned int offload;
	int sndbuf;
	int mtu;
	int flags;
	bool down;
};

/**
 * struct xg_tap - a tap and its netdev
 * @ifname: its name
 * @ifindex: its number
 * @fd: queue descriptors, non-blocking
 * @queues: how many
 */
struct xg_tap {
	char ifname[IFNAMSIZ];
	int ifindex;
	int fd[XG_MAX_TAP_QUEUES];
	unsigned int queues;
};

/**
 * struct xg_tap_stats - the netdev's counters (from /proc/thread-self/net/dev)
 * @rx_packets: frames from the guest into the stack
 * @rx_bytes: their bytes
 * @rx_errors: frames the tap refused
 * @rx_dropped: frames from the guest that were dropped
 * @tx_packets: frames from the stack that the guest side took
 * @tx_bytes: their bytes
 * @tx_dropped: frames the tap had no room for
 */
struct xg_tap_stats {
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t rx_errors;
	uint64_t rx_dropped;
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t tx_dropped;
};

/**
 * xg_netns() - move this thread to a new network namespace
 *
 * Return: 0 or -errno. Call before any other thread is made.
 */
int xg_netns(void);

/**
 * xg_tap_open() - make a tap in the current network namespace and set it up
 * @tap: filled in
 * @cfg: what to make
 *
 * IPv6 is switched off on it first, so that nothing but the caller's frames
 * passes. Return: 0 or -errno.
 */
int xg_tap_open(struct xg_tap *tap, const struct xg_tap_cfg *cfg);

/** xg_tap_updown() - set the netdev up or down. Return: 0 or -errno. */
int xg_tap_updown(const struct xg_tap *tap, bool up);

/** xg_tap_stats() - read the netdev's counters. Return: 0 or -errno. */
int xg_tap_stats(const struct xg_tap *tap, struct xg_tap_stats *stats);

/** xg_tap_close() - close every queue; the netdev goes with the last user. */
void xg_tap_close(struct xg_tap *tap);

/* ------------------------------------------------------------------ */
/* Other network devices                                               */
/* ------------------------------------------------------------------ */

/**
 * xg_link_quiet() - switch IPv6 off on a device
 * @name: the device
 *
 * Neighbour and multicast chatter would turn up among the caller's frames.
 * Return: 0 or -errno.
 */
int xg_link_quiet(const char *name);

/** xg_link_updown() - set a device up or down. Return: 0 or -errno. */
int xg_link_updown(const char *name, bool up);

/**
 * xg_link_wait() - wait until a device that was set up carries frames
 * @name: the device; of a veth pair the other one must be up, too
 *
 * The kernel says that the link is there a moment before it does anything with
 * frames: until then it drops them.
 * Return: 0, -ETIMEDOUT after some seconds, or -errno.
 */
int xg_link_wait(const char *name);

/**
 * xg_link_veth() - make a pair of veth devices, quiet and up
 * @name: the one
 * @peer: the other
 *
 * Frames stay in order, from whichever CPU they are sent.
 * Return: number of the device @name, or -errno.
 */
int xg_link_veth(const char *name, const char *peer);

/** xg_link_dummy() - make a dummy device, quiet and up. Return: its number, or -errno. */
int xg_link_dummy(const char *name);

/** xg_link_delete() - delete a device. Return: 0 or -errno. */
int xg_link_delete(const char *name);

/** xg_link_address() - give a device an IPv4 address, as text. Return: 0 or -errno. */
int xg_link_address(const char *name, const char *ip);

/**
 * xg_xdp_prog() - load an XDP program that says the same of every frame
 * @verdict: XDP_PASS, XDP_DROP, XDP_TX, ...
 *
 * Return: a descriptor, or -errno.
 */
int xg_xdp_prog(int verdict);

/** xg_xdp_redirect() - load one that sends each frame out of device @ifindex; as above. */
int xg_xdp_redirect(int ifindex);

/** xg_link_queue_len() - frames that wait for a device at most. Return: 0 or -errno. */
int xg_link_queue_len(const char *name, int frames);

/** xg_link_xdp() - run an XDP program on a device; @prog -1: none. Return: 0 or -errno. */
int xg_link_xdp(const char *name, int prog);

/**
 * struct xg_vtap_cfg - how to make a macvtap or ipvtap device
 * @name: its name
 * @lower: number of the device below
 * @ipvtap: ipvtap, otherwise macvtap
 * @mode: MACVLAN_MODE_* or IPVLAN_MODE_*
 * @mac: last byte of its address 02:00:00:00:00:xx, which macvtap goes by; 0
 *	means 1, where pattern frames go to
 */
struct xg_vtap_cfg {
	const char *name;
	int lower;
	bool ipvtap;
	int mode;
	uint8_t mac;
};

/**
 * xg_link_vtap() - make a macvtap or ipvtap device, quiet and up
 * @cfg: what to make
 *
 * Return: its number, or -errno.
 */
int xg_link_vtap(const struct xg_vtap_cfg *cfg);

/**
 * xg_vtap_open() - open a queue of a macvtap or ipvtap device
 * @name: the device
 * @cfg: @no_vnet_hdr, @hdr_len, @offload, @flags and @sndbuf as for a tap;
 *	@sndbuf below 0 leaves the kernel's own limit; the rest is ignored
 *
 * Return: a descriptor, non-blocking, or -errno.
 */
int xg_vtap_open(const char *name, const struct xg_tap_cfg *cfg);

/* xg_pkt_open() flags */
#define XG_PKT_VNET_HDR		1	/* a 10-byte virtio header precedes each frame */
#define XG_PKT_SEND_ONLY	2	/* receives nothing, costs the stack nothing */

/**
 * xg_pkt_open() - packet socket on an interface
 * @ifindex: interface
 * @flags: XG_PKT_*
 *
 * It sends past the queueing discipline and receives only frames that arrive
 * on the interface, that is, those that the guest sent.
 * Return: a descriptor, or -errno.
 */
int xg_pkt_open(int ifindex, unsigned int flags);

/**
 * xg_pkt_queue() - send through the queueing discipline from now on
 * @fd: packet socket
 *
 * Due before anything is sent on an interface that may be deleted meanwhile: on
 * the way past the discipline the kernel chooses a transmit queue modulo their
 * number, which is 0 while an interface is unregistered, and divides by it.
 * Return: 0 or -errno.
 */
int xg_pkt_queue(int fd);

/**
 * xg_pkt_send() - send one raw frame towards the guest
 * @fd: packet socket
 * @frame: Ethernet frame (after the virtio header with XG_PKT_VNET_HDR)
 * @len: bytes
 *
 * Return: 0 or -errno (-ENOBUFS: the tap's queue is full).
 */
int xg_pkt_send(int fd, const void *frame, size_t len);

/**
 * xg_pkt_recv() - receive one raw frame that the guest sent
 * @fd: packet socket
 * @frame: where it goes; a VLAN tag that the kernel took out is put back
 * @size: room, bytes
 * @timeout_ms: milliseconds
 *
 * Return: length, 0 on timeout, -EMSGSIZE when @size is too small, or -errno.
 */
ssize_t xg_pkt_recv(int fd, void *frame, size_t size, int timeout_ms);

/** xg_pkt_drain() - throw away what waits in @fd. Return: frames thrown away. */
unsigned int xg_pkt_drain(int fd);

/* ------------------------------------------------------------------ */
/* Frames with a pattern                                               */
/* ------------------------------------------------------------------ */

#define XG_ETHERTYPE		0x88b5	/* IEEE local experimental: the stack drops it */

/**
 * xg_frame_fill() - write a frame whose every byte follows from (len, seed)
 * @frame: where to
 * @len: bytes, any number; the Ethernet header is cut when shorter
 * @seed: which frame
 *
 * Destination 02:00:00:00:00:01, source 02:00:00:00:00:02, XG_ETHERTYPE, the
 * seed (4 bytes), pseudo-random bytes.
 */
void xg_frame_fill(void *frame, size_t len, uint32_t seed);

/**
 * xg_frame_check() - compare a frame with the pattern
 * @frame: the frame
 * @len: its length
 * @seed: which frame was expected
 *
 * Return: -1 when every byte is right, else the offset of the first wrong one.
 */
ssize_t xg_frame_check(const void *frame, size_t len, uint32_t seed);

/** xg_frame_seed() - the seed stored in a frame of at least 18 bytes. */
uint32_t xg_frame_seed(const void *frame);

/* ------------------------------------------------------------------ */
/* Worker threads                                                      */
/* ------------------------------------------------------------------ */

/**
 * struct xg_cpu - CPU time of a thread
 * @run_ns: on a CPU, from schedstat
 * @wait_ns: runnable but not running, from schedstat
 * @slices: times it was put on a CPU
 * @utime: user ticks (sysconf(_SC_CLK_TCK) a second)
 * @stime: system ticks
 */
struct xg_cpu {
	uint64_t run_ns;
	uint64_t wait_ns;
	uint64_t slices;
	uint64_t utime;
	uint64_t stime;
};

/**
 * xg_worker_find() - find threads named "vhost-PID", and "vhost-PID-N" for
 *	further ones, kernel threads or tasks
 * @owner: PID that called VHOST_SET_OWNER
 * @tid: filled in with thread ids, ascending
 * @max: room in @tid
 *
 * Needs a /proc of the initial PID namespace for kernel threads.
 * Return: how many exist (may be more than @max), or -errno.
 */
int xg_worker_find(pid_t owner, pid_t *tid, unsigned int max);

/**
 * xg_worker_cpu() - read a thread's CPU time from /proc
 * @tid: thread
 * @cpu: filled in
 *
 * Fit to tell work from idleness, not to measure it: a thread that wakes
 * another one goes on for a while in a kernel without full preemption, and the
 * scheduler books that while to the one woken, when both share a CPU.
 * Return: 0 or -errno.
 */
int xg_worker_cpu(pid_t tid, struct xg_cpu *cpu);

/**
 * xg_clock_open() - measure a thread's CPU time from now on
 * @tid: thread
 *
 * The clock is read at each switch of threads, so it is exact, and each of the
 * thread's switches gets a little slower. Needs root.
 * Return: a descriptor for xg_clock_ns() that the caller closes, or -errno.
 */
int xg_clock_open(pid_t tid);

/** xg_clock_ns() - nanoseconds on a CPU since xg_clock_open(), or -errno. */
int64_t xg_clock_ns(int fd);

/* ------------------------------------------------------------------ */
/* Net layer: a whole virtio-net pair                                  */
/* ------------------------------------------------------------------ */

/**
 * struct xg_net_cfg - how to start a device
 * @path: vhost device
 * @features: bits to acknowledge; what the device does not offer is an error
 *	unless @lenient
 * @features_high: from number 64 on; any of them, which concern UDP tunnels, makes
 *	the virtio header longer
 * @lenient: drop bits that the device does not offer
 * @fork_owner: the worker shall be a task of the caller's
 * @num: ring size of both queues; 0 means 256
 * @mem_size: guest memory; 0 means 64 MiB
 * @regions: cut that memory into this many regions, over which the buffers are
 *	spread in turn; 0 means 1
 * @hole: bytes of guest address space left free between regions
 * @mem_flags: XG_MEM_*
 * @table_len: indirect table entries per buffer; 0 means none
 * @base: first ring index
 * @rx_buf: bytes in each receive buffer; 0 means 2048
 * @rx_bufs: receive buffers to post; 0 means as many as the ring holds
 * @tx_buf: bytes in each transmit buffer; 0 means 2048, XG_MAX_FRAME + 12 for
 *	the largest frames
 * @rx_segs: descriptors of each receive buffer, at most XG_MAX_RX_SEGS; 0 means
 *	one, or two where an old device may expect the header apart
 * @rx_cut: with @rx_segs: length of each but the last, or NULL for equal parts;
 *	must outlive the device
 * @rx_chain: ids and indirection of receive buffers
 * @iommu_page: with ACCESS_PLATFORM: bytes of memory that the device is told of
 *	at a time, when it asks; 0 means 4096
 * @iommu_scatter: with ACCESS_PLATFORM: see xg_iommu_start(); sets XG_MEM_MEMFD
 * @tap: tap to make; hdr_len and no_vnet_hdr are set to suit the features, but
 *	for an hdr_len that is not 0
 * @backend: a descriptor to use in place of such a tap; 0 for none. The device
 *	has a copy of it
 * @far: with @backend: number of the network device at the far end
 *
 * With the environment variable XGUEST_IOMMU every device gets ACCESS_PLATFORM,
 * and @iommu_page is the variable's value, or @iommu_scatter is set if that is
 * "scatter".
 */
struct xg_net_cfg {
	const char *path;
	uint64_t features;
	uint64_t features_high;
	bool lenient;
	bool fork_owner;
	unsigned int num;
	uint64_t mem_size;
	unsigned int regions;
	uint64_t hole;
	unsigned int mem_flags;
	unsigned int table_len;
	uint16_t base;
	uint32_t rx_buf;
	unsigned int rx_bufs;
	uint32_t tx_buf;
	unsigned int rx_segs;
	const uint32_t *rx_cut;
	struct xg_chain rx_chain;
	uint64_t iommu_page;
	bool iommu_scatter;
	struct xg_tap_cfg tap;
	int backend;
	int far;
};

/**
 * struct xg_net - a running device: memory, two queues, a tap
 * @cfg: as given, defaults filled in
 * @fd: vhost device
 * @features: acknowledged
 * @hdr_len: virtio header of each frame in the ring, 10, 12 or 24
 * @mem: guest memory
 * @iommu: answers the device, with ACCESS_PLATFORM
 * @vq: the queues, XG_RX and XG_TX
 * @tap: its first queue is the backend; with @cfg.backend its one queue is
 *	that, and its ifindex is @cfg.far
 * @rx_gpa: guest address of each receive buffer (@cfg.rx_bufs of them, each
 *	@cfg.rx_buf bytes); its index is the cookie in the ring
 * @tx_gpa: of each transmit buffer (@cfg.num of them, @cfg.tx_buf bytes);
 *	its index is the cookie in the ring
 * @rx_slot: receive buffers not posted, a stack
 * @rx_slots: how many
 * @tx_slot: transmit buffers not in flight, a stack
 * @tx_slots: how many
 */
struct xg_net {
	struct xg_net_cfg cfg;
	int fd;
	uint64_t features;
	int hdr_len;
	struct xg_mem mem;
	struct xg_iommu iommu;
	struct xg_vq vq[XG_MAX_VQS];
	struct xg_tap tap;
	uint64_t *rx_gpa;
	uint64_t *tx_gpa;
	uint16_t *rx_slot;
	unsigned int rx_slots;
	uint16_t *tx_slot;
	unsigned int tx_slots;
};

/**
 * struct xg_rx - what came with a received frame
 * @hdr: the virtio header as the device wrote it (num_buffers is 1 when the
 *	header has none, that is, with 10 bytes)
 * @buffers: ring buffers it filled
 */
struct xg_rx {
	struct virtio_net_hdr_v1 hdr;
	unsigned int buffers;
};

/**
 * xg_net_open() - everything: device, owner, features, memory, queues, tap
 * @net: filled in
 * @cfg: what to make
 *
 * No backend is attached and no buffer posted: see xg_net_start().
 * Return: 0, or -errno with nothing left behind.
 */
int xg_net_open(struct xg_net *net, const struct xg_net_cfg *cfg);

/** xg_net_start() - attach both backends and post receive buffers. Return: 0 or -errno. */
int xg_net_start(struct xg_net *net);

/**
 * xg_net_stop() - detach both backends and read the vring bases
 * @net: a started device
 *
 * Rings are kept; xg_net_start() goes on where it stopped.
 * Return: 0 or -errno; -ESTALE when a base read back is not where the device
 * must be (completions counted, as split rings are used up in order).
 */
int xg_net_stop(struct xg_net *net);

/**
 * xg_net_log() - begin or end logging, in QEMU's order, in any state
 * @net: a device
 * @log: where to; NULL ends it
 *
 * Return: 0 or -errno.
 */
int xg_net_log(struct xg_net *net, const struct xg_log *log);

/** xg_net_close() - give everything back, in any state. */
void xg_net_close(struct xg_net *net);

/**
 * xg_net_tx() - send one frame: copy, add, publish, kick; does not wait
 * @net: a started device
 * @hdr: virtio header, or NULL for zeroes
 * @frame: the frame
 * @len: its bytes, 0 to @net->cfg.tx_buf - @net->hdr_len
 *
 * Takes back finished buffers first when none is free. Without VERSION_1 the
 * header has a descriptor of its own, as with a driver of old.
 * Return: 0; -EAGAIN: ring full, see xg_net_tx_wait(); -EMSGSIZE; or -errno.
 */
int xg_net_tx(struct xg_net *net, const struct virtio_net_hdr_v1 *hdr,
	      const void *frame, size_t len);

/**
 * xg_net_tx_add() - put one frame in the ring, unpublished
 * @net: a started device
 * @hdr: virtio header, or NULL
 * @frame: the frame
 * @len: its bytes
 * @n: descriptors
 * @cut: length of each but the last, counted over header and frame together,
 *	or NULL for equal parts
 * @chain: ids, indirection; or NULL
 *
 * xg_vq_publish() and xg_vq_kick() on the queue send all that was added.
 * Return: as xg_net_tx().
 */
int xg_net_tx_add(struct xg_net *net, const struct virtio_net_hdr_v1 *hdr,
		  const void *frame, size_t len, unsigned int n,
		  const uint32_t *cut, struct xg_chain *chain);

/**
 * xg_net_tx_cut() - send one frame in a chosen layout
 * @net: a started device
 * @hdr: virtio header, or NULL
 * @frame: the frame
 * @len: its bytes
 * @n: descriptors
 * @cut: length of each but the last, counted over header and frame together,
 *	or NULL for equal parts
 * @chain: ids, indirection; or NULL
 *
 * Return: as xg_net_tx().
 */
int xg_net_tx_cut(struct xg_net *net, const struct virtio_net_hdr_v1 *hdr,
		  const void *frame, size_t len, unsigned int n,
		  const uint32_t *cut, struct xg_chain *chain);

/**
 * xg_net_tx_wait() - wait until every frame sent is used, taking buffers back
 * @net: a started device
 * @timeout_ms: milliseconds in all
 *
 * Return: 0, -ETIMEDOUT, or what xg_vq_pop() found wrong.
 */
int xg_net_tx_wait(struct xg_net *net, int timeout_ms);

/** xg_net_tx_reap() - take back finished buffers. Return: how many, or -errno. */
int xg_net_tx_reap(struct xg_net *net);

/**
 * xg_net_rx_post() - fill the receive ring with buffers and kick
 * @net: a device
 *
 * Return: how many were added, or -errno.
 */
int xg_net_rx_post(struct xg_net *net);

/**
 * xg_net_rx() - receive one frame, joining its buffers, and post them again
 * @net: a started device
 * @frame: where it goes
 * @size: room, bytes
 * @info: header and buffers, or NULL
 * @timeout_ms: milliseconds
 *
 * Checks that num_buffers completions are there together, that every buffer
 * but the last is full, and that a header is there.
 * Return: frame length; -ETIMEDOUT; -EPROTO: num_buffers or a length is wrong;
 * -EMSGSIZE: @size too small (frame lost); or what xg_vq_pop() found.
 */
ssize_t xg_net_rx(struct xg_net *net, void *frame, size_t size,
		  struct xg_rx *info, int timeout_ms);

#endif /* XGUEST_H */
