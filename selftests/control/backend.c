// SPDX-License-Identifier: GPL-2.0-only
/* VHOST_NET_SET_BACKEND with every kind of descriptor, at rest and running. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <netinet/in.h>
#include <linux/if_tun.h>

#include "kinds.h"
#include "traffic.h"
#include "xtest.h"

/* A device that is ready, without a backend. */
FIXTURE(backend) {
	struct xg_net net;
};

FIXTURE_SETUP(backend)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN };

	XT_OK(xg_netns());
	XT_OK(xg_net_open(&self->net, &cfg));
}

FIXTURE_TEARDOWN(backend)
{
	xg_net_close(&self->net);
}

static int both(struct xg_net *net, int fd)
{
	int rx = xg_ioctl_net_set_backend(net->fd, XG_RX, fd);
	int tx = xg_ioctl_net_set_backend(net->fd, XG_TX, fd);

	return rx == tx ? rx : -EILSEQ;
}

static int tun_open(unsigned int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && flags && ioctl(fd, TUNSETIFF, &ifr)) {
		close(fd);
		fd = -errno;
	}
	return fd;
}

TEST_F(backend, tap)
{
	int i;

	for (i = 0; i < 20; i++) {
		XT_OK(both(&self->net, self->net.tap.fd[0]));
		XT_OK(both(&self->net, self->net.tap.fd[0]));
		XT_OK(both(&self->net, -1));
		XT_OK(both(&self->net, -1));
	}
}

/* CVE-2020-10942: a socket of any family was asked for its name. */
TEST_F(backend, cve_2020_10942)
{
	static const struct {
		int family, type, protocol;
	} kinds[] = {
		{ AF_INET, SOCK_STREAM, 0 }, { AF_INET, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_RAW, IPPROTO_UDP }, { AF_INET6, SOCK_STREAM, 0 },
		{ AF_INET6, SOCK_RAW, IPPROTO_UDP }, { AF_UNIX, SOCK_STREAM, 0 },
		{ AF_UNIX, SOCK_DGRAM, 0 }, { AF_UNIX, SOCK_SEQPACKET, 0 },
		{ AF_NETLINK, SOCK_RAW, 0 }, { AF_NETLINK, SOCK_DGRAM, 16 },
		{ AF_KEY, SOCK_RAW, 2 }, { AF_ALG, SOCK_SEQPACKET, 0 },
		{ AF_VSOCK, SOCK_STREAM, 0 }, { AF_PACKET, SOCK_DGRAM, 0 },
		{ AF_PACKET, SOCK_PACKET, 0 }, { AF_XDP, SOCK_RAW, 0 },
		{ AF_INET, SOCK_RAW, IPPROTO_RAW }, { AF_NETLINK, SOCK_RAW, 15 },
	};
	unsigned int i, tried = 0;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd = socket(kinds[i].family, kinds[i].type, kinds[i].protocol);

		/* A kernel may have been built without this family. */
		if (fd < 0)
			continue;
		tried++;
		EXPECT_EQ(-ENOTSOCK, both(&self->net, fd))
			TH_LOG("family %d type %d", kinds[i].family, kinds[i].type);
		close(fd);
	}
	EXPECT_LE(9, tried);
}

/* As the kernel gives them, and when only the descriptor is left of the device. */
TEST_F(backend, vtaps)
{
	static const enum xt_kind kinds[] = { XT_MACVTAP, XT_IPVTAP };
	struct xg_tap_cfg cfg = { .hdr_len = 12 };
	struct xt_backend b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		XT_OK(xt_backend_open(&b, kinds[i], i, &cfg));
		XT_OK(both(&self->net, b.fd));
		XT_OK(both(&self->net, self->net.tap.fd[0]));
		XT_OK(both(&self->net, b.fd));
		XT_OK(both(&self->net, -1));
		XT_OK(xg_link_delete(b.near_name));
		XT_OK(both(&self->net, b.fd));
		XT_OK(both(&self->net, -1));
		xt_backend_close(&b);
	}
}

TEST_F(backend, raw_packet_socket)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	ASSERT_LE(0, fd);
	XT_OK(both(&self->net, fd));
	XT_OK(both(&self->net, -1));
	close(fd);
}

TEST_F(backend, files)
{
	int pipes[2], pair[2], fds[15];
	unsigned int i;

	ASSERT_EQ(0, pipe(pipes));
	fds[0] = pipes[0];
	fds[1] = pipes[1];
	fds[2] = open("/proc/self/exe", O_RDONLY);
	fds[3] = open("/dev/null", O_RDWR);
	fds[4] = open("/", O_RDONLY | O_DIRECTORY);
	fds[5] = open("/dev/net/tun", O_PATH);
	fds[6] = eventfd(0, 0);
	fds[7] = self->net.fd;
	fds[8] = epoll_create1(0);
	fds[9] = timerfd_create(CLOCK_MONOTONIC, 0);
	fds[10] = memfd_create("backend", 0);
	fds[11] = inotify_init1(0);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	fds[12] = pair[0];
	fds[13] = open("/proc/self/maps", O_RDONLY);
	ASSERT_EQ(0, epoll_ctl(fds[8], EPOLL_CTL_ADD, fds[12],
			       &(struct epoll_event){ .events = EPOLLIN }));
	fds[14] = open("/proc/self", O_RDONLY | O_DIRECTORY);
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		ASSERT_LE(0, fds[i]);
		EXPECT_EQ(-ENOTSOCK, both(&self->net, fds[i]))
			TH_LOG("file %u", i);
	}
	XT_ERR(-ENOTSOCK, both(&self->net, open(xt_dev(), O_RDWR)));
}

TEST_F(backend, no_files)
{
	int closed = dup(self->net.tap.fd[0]);
	int bad[] = { closed, -2, -1000, 0x7fffffff, -0x7fffffff, 5000 };
	unsigned int i;

	close(closed);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-ENOTSOCK, both(&self->net, bad[i]))
			TH_LOG("descriptor %d", bad[i]);
}

TEST_F(backend, tun_without_interface)
{
	int fd = tun_open(0);

	ASSERT_LE(0, fd);
	XT_ERR(-EINVAL, both(&self->net, fd));
	/* Nothing of it is left over: a real one works. */
	XT_OK(both(&self->net, self->net.tap.fd[0]));
	XT_ERR(-EINVAL, both(&self->net, fd));
	close(fd);
}

TEST_F(backend, tun_of_ip_packets)
{
	int fd = tun_open(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);

	ASSERT_LE(0, fd);
	XT_OK(both(&self->net, fd));
	XT_OK(both(&self->net, -1));
	close(fd);
}

/* Still a queue of an interface, if one that nothing goes through for now. */
TEST_F(backend, detached_queue)
{
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };
	int fd = tun_open(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, TUNSETQUEUE, &ifr));
	XT_OK(both(&self->net, fd));
	ifr.ifr_flags = IFF_ATTACH_QUEUE;
	ASSERT_EQ(0, ioctl(fd, TUNSETQUEUE, &ifr));
	XT_OK(both(&self->net, fd));
	close(fd);
}

/* The used ring is read and written when a queue starts: it has to be there. */
TEST_F(backend, ring_not_mapped)
{
	struct vhost_vring_addr a;

	xg_vq_addr(&self->net.vq[XG_TX], &a);
	a.used_user_addr = 0x10000;
	XT_OK(xg_ioctl_set_vring_addr(self->net.fd, &a));
	XT_ERR(-EFAULT, xg_ioctl_net_set_backend(self->net.fd, XG_TX, self->net.tap.fd[0]));
	xg_vq_addr(&self->net.vq[XG_TX], &a);
	XT_OK(xg_ioctl_set_vring_addr(self->net.fd, &a));
	XT_OK(xg_ioctl_net_set_backend(self->net.fd, XG_TX, self->net.tap.fd[0]));
}

/* The owner closes the tap: the device keeps it until it is detached. */
TEST_F(backend, keeps_the_tap)
{
	char ifname[IFNAMSIZ];

	memcpy(ifname, self->net.tap.ifname, IFNAMSIZ);
	XT_OK(both(&self->net, self->net.tap.fd[0]));
	xg_tap_close(&self->net.tap);
	xt_msleep(50);
	EXPECT_NE(0, if_nametoindex(ifname));
	XT_OK(xg_ioctl_net_set_backend(self->net.fd, XG_TX, -1));
	xt_msleep(50);
	EXPECT_NE(0, if_nametoindex(ifname));
	XT_OK(xg_ioctl_net_set_backend(self->net.fd, XG_RX, -1));
	EXPECT_TRUE(XT_UNTIL(!if_nametoindex(ifname)))
		TH_LOG("%s is still there: somebody holds the tap", ifname);
}

/* Whatever is refused while running leaves what runs alone. */
TEST(refused_under_traffic)
{
	struct xt_traffic t;
	int bare = tun_open(0), null = open("/dev/null", O_RDWR);
	int i;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 100; i++) {
		XT_ERR(-ENOTSOCK, both(&t.net, null));
		XT_ERR(-ENOTSOCK, both(&t.net, 5000));
		XT_OK(both(&t.net, t.net.tap.fd[0]));
	}
	/* This one is only known to be bad after the old one was taken off; none gets to it. */
	for (i = 0; i < 100; i++)
		XT_ERR(-EINVAL, both(&t.net, bare));
	ASSERT_EQ(0, xt_traffic_moves(&t, 100))
		TH_LOG("%s", xt_traffic_step(&t));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	close(bare);
	close(null);
	xt_traffic_close(&t);
}

/* Detached and attached under traffic: buffers wait, none is lost. */
TEST(stopped_under_traffic)
{
	struct xt_traffic t;
	int i;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 100; i++) {
		XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_TX, -1));
		XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_TX, t.net.tap.fd[0]));
	}
	XT_OK(xt_traffic_moves(&t, 50));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));

	t.lossy = true;
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 100; i++) {
		XT_OK(both(&t.net, -1));
		XT_OK(both(&t.net, t.net.tap.fd[0]));
	}
	XT_OK(xt_traffic_moves(&t, 50));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_settle(&t);
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/* Once raced with completions of zero-copy buffers; there are none here. */
TEST(noid_set_backend_against_completion)
{
	struct xg_tap_cfg cfg = { .hdr_len = 12 };
	struct xt_traffic t;
	struct xg_tap other;
	int i;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xg_tap_open(&other, &cfg));
	t.lossy = true;
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 100; i++) {
		XT_OK(both(&t.net, other.fd[0]));
		XT_OK(both(&t.net, t.net.tap.fd[0]));
	}
	XT_OK(xt_traffic_moves(&t, 50));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_settle(&t);
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	/* And the other one is whole as well. */
	XT_OK(both(&t.net, other.fd[0]));
	close(t.rx_pkt);
	close(t.tx_pkt);
	t.rx_pkt = xg_pkt_open(other.ifindex, XG_PKT_SEND_ONLY);
	t.tx_pkt = xg_pkt_open(other.ifindex, 0);
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
	xg_tap_close(&other);
}

/**
 * struct juggler - a thread that keeps changing what a descriptor means
 * @fd: the descriptor
 * @from: what it means in turn
 * @n: how many
 * @stop: asks it to end
 */
struct juggler {
	int fd;
	int from[4];
	unsigned int n;
	atomic_bool stop;
};

static void *juggle(void *data)
{
	struct juggler *j = data;
	unsigned int i;

	for (i = 0; !atomic_load(&j->stop); i++)
		if (dup2(j->from[i % j->n], j->fd) < 0)
			break;
	return NULL;
}

/* A descriptor looked up twice meant two files. */
TEST(cve_2023_1838)
{
	struct juggler j = { .n = 4 };
	char ifname[IFNAMSIZ];
	struct xt_traffic t;
	struct xg_tap other;
	pthread_t thread;
	unsigned int taken = 0, refused = 0;
	uint64_t end;
	int ret;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xg_tap_open(&other, &(struct xg_tap_cfg) { .hdr_len = 12 }));
	memcpy(ifname, other.ifname, IFNAMSIZ);
	j.from[0] = t.net.tap.fd[0];
	j.from[1] = socket(AF_UNIX, SOCK_STREAM, 0);
	j.from[2] = other.fd[0];
	j.from[3] = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
	j.fd = dup(j.from[1]);
	ASSERT_EQ(0, pthread_create(&thread, NULL, juggle, &j));
	end = xg_now_ns() + 4000000000ULL;
	while (xg_now_ns() < end ||
	       ((taken <= 20 || refused <= 20) && xg_now_ns() < end + 30000000000ULL)) {
		ret = xg_ioctl_net_set_backend(t.net.fd, refused % 2, j.fd);
		ASSERT_TRUE(ret == 0 || ret == -ENOTSOCK)
			TH_LOG("%s", xt_errno(ret));
		taken += !ret;
		refused += !!ret;
	}
	atomic_store(&j.stop, true);
	pthread_join(thread, NULL);
	close(j.fd);
	EXPECT_LT(20, taken);
	EXPECT_LT(20, refused);
	XT_OK(both(&t.net, t.net.tap.fd[0]));
	xt_traffic_settle(&t);
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	/* No reference was lost or won. */
	xg_tap_close(&other);
	EXPECT_TRUE(XT_UNTIL(!if_nametoindex(ifname)));
	memcpy(ifname, t.net.tap.ifname, IFNAMSIZ);
	xt_traffic_close(&t);
	EXPECT_TRUE(XT_UNTIL(!if_nametoindex(ifname)));
	close(j.from[1]);
	close(j.from[3]);
}

/* Two devices on one tap: no use, but no harm either. */
TEST(shared_tap)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN };
	struct xt_traffic t;
	struct xg_net second;
	char frame[100];

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xg_net_open(&second, &cfg));
	t.lossy = true;
	XT_OK(xt_traffic_start(&t));
	XT_OK(xg_ioctl_net_set_backend(second.fd, XG_TX, t.net.tap.fd[0]));
	XT_OK(xg_ioctl_net_set_backend(second.fd, XG_RX, t.net.tap.fd[0]));
	XT_OK(xt_traffic_moves(&t, 200));
	XT_OK(both(&second, -1));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	/* No event tells of the frames that the second one gave back; the next frame does. */
	xg_frame_fill(frame, sizeof(frame), 1);
	XT_OK(xg_pkt_send(t.rx_pkt, frame, sizeof(frame)));
	xt_traffic_settle(&t);
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xg_net_close(&second);
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
