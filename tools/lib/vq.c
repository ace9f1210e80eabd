// SPDX-License-Identifier: GPL-2.0-only
/* A virtqueue's life, whatever its ring format. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

static int ring_place(struct xg_vq *vq)
{
	uint64_t *at[3] = { &vq->cfg.desc_gpa, &vq->cfg.driver_gpa,
			    &vq->cfg.device_gpa };
	uint64_t part[3];
	void *ptr[3];
	int i, ret;

	vq->ops->size(vq->cfg.num, part);
	for (i = 0; i < 3; i++) {
		if (!*at[i]) {
			ret = xg_mem_alloc(vq->mem, vq->cfg.region, part[i], 64, at[i]);
			if (ret)
				return ret;
		}
		ptr[i] = xg_mem_ptr(vq->mem, *at[i], part[i]);
		if (!ptr[i])
			return xg_note("ring outside guest memory", -EFAULT);
	}
	vq->ops->map(vq, ptr[0], ptr[1], ptr[2]);
	return 0;
}

static int tables_place(struct xg_vq *vq)
{
	uint64_t size = vq->cfg.table_len * sizeof(struct vring_desc);
	unsigned int i;
	int ret;

	for (i = 0; size && i < vq->cfg.num; i++) {
		ret = xg_mem_alloc(vq->mem, -1, size, 16, &vq->slot[i].table);
		if (ret)
			return ret;
	}
	return 0;
}

static int event_if(int *fd, bool wanted)
{
	if (!wanted)
		return 0;
	*fd = xg_event();
	return *fd < 0 ? *fd : 0;
}

int xg_vq_init(struct xg_vq *vq, int fd, struct xg_mem *mem, const struct xg_vq_cfg *cfg)
{
	unsigned int flags = cfg->flags;
	int ret;

	memset(vq, 0, sizeof(*vq));
	vq->fd = fd;
	vq->mem = mem;
	vq->cfg = *cfg;
	vq->kick_fd = -1;
	vq->call_fd = -1;
	vq->err_fd = -1;
	vq->ops = &xg_ring_split;
	if (!cfg->num || cfg->num > 32768 || (cfg->num & (cfg->num - 1)))
		return xg_note("ring size", -EINVAL);
	vq->slot = calloc(cfg->num, sizeof(*vq->slot));
	if (!vq->slot)
		return xg_note("ring state", -ENOMEM);
	ret = ring_place(vq);
	if (!ret)
		ret = tables_place(vq);
	if (!ret)
		ret = event_if(&vq->kick_fd, !(flags & XG_VQ_NO_KICK));
	if (!ret)
		ret = event_if(&vq->call_fd, !(flags & XG_VQ_NO_CALL));
	if (!ret)
		ret = event_if(&vq->err_fd, !(flags & XG_VQ_NO_ERR));
	if (ret) {
		xg_vq_free(vq);
		return ret;
	}
	xg_vq_reset(vq, cfg->base);
	return 0;
}

void xg_vq_addr(const struct xg_vq *vq, struct vhost_vring_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->index = vq->cfg.index;
	addr->desc_user_addr = (uintptr_t)vq->split.desc;
	addr->avail_user_addr = (uintptr_t)vq->split.avail;
	addr->used_user_addr = (uintptr_t)vq->split.used;
	addr->log_guest_addr = vq->cfg.device_gpa;
	addr->flags = vq->log_used ? XG_BIT(VHOST_VRING_F_LOG) : 0;
	if (vq->cfg.features & XG_F_ACCESS_PLATFORM) {
		addr->desc_user_addr = vq->cfg.desc_gpa;
		addr->avail_user_addr = vq->cfg.driver_gpa;
		addr->used_user_addr = vq->cfg.device_gpa;
	}
}

int xg_vq_setup(struct xg_vq *vq)
{
	unsigned int index = vq->cfg.index;
	struct vhost_vring_addr addr;
	int ret;

	xg_vq_addr(vq, &addr);
	ret = xg_ioctl_set_vring_num(vq->fd, index, vq->cfg.num);
	if (!ret)
		ret = xg_ioctl_set_vring_base(vq->fd, index, vq->ops->base(vq));
	if (!ret)
		ret = xg_ioctl_set_vring_addr(vq->fd, &addr);
	if (!ret)
		ret = xg_ioctl_set_vring_kick(vq->fd, index, vq->kick_fd);
	if (!ret)
		ret = xg_ioctl_set_vring_call(vq->fd, index, vq->call_fd);
	if (!ret)
		ret = xg_ioctl_set_vring_err(vq->fd, index, vq->err_fd);
	return ret;
}

int xg_vq_attach(struct xg_vq *vq, int backend_fd)
{
	/* The device writes there at once, and asks only later for the rest. */
	if (backend_fd >= 0 && vq->cfg.features & XG_F_ACCESS_PLATFORM) {
		int ret = xg_iotlb_update(vq->fd, vq->cfg.device_gpa, 4, vq->split.used,
					  VHOST_ACCESS_RW);

		if (ret)
			return ret;
	}
	return xg_ioctl_net_set_backend(vq->fd, vq->cfg.index, backend_fd);
}

void xg_vq_reset(struct xg_vq *vq, uint16_t base)
{
	xg_slots_reset(vq);
	vq->ops->reset(vq, base);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void xg_vq_free(struct xg_vq *vq)
{
	close_fd(&vq->kick_fd);
	close_fd(&vq->call_fd);
	close_fd(&vq->err_fd);
	free(vq->slot);
	vq->slot = NULL;
}

int xg_vq_add(struct xg_vq *vq, const struct xg_seg *seg, unsigned int n,
	      struct xg_chain *chain, uintptr_t cookie)
{
	struct xg_chain plain = { 0 };

	return vq->ops->add(vq, seg, n, chain ? chain : &plain, cookie);
}

void xg_vq_publish(struct xg_vq *vq)
{
	vq->ops->publish(vq);
}

bool xg_vq_wants_kick(const struct xg_vq *vq)
{
	return vq->ops->wants_kick(vq);
}

int xg_vq_kick(struct xg_vq *vq)
{
	bool wanted = vq->ops->wants_kick(vq);
	int ret;

	if (!wanted) {
		vq->kicks_saved += vq->published != vq->kicked;
		vq->kicked = vq->published;
		return 0;
	}
	ret = xg_vq_kick_always(vq);
	return ret ? ret : 1;
}

int xg_vq_kick_always(struct xg_vq *vq)
{
	vq->kicked = vq->published;
	vq->kicks++;
	return xg_event_signal(vq->kick_fd);
}

unsigned int xg_vq_pending(const struct xg_vq *vq)
{
	return vq->ops->pending(vq);
}

int xg_vq_pop(struct xg_vq *vq, struct xg_used *used)
{
	return xg_note("completion", vq->ops->pop(vq, used));
}

bool xg_vq_arm(struct xg_vq *vq, unsigned int after)
{
	return vq->ops->arm(vq, after);
}

void xg_vq_disarm(struct xg_vq *vq)
{
	vq->ops->disarm(vq);
}

int xg_vq_wait_n(struct xg_vq *vq, unsigned int n, int timeout_ms)
{
	uint64_t end = xg_now_ns() + xg_patience(timeout_ms) * 1000000ULL;
	unsigned int pending;
	int64_t left, ret;

	for (;;) {
		/*
		 * Calls stay wanted from here on, so whatever comes after this
		 * look signals the eventfd. What it says of older completions
		 * only costs one more turn.
		 */
		xg_vq_arm(vq, n);
		pending = xg_vq_pending(vq);
		left = end - xg_now_ns();
		if (pending >= n || left <= 0)
			return pending;
		ret = xg_event_wait_plain(vq->call_fd, (left + 999999) / 1000000);
		if (ret < 0)
			return ret;
	}
}

int xg_vq_wait(struct xg_vq *vq, int timeout_ms)
{
	return xg_vq_wait_n(vq, 1, timeout_ms);
}

void xg_cut(struct xg_seg *seg, unsigned int n, uint64_t gpa, uint32_t total,
	    const uint32_t *len, bool write)
{
	uint32_t left = total;
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint32_t part = left;

		if (i < n - 1)
			part = len ? len[i] : total / n;
		if (part > left)
			part = left;
		seg[i] = (struct xg_seg){ .gpa = gpa, .len = part, .write = write };
		gpa += part;
		left -= part;
	}
}
