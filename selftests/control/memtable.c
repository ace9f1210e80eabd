// SPDX-License-Identifier: GPL-2.0-only
/* VHOST_SET_MEM_TABLE: what is taken, what is refused, changes while running. */
#include <sys/mman.h>

#include "traffic.h"
#include "xtest.h"

#define MIB		0x100000UL
#define MAX_REGIONS	510

FIXTURE(memtable) {
	int fd;
	struct vhost_memory *t;
	char *arena;
};

FIXTURE_SETUP(memtable)
{
	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", xt_dev(), xt_errno(self->fd));
	XT_OK(xg_ioctl_set_owner(self->fd));
	self->t = calloc(1, sizeof(*self->t) + MAX_REGIONS * sizeof(self->t->regions[0]));
	self->arena = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->arena);
}

FIXTURE_TEARDOWN(memtable)
{
	close(self->fd);
	free(self->t);
}

static void region(struct vhost_memory *t, unsigned int i, uint64_t gpa, uint64_t size,
		   const void *host)
{
	t->regions[i].guest_phys_addr = gpa;
	t->regions[i].memory_size = size;
	t->regions[i].userspace_addr = (uintptr_t)host;
	t->regions[i].flags_padding = 0;
}

/* A table of one region. */
static int one(int fd, struct vhost_memory *t, uint64_t gpa, uint64_t size, uint64_t host)
{
	t->nregions = 1;
	region(t, 0, gpa, size, (void *)host);
	return xg_ioctl_set_mem_table(fd, t);
}

TEST_F(memtable, none)
{
	XT_OK(xg_ioctl_set_mem_table(self->fd, self->t));
	/* And back to none after there was one. */
	XT_OK(one(self->fd, self->t, 0, MIB, (uintptr_t)self->arena));
	self->t->nregions = 0;
	XT_OK(xg_ioctl_set_mem_table(self->fd, self->t));
}

TEST_F(memtable, many)
{
	unsigned int i, limit = xt_is_xnet() ? 509 : 64;

	for (i = 0; i < MAX_REGIONS; i++)
		region(self->t, i, i * 8192UL, 4096, self->arena + i * 4096);
	self->t->nregions = limit;
	XT_OK(xg_ioctl_set_mem_table(self->fd, self->t));
	self->t->nregions = limit + 1;
	XT_ERR(-E2BIG, xg_ioctl_set_mem_table(self->fd, self->t));
	self->t->nregions = ~0U;
	XT_ERR(-E2BIG, xg_ioctl_set_mem_table(self->fd, self->t));
}

TEST_F(memtable, padding)
{
	self->t->padding = 1;
	XT_ERR(-EOPNOTSUPP, one(self->fd, self->t, 0, MIB, (uintptr_t)self->arena));
	/* Of the two complaints this is the first. */
	self->t->nregions = ~0U;
	XT_ERR(-EOPNOTSUPP, xg_ioctl_set_mem_table(self->fd, self->t));
	self->t->padding = 0;
	/* The regions' flags are not looked at. */
	self->t->regions[0].flags_padding = ~0ULL;
	self->t->nregions = 1;
	XT_OK(xg_ioctl_set_mem_table(self->fd, self->t));
}

TEST_F(memtable, sizes)
{
	uintptr_t host = (uintptr_t)self->arena;

	XT_OK(one(self->fd, self->t, 0, 1, host));
	XT_OK(one(self->fd, self->t, 0, MIB, host));
	XT_OK(one(self->fd, self->t, ~0ULL, 1, host));
	XT_OK(one(self->fd, self->t, ~0ULL - 4095, 4096, host));
	if (xt_is_xnet())
		XT_ERR(-EFAULT, one(self->fd, self->t, 0, 0, host));
	XT_ERR(-EFAULT, one(self->fd, self->t, 4096, 0, host));
	/* Past the end of the guest's addresses. */
	XT_ERR(-EFAULT, one(self->fd, self->t, ~0ULL, 2, host));
	XT_ERR(-EFAULT, one(self->fd, self->t, ~0ULL - 4095, 4097, host));
	XT_ERR(-EFAULT, one(self->fd, self->t, 4096, ~0ULL, host));
}

TEST_F(memtable, host_addresses)
{
	uint64_t kernel[] = {
		0xffff800000000000ULL, 0xffffffff81000000ULL, 0xffffffffff600000ULL,
		1ULL << 63, ~0ULL, ~0ULL - 4095,
	};
	/* vhost-net looks only when there is a backend. */
	int want = xt_is_xnet() ? -EFAULT : 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kernel); i++)
		XT_ERR(want, one(self->fd, self->t, 0, MIB, kernel[i]));
	/* From user space into the kernel's. */
	XT_ERR(want, one(self->fd, self->t, 0, ~0ULL >> 1, (uintptr_t)self->arena));
	XT_ERR(want, one(self->fd, self->t, 4096, ~0ULL - 8192, (uintptr_t)self->arena));
	/* Not mapped is no error yet. */
	XT_OK(one(self->fd, self->t, 0, MIB, 0));
	XT_OK(one(self->fd, self->t, 0, MIB, 0x10000));
}

TEST_F(memtable, overlap)
{
	struct vhost_memory *t = self->t;
	int want = xt_is_xnet() ? -EINVAL : 0;

	t->nregions = 2;
	region(t, 0, 0, MIB, self->arena);
	region(t, 1, MIB - 1, MIB, self->arena + MIB);
	XT_ERR(want, xg_ioctl_set_mem_table(self->fd, t));
	region(t, 1, 0, MIB, self->arena + MIB);
	XT_ERR(want, xg_ioctl_set_mem_table(self->fd, t));
	region(t, 0, MIB, 1, self->arena);
	region(t, 1, 0, 3 * MIB, self->arena);
	XT_ERR(want, xg_ioctl_set_mem_table(self->fd, t));
	/* Neighbours, in either order, and the same memory seen twice. */
	region(t, 0, 0, MIB, self->arena);
	region(t, 1, MIB, MIB, self->arena + MIB);
	XT_OK(xg_ioctl_set_mem_table(self->fd, t));
	region(t, 0, 2 * MIB, MIB, self->arena);
	XT_OK(xg_ioctl_set_mem_table(self->fd, t));
}

TEST_F(memtable, bad_pointers)
{
	char *edge = self->arena + 4 * MIB;
	struct vhost_memory *t;

	XT_ERR(-EFAULT, xg_ioctl_set_mem_table(self->fd, NULL));
	XT_ERR(-EFAULT, xg_ioctl_set_mem_table(self->fd, (void *)-1L));
	ASSERT_EQ(0, munmap(edge - 4096, 4096));
	edge -= 4096;
	/* Half of the head, then half of the second region is missing. */
	XT_ERR(-EFAULT, xg_ioctl_set_mem_table(self->fd, (void *)(edge - 4)));
	t = (void *)(edge - sizeof(*t) - 48);
	t->nregions = 2;
	t->padding = 0;
	region(t, 0, 0, MIB, self->arena);
	XT_ERR(-EFAULT, xg_ioctl_set_mem_table(self->fd, t));
	t->nregions = 1;
	XT_OK(xg_ioctl_set_mem_table(self->fd, t));
}

/* A table that is refused leaves the one before in force. */
TEST(refused_under_traffic)
{
	struct vhost_memory *table;
	struct xt_traffic t;
	unsigned int i;

	XT_OK(xt_traffic_open(&t, NULL));
	table = xg_mem_table(&t.net.mem);
	ASSERT_NE(NULL, table);
	table->regions[0].memory_size = 0;
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 100; i++)
		XT_ERR(-EFAULT, xg_ioctl_set_mem_table(t.net.fd, table));
	XT_OK(xt_traffic_moves(&t, 100));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	free(table);
	xt_traffic_close(&t);
}

/* The same memory, cut into @n pieces, with @extra regions around it. */
static struct vhost_memory *cut(const struct xg_region *r, unsigned int n, unsigned int extra)
{
	struct vhost_memory *t = calloc(1, sizeof(*t) + (n + extra) * sizeof(t->regions[0]));
	uint64_t size = (r->size / n) & ~4095ULL, at = 0;
	unsigned int i;

	for (i = 0; t && i < n; i++) {
		uint64_t len = i == n - 1 ? r->size - at : size;

		region(t, i, r->gpa + at, len, (char *)r->host + at);
		at += len;
	}
	for (i = 0; t && i < extra; i++)
		region(t, n + i, r->gpa + r->size + (i + 1) * MIB, 4096, (void *)4096);
	if (t)
		t->nregions = n + extra;
	return t;
}

/* Memory is plugged in and cut differently while frames pass: none is lost. */
TEST(changed_under_traffic)
{
	struct vhost_memory *table;
	struct xt_traffic t;
	unsigned int i;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 300; i++) {
		table = cut(&t.net.mem.region[0], 1 + i % 31, i % 17);
		ASSERT_NE(NULL, table);
		XT_OK(xg_ioctl_set_mem_table(t.net.fd, table));
		free(table);
	}
	XT_OK(xt_traffic_moves(&t, 100));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/* After the ioctl the old memory is not used any more, but the new one is. */
TEST(moved)
{
	struct vhost_memory *table;
	struct xt_traffic t;
	struct xg_region *r;
	char *copy;

	XT_OK(xt_traffic_open(&t, NULL));
	r = &t.net.mem.region[0];
	copy = mmap(NULL, r->size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, copy);
	XT_OK(xt_traffic_check(&t));
	/* Buffers move; the rings stay, as their addresses are the owner's. */
	table = xg_mem_table(&t.net.mem);
	table->regions[0].userspace_addr = (uintptr_t)copy;
	XT_OK(xg_ioctl_set_mem_table(t.net.fd, table));
	r->host = copy;
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	free(table);
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
