// SPDX-License-Identifier: GPL-2.0-only
/* Features and backend features, offered and acknowledged. */
#include "traffic.h"
#include "xtest.h"

#define XNET_OFFER	(XG_F_NOTIFY_ON_EMPTY | XG_F_INDIRECT | XG_F_EVENT_IDX | \
			 XG_F_ANY_LAYOUT | XG_F_VERSION_1 | XG_F_MRG_RXBUF | \
			 XG_F_NET_HDR | XG_F_LOG_ALL | XG_F_ACCESS_PLATFORM)
#define NEWER_OFFER	(XG_F_IN_ORDER | XG_F_RING_RESET)

FIXTURE(features) {
	int fd;
	uint64_t offer;
};

FIXTURE_SETUP(features)
{
	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", xt_dev(), xt_errno(self->fd));
	/* There is no owner yet, as when QEMU asks. */
	XT_OK(xg_ioctl_get_features(self->fd, &self->offer));
}

FIXTURE_TEARDOWN(features)
{
	close(self->fd);
}

TEST_F(features, offer)
{
	uint64_t want = XNET_OFFER | NEWER_OFFER, again;

	/* No bit more either. Older vhost-net has not got the newer ones. */
	if (!xt_is_xnet())
		want = XNET_OFFER | (self->offer & NEWER_OFFER);
	EXPECT_EQ(want, self->offer)
		TH_LOG("missing %#lx, too much %#lx", want & ~self->offer, self->offer & ~want);
	/* The offer does not depend on what was acknowledged. */
	XT_OK(xg_ioctl_set_features(self->fd, XG_F_VERSION_1));
	XT_OK(xg_ioctl_get_features(self->fd, &again));
	EXPECT_EQ(self->offer, again);
}

TEST_F(features, unknown_bits)
{
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		uint64_t f = 1ULL << bit;
		int want = f & self->offer ? 0 : -EOPNOTSUPP;
		int ret = xg_ioctl_set_features(self->fd, f);

		EXPECT_EQ(want, ret)
			TH_LOG("bit %u: %s", bit, xt_errno(ret));
		ret = xg_ioctl_set_features(self->fd, f | XNET_OFFER);
		EXPECT_EQ(want, ret)
			TH_LOG("bit %u with others: %s", bit, xt_errno(ret));
	}
	XT_ERR(-EOPNOTSUPP, xg_ioctl_set_features(self->fd, ~0ULL));
}

TEST_F(features, before_owner)
{
	XT_OK(xg_ioctl_set_features(self->fd, self->offer & XNET_OFFER));
	XT_OK(xg_ioctl_set_features(self->fd, 0));
	XT_OK(xg_ioctl_set_owner(self->fd));
	XT_OK(xg_ioctl_set_features(self->fd, XG_F_MODERN));
	XT_OK(xg_ioctl_set_features(self->fd, XG_F_MODERN));
}

TEST_F(features, backend_features)
{
	uint64_t offer = 1, bit;

	XT_OK(xg_ioctl_get_backend_features(self->fd, &offer));
	if (xt_is_xnet())
		EXPECT_EQ(XG_BIT(VHOST_BACKEND_F_IOTLB_MSG_V2), offer);
	XT_OK(xg_ioctl_set_backend_features(self->fd, 0));
	for (bit = 1; bit; bit <<= 1) {
		if (!(bit & offer))
			XT_ERR(-EOPNOTSUPP, xg_ioctl_set_backend_features(self->fd, bit));
	}
	XT_OK(xg_ioctl_set_backend_features(self->fd, offer));
}

TEST_F(features, bad_pointers)
{
	void *bad[] = { NULL, (void *)8, (void *)(~0UL << 12), (void *)-1L };
	unsigned long req[] = {
		VHOST_GET_FEATURES, VHOST_SET_FEATURES,
		VHOST_GET_BACKEND_FEATURES, VHOST_SET_BACKEND_FEATURES,
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(req); i++) {
		for (j = 0; j < ARRAY_SIZE(bad); j++)
			XT_ERR(-EFAULT, xg_ioctl(self->fd, req[i], bad[j]));
	}
}

/* Every combination that decides the header's length, set and used. */
TEST(header_lengths)
{
	uint64_t sets[] = {
		0, XG_F_ANY_LAYOUT, XG_F_MRG_RXBUF, XG_F_VERSION_1,
		XG_F_VERSION_1 | XG_F_MRG_RXBUF, XG_F_NET_HDR,
		XG_F_NET_HDR | XG_F_MRG_RXBUF, XG_F_NET_HDR | XG_F_VERSION_1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		struct xg_net_cfg cfg = { .path = xt_dev(), .features = sets[i] };
		struct xt_traffic t;

		XT_OK(xt_traffic_open(&t, &cfg));
		EXPECT_EQ(0, xt_traffic_check(&t))
			TH_LOG("features %#lx: %s", sets[i], xt_traffic_step(&t));
		xt_traffic_close(&t);
	}
}

/* Acknowledged again, unchanged, while frames pass. */
TEST(under_traffic)
{
	struct xt_traffic t;
	unsigned int i;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 200; i++)
		XT_OK(xg_ioctl_set_features(t.net.fd, XG_F_MODERN));
	XT_OK(xt_traffic_moves(&t, 100));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
