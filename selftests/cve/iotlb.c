// SPDX-License-Identifier: GPL-2.0-only
/* Messages of the device IOTLB once carried bytes of other people's kernel memory. */
#include <fcntl.h>

#include "xtest.h"

#define PLATFORM	XG_BIT(VIRTIO_F_ACCESS_PLATFORM)
#define MESSAGES	50

/* Tell the device where a piece of memory is. */
static int tell(int fd, uint64_t iova, uint64_t size, void *at)
{
	struct vhost_msg msg = {
		.type = VHOST_IOTLB_MSG,
		.iotlb = {
			.iova = iova, .size = size, .uaddr = (uintptr_t)at,
			.perm = VHOST_ACCESS_RW, .type = VHOST_IOTLB_UPDATE,
		},
	};

	return write(fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -errno;
}

/* A transmit queue behind an IOMMU that has told the device of its device area only. */
static int start(struct xg_net *net, bool v2)
{
	const struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_VERSION_1 };
	struct xg_vq *vq = &net->vq[XG_TX];
	struct vhost_vring_addr addr = { .index = XG_TX };
	int ret;

	ret = xg_net_open(net, &cfg);
	if (ret)
		return ret;
	fcntl(net->fd, F_SETFL, O_RDWR | O_NONBLOCK);
	ret = xg_ioctl_set_backend_features(net->fd, v2 ? XG_BIT(VHOST_BACKEND_F_IOTLB_MSG_V2) : 0);
	if (!ret)
		ret = xg_ioctl_set_features(net->fd, XG_F_VERSION_1 | PLATFORM);
	addr.desc_user_addr = vq->cfg.desc_gpa;
	addr.avail_user_addr = vq->cfg.driver_gpa;
	addr.used_user_addr = vq->cfg.device_gpa;
	if (!ret)
		ret = xg_ioctl_set_vring_addr(net->fd, &addr);
	if (!ret && v2) {
		struct vhost_msg_v2 msg = {
			.type = VHOST_IOTLB_MSG_V2,
			.iotlb = {
				.iova = vq->cfg.device_gpa, .size = 4096,
				.uaddr = (uintptr_t)vq->split.used,
				.perm = VHOST_ACCESS_RW, .type = VHOST_IOTLB_UPDATE,
			},
		};

		ret = write(net->fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -errno;
	} else if (!ret) {
		ret = tell(net->fd, vq->cfg.device_gpa, 4096, vq->split.used);
	}
	return ret ? ret : xg_vq_attach(vq, net->tap.fd[0]);
}

/* Every byte of a question that says nothing is zero. */
static void questions(struct __test_metadata *_metadata, bool v2)
{
	const size_t body = offsetof(struct vhost_msg, iotlb);
	const size_t end = body + offsetof(struct vhost_iotlb_msg, type) + 1;
	unsigned int turn, i;
	uint64_t offered = 0;
	struct xg_net net;
	int fd;

	fd = xg_open(xt_dev());
	XT_OK(xg_ioctl_get_features(fd, &offered));
	close(fd);
	if (!(offered & PLATFORM))
		SKIP(return, "the device has no IOTLB");
	XT_OK(xg_netns());
	XT_OK(start(&net, v2));
	for (turn = 0; turn < MESSAGES; turn++) {
		struct vhost_iotlb_msg ask;
		uint8_t msg[128];
		ssize_t len = -1;

		/* Asked again for the same, since nobody answers. */
		XT_OK(xg_vq_kick_always(&net.vq[XG_TX]));
		memset(msg, 0xee, sizeof(msg));
		ASSERT_TRUE(XT_UNTIL((len = read(net.fd, msg, sizeof(msg))) > 0));
		ASSERT_EQ((ssize_t)(v2 ? sizeof(struct vhost_msg_v2) : sizeof(struct vhost_msg)),
			  len);
		ASSERT_EQ(v2 ? VHOST_IOTLB_MSG_V2 : VHOST_IOTLB_MSG, msg[0]);
		memcpy(&ask, msg + body, offsetof(struct vhost_iotlb_msg, type) + 1);
		ASSERT_EQ(VHOST_IOTLB_MISS, ask.type);
		ASSERT_EQ(0, ask.size);
		ASSERT_EQ(0, ask.uaddr);
		/* Between type and body: nothing, or address space 0. */
		for (i = 1; i < body; i++)
			ASSERT_EQ(0, msg[i]) TH_LOG("byte %u of message %u", i, turn);
		for (i = end; i < (size_t)len; i++)
			ASSERT_EQ(0, msg[i]) TH_LOG("byte %u of message %u", i, turn);
		for (i = len; i < sizeof(msg); i++)
			ASSERT_EQ(0xee, msg[i]) TH_LOG("byte %u behind message %u", i, turn);
		if (turn % 10)
			continue;
		/* Answer one, so that the next question is another one. */
		XT_OK(tell(net.fd, ask.iova & ~4095ULL, 4096,
			   xg_mem_ptr(&net.mem, ask.iova & ~4095ULL, 4096)));
		XT_OK(xg_ioctl_net_set_backend(net.fd, XG_TX, -1));
		xg_net_close(&net);
		XT_OK(start(&net, v2));
	}
	xg_net_close(&net);
}

TEST(cve_2018_1118)
{
	questions(_metadata, false);
}

TEST(cve_2024_0340)
{
	questions(_metadata, true);
}

TEST_HARNESS_MAIN
