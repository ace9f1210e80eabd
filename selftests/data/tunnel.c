// SPDX-License-Identifier: GPL-2.0-only
/*
 * The header of 24 bytes that goes with segmentation inside UDP tunnels, with
 * frames that need none of it, in both directions.
 */
#include "rig.h"

static struct rig rig;

static const uint64_t high[] = {
	XG_F_HIGH_GUEST_UDP_TUNNEL, XG_F_HIGH_HOST_UDP_TUNNEL,
	XG_F_HIGH_GUEST_UDP_TUNNEL | XG_F_HIGH_HOST_UDP_TUNNEL,
};

/* What is on offer from feature 64 on. */
static uint64_t offered(void)
{
	uint64_t f[2] = { 0 };
	int fd = xg_open(xt_dev());

	if (fd < 0 || xg_ioctl_get_features_array(fd, f, 2))
		f[1] = 0;
	close(fd);
	return f[1];
}

static void both_ways(struct __test_metadata *_metadata, const struct xg_net_cfg *cfg)
{
	struct rig *r = &rig;
	bool merge = cfg->features & XG_F_MRG_RXBUF;

	rig_open(_metadata, r, cfg);
	ASSERT_EQ(XG_TUNNEL_HDR_LEN, r->net.hdr_len);
	rig_tx(_metadata, r, 0, 1, 40);
	rig_tx(_metadata, r, 60, 131, 30);
	rig_rx(_metadata, r, 14, 1, 40);
	rig_rx(_metadata, r, 60, merge ? 131 : 60, 30);
	r->shuffle = true;
	rig_tx(_metadata, r, 14, 57, 60);
	rig_silent(_metadata, r);
	rig_close(r);
}

TEST(header)
{
	static const uint64_t low[] = {
		XG_F_MODERN, XG_F_MODERN & ~XG_F_MRG_RXBUF, XG_F_MODERN | XG_F_NET_HDR,
		(XG_F_MODERN & ~XG_F_MRG_RXBUF) | XG_F_NET_HDR,
	};
	unsigned int i, j;

	if ((offered() & high[2]) != high[2])
		SKIP(return, "the tap of this kernel knows no header for UDP tunnels");
	XT_OK(xg_netns());
	for (i = 0; i < ARRAY_SIZE(low); i++) {
		for (j = 0; j < ARRAY_SIZE(high); j++) {
			struct xg_net_cfg cfg = {
				.features = low[i],
				.features_high = high[j],
				.tx_buf = 8192,
				.tap = { .mtu = 9000 },
			};

			both_ways(_metadata, &cfg);
		}
	}
}

/* Frames fill buffers of which the header takes a part, or all. */
TEST(small_buffers)
{
	static const uint32_t size[] = { 24, 25, 31, 64, 100 };
	unsigned int i;

	if ((offered() & high[2]) != high[2])
		SKIP(return, "the tap of this kernel knows no header for UDP tunnels");
	XT_OK(xg_netns());
	for (i = 0; i < ARRAY_SIZE(size); i++) {
		struct xg_net_cfg cfg = {
			.features = XG_F_MODERN,
			.features_high = high[2],
			.rx_buf = size[i],
		};

		rig_open(_metadata, &rig, &cfg);
		rig_rx(_metadata, &rig, 14, 37, 20);
		rig_close(&rig);
	}
}

TEST_HARNESS_MAIN
