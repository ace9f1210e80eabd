// SPDX-License-Identifier: GPL-2.0-only
/* A whole virtio-net pair: made, started, stopped and closed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

#define PAGE		4096ULL

static void defaults(struct xg_net_cfg *cfg)
{
	const char *iommu = getenv("XGUEST_IOMMU");

	if (!cfg->num)
		cfg->num = 256;
	if (!cfg->mem_size)
		cfg->mem_size = 64ULL << 20;
	if (!cfg->regions)
		cfg->regions = 1;
	if (!cfg->rx_buf)
		cfg->rx_buf = 2048;
	if (!cfg->tx_buf)
		cfg->tx_buf = 2048;
	if (!cfg->rx_bufs || cfg->rx_bufs > cfg->num)
		cfg->rx_bufs = cfg->num;
	if (iommu) {
		cfg->features |= XG_F_ACCESS_PLATFORM;
		cfg->iommu_page = strtoull(iommu, NULL, 0);
		cfg->iommu_scatter |= !strcmp(iommu, "scatter");
	}
	if (cfg->iommu_scatter)
		cfg->mem_flags |= XG_MEM_MEMFD;
	if (!cfg->iommu_page)
		cfg->iommu_page = PAGE;
}

static int negotiate(struct xg_net *net)
{
	uint64_t offered;
	int ret;

	ret = xg_ioctl_get_features(net->fd, &offered);
	if (ret)
		return ret;
	net->features = net->cfg.features;
	if (net->cfg.lenient)
		net->features &= offered;
	if (net->cfg.features_high) {
		uint64_t both[] = { net->features, net->cfg.features_high };

		net->hdr_len = XG_TUNNEL_HDR_LEN;
		return xg_ioctl_set_features_array(net->fd, both, 2);
	}
	ret = xg_ioctl_set_features(net->fd, net->features);
	net->hdr_len = net->features & (XG_F_VERSION_1 | XG_F_MRG_RXBUF) ?
		       sizeof(struct virtio_net_hdr_v1) :
		       sizeof(struct virtio_net_hdr);
	return ret;
}

static int memory(struct xg_net *net)
{
	uint64_t part = (net->cfg.mem_size / net->cfg.regions + PAGE - 1) & ~(PAGE - 1);
	uint64_t gpa = 0x100000;	/* 0 would be mistaken for "allocate" */
	unsigned int i;
	int ret;

	for (i = 0; i < net->cfg.regions; i++) {
		ret = xg_mem_add(&net->mem, gpa, part, net->cfg.mem_flags);
		if (ret < 0)
			return ret;
		gpa += part + net->cfg.hole;
	}
	return xg_mem_commit(net->fd, &net->mem);
}

static int buffers(struct xg_net *net, unsigned int n, uint32_t size, uint64_t **gpa,
		   uint16_t **slot, unsigned int *slots)
{
	unsigned int i;

	*gpa = calloc(n, sizeof(**gpa));
	*slot = calloc(n, sizeof(**slot));
	if (!*gpa || !*slot)
		return xg_note("buffers", -ENOMEM);
	for (i = 0; i < n; i++) {
		if (xg_mem_alloc(&net->mem, i % net->mem.n, size, 64, &(*gpa)[i]) &&
		    xg_mem_alloc(&net->mem, -1, size, 64, &(*gpa)[i]))
			return -ENOMEM;
		/* The stack's top is buffer 0. */
		(*slot)[i] = n - 1 - i;
	}
	*slots = n;
	return 0;
}

static int queues(struct xg_net *net)
{
	struct xg_vq_cfg cfg = {
		.num = net->cfg.num,
		.features = net->features,
		.base = net->cfg.base,
		.table_len = net->cfg.table_len,
		.region = -1,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < XG_MAX_VQS; i++) {
		cfg.index = i;
		ret = xg_vq_init(&net->vq[i], net->fd, &net->mem, &cfg);
		if (!ret)
			ret = xg_vq_setup(&net->vq[i]);
		if (ret)
			return ret;
	}
	ret = buffers(net, net->cfg.rx_bufs, net->cfg.rx_buf, &net->rx_gpa,
		      &net->rx_slot, &net->rx_slots);
	if (!ret)
		ret = buffers(net, net->cfg.num, net->cfg.tx_buf, &net->tx_gpa,
			      &net->tx_slot, &net->tx_slots);
	return ret;
}

static int far_side(struct xg_net *net)
{
	struct xg_net_cfg *cfg = &net->cfg;

	if (cfg->backend) {
		net->tap.fd[0] = dup(cfg->backend);
		if (net->tap.fd[0] < 0)
			return xg_note("copying the backend", -errno);
		net->tap.queues = 1;
		net->tap.ifindex = cfg->far;
		return 0;
	}
	if (!cfg->tap.hdr_len)
		cfg->tap.hdr_len = net->hdr_len;
	cfg->tap.no_vnet_hdr |= !!(net->features & XG_F_NET_HDR);
	return xg_tap_open(&net->tap, &cfg->tap);
}

int xg_net_open(struct xg_net *net, const struct xg_net_cfg *cfg)
{
	unsigned int i;
	int ret;

	memset(net, 0, sizeof(*net));
	net->cfg = *cfg;
	defaults(&net->cfg);
	for (i = 0; i < XG_MAX_VQS; i++) {
		net->vq[i].kick_fd = -1;
		net->vq[i].call_fd = -1;
		net->vq[i].err_fd = -1;
	}
	net->fd = xg_open(cfg->path);
	if (net->fd < 0)
		return net->fd;
	ret = cfg->fork_owner ? xg_ioctl_set_fork_owner(net->fd, VHOST_FORK_OWNER_TASK) : 0;
	if (!ret)
		ret = xg_ioctl_set_owner(net->fd);
	if (!ret)
		ret = negotiate(net);
	if (!ret)
		ret = memory(net);
	if (!ret && net->features & XG_F_ACCESS_PLATFORM)
		ret = xg_iommu_start(&net->iommu, net->fd, &net->mem, net->cfg.iommu_page,
				     net->cfg.iommu_scatter);
	if (!ret)
		ret = queues(net);
	if (!ret)
		ret = far_side(net);
	if (ret)
		xg_net_close(net);
	return ret;
}

int xg_net_start(struct xg_net *net)
{
	unsigned int i;
	int ret;

	for (i = 0; i < XG_MAX_VQS; i++) {
		ret = xg_vq_attach(&net->vq[i], net->tap.fd[0]);
		if (ret)
			goto detach;
	}
	ret = xg_net_rx_post(net);
	if (ret >= 0)
		return 0;
detach:
	while (i)
		xg_vq_attach(&net->vq[--i], -1);
	return ret;
}

int xg_net_stop(struct xg_net *net)
{
	int ret = 0;
	unsigned int i, base;

	for (i = 0; i < XG_MAX_VQS; i++) {
		struct xg_vq *vq = &net->vq[i];
		int err = xg_vq_attach(vq, -1);

		if (!err)
			err = xg_ioctl_get_vring_base(vq->fd, i, &base);
		if (!err && base != vq->ops->base(vq))
			err = xg_note("vring base", -ESTALE);
		if (!ret)
			ret = err;
	}
	return ret;
}

int xg_net_log(struct xg_net *net, const struct xg_log *log)
{
	uint64_t features = net->features & ~XG_F_LOG_ALL;
	struct vhost_vring_addr addr;
	unsigned int i;
	int ret = 0;

	if (log) {
		features |= XG_F_LOG_ALL;
		ret = xg_ioctl_set_log_base(net->fd, (uintptr_t)log->base);
	}
	if (!ret)
		ret = xg_ioctl_set_features(net->fd, features);
	for (i = 0; !ret && i < XG_MAX_VQS; i++) {
		net->vq[i].log_used = !!log;
		xg_vq_addr(&net->vq[i], &addr);
		ret = xg_ioctl_set_vring_addr(net->fd, &addr);
	}
	if (!ret)
		net->features = features;
	return ret;
}

void xg_net_close(struct xg_net *net)
{
	unsigned int i;

	xg_iommu_stop(&net->iommu);
	/* Closing the device first: nothing may touch the memory afterwards. */
	if (net->fd >= 0)
		close(net->fd);
	net->fd = -1;
	xg_tap_close(&net->tap);
	for (i = 0; i < XG_MAX_VQS; i++)
		xg_vq_free(&net->vq[i]);
	free(net->rx_gpa);
	free(net->rx_slot);
	free(net->tx_gpa);
	free(net->tx_slot);
	net->rx_gpa = NULL;
	net->rx_slot = NULL;
	net->tx_gpa = NULL;
	net->tx_slot = NULL;
	xg_mem_free(&net->mem);
}
