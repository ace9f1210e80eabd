// SPDX-License-Identifier: GPL-2.0-only
/*
 * The differences from the kernel's own vhost-net that are meant: one table,
 * from which the one in design.rst is made. Whatever is not in it is a fault.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "xguest.h"

/* Bits and numbers that this module offers on each kernel, whatever that has. */
#define MORE_FEATURES	(XG_BIT(35) | XG_BIT(40))

/* Regions that the kernel's own takes as it is loaded by default. */
#define USUAL_REGIONS	64

/**
 * enum when - when an entry that is never seen is one too many
 * @SOMETIMES: never, it takes some luck
 * @IF_OFFER: if the devices offer different features
 * @IF_OLD: if vhost-net keeps an IOTLB that the features took away, as older ones do
 * @ALWAYS: in each run
 */
enum when {
	SOMETIMES,
	IF_OFFER,
	IF_OLD,
	ALWAYS,
};

/**
 * struct meant - a meant difference
 * @what: in a word
 * @net: what vhost-net does
 * @xnet: what vhost-xnet does
 * @why: the reason
 * @is: is this one?
 * @parts: the devices are in different states afterwards
 * @when: when it is to be seen
 * @seen: how often it was
 */
struct meant {
	const char *what;
	const char *net;
	const char *xnet;
	const char *why;
	bool (*is)(const struct pair *p);
	bool parts;
	enum when when;
	unsigned long seen;
};

static bool is_ioctl(const struct pair *p, uint32_t req)
{
	return p->c->kind == K_IOCTL && p->c->req == req;
}

static uint64_t word(const uint8_t *data)
{
	uint64_t v;

	memcpy(&v, data, sizeof(v));
	return v;
}

static bool gave(const struct pair *p, int net, int xnet)
{
	return p->net->ret == net && p->xnet->ret == xnet;
}

/* Also where only a part of the word can be written, which is an error. */
static bool is_shown_feature(const struct pair *p)
{
	/* The array begins with how many words there are. */
	const size_t at = is_ioctl(p, DIFF_GET_FEATURES_ARRAY) ? sizeof(uint64_t) : 0;
	const size_t rest = at + sizeof(uint64_t);
	uint64_t more = word(p->xnet->out + at) ^ word(p->net->out + at);

	return (at || is_ioctl(p, VHOST_GET_FEATURES)) && p->net->ret == p->xnet->ret && more &&
	       !(more & ~MORE_FEATURES) && !(more & ~word(p->xnet->out + at)) &&
	       !memcmp(p->net->out, p->xnet->out, at) &&
	       !memcmp(p->net->out + rest, p->xnet->out + rest, OUT_BYTES - rest);
}

/* Are there only features that vhost-net has, and at least one that only vhost-xnet has? */
static bool is_taken_feature(const struct pair *p)
{
	const size_t at = is_ioctl(p, DIFF_SET_FEATURES_ARRAY) ? sizeof(uint64_t) : 0;
	uint64_t more;

	if ((!at && !is_ioctl(p, VHOST_SET_FEATURES)) || !gave(p, -EOPNOTSUPP, 0))
		return false;
	if (at && (!word(p->data) || (word(p->data) > 1 && word(p->data + 2 * at))))
		return false;
	more = word(p->data + at) & ~p->offered[0];
	return more && !(more & ~(MORE_FEATURES & p->offered[1]));
}

/* Is the thread what it is as nobody said otherwise, to this owner? */
static bool is_usual_thread(const struct pair *p)
{
	const uint8_t *told = last_call(p, DIFF_SET_FORK, -1);
	const uint8_t *end = last_call(p, VHOST_RESET_OWNER, -1);

	return is_ioctl(p, DIFF_GET_FORK) && gave(p, 0, 0) &&
	       p->net->out[0] == 1 && p->xnet->out[0] == 0 &&
	       !memcmp(p->net->out + 1, p->xnet->out + 1, OUT_BYTES - 1) &&
	       (!told || (end && end > told));
}

static const struct vhost_memory_region *regions(const struct pair *p, uint32_t *n)
{
	memcpy(n, p->data, sizeof(*n));
	if ((p->c->len - 8) / sizeof(struct vhost_memory_region) < *n)
		*n = 0;
	return (const struct vhost_memory_region *)(p->data + 8);
}

static bool is_many_regions(const struct pair *p)
{
	uint32_t n;

	if (!is_ioctl(p, VHOST_SET_MEM_TABLE) || p->net->ret != -E2BIG ||
	    p->xnet->ret == -E2BIG)
		return false;
	memcpy(&n, p->data, sizeof(n));
	return n > USUAL_REGIONS && n <= 509;
}

static bool is_overlap(const struct pair *p)
{
	const struct vhost_memory_region *r;
	uint32_t i, j, n;

	if (!is_ioctl(p, VHOST_SET_MEM_TABLE) || !gave(p, 0, -EINVAL))
		return false;
	r = regions(p, &n);
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			if (r[i].guest_phys_addr - r[j].guest_phys_addr < r[j].memory_size ||
			    r[j].guest_phys_addr - r[i].guest_phys_addr < r[i].memory_size)
				return true;
	return false;
}

static bool is_all_memory(const struct pair *p)
{
	const struct vhost_memory_region *r;
	uint32_t i, n;

	if (!is_ioctl(p, VHOST_SET_MEM_TABLE) || !gave(p, 0, -EFAULT))
		return false;
	r = regions(p, &n);
	for (i = 0; i < n; i++)
		if (!r[i].guest_phys_addr && !r[i].memory_size)
			return true;
	return false;
}

static bool is_early(const struct pair *p)
{
	const struct vhost_memory_region *r;
	uint32_t i, n;

	if (!is_ioctl(p, VHOST_SET_MEM_TABLE) || !gave(p, 0, -EFAULT))
		return false;
	r = regions(p, &n);
	for (i = 0; i < n; i++)
		if (r[i].userspace_addr > USER_END ||
		    r[i].userspace_addr + r[i].memory_size > USER_END)
			return true;
	return false;
}

/*
 * Was this queue, which has that backend already, moved since? Then it may have
 * broken there.
 */
static bool is_revival(const struct pair *p)
{
	const struct call *c;
	bool moved = false;

	if (!is_ioctl(p, VHOST_NET_SET_BACKEND) || !gave(p, 0, -EFAULT))
		return false;
	for (c = p->c - 1; c >= p->s->call && c->kind != K_OPEN; c--) {
		const uint8_t *data = p->s->arena + c->at;

		if (c->kind != K_IOCTL || c->len < 8 || p->res[c - p->s->call].ret ||
		    memcmp(data, p->data, 4))
			continue;
		moved |= c->req == VHOST_SET_VRING_ADDR;
		/* One that came before it broke changed nothing. */
		if (c->req == VHOST_NET_SET_BACKEND &&
		    (moved || !memcmp(data + 4, "\xff\xff\xff\xff", 4)))
			return moved;
	}
	return false;
}

const uint8_t *last_call(const struct pair *p, uint32_t req, int64_t queue)
{
	const struct call *c;

	for (c = p->c - 1; c >= p->s->call && c->kind != K_OPEN; c--) {
		const uint8_t *data = p->s->arena + c->at;
		uint32_t index;

		if (c->kind != K_IOCTL || c->req != req || p->res[c - p->s->call].ret)
			continue;
		memcpy(&index, data, sizeof(index));
		if (queue < 0 || index == queue)
			return data;
	}
	return NULL;
}

/* Is the ring to be logged where there is no log? */
static bool is_no_log(const struct pair *p)
{
	const struct vhost_vring_addr *addr;
	const uint8_t *base;
	uint64_t at;

	if (!is_ioctl(p, VHOST_NET_SET_BACKEND) || !gave(p, 0, -EFAULT))
		return false;
	addr = (const void *)last_call(p, VHOST_SET_VRING_ADDR, (uint32_t)word(p->data));
	if (!addr || !(addr->flags & 1))
		return false;
	base = last_call(p, VHOST_SET_LOG_BASE, -1);
	at = (base ? word(base) : 0) + addr->log_guest_addr / 0x8000;
	return at < AT_LOG || at >= AT_LOG + LOG_SIZE;
}

/* Not known to this kernel's vhost-net, which says so to its owner. */
static bool is_new_ioctl(const struct pair *p)
{
	unsigned int i;

	for (i = 0; i < p->nr_lacks; i++)
		if (is_ioctl(p, p->lacks[i]))
			return true;
	return false;
}

static bool is_new_features(const struct pair *p)
{
	return is_new_ioctl(p) && p->c->req == DIFF_SET_FEATURES_ARRAY && !p->xnet->ret;
}

/* Did the device look at a ring before anybody told it to? */
static bool is_first_look(const struct pair *p)
{
	const uint8_t *base;
	uint32_t net, set = 0;

	if (!is_ioctl(p, VHOST_GET_VRING_BASE) || !gave(p, 0, 0) ||
	    !last_call(p, VHOST_NET_SET_BACKEND, (uint32_t)word(p->data)))
		return false;
	base = last_call(p, VHOST_SET_VRING_BASE, (uint32_t)word(p->data));
	if (base)
		memcpy(&set, base + 4, sizeof(set));
	memcpy(&net, p->net->out + 4, sizeof(net));
	return net == set && !memcmp(p->net->out, p->xnet->out, 4) &&
	       !memcmp(p->net->out + 8, p->xnet->out + 8, OUT_BYTES - 8);
}

/*
 * Did a start with another backend fail, as the ring is not there, for a queue
 * that had one?
 */
static bool is_stopped(const struct pair *p)
{
	uint32_t queue = (uint32_t)word(p->data), index;
	const uint8_t *had = last_call(p, VHOST_NET_SET_BACKEND, queue);
	const struct call *c;

	if (p->c->kind != K_IOCTL || p->net->ret != -EBUSY || !had ||
	    !memcmp(had + 4, "\xff\xff\xff\xff", 4))
		return false;
	for (c = p->c - 1; c > p->s->call && p->s->arena + c->at != had; c--) {
		memcpy(&index, p->s->arena + c->at, sizeof(index));
		if (c->kind == K_IOCTL && c->req == VHOST_NET_SET_BACKEND && index == queue &&
		    p->res[c - p->s->call].ret == -EFAULT)
			return true;
	}
	return false;
}

/* Only the permissions differ: to read there, to write here a used ring that a start missed. */
static bool is_start_question(const struct pair *p)
{
	const size_t same = offsetof(struct asked, perms);
	struct asked net, xnet;

	if (p->c->kind != K_ASKS || p->net->ret != p->xnet->ret ||
	    p->net->hash != p->xnet->hash || memcmp(p->net->out, p->xnet->out, same))
		return false;
	memcpy(&net, p->net->out, sizeof(net));
	memcpy(&xnet, p->xnet->out, sizeof(xnet));
	for (; net.perms != xnet.perms; net.perms >>= 2, xnet.perms >>= 2)
		if ((net.perms & 3) != (xnet.perms & 3) &&
		    ((net.perms & 3) != VHOST_ACCESS_RO || (xnet.perms & 3) != VHOST_ACCESS_WO))
			return false;
	return true;
}

/* Was the IOTLB taken away by later features? */
static bool is_iotlb_kept(const struct pair *p)
{
	const uint8_t *features = last_call(p, VHOST_SET_FEATURES, -1);
	const uint8_t *array = last_call(p, DIFF_SET_FEATURES_ARRAY, -1);

	if (array && array > features)
		features = word(array) ? array + sizeof(uint64_t) : NULL;
	return p->c->kind == K_WRITE && gave(p, sizeof(struct vhost_msg), -EFAULT) && features &&
	       !(word(features) & XG_F_ACCESS_PLATFORM);
}

static bool is_empty_invalidation(const struct pair *p)
{
	struct vhost_msg_v2 m;

	if (p->c->kind != K_WRITE || p->c->len < sizeof(m) || !gave(p, sizeof(m), -EFAULT))
		return false;
	/* Both formats have it in the same place. */
	memcpy(&m, p->data, sizeof(m));
	return m.iotlb.type == VHOST_IOTLB_INVALIDATE && !m.iotlb.size;
}

static struct meant table[] = {
	{
		.what = "GET_FEATURES, and the array of them", .net = "what its kernel has",
		.xnet = "the same bits and more, on each kernel",
		.why = "they need nothing of the kernel",
		.is = is_shown_feature, .when = IF_OFFER,
	}, {
		.what = "SET_FEATURES, or the array of them, with those bits",
		.net = "EOPNOTSUPP", .xnet = "takes them",
		.why = "as above", .is = is_taken_feature, .parts = true,
		.when = IF_OFFER,
	}, {
		.what = "SET_FEATURES_ARRAY on kernels before 6.17", .net = "ENOTTY",
		.xnet = "the ioctl", .why = "so that user space may count on it",
		.is = is_new_features, .parts = true,
	}, {
		.what = "GET_FEATURES_ARRAY, and ioctls about workers, where vhost-net has none",
		.net = "ENOTTY", .xnet = "the ioctl", .why = "as above", .is = is_new_ioctl,
	}, {
		.what = "GET_FORK_FROM_OWNER of a device that was not told",
		.net = "a task of the owner", .xnet = "a thread of the kernel",
		.why = "as before Linux 6.4, and the same on each kernel",
		.is = is_usual_thread,
	}, {
		.what = "SET_MEM_TABLE with more than 64 regions",
		.net = "E2BIG, unless loaded with another max_mem_regions",
		.xnet = "takes up to 509 by default",
		.why = "KVM has that many memory slots; each hotplugged DIMM needs one",
		.is = is_many_regions, .parts = true, .when = ALWAYS,
	}, {
		.what = "SET_MEM_TABLE with regions that overlap",
		.net = "takes them; which one serves an address depends on their order",
		.xnet = "EINVAL", .why = "the map is searched by bisection",
		.is = is_overlap, .parts = true, .when = ALWAYS,
	}, {
		.what = "SET_MEM_TABLE with a region of no bytes at address 0",
		.net = "takes it for all of the address space",
		.xnet = "EFAULT, as at any other address",
		.why = "an accident of counting, and a dangerous one",
		.is = is_all_memory, .parts = true, .when = ALWAYS,
	}, {
		.what = "SET_MEM_TABLE with memory outside of user space, no queue running",
		.net = "takes it; SET_BACKEND fails with EFAULT", .xnet = "EFAULT at once",
		.why = "whoever made the mistake is told", .is = is_early, .parts = true,
		.when = ALWAYS,
	}, {
		.what = "SET_BACKEND of a queue whose log is not mapped",
		.net = "takes it; pages that cannot be logged are forgotten", .xnet = "EFAULT",
		.why = "a page that is lost to a migration is worse than an error before it",
		.is = is_no_log, .parts = true,
	}, {
		.what = "SET_BACKEND with the backend that a broken queue has already",
		.net = "nothing, as it has that backend; it knows no broken queues",
		.xnet = "starts the queue anew, which gives EFAULT if its ring is not there",
		.why = "a queue that has met an error stays stopped until its owner says otherwise",
		.is = is_revival, .parts = true,
	}, {
		.what = "GET_VRING_BASE of a queue that had buffers when it was started",
		.net = "has not looked at them if the tap is down, and waits for a kick",
		.xnet = "has looked at them",
		.why = "the kick for them may have come before there was a backend",
		.is = is_first_look, .parts = true,
	}, {
		.what = "a queue for which SET_BACKEND with another backend gave EFAULT",
		.net = "keeps the backend that it had, and stands still",
		.xnet = "is stopped",
		.why = "a queue without a ring is not one with nothing to do",
		.is = is_stopped, .parts = true,
	}, {
		.what = "what SET_BACKEND asks of the IOTLB's owner about the device area",
		.net = "access for reading", .xnet = "access for writing",
		.why = "it is going to write there", .is = is_start_question,
	}, {
		.what = "SET_FEATURES without ACCESS_PLATFORM after one with it",
		.net = "on older kernels the IOTLB stays", .xnet = "there is none any more",
		.why = "addresses are what the features say that they are",
		.is = is_iotlb_kept, .parts = true, .when = IF_OLD,
	}, {
		.what = "a message that invalidates no bytes",
		.net = "on older kernels takes it, at address 0 for all of them", .xnet = "EFAULT",
		.why = "as with a region of no bytes", .is = is_empty_invalidation,
	}, {
		.what = "what is asked when messages overlap and a part of them is invalidated",
		.net = "each message is an entry, and all that are touched are gone",
		.xnet = "a message replaces what was told of its range; what is touched is gone",
		.why = "an address has one meaning", .is = is_other_answer, .parts = true,
	}, {
		.what = "SET_BACKEND after messages that overlap, of which one may be invalidated",
		.net = "finds the device area by one of them", .xnet = "finds it by the last",
		.why = "as above", .is = is_other_start, .parts = true,
	},
};

#define NR_MEANT	ARRAY_SIZE(table)

bool meant_control(const struct pair *p, bool *parts)
{
	unsigned int i;

	for (i = 0; i < NR_MEANT; i++) {
		if (!table[i].is(p))
			continue;
		table[i].seen++;
		*parts = table[i].parts;
		return true;
	}
	return false;
}

unsigned int meant_control_unused(const uint64_t offered[2], bool old)
{
	unsigned int i, n = 0;

	for (i = 0; i < NR_MEANT; i++) {
		printf("# meant, seen %lu times: %s\n", table[i].seen, table[i].what);
		if (table[i].seen || table[i].when == SOMETIMES ||
		    (table[i].when == IF_OFFER && !(offered[1] & ~offered[0])) ||
		    (table[i].when == IF_OLD && !old))
			continue;
		printf("# ... so it is not needed: take it out\n");
		n++;
	}
	return n;
}

void meant_control_print(void)
{
	unsigned int i;

	for (i = 0; i < NR_MEANT; i++)
		printf("* *%s.* vhost-net: %s. vhost-xnet: %s. Why: %s.\n", table[i].what,
		       table[i].net, table[i].xnet, table[i].why);
}
