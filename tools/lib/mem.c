// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory: regions of this process that the device sees at guest addresses. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private.h"

static int memfd_of(uint64_t size)
{
	int fd = memfd_create("xguest", MFD_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, size) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int xg_mem_add(struct xg_mem *mem, uint64_t gpa, uint64_t size, unsigned int flags)
{
	int prefault = flags & XG_MEM_PREFAULT ? MAP_POPULATE : 0;
	struct xg_region *r = &mem->region[mem->n];
	int fd = -1;
	void *host;

	if (mem->n == XG_MAX_REGIONS)
		return xg_note("guest memory", -ENOSPC);
	if (flags & XG_MEM_MEMFD) {
		fd = memfd_of(size);
		if (fd < 0)
			return xg_note("guest memory", fd);
		host = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | prefault, fd, 0);
	} else {
		host = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | prefault, -1, 0);
	}
	if (host == MAP_FAILED) {
		int ret = -errno;

		if (fd >= 0)
			close(fd);
		return xg_note("guest memory", ret);
	}
	*r = (struct xg_region){ .gpa = gpa, .size = size, .host = host, .memfd = fd };
	return mem->n++;
}

struct vhost_memory *xg_mem_table(const struct xg_mem *mem)
{
	struct vhost_memory *t;
	unsigned int i;

	t = calloc(1, sizeof(*t) + mem->n * sizeof(t->regions[0]));
	if (!t)
		return NULL;
	t->nregions = mem->n;
	for (i = 0; i < mem->n; i++) {
		t->regions[i].guest_phys_addr = mem->region[i].gpa;
		t->regions[i].memory_size = mem->region[i].size;
		t->regions[i].userspace_addr = (uintptr_t)mem->region[i].host;
	}
	return t;
}

int xg_mem_commit(int fd, const struct xg_mem *mem)
{
	struct vhost_memory *t = xg_mem_table(mem);
	int ret;

	if (!t)
		return xg_note("memory table", -ENOMEM);
	ret = xg_ioctl_set_mem_table(fd, t);
	free(t);
	return ret;
}

static int region_alloc(struct xg_region *r, uint64_t size, uint64_t align,
			uint64_t *gpa)
{
	uint64_t at = (r->gpa + r->used + align - 1) & ~(align - 1);

	if (at - r->gpa > r->size || size > r->size - (at - r->gpa))
		return -ENOMEM;
	r->used = at - r->gpa + size;
	*gpa = at;
	return 0;
}

int xg_mem_alloc(struct xg_mem *mem, int region, uint64_t size, uint64_t align,
		 uint64_t *gpa)
{
	unsigned int i;

	if (region >= 0) {
		if ((unsigned int)region < mem->n &&
		    !region_alloc(&mem->region[region], size, align, gpa))
			return 0;
		return xg_note("room in guest memory", -ENOMEM);
	}
	for (i = 0; i < mem->n; i++)
		if (!region_alloc(&mem->region[i], size, align, gpa))
			return 0;
	return xg_note("room in guest memory", -ENOMEM);
}

void *xg_mem_ptr(const struct xg_mem *mem, uint64_t gpa, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < mem->n; i++) {
		const struct xg_region *r = &mem->region[i];

		if (gpa >= r->gpa && gpa - r->gpa <= r->size &&
		    len <= r->size - (gpa - r->gpa))
			return (char *)r->host + (gpa - r->gpa);
	}
	return NULL;
}

void xg_mem_free(struct xg_mem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->n; i++) {
		/* A test may have unmapped it by itself. */
		if (mem->region[i].host)
			munmap(mem->region[i].host, mem->region[i].size);
		if (mem->region[i].memfd >= 0)
			close(mem->region[i].memfd);
	}
	memset(mem, 0, sizeof(*mem));
}
