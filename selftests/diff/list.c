// SPDX-License-Identifier: GPL-2.0-only
/* The calls that somebody thought of, right and wrong. */
#include <fcntl.h>
#include <string.h>

#include "call.h"
#include "xguest.h"

static const uint8_t zeroes[64];

const struct vhost_memory_region usual_region = {
	.guest_phys_addr = 0x10000, .memory_size = MEM_SIZE, .userspace_addr = AT_MEM,
};

void list_fresh(struct seq *s)
{
	seq_add(s, K_OPEN, O_RDWR | O_NONBLOCK, NULL, 0);
}

void list_owned(struct seq *s)
{
	list_fresh(s);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
}

void list_ready(struct seq *s, uint32_t num)
{
	struct vhost_vring_addr a;
	uint32_t i;

	list_owned(s);
	seq_u64(s, VHOST_SET_FEATURES, XG_F_MODERN);
	seq_mem(s, 1, 0, &usual_region);
	for (i = 0; i < 2; i++) {
		a = usual_addr(i);
		seq_state(s, VHOST_SET_VRING_NUM, i, num);
		seq_state(s, VHOST_SET_VRING_BASE, i, 0);
		seq_addr(s, &a);
		seq_file(s, VHOST_SET_VRING_KICK, i, FD_EVENT);
		seq_file(s, VHOST_SET_VRING_CALL, i, FD_EVENT2);
	}
}

void list_running(struct seq *s)
{
	list_ready(s, 256);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP);
	seq_file(s, VHOST_NET_SET_BACKEND, 1, FD_TAP);
}

void list_ask(struct seq *s)
{
	uint32_t i;

	seq_ioctl(s, VHOST_GET_FEATURES, NULL, 16);
	seq_ioctl(s, VHOST_GET_BACKEND_FEATURES, NULL, 16);
	for (i = 0; i < 2; i++) {
		seq_state(s, VHOST_GET_VRING_BASE, i, ~0u);
		seq_state(s, VHOST_GET_VRING_BUSYLOOP_TIMEOUT, i, ~0u);
		seq_state(s, VHOST_GET_VRING_ENDIAN, i, ~0u);
	}
	seq_add(s, K_POLL, 0, NULL, 0);
}

static void every_number(struct seq *s, uint8_t who)
{
	unsigned int i, w;

	for (i = 0; i < nr_reqs; i++) {
		for (w = 0; w < P_CUT; w++) {
			struct call *c = seq_ioctl(s, reqs[i].req, zeroes, sizeof(zeroes));

			c->where = w;
			c->who = who;
		}
	}
}

static void numbers_fresh(struct seq *s)
{
	list_fresh(s);
	every_number(s, 0);
	list_ask(s);
}

static void numbers_owned(struct seq *s)
{
	list_owned(s);
	every_number(s, 0);
	list_ask(s);
}

static void numbers_stranger(struct seq *s)
{
	list_owned(s);
	every_number(s, 1);
	list_ask(s);
}

/* Arguments that end too early, at each place; each with the size that the kernel reads. */
static void cut_short(struct seq *s)
{
	static const struct {
		uint32_t req, len;
	} args[] = {
		{ VHOST_GET_FEATURES, 8 }, { VHOST_SET_FEATURES, 8 },
		{ VHOST_SET_LOG_BASE, 8 }, { VHOST_SET_LOG_FD, 4 },
		{ VHOST_SET_VRING_NUM, 8 }, { VHOST_SET_VRING_ADDR, 40 },
		{ VHOST_SET_VRING_BASE, 8 }, { VHOST_GET_VRING_BASE, 8 },
		{ VHOST_SET_VRING_KICK, 8 }, { VHOST_SET_VRING_CALL, 8 },
		{ VHOST_SET_VRING_ERR, 8 }, { VHOST_SET_VRING_BUSYLOOP_TIMEOUT, 8 },
		{ VHOST_GET_VRING_BUSYLOOP_TIMEOUT, 8 }, { VHOST_SET_BACKEND_FEATURES, 8 },
		{ VHOST_GET_BACKEND_FEATURES, 8 }, { VHOST_NET_SET_BACKEND, 8 },
		{ VHOST_SET_MEM_TABLE, 8 },
	};
	unsigned int i, cut;

	list_owned(s);
	for (i = 0; i < ARRAY_SIZE(args); i++) {
		for (cut = 0; cut <= args[i].len; cut += cut < 12 ? 1 : 7) {
			struct call *c = seq_ioctl(s, args[i].req, zeroes, args[i].len);

			c->where = P_CUT;
			c->cut = cut;
		}
	}
	list_ask(s);
}

static void every_file(struct seq *s, const uint32_t *req, unsigned int n)
{
	static const int odd[] = { -1, -2, 0, 1, 5000, 0x7fffffff, -0x7fffffff - 1 };
	unsigned int i, fd;

	for (i = 0; i < n; i++) {
		for (fd = FD_DEV; fd < FD_END; fd++) {
			seq_file(s, req[i], 0, fd);
			seq_file(s, req[i], 1, fd);
		}
		for (fd = 0; fd < ARRAY_SIZE(odd); fd++)
			seq_file(s, req[i], i & 1, odd[fd]);
	}
}

static void files_events(struct seq *s)
{
	static const uint32_t req[] = {
		VHOST_SET_VRING_KICK, VHOST_SET_VRING_CALL, VHOST_SET_VRING_ERR,
	};

	list_ready(s, 16);
	every_file(s, req, ARRAY_SIZE(req));
	list_ask(s);
}

static void files_events_running(struct seq *s)
{
	static const uint32_t req[] = {
		VHOST_SET_VRING_KICK, VHOST_SET_VRING_CALL, VHOST_SET_VRING_ERR,
	};

	list_running(s);
	every_file(s, req, ARRAY_SIZE(req));
	list_ask(s);
}

static void files_backend(struct seq *s)
{
	static const uint32_t req[] = { VHOST_NET_SET_BACKEND };
	unsigned int fd;

	list_owned(s);
	every_file(s, req, 1);
	list_ready(s, 16);
	every_file(s, req, 1);
	for (fd = FD_DEV; fd < FD_END; fd++)
		seq_int(s, VHOST_SET_LOG_FD, fd);
	for (fd = 0; fd < 4; fd++)
		seq_int(s, VHOST_SET_LOG_FD, -1 - (int)fd);
	list_ask(s);
}

static void index_values(struct seq *s)
{
	static const uint32_t index[] = { 2, 3, 4, 255, 256, 0x10000, 0x7fffffff, ~0u };
	struct vhost_vring_addr a = usual_addr(0);
	unsigned int i, r;

	list_running(s);
	for (i = 0; i < ARRAY_SIZE(index); i++) {
		for (r = 0; r < nr_reqs; r++)
			if (reqs[r].req >= VHOST_SET_VRING_NUM && reqs[r].name[0] == 'V' &&
			    strstr(reqs[r].name, "VRING") && !strstr(reqs[r].name, "VDPA"))
				seq_state(s, reqs[r].req, index[i], 0);
		a.index = index[i];
		seq_addr(s, &a);
		seq_file(s, VHOST_NET_SET_BACKEND, index[i], FD_TAP);
		seq_file(s, VHOST_NET_SET_BACKEND, index[i], -1);
	}
	list_ask(s);
}

static void numbers_of_queues(struct seq *s)
{
	static const uint32_t num[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 255, 256, 1024, 0x4000, 0x7fff, 0x8000, 0x8001,
		0xffff, 0x10000, 0x10001, 0x20000, 0x80000000, ~0u,
	};
	static const uint32_t req[] = {
		VHOST_SET_VRING_NUM, VHOST_SET_VRING_BASE, VHOST_SET_VRING_BUSYLOOP_TIMEOUT,
		VHOST_SET_VRING_ENDIAN,
	};
	static const uint32_t get[] = {
		VHOST_GET_VRING_BASE, VHOST_GET_VRING_BASE, VHOST_GET_VRING_BUSYLOOP_TIMEOUT,
		VHOST_GET_VRING_ENDIAN,
	};
	unsigned int i, r;

	list_owned(s);
	for (r = 0; r < ARRAY_SIZE(req); r++) {
		for (i = 0; i < ARRAY_SIZE(num); i++) {
			seq_state(s, req[r], i & 1, num[i]);
			seq_state(s, get[r], i & 1, 77);
		}
	}
	list_running(s);
	for (r = 0; r < ARRAY_SIZE(req); r++)
		for (i = 0; i < ARRAY_SIZE(num); i += 3)
			seq_state(s, req[r], i & 1, num[i]);
	list_ask(s);
}

static const uint64_t places[] = {
	0, 1, 2, 3, 4, 8, 0xfff, AT_NOTHING, AT_RO, AT_DEVICE + 1, AT_DEVICE + 2, AT_DEVICE + 4,
	USER_END - 16, USER_END - 4096, USER_END, 0x800000000000, 0x8000000000000000,
	0xffff888000000000, 0xfffffffffffff000, ~0ULL - 15, ~0ULL - 3, ~0ULL,
};

/* Each place for each part of a ring. */
static void ring_places(struct seq *s)
{
	struct vhost_vring_addr a;
	unsigned int i, part;

	for (part = 0; part < 4; part++) {
		for (i = 0; i < ARRAY_SIZE(places); i++) {
			a = usual_addr(1);
			if (part == 0)
				a.desc_user_addr = places[i];
			else if (part == 1)
				a.avail_user_addr = places[i];
			else if (part == 2)
				a.used_user_addr = places[i];
			else
				a.log_guest_addr = places[i];
			seq_addr(s, &a);
			seq_file(s, VHOST_NET_SET_BACKEND, 1, FD_TAP);
			seq_file(s, VHOST_NET_SET_BACKEND, 1, -1);
		}
	}
}

static void ring_places_stopped(struct seq *s)
{
	list_ready(s, 256);
	ring_places(s);
	list_ask(s);
}

static void ring_places_running(struct seq *s)
{
	struct vhost_vring_addr a = usual_addr(1);
	unsigned int i, flags;

	list_running(s);
	for (flags = 0; flags < 5; flags++) {
		a.flags = flags < 4 ? flags : 0x80000000;
		seq_addr(s, &a);
	}
	a.flags = 0;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		a = usual_addr(1);
		a.desc_user_addr = places[i];
		seq_addr(s, &a);
		a = usual_addr(1);
		a.avail_user_addr = places[i];
		seq_addr(s, &a);
		a = usual_addr(1);
		a.used_user_addr = places[i];
		seq_addr(s, &a);
		a = usual_addr(1);
		a.log_guest_addr = places[i];
		seq_addr(s, &a);
	}
	list_ask(s);
}

static void one_region(struct seq *s, uint64_t gpa, uint64_t size, uint64_t user)
{
	struct vhost_memory_region r = {
		.guest_phys_addr = gpa, .memory_size = size, .userspace_addr = user,
	};

	seq_mem(s, 1, 0, &r);
	seq_file(s, VHOST_NET_SET_BACKEND, 1, FD_TAP);
	seq_file(s, VHOST_NET_SET_BACKEND, 1, -1);
}

static void memory(struct seq *s)
{
	static struct vhost_memory_region many[512];
	static const uint32_t n[] = { 0, 1, 2, 63, 64 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct vhost_memory_region){
			.guest_phys_addr = 0x10000 + 0x1000ULL * i,
			.memory_size = 0x1000,
			.userspace_addr = AT_MEM + 0x1000 * (i % 256),
		};
	list_running(s);
	for (i = 0; i < ARRAY_SIZE(n); i++)
		seq_mem(s, n[i], 0, many);
	/* In any order, with gaps. */
	for (i = 0, j = 63; i < j; i++, j--) {
		struct vhost_memory_region r = many[i];

		many[i] = many[j];
		many[j] = r;
	}
	seq_mem(s, 64, 0, many);
	seq_mem(s, 32, 0, many + 7);
	seq_mem(s, 1, 1, many);
	seq_mem(s, 1, 0x80000000, many);
	seq_mem(s, 0, ~0u, NULL);
	seq_mem(s, ~0u, 0, NULL);
	seq_mem(s, 0x80000000, 0, NULL);
	seq_mem(s, 1024, 0, NULL)->where = P_RO;
	/* The head is there, the regions are not, or not all. */
	for (i = 8; i < 8 + 3 * 32; i += 8) {
		struct call *c = seq_mem(s, 2, 0, many);

		c->where = P_CUT;
		c->cut = i;
	}
	list_fresh(s);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	seq_mem(s, 65, 0, many);
	list_ready(s, 16);
	seq_mem(s, 509, 0, many);
	list_ready(s, 16);
	seq_mem(s, 510, 0, many);
	list_ready(s, 16);
	one_region(s, 0, 0x1000, AT_MEM);
	one_region(s, ~0ULL - 0xfff, 0x1000, AT_MEM);
	one_region(s, ~0ULL - 0xffe, 0x1000, AT_MEM);
	one_region(s, 0x1000, ~0ULL, AT_MEM);
	one_region(s, 0x1000, 0, AT_MEM);
	one_region(s, 0x1000, 1, AT_MEM + 1);
	one_region(s, 0, 0x1000, AT_NOTHING);
	list_ready(s, 16);
	one_region(s, 0, 0, AT_MEM);
}

/* Memory that is no user space's, or not of one region alone. */
static void memory_odd(struct seq *s)
{
	static const struct vhost_memory_region twice[] = {
		{ 0x10000, 0x3000, AT_MEM, 0 }, { 0x12000, 0x3000, AT_MEM + 0x8000, 0 },
	}, same[] = {
		{ 0x10000, 0x1000, AT_MEM, 0 }, { 0x10000, 0x1000, AT_MEM, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		list_ready(s, 16);
		one_region(s, 0x10000, 0x2000, places[i]);
	}
	list_ready(s, 16);
	seq_mem(s, 2, 0, twice);
	list_ready(s, 16);
	seq_mem(s, 2, 0, same);
	/* The same while a queue runs. */
	for (i = 0; i < 2; i++) {
		list_running(s);
		one_region(s, 0x10000, 0x2000, i ? 0xffff888000000000 : USER_END - 0x1000);
		list_ask(s);
	}
}

static void features(struct seq *s)
{
	unsigned int bit;

	list_fresh(s);
	list_ask(s);
	for (bit = 0; bit < 64; bit++) {
		list_fresh(s);
		seq_u64(s, VHOST_SET_FEATURES, 1ULL << bit);
		seq_u64(s, VHOST_SET_BACKEND_FEATURES, 1ULL << bit);
		if (bit % 8 == 0)
			list_ask(s);
	}
	list_fresh(s);
	seq_u64(s, VHOST_SET_FEATURES, ~0ULL);
	seq_u64(s, VHOST_SET_BACKEND_FEATURES, ~0ULL);
	seq_u64(s, VHOST_SET_FEATURES, 0)->who = 1;
	seq_u64(s, VHOST_SET_BACKEND_FEATURES, 0)->who = 1;
}

/* Reading, writing and the rest of what files can do. */
static void as_a_file(struct seq *s)
{
	static const uint32_t sizes[] = { 0, 1, 3, 4, 8, 63, 64, 71, 72, 73, 79, 80, 81, 4096 };
	uint8_t msg[96] = { 0 };
	unsigned int i, type, w;

	list_fresh(s);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		seq_add(s, K_READ, 0, NULL, sizes[i]);
	for (w = 0; w < P_CUT; w++)
		seq_add(s, K_READ, 0, NULL, 80)->where = w;
	for (type = 0; type < 4; type++) {
		msg[0] = type;
		for (i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= sizeof(msg); i++)
			seq_add(s, K_WRITE, 0, msg, sizes[i]);
	}
	for (w = 0; w < P_CUT; w++)
		seq_add(s, K_WRITE, 0, msg, 72)->where = w;
	seq_add(s, K_POLL, 0, NULL, 0);
	seq_add(s, K_POLL, 0, NULL, 0)->who = 1;
	seq_add(s, K_MMAP, 0, NULL, 0);
	seq_add(s, K_MMAP, 4096, NULL, 0);
	seq_add(s, K_SEEK, 0, NULL, 0);
	seq_add(s, K_SEEK, 100, NULL, 0);
	seq_add(s, K_FSTAT, 0, NULL, 0);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	seq_add(s, K_READ, 0, NULL, 80)->who = 1;
	seq_add(s, K_WRITE, 0, msg, 72)->who = 1;
	/* Without O_NONBLOCK there is still nothing to wait for. */
	seq_add(s, K_OPEN, O_RDWR, NULL, 0);
	seq_add(s, K_READ, 0, NULL, 80);
	seq_add(s, K_READ, 0, NULL, 16);
	seq_add(s, K_OPEN, O_RDONLY | O_NONBLOCK, NULL, 0);
	seq_add(s, K_WRITE, 0, msg, 72);
	seq_add(s, K_READ, 0, NULL, 80);
	seq_add(s, K_OPEN, O_WRONLY | O_NONBLOCK, NULL, 0);
	seq_add(s, K_WRITE, 0, msg, 72);
	seq_add(s, K_READ, 0, NULL, 80);
}

void (*const list_parts[])(struct seq *s) = {
	numbers_fresh, numbers_owned, numbers_stranger, cut_short, files_events,
	files_events_running, files_backend, index_values, numbers_of_queues,
	ring_places_stopped, ring_places_running, list_in_order, list_taken_back, memory,
	memory_odd, features, as_a_file, list_iotlb, list_features_got, list_features_bits,
	list_features_set, list_fork,
};

const char *const list_names[] = {
	"numbers_fresh", "numbers_owned", "numbers_stranger", "cut_short", "files_events",
	"files_events_running", "files_backend", "index_values", "numbers_of_queues",
	"ring_places_stopped", "ring_places_running", "in_order", "taken_back", "memory",
	"memory_odd", "features", "as_a_file", "iotlb", "features_got", "features_bits",
	"features_set", "fork",
};

const unsigned int nr_list_parts = ARRAY_SIZE(list_parts);
