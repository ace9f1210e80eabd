// SPDX-License-Identifier: GPL-2.0-only
/*
 * An IOMMU: a thread that answers what the device asks. IOVAs are guest physical
 * addresses; the device learns of them a page at a time. If these are to be
 * scattered each page is mapped a second time, for the device, where there is
 * room: addresses that follow each other then lie apart.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private.h"

#define PAGE	4096ULL

/* Where the device is to find the page at @gpa of a region, or NULL. */
static void *scattered_page(struct xg_iommu *iommu, unsigned int region, uint64_t gpa)
{
	const struct xg_region *r = &iommu->mem->region[region];
	uint64_t page = (gpa - r->gpa) / PAGE;
	void *at;

	if (!iommu->alias[region])
		iommu->alias[region] = calloc(r->size / PAGE, sizeof(void *));
	if (!iommu->alias[region] || iommu->alias[region][page])
		return iommu->alias[region] ? iommu->alias[region][page] : NULL;
	/* A page more, which stays unused, so that no two ever touch. */
	at = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	at = mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, r->memfd,
		  page * PAGE);
	if (at == MAP_FAILED)
		return NULL;
	iommu->alias[region][page] = at;
	return at;
}

static void scattered_free(struct xg_iommu *iommu)
{
	unsigned int i;
	uint64_t page;

	for (i = 0; i < XG_MAX_REGIONS; i++) {
		for (page = 0; iommu->alias[i] && page < iommu->mem->region[i].size / PAGE; page++)
			if (iommu->alias[i][page])
				munmap(iommu->alias[i][page], 2 * PAGE);
		free(iommu->alias[i]);
		iommu->alias[i] = NULL;
	}
}

/* The part of the page at @iova that is in one region of memory. */
static bool page_at(struct xg_iommu *iommu, uint64_t iova, uint64_t *first, uint64_t *last,
		    void **at)
{
	const struct xg_mem *mem = iommu->mem;
	unsigned int i;

	*first = iova & ~(iommu->page - 1);
	*last = *first + (iommu->page - 1);
	for (i = 0; i < mem->n; i++) {
		const struct xg_region *r = &mem->region[i];

		if (iova < r->gpa || iova - r->gpa >= r->size)
			continue;
		if (*first < r->gpa)
			*first = r->gpa;
		if (*last - r->gpa >= r->size)
			*last = r->gpa + r->size - 1;
		*at = iommu->scatter ? scattered_page(iommu, i, *first) :
				       (char *)r->host + (*first - r->gpa);
		return *at;
	}
	return false;
}

int xg_iommu_map(struct xg_iommu *iommu, uint64_t iova)
{
	uint64_t first, last;
	void *at;

	if (!page_at(iommu, iova, &first, &last, &at))
		return xg_note("translation", -EFAULT);
	return xg_iotlb_update(iommu->fd, first, last - first + 1, at, VHOST_ACCESS_RW);
}

static void *answer(void *data)
{
	struct xg_iommu *iommu = data;
	struct pollfd p[] = {
		{ .fd = iommu->fd, .events = POLLIN },
		{ .fd = iommu->stop_fd, .events = POLLIN },
	};
	struct vhost_iotlb_msg msg;
	int ret;

	while (poll(p, 2, -1) >= 0 && !p[1].revents) {
		ret = xg_iotlb_read(iommu->fd, &msg);
		if (ret == -EAGAIN || ret == -EBADFD)
			continue;
		if (!ret && msg.type != VHOST_IOTLB_MISS)
			ret = -EPROTO;
		/* What is nowhere stays without an answer. */
		if (!ret) {
			atomic_fetch_add(&iommu->misses, 1);
			if (!atomic_load(&iommu->silent))
				xg_iommu_map(iommu, msg.iova);
			continue;
		}
		iommu->error = ret;
		break;
	}
	return NULL;
}

int xg_iommu_start(struct xg_iommu *iommu, int fd, const struct xg_mem *mem, uint64_t page,
		   bool scatter)
{
	int flags = fcntl(fd, F_GETFL), ret;

	memset(iommu, 0, sizeof(*iommu));
	iommu->fd = fd;
	iommu->mem = mem;
	iommu->page = scatter ? PAGE : page;
	iommu->scatter = scatter;
	/* A question may be withdrawn between poll() and read(). */
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return xg_note("O_NONBLOCK", -errno);
	ret = xg_ioctl_set_backend_features(fd, XG_BIT(VHOST_BACKEND_F_IOTLB_MSG_V2));
	if (ret)
		return ret;
	iommu->stop_fd = xg_event();
	if (iommu->stop_fd < 0)
		return iommu->stop_fd;
	ret = pthread_create(&iommu->thread, NULL, answer, iommu);
	if (ret) {
		close(iommu->stop_fd);
		return xg_note("thread", -ret);
	}
	iommu->running = true;
	return 0;
}

int xg_iommu_stop(struct xg_iommu *iommu)
{
	if (!iommu->running)
		return 0;
	xg_event_signal(iommu->stop_fd);
	pthread_join(iommu->thread, NULL);
	close(iommu->stop_fd);
	iommu->running = false;
	scattered_free(iommu);
	return iommu->error;
}
