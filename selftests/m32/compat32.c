// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 32-bit process on a 64-bit kernel: every ioctl goes through the compat
 * entry, and pointers have 32 bits, often with the highest one set.
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "xtest.h"

#define FEATURES	XG_F_MODERN

#if __SIZEOF_POINTER__ != 4
#error "this is about 32-bit processes"
#endif

static struct xg_net net;

static void open_net(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = features };

	XT_OK(xg_netns());
	XT_OK(xg_net_open(&net, &cfg));
}

TEST(kernel_has_64_bits)
{
	struct utsname u;

	ASSERT_EQ(0, uname(&u));
	EXPECT_STREQ("x86_64", u.machine);
}

TEST(features)
{
	uint64_t offered = 0, got = ~0ULL;
	int fd = xg_open(xt_dev());

	ASSERT_LE(0, fd);
	XT_OK(xg_ioctl_get_features(fd, &offered));
	EXPECT_EQ(FEATURES, offered & FEATURES);
	XT_OK(xg_ioctl_set_features(fd, FEATURES));
	XT_ERR(-EOPNOTSUPP, xg_ioctl_set_features(fd, 1ULL << 63));
	XT_ERR(-EFAULT, xg_ioctl(fd, VHOST_GET_FEATURES, (void *)0xfffffff8));
	XT_ERR(-EFAULT, xg_ioctl(fd, VHOST_SET_FEATURES, NULL));
	XT_OK(xg_ioctl_get_backend_features(fd, &got));
	XT_OK(xg_ioctl_set_backend_features(fd, 0));
	close(fd);
}

TEST(owner)
{
	int fd = xg_open(xt_dev());
	unsigned int base = 0;

	ASSERT_LE(0, fd);
	XT_ERR(-EPERM, xg_ioctl_get_vring_base(fd, 0, &base));
	XT_OK(xg_ioctl_set_owner(fd));
	XT_ERR(-EBUSY, xg_ioctl_set_owner(fd));
	XT_OK(xg_ioctl_reset_owner(fd));
	XT_ERR(-EPERM, xg_ioctl_reset_owner(fd));
	XT_OK(xg_ioctl_set_owner(fd));
	XT_ERR(-ENOTTY, xg_ioctl(fd, _IO(VHOST_VIRTIO, 0xfe), &base));
	close(fd);
}

/* A table has 64-bit addresses, whatever the pointers of its owner have. */
TEST(mem_table)
{
	struct vhost_memory *table = calloc(1, sizeof(*table) +
					    3 * sizeof(struct vhost_memory_region));
	int fd = xg_open(xt_dev());

	ASSERT_LE(0, fd);
	XT_OK(xg_ioctl_set_owner(fd));
	table->nregions = 3;
	table->regions[0] = (struct vhost_memory_region){ 0, 0x1000, 0xfffe0000, 0 };
	table->regions[1] = (struct vhost_memory_region){ 0x1000, 0x1000, 0x100000000ULL, 0 };
	table->regions[2] = (struct vhost_memory_region){
		0x800000000000ULL, 0x100000000ULL, 0x7f0000000000ULL, 0
	};
	XT_OK(xg_ioctl_set_mem_table(fd, table));
	/* The upper half counts. */
	table->regions[1].userspace_addr = 0xffff800000010000ULL;
	XT_ERR(-EFAULT, xg_ioctl_set_mem_table(fd, table));
	table->padding = 1;
	XT_ERR(-EOPNOTSUPP, xg_ioctl_set_mem_table(fd, table));
	table->padding = 0;
	table->nregions = 0x7fffffff;
	XT_ERR(-E2BIG, xg_ioctl_set_mem_table(fd, table));
	/* It is the end of the address space that the table reaches into. */
	XT_ERR(-EFAULT, xg_ioctl(fd, VHOST_SET_MEM_TABLE, (void *)0xfffffffc));
	free(table);
	close(fd);
}

TEST(vring_addr)
{
	struct vhost_vring_addr a;

	open_net(_metadata, FEATURES);
	xg_vq_addr(&net.vq[XG_TX], &a);
	EXPECT_EQ(0, a.used_user_addr >> 32);
	a.used_user_addr |= 0x100000000ULL;
	XT_OK(xg_ioctl_set_vring_addr(net.fd, &a));
	XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	a.used_user_addr = 0xffff800000010000ULL;
	XT_OK(xg_ioctl_set_vring_addr(net.fd, &a));
	XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	a.used_user_addr = 0x10002;
	XT_ERR(-EINVAL, xg_ioctl_set_vring_addr(net.fd, &a));
	a.used_user_addr = 0x10000;
	a.flags = 0x80000000;
	XT_ERR(-EOPNOTSUPP, xg_ioctl_set_vring_addr(net.fd, &a));
	xg_vq_addr(&net.vq[XG_TX], &a);
	XT_OK(xg_ioctl_set_vring_addr(net.fd, &a));
	XT_OK(xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	xg_net_close(&net);
}

TEST(vring_numbers)
{
	unsigned int value = 0;

	open_net(_metadata, FEATURES);
	XT_OK(xg_ioctl_set_vring_num(net.fd, 0, 32768));
	XT_ERR(-EINVAL, xg_ioctl_set_vring_num(net.fd, 0, 0x80000100));
	XT_ERR(-ENOBUFS, xg_ioctl_set_vring_num(net.fd, 0x80000000, 256));
	XT_OK(xg_ioctl_set_vring_base(net.fd, 1, 0xffff));
	XT_OK(xg_ioctl_get_vring_base(net.fd, 1, &value));
	EXPECT_EQ(0xffff, value);
	XT_ERR(-EINVAL, xg_ioctl_set_vring_base(net.fd, 1, 0x10000));
	XT_OK(xg_ioctl_set_busyloop(net.fd, 1, 0xfffffff0));
	XT_OK(xg_ioctl_get_busyloop(net.fd, 1, &value));
	EXPECT_EQ(0xfffffff0, value);
	xg_net_close(&net);
}

TEST(eventfds)
{
	int fd = eventfd(0, 0), i;

	open_net(_metadata, FEATURES);
	ASSERT_LE(0, fd);
	for (i = 0; i < 2; i++) {
		XT_OK(xg_ioctl_set_vring_kick(net.fd, i, fd));
		XT_OK(xg_ioctl_set_vring_call(net.fd, i, fd));
		XT_OK(xg_ioctl_set_vring_err(net.fd, i, fd));
		XT_ERR(-EBADF, xg_ioctl_set_vring_kick(net.fd, i, 5000));
		XT_ERR(-EINVAL, xg_ioctl_set_vring_call(net.fd, i, net.tap.fd[0]));
		XT_OK(xg_ioctl_set_vring_kick(net.fd, i, -1));
		XT_OK(xg_ioctl_set_vring_call(net.fd, i, -1));
		XT_OK(xg_ioctl_set_vring_err(net.fd, i, -1));
	}
	close(fd);
	xg_net_close(&net);
}

TEST(dirty_log)
{
	int fd = eventfd(0, 0);

	open_net(_metadata, FEATURES);
	ASSERT_LE(0, fd);
	XT_OK(xg_ioctl_set_log_base(net.fd, 0x100000000ULL));
	XT_OK(xg_ioctl_set_log_base(net.fd, (uintptr_t)&net));
	XT_OK(xg_ioctl_set_log_fd(net.fd, fd));
	XT_OK(xg_ioctl_set_log_fd(net.fd, -1));
	XT_ERR(-EBADF, xg_ioctl_set_log_fd(net.fd, 5000));
	close(fd);
	xg_net_close(&net);
}

TEST(backend)
{
	open_net(_metadata, FEATURES);
	XT_ERR(-ENOTSOCK, xg_ioctl_net_set_backend(net.fd, 0, -2));
	XT_ERR(-ENOTSOCK, xg_ioctl_net_set_backend(net.fd, 0, net.fd));
	XT_ERR(-ENOBUFS, xg_ioctl_net_set_backend(net.fd, 2, net.tap.fd[0]));
	XT_ERR(-EFAULT, xg_ioctl(net.fd, VHOST_NET_SET_BACKEND, (void *)0xfffffffc));
	XT_OK(xg_ioctl_net_set_backend(net.fd, 0, net.tap.fd[0]));
	XT_ERR(-EBUSY, xg_ioctl_set_vring_num(net.fd, 0, 256));
	XT_ERR(-EBUSY, xg_ioctl_set_vring_base(net.fd, 0, 0));
	XT_OK(xg_ioctl_net_set_backend(net.fd, 0, -1));
	xg_net_close(&net);
}

TEST(features_array)
{
	uint64_t low = 0, f[4] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL };
	int fd = xg_open(xt_dev()), ret;

	ASSERT_LE(0, fd);
	XT_OK(xg_ioctl_get_features(fd, &low));
	ret = xg_ioctl_get_features_array(fd, f, 3);
	if (ret && !xt_is_xnet())
		SKIP(return, "the kernel's own vhost-net has no features arrays yet");
	XT_OK(ret);
	EXPECT_EQ(low, f[0]);
	EXPECT_EQ(0, f[2]);
	EXPECT_EQ(~0ULL, f[3]);
	f[0] = FEATURES;
	f[1] = 0;
	XT_OK(xg_ioctl_set_features_array(fd, f, 2));
	f[1] = 1ULL << 63;
	XT_ERR(-EOPNOTSUPP, xg_ioctl_set_features_array(fd, f, 2));
	XT_ERR(-EFAULT, xg_ioctl(fd, VHOST_GET_FEATURES_ARRAY, (void *)0xfffffffc));
	XT_ERR(-EFAULT, xg_ioctl(fd, VHOST_SET_FEATURES_ARRAY, (void *)0xfffffffc));
	close(fd);
}

TEST(workers)
{
	unsigned int id = ~0U, got = ~0U;
	uint8_t fork_owner = 0xff;
	int fd = xg_open(xt_dev());

	if (!xt_is_xnet())
		SKIP(return, "vhost-net has one worker");
	ASSERT_LE(0, fd);
	XT_OK(xg_ioctl_get_fork_owner(fd, &fork_owner));
	EXPECT_GE(1, fork_owner);
	XT_OK(xg_ioctl_set_fork_owner(fd, 0));
	XT_OK(xg_ioctl_set_owner(fd));
	XT_ERR(-EBUSY, xg_ioctl_set_fork_owner(fd, 0));
	XT_OK(xg_ioctl_new_worker(fd, &id));
	EXPECT_EQ(1, id);
	XT_OK(xg_ioctl_attach_worker(fd, XG_TX, id));
	XT_OK(xg_ioctl_get_worker(fd, XG_TX, &got));
	EXPECT_EQ(id, got);
	XT_ERR(-EBUSY, xg_ioctl_free_worker(fd, id));
	XT_ERR(-ENODEV, xg_ioctl_attach_worker(fd, XG_RX, 0x80000000));
	XT_ERR(-ENOBUFS, xg_ioctl_attach_worker(fd, 0x80000000, id));
	XT_OK(xg_ioctl_attach_worker(fd, XG_TX, 0));
	XT_OK(xg_ioctl_free_worker(fd, id));
	XT_ERR(-EFAULT, xg_ioctl(fd, VHOST_NEW_WORKER, (void *)0xfffffffe));
	XT_ERR(-EFAULT, xg_ioctl(fd, VHOST_GET_VRING_WORKER, (void *)0xfffffffc));
	close(fd);
}

#define WHOLE	72	/* bytes of a message, in either format, for the kernel */
#define V2	XG_BIT(VHOST_BACKEND_F_IOTLB_MSG_V2)
#define BODY	8	/* where what it says begins there */

static long write_raw(int fd, const void *p, size_t len)
{
	ssize_t ret = write(fd, p, len);

	return ret < 0 ? -errno : ret;
}

/*
 * The second format of IOTLB messages is the same for everybody. The first has a
 * hole that 32-bit processes have not got; for the kernel it is there, whoever
 * writes, so that they can use it only if they lay it out by hand.
 */
TEST(iotlb_messages)
{
	struct vhost_msg_v2 v2 = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = 0x123456789000ULL, .size = 4096, .uaddr = (uintptr_t)&net,
			.perm = VHOST_ACCESS_RW, .type = VHOST_IOTLB_UPDATE,
		},
	};
	struct vhost_msg v1 = { .type = VHOST_IOTLB_MSG, .iotlb = v2.iotlb };
	unsigned char raw[WHOLE] = { VHOST_IOTLB_MSG };
	int fd = xg_open(xt_dev()), i;

	ASSERT_EQ(BODY, offsetof(struct vhost_msg_v2, iotlb));
	ASSERT_EQ(WHOLE, sizeof(v2));
	ASSERT_EQ(BODY - 4, offsetof(struct vhost_msg, iotlb));
	ASSERT_LE(0, fd);
	XT_OK(xg_ioctl_set_owner(fd));
	XT_OK(xg_ioctl_set_features(fd, FEATURES | XG_F_ACCESS_PLATFORM));
	memcpy(raw + BODY, &v2.iotlb, sizeof(v2.iotlb));
	for (i = 0; i < 2; i++) {
		XT_OK(xg_ioctl_set_backend_features(fd, i ? V2 : 0));
		XT_ERR(WHOLE, write_raw(fd, &v2, sizeof(v2)));
		XT_ERR(WHOLE, write_raw(fd, raw, sizeof(raw)));
		XT_ERR(-EFAULT, write_raw(fd, &v1, sizeof(v1)));
	}
	/* The upper halves count. */
	v2.iotlb.uaddr |= 0xffff800000000000ULL;
	XT_ERR(-EFAULT, write_raw(fd, &v2, sizeof(v2)));
	v2.iotlb.uaddr = (uintptr_t)&net;
	v2.iotlb.size = 0xffffffff00000000ULL;
	XT_ERR(-EFAULT, write_raw(fd, &v2, sizeof(v2)));
	close(fd);
}

/* A question, as either format has it. */
TEST(iotlb_question)
{
	struct vhost_iotlb_msg *msg;
	unsigned char raw[WHOLE];
	int i;

	for (i = 0; i < 2; i++) {
		open_net(_metadata, FEATURES | XG_F_ACCESS_PLATFORM);
		XT_OK(xg_iommu_stop(&net.iommu));
		XT_OK(xg_ioctl_set_backend_features(net.fd, i ? V2 : 0));
		XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
		/* The first format as it is for this process has no room for one. */
		EXPECT_EQ(0, read(net.fd, raw, sizeof(struct vhost_msg)));
		ASSERT_EQ(WHOLE, read(net.fd, raw, sizeof(raw)));
		EXPECT_EQ(i ? VHOST_IOTLB_MSG_V2 : VHOST_IOTLB_MSG, raw[0]);
		msg = (struct vhost_iotlb_msg *)(raw + BODY);
		EXPECT_EQ(VHOST_IOTLB_MISS, msg->type);
		EXPECT_EQ(net.vq[XG_TX].cfg.device_gpa, msg->iova);
		EXPECT_EQ(VHOST_ACCESS_WO, msg->perm);
		xg_net_close(&net);
	}
}

/* Frames both ways; the guest's memory is in the upper half of 4 GiB. */
static void moves(struct __test_metadata *_metadata, uint64_t features)
{
	static uint8_t frame[2000];
	int pkt;
	uint32_t i;

	open_net(_metadata, features);
	EXPECT_NE(0, (uintptr_t)net.mem.region[0].host & 0x80000000);
	pkt = xg_pkt_open(net.tap.ifindex, 0);
	ASSERT_LE(0, pkt);
	XT_OK(xg_net_start(&net));
	for (i = 0; i < 300; i++) {
		size_t len = 60 + i * 37 % 1450;

		xg_frame_fill(frame, len, i);
		XT_OK(xg_net_tx(&net, NULL, frame, len));
		ASSERT_EQ((ssize_t)len, xg_pkt_recv(pkt, frame, sizeof(frame), XT_PATIENCE_MS));
		ASSERT_EQ(-1, xg_frame_check(frame, len, i));
		XT_OK(xg_net_tx_wait(&net, XT_PATIENCE_MS));
		xg_frame_fill(frame, len, i + 1000);
		XT_OK(xg_pkt_send(pkt, frame, len));
		ASSERT_EQ((ssize_t)len, xg_net_rx(&net, frame, sizeof(frame), NULL,
						  XT_PATIENCE_MS)) TH_LOG("%s", xg_step());
		ASSERT_EQ(-1, xg_frame_check(frame, len, i + 1000));
	}
	XT_OK(xg_net_stop(&net));
	close(pkt);
	xg_net_close(&net);
}

TEST(frames)
{
	moves(_metadata, FEATURES);
}

TEST(frames_iotlb)
{
	moves(_metadata, FEATURES | XG_F_ACCESS_PLATFORM);
}

TEST(frames_legacy)
{
	moves(_metadata, XG_F_EVENT_IDX);
}

TEST_HARNESS_MAIN
