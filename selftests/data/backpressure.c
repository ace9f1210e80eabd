// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tap with IFF_BACKPRESSURE (7.3): when its ring is full it stops its network
 * device's queue instead of dropping, and goes on when the frames are taken.
 */
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "traffic.h"
#include "xtest.h"

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

#define FRAME_LEN	100
#define MANY		5000	/* more than ring, queue and send buffer hold */
#define ROUNDS		3

static unsigned int tun_features(void)
{
	unsigned int features = 0;
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd >= 0)
		ioctl(fd, TUNGETFEATURES, &features);
	close(fd);
	return features;
}

/* Send until the sender would have to wait; returns how many frames that was. */
static unsigned int fill(int fd, uint32_t seed)
{
	char frame[FRAME_LEN];
	unsigned int n;

	for (n = 0; n < MANY; n++) {
		xg_frame_fill(frame, sizeof(frame), seed + n);
		if (send(fd, frame, sizeof(frame), MSG_DONTWAIT) != sizeof(frame))
			break;
	}
	return n;
}

TEST(every_frame_comes)
{
	struct xg_net_cfg cfg = {
		.path = xt_dev(), .features = XG_F_MODERN, .tap.flags = IFF_BACKPRESSURE,
	};
	unsigned int round, i, n, seed = 1;
	char frame[FRAME_LEN + 1];
	struct xg_net net;
	int fd;
	ssize_t len;

	if (!(tun_features() & IFF_BACKPRESSURE))
		SKIP(return, "this kernel's tun has no IFF_BACKPRESSURE");
	XT_OK(xg_netns());
	XT_OK(xg_net_open(&net, &cfg));
	XT_OK(xg_net_start(&net));
	fd = xg_pkt_open(net.tap.ifindex, XG_PKT_SEND_ONLY);
	ASSERT_LE(0, fd);
	/* Only a queueing discipline can be stopped. */
	XT_OK(xg_pkt_queue(fd));
	for (round = 0; round < ROUNDS; round++) {
		n = fill(fd, seed);
		ASSERT_GT(MANY, n)
			TH_LOG("the tap drops frames, or takes any number of them");
		for (i = 0; i < n; i++) {
			len = xg_net_rx(&net, frame, sizeof(frame), NULL, 5000);
			ASSERT_EQ(FRAME_LEN, len)
				TH_LOG("round %u: frame %u of %u", round, i, n);
			ASSERT_GT(0, xg_frame_check(frame, len, seed + i))
				TH_LOG("round %u: not frame %u of %u", round, i, n);
		}
		seed += n;
	}
	TH_LOG("%u frames in %u rounds", seed - 1, ROUNDS);
	close(fd);
	xg_net_close(&net);
}

TEST_HARNESS_MAIN
