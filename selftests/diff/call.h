/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls on a vhost device, and what came of them.
 *
 * A sequence of calls is executed on two devices by two processes that are alike
 * to the byte: same addresses, same descriptor numbers, same contents. So the
 * same call has to give the same result.
 */
#ifndef DIFF_CALL_H
#define DIFF_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/vhost.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define MAX_CALLS	512
#define ARENA		0x40000
#define OUT_BYTES	128
#define PATTERN		0xa5

/* Where things are in each of the processes. */
#define AT_ARG		0x10000000UL	/* arguments; ends where nothing is mapped */
#define ARG_SIZE	0x10000UL
#define AT_RO		0x10020000UL	/* arguments that cannot be written */
#define AT_NOTHING	0x10080000UL	/* no memory here */
#define AT_DRIVER	0x10100000UL	/* descriptors and driver areas */
#define AT_DEVICE	0x10200000UL	/* device areas */
#define RING_SIZE	0x100000UL
#define AT_MEM		0x10400000UL	/* what the guest takes for memory */
#define MEM_SIZE	0x100000UL
#define AT_LOG		0x10600000UL	/* the dirty log */
#define LOG_SIZE	0x10000UL
#define USER_END	0x7ffffffff000UL

/**
 * enum fds - descriptors, the same numbers in each process
 *
 * FD_CLOSED is a number that means nothing.
 */
enum fds {
	FD_DEV = 200,
	FD_DEV2,
	FD_EVENT,
	FD_EVENT2,
	FD_EVENT_SEM,
	FD_TAP,
	FD_TAP2,
	FD_TAP_DUP,
	FD_TAP_BARE,
	FD_TUN_IP,
	FD_TUN_NEW,
	FD_TUN_PATH,
	FD_TAP_DETACHED,
	FD_MACVTAP,
	FD_MACVTAP_BARE,
	FD_IPVTAP,
	FD_PACKET_RAW,
	FD_PACKET_DGRAM,
	FD_INET,
	FD_INET_RAW,
	FD_UNIX,
	FD_NETLINK,
	FD_PIPE_R,
	FD_PIPE_W,
	FD_NULL,
	FD_FILE,
	FD_DIR,
	FD_MEMFD,
	FD_EPOLL,
	FD_TIMER,
	FD_SIGNAL,
	FD_CLOSED,
	FD_END
};

/**
 * enum call_kind - what is called
 * @K_OPEN: the device is closed and opened again; @req holds the flags
 * @K_IOCTL: ioctl(@req)
 * @K_READ: read(@len)
 * @K_WRITE: write(@len)
 * @K_POLL: poll() without waiting
 * @K_MMAP: mmap() of a page at offset @req
 * @K_SEEK: lseek(@req, SEEK_SET)
 * @K_FSTAT: fstat(): type, mode and major number of the device
 * @K_ASKS: kick both queues, wait until nothing moves, and read all that the device
 *	asks of its IOTLB's owner
 */
enum call_kind {
	K_OPEN,
	K_IOCTL,
	K_READ,
	K_WRITE,
	K_POLL,
	K_MMAP,
	K_SEEK,
	K_FSTAT,
	K_ASKS,
};

/**
 * enum where - what pointer is passed
 * @P_GOOD: memory that can be read and written
 * @P_NULL: NULL
 * @P_BAD: no memory
 * @P_KERNEL: an address of the kernel's
 * @P_WILD: no canonical address
 * @P_RO: memory that cannot be written
 * @P_CUT: memory that ends after @cut bytes
 */
enum where {
	P_GOOD,
	P_NULL,
	P_BAD,
	P_KERNEL,
	P_WILD,
	P_RO,
	P_CUT,
	P_END
};

/**
 * struct call - one call
 * @kind: enum call_kind
 * @who: 0: the process that opens the device; 1: one that shares its
 *	descriptors, but not its memory
 * @where: enum where
 * @cut: bytes, for P_CUT
 * @req: depends on @kind
 * @len: bytes of the argument
 * @at: where they are in the arena
 */
struct call {
	uint8_t kind;
	uint8_t who;
	uint8_t where;
	uint8_t cut;
	uint32_t req;
	uint32_t len;
	uint32_t at;
};

/**
 * struct result - what came of a call
 * @ret: return value, or the negative errno
 * @hash: of the argument after the call and of what is around it
 * @out: first bytes of the argument after the call
 */
struct result {
	int64_t ret;
	uint64_t hash;
	uint8_t out[OUT_BYTES];
};

/**
 * struct asked - what came of K_ASKS, all of @out; @hash is of all messages
 * @poll: what poll() said before
 * @count: questions, not counting those that were asked more than once
 * @iova: of the first two, in the order of addresses
 * @perms: the permissions, which @hash leaves out: two bits for each question
 */
struct asked {
	uint32_t poll;
	uint32_t count;
	uint64_t iova[2];
	uint64_t perms;
};

/**
 * struct seq - a sequence of calls
 * @n: how many
 * @used: bytes used in @arena
 * @call: the calls
 * @arena: their arguments
 */
struct seq {
	unsigned int n;
	unsigned int used;
	struct call call[MAX_CALLS];
	uint8_t arena[ARENA];
};

/* ---- sides.c: the processes ---- */

/** sides_start() - start the processes, one pair for each device; ends on failure. */
void sides_start(const char *const path[2]);

/**
 * sides_run() - execute a sequence on both devices
 * @s: the sequence
 * @res: the results, MAX_CALLS for each device
 *
 * Return: -1, or the device that did not come to an end.
 */
int sides_run(const struct seq *s, struct result *res[2]);

/** sides_stop() - end the processes. */
void sides_stop(void);

/* ---- exec.c: one call ---- */

/** exec_setup() - make memory and descriptors of a side; ends on failure. */
void exec_setup(const char *path);

/** exec_forget() - empty the memory that devices write to. */
void exec_forget(void);

/** exec_call() - carry out a call of @s in this process. */
void exec_call(const struct seq *s, const struct call *c, struct result *r);

/* ---- seq.c: making and showing sequences ---- */

/** seq_add() - add a call with an argument of @len bytes. Return: the call, to be changed. */
struct call *seq_add(struct seq *s, enum call_kind what, uint32_t req, const void *data,
		     uint32_t len);

/** seq_ioctl() - add an ioctl with a pointer to @len bytes. */
struct call *seq_ioctl(struct seq *s, uint32_t req, const void *data, uint32_t len);

/** seq_u64() - add an ioctl with a pointer to a 64-bit number. */
struct call *seq_u64(struct seq *s, uint32_t req, uint64_t value);

/** seq_int() - add an ioctl with a pointer to an int. */
struct call *seq_int(struct seq *s, uint32_t req, int value);

/** seq_state() - add an ioctl with a struct vhost_vring_state. */
struct call *seq_state(struct seq *s, uint32_t req, uint32_t index, uint32_t num);

/** seq_file() - add an ioctl with a struct vhost_vring_file. */
struct call *seq_file(struct seq *s, uint32_t req, uint32_t index, int fd);

/** seq_addr() - add VHOST_SET_VRING_ADDR. */
struct call *seq_addr(struct seq *s, const struct vhost_vring_addr *addr);

/** seq_mem() - add VHOST_SET_MEM_TABLE with @n regions, which are copied. */
struct call *seq_mem(struct seq *s, uint32_t n, uint32_t padding,
		     const struct vhost_memory_region *r);

/** usual_addr() - where queue @index has its ring if nothing is wrong. */
struct vhost_vring_addr usual_addr(uint32_t index);

/** seq_show() - print a call. */
void seq_show(const struct seq *s, const struct call *c);

/** req_name() - name of an ioctl number, or NULL. */
const char *req_name(uint32_t req);

/**
 * struct req - an ioctl
 * @name: for people
 * @req: its number
 */
struct req {
	const char *name;
	uint32_t req;
};

extern const struct req reqs[];
extern const unsigned int nr_reqs;

/* What the headers of the machine may not know yet. */
#define DIFF_NEW_WORKER		_IOR(VHOST_VIRTIO, 0x8, uint32_t)
#define DIFF_FREE_WORKER	_IOW(VHOST_VIRTIO, 0x9, uint32_t)
#define DIFF_ATTACH_WORKER	_IOW(VHOST_VIRTIO, 0x15, uint64_t)
#define DIFF_GET_WORKER		_IOWR(VHOST_VIRTIO, 0x16, uint64_t)
#define DIFF_GET_FEATURES_ARRAY	_IOR(VHOST_VIRTIO, 0x83, uint64_t)
#define DIFF_SET_FEATURES_ARRAY	_IOW(VHOST_VIRTIO, 0x83, uint64_t)
#define DIFF_SET_FORK		_IOW(VHOST_VIRTIO, 0x84, uint8_t)
#define DIFF_GET_FORK		_IOR(VHOST_VIRTIO, 0x85, uint8_t)

/* ---- list.c, list_*.c and random.c: sequences ---- */

/** list_fresh() - begin with a new device. */
void list_fresh(struct seq *s);

/** list_owned() - begin with a new device that has an owner. */
void list_owned(struct seq *s);

/** list_ready() - begin with a device whose queues, of @num entries, could run. */
void list_ready(struct seq *s, uint32_t num);

/** list_running() - begin with a device whose queues run. */
void list_running(struct seq *s);

/** list_ask() - add what can be asked without changing anything. */
void list_ask(struct seq *s);

/** list_in_order() - one of list_parts. */
void list_in_order(struct seq *s);

/** list_taken_back() - one of list_parts. */
void list_taken_back(struct seq *s);

/** list_iotlb() - one of list_parts. */
void list_iotlb(struct seq *s);

/** list_features_got() - one of list_parts. */
void list_features_got(struct seq *s);

/** list_features_bits() - one of list_parts. */
void list_features_bits(struct seq *s);

/** list_features_set() - one of list_parts. */
void list_features_set(struct seq *s);

/** list_fork() - one of list_parts. */
void list_fork(struct seq *s);

/* The memory of such devices. */
extern const struct vhost_memory_region usual_region;

extern void (*const list_parts[])(struct seq *s);
extern const char *const list_names[];
extern const unsigned int nr_list_parts;

/**
 * struct common - what both devices can do
 * @features: bits that both offer
 * @arrays: both have features by the array
 * @fork: both can be told whose task a worker is
 */
struct common {
	uint64_t features;
	bool arrays;
	bool fork;
};

/**
 * random_seq() - make a sequence
 * @s: filled in
 * @seed: the same seed makes the same sequence, of devices that can do the same
 * @both: what they can do
 * @iotlb: is it to be one behind an IOTLB?
 */
void random_seq(struct seq *s, uint64_t seed, const struct common *both, bool iotlb);

/* ---- meant.c and known.c: differences that are meant ---- */

/**
 * struct pair - a call whose results differ
 * @s: the sequence
 * @res: all results of the reference
 * @c: the call
 * @data: its argument
 * @net: what the reference gave
 * @xnet: what the device under test gave
 * @offered: features that they offer, in this order
 * @lacks: ioctls that the reference does not have
 * @nr_lacks: how many
 */
struct pair {
	const struct seq *s;
	const struct result *res;
	const struct call *c;
	const uint8_t *data;
	const struct result *net;
	const struct result *xnet;
	const uint64_t *offered;
	const uint32_t *lacks;
	unsigned int nr_lacks;
};

/**
 * meant_control() - is a difference of the table?
 * @p: the difference
 * @parts: set if from here on the devices are in different states
 *
 * Return: true if it is; its entry is counted.
 */
bool meant_control(const struct pair *p, bool *parts);

/**
 * is_other_answer() - do questions differ as the devices know different answers?
 * @p: the difference
 *
 * Each device's IOTLB is worked out from the messages before. What a device asks
 * for it must not know; what it does not ask for, and the other one does, it must
 * know, or have asked for something else instead.
 */
bool is_other_answer(const struct pair *p);

/** is_other_start() - does a start end differently as the devices know different answers? */
bool is_other_start(const struct pair *p);

/**
 * last_call() - the last ioctl of a number that succeeded before
 * @p: a difference
 * @req: the number
 * @queue: the queue it has to be about, or -1
 *
 * Return: its argument, or NULL.
 */
const uint8_t *last_call(const struct pair *p, uint32_t req, int64_t queue);

/**
 * meant_control_unused() - name entries that never applied but should have
 * @offered: the features that the devices offer
 * @old: this vhost-net keeps an IOTLB that the features took away
 *
 * Return: how many.
 */
unsigned int meant_control_unused(const uint64_t offered[2], bool old);

/** meant_control_print() - the table, as lines of reStructuredText. */
void meant_control_print(void);

#endif /* DIFF_CALL_H */
