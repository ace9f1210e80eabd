// SPDX-License-Identifier: GPL-2.0-only
/* What a running device depends on goes away under traffic. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <linux/rtnetlink.h>

#include "traffic.h"
#include "xtest.h"

/*
 * How long frames are waited for where something will be taken away: until then
 * none may take as long.
 */
#define TAKEN_AWAY_MS	3000

/**
 * struct child - another process that owns a running device
 * @pid: the process
 * @up: it writes a byte here once its traffic flows
 */
struct child {
	pid_t pid;
	int up[2];
};

static int send_fd(int sock, int fd)
{
	char ctl[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) < 0 ? -errno : 0;
}

static int recv_fd(int sock)
{
	char ctl[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	int fd;

	if (recvmsg(sock, &msg, 0) <= 0 || !CMSG_FIRSTHDR(&msg))
		return -EIO;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void child_main(struct child *c, int sock)
{
	static struct xt_traffic t;
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (xt_traffic_open(&t, NULL) || xt_traffic_start(&t) || xt_traffic_moves(&t, 50))
		_exit(1);
	if (sock >= 0 && send_fd(sock, t.net.fd))
		_exit(2);
	if (write(c->up[1], &byte, 1) != 1)
		_exit(3);
	pause();
	_exit(4);
}

/* Starts a process with a device under traffic; it sends the device to @sock. */
static int child_start(struct child *c, int sock)
{
	char byte;

	if (pipe(c->up))
		return -errno;
	fflush(stdout);
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (!c->pid) {
		close(c->up[0]);
		child_main(c, sock);
	}
	close(c->up[1]);
	if (read(c->up[0], &byte, 1) != 1)
		return -ECHILD;
	close(c->up[0]);
	return 0;
}

static void child_kill(struct child *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
}

/* The next device works as if nothing had happened. */
static void works(struct __test_metadata *_metadata)
{
	struct xt_traffic t;

	XT_OK(xt_traffic_open(&t, NULL));
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

TEST(owner_killed)
{
	struct child c;
	int i;

	for (i = 0; i < 5; i++) {
		XT_OK(child_start(&c, -1));
		EXPECT_EQ(1, xg_worker_find(c.pid, NULL, 0));
		child_kill(&c);
		EXPECT_TRUE(XT_UNTIL(!xg_worker_find(c.pid, NULL, 0)))
			TH_LOG("the worker outlives its owner");
	}
	works(_metadata);
}

TEST(several_owners_killed)
{
	struct child c[4];
	int i;

	for (i = 0; i < 4; i++)
		XT_OK(child_start(&c[i], -1));
	for (i = 0; i < 4; i++)
		kill(c[i].pid, SIGKILL);
	for (i = 0; i < 4; i++) {
		waitpid(c[i].pid, NULL, 0);
		EXPECT_TRUE(XT_UNTIL(!xg_worker_find(c[i].pid, NULL, 0)));
	}
	works(_metadata);
}

/* The owner dies, its descriptor lives on elsewhere and is closed there. */
TEST(closed_by_another_process)
{
	struct vhost_memory none = { 0 };
	struct child c;
	int pair[2], fd;
	unsigned int base;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	XT_OK(child_start(&c, pair[1]));
	fd = recv_fd(pair[0]);
	ASSERT_LE(0, fd);
	XT_ERR(-EPERM, xg_ioctl_get_vring_base(fd, 0, &base));
	child_kill(&c);
	xt_msleep(100);
	/* Nobody is its owner any more, and it has not gone either. */
	EXPECT_EQ(1, xg_worker_find(c.pid, NULL, 0));
	XT_ERR(-EPERM, xg_ioctl_get_vring_base(fd, 0, &base));
	XT_ERR(-EPERM, xg_ioctl_set_mem_table(fd, &none));
	XT_ERR(-EPERM, xg_ioctl_net_set_backend(fd, 0, -1));
	XT_ERR(-EPERM, xg_ioctl_reset_owner(fd));
	XT_ERR(-EBUSY, xg_ioctl_set_owner(fd));
	close(fd);
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(c.pid, NULL, 0)));
	works(_metadata);
}

/* A copy of the process is not the owner, and its end is not the device's. */
TEST(fork_under_traffic)
{
	struct xt_traffic t;
	unsigned int base;
	int i, status;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 10; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			/* Copy-on-write has moved pages of both; write to some. */
			memset(t.net.mem.region[0].host, 0x55, 1 << 20);
			_exit(-xg_ioctl_get_vring_base(t.net.fd, 0, &base));
		}
		waitpid(pid, &status, 0);
		EXPECT_EQ(EPERM, WEXITSTATUS(status));
	}
	XT_OK(xt_traffic_moves(&t, 50));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/* Does anything still write to the part of the memory that rings and buffers are in? */
static bool memory_still(struct xt_traffic *t)
{
	size_t size = 2 << 20;
	char *copy = malloc(size), frame[100];
	bool same;
	int i;

	memcpy(copy, t->net.mem.region[0].host, size);
	xg_frame_fill(frame, sizeof(frame), 1);
	for (i = 0; i < 20; i++) {
		xg_pkt_send(t->rx_pkt, frame, sizeof(frame));
		xt_msleep(1);
	}
	same = !memcmp(copy, t->net.mem.region[0].host, size);
	free(copy);
	return same;
}

TEST(device_closed)
{
	struct xt_traffic t;
	int i;

	for (i = 0; i < 5; i++) {
		XT_OK(xt_traffic_open(&t, NULL));
		t.patience_ms = TAKEN_AWAY_MS;
		XT_OK(xt_traffic_start(&t));
		XT_OK(xt_traffic_moves(&t, 20));
		close(t.net.fd);
		t.net.fd = -1;
		XT_OK(xt_traffic_breaks(&t));
		EXPECT_TRUE(memory_still(&t));
		EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
		xt_traffic_close(&t);
	}
	works(_metadata);
}

static int link_delete(int ifindex)
{
	struct {
		struct nlmsghdr n;
		struct ifinfomsg i;
	} req = {
		.n = { .nlmsg_len = sizeof(req), .nlmsg_type = RTM_DELLINK,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.i = { .ifi_index = ifindex },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr n;
		struct nlmsgerr e;
		char room[256];
	} answer;
	int ret = -EIO;

	if (send(fd, &req, sizeof(req), 0) == sizeof(req) &&
	    recv(fd, &answer, sizeof(answer), 0) > 0)
		ret = answer.e.error;
	close(fd);
	return ret;
}

/* The netdev is deleted; the descriptor stays but is good for nothing. */
TEST(tap_deleted)
{
	struct xt_traffic t;
	struct xg_tap other;
	unsigned int q, base;
	int i;

	for (i = 0; i < 5; i++) {
		XT_OK(xt_traffic_open(&t, NULL));
		t.patience_ms = TAKEN_AWAY_MS;
		XT_OK(xg_pkt_queue(t.rx_pkt));
		XT_OK(xt_traffic_start(&t));
		XT_OK(xt_traffic_moves(&t, 20));
		XT_OK(link_delete(t.net.tap.ifindex));
		XT_OK(xt_traffic_breaks(&t));
		/* The device answers, and goes on with another tap. */
		XT_OK(xg_ioctl_get_vring_base(t.net.fd, XG_TX, &base));
		for (q = 0; q < XG_MAX_VQS; q++)
			XT_OK(xg_vq_attach(&t.net.vq[q], -1));
		XT_OK(xg_tap_open(&other, &(struct xg_tap_cfg) { .hdr_len = 12 }));
		xg_tap_close(&t.net.tap);
		t.net.tap = other;
		close(t.rx_pkt);
		close(t.tx_pkt);
		t.rx_pkt = xg_pkt_open(other.ifindex, XG_PKT_SEND_ONLY);
		t.tx_pkt = xg_pkt_open(other.ifindex, 0);
		t.patience_ms = 10000;
		XT_OK(xt_traffic_renew(&t, false, 5));
		EXPECT_EQ(0, xt_traffic_check(&t))
			TH_LOG("%s", xt_traffic_step(&t));
		xt_traffic_close(&t);
	}
}

/* Down and up again: the interface's own matter. */
TEST(tap_down)
{
	struct xt_traffic t;
	int i;

	XT_OK(xt_traffic_open(&t, NULL));
	t.lossy = true;
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 10; i++) {
		XT_OK(xg_tap_updown(&t.net.tap, false));
		xt_msleep(5);
		XT_OK(xg_tap_updown(&t.net.tap, true));
		XT_OK(xt_traffic_moves(&t, 2));
	}
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_settle(&t);
	/* The packet sockets were told of each ENETDOWN. */
	xg_pkt_recv(t.tx_pkt, (char [2000]) { 0 }, 2000, 0);
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/* A guest that does not look at its own memory while that is gone. */
static int blind_traffic(struct xt_traffic *t, unsigned int ms)
{
	uint64_t end = xg_now_ns() + ms * 1000000ULL;
	char frame[100];
	unsigned int q;

	xg_frame_fill(frame, sizeof(frame), 1);
	while (xg_now_ns() < end) {
		for (q = 0; q < XG_MAX_VQS; q++)
			xg_event_signal(t->net.vq[q].kick_fd);
		xg_pkt_send(t->rx_pkt, frame, sizeof(frame));
	}
	return 0;
}

static void fill_tx(struct xt_traffic *t)
{
	char frame[1000];
	unsigned int i;

	xg_frame_fill(frame, sizeof(frame), 3);
	for (i = 0; i < 200; i++)
		xg_net_tx(&t->net, NULL, frame, sizeof(frame));
}

static void start_over(struct __test_metadata *_metadata, struct xt_traffic *t)
{
	unsigned int q, base;

	for (q = 0; q < XG_MAX_VQS; q++) {
		XT_OK(xg_ioctl_get_vring_base(t->net.fd, q, &base));
		XT_OK(xg_vq_attach(&t->net.vq[q], -1));
	}
	XT_OK(xt_traffic_renew(t, false, 0));
	xt_msleep(50);
	xg_pkt_drain(t->tx_pkt);
	EXPECT_EQ(0, xt_traffic_check(t))
		TH_LOG("%s", xt_traffic_step(t));
}

/* All of the guest's memory, rings included, is unmapped and later replaced. */
TEST(memory_unmapped)
{
	struct xt_traffic t;
	struct xg_region *r;
	int i;

	XT_OK(xt_traffic_open(&t, NULL));
	r = &t.net.mem.region[0];
	for (i = 0; i < 5; i++) {
		XT_OK(xt_traffic_check(&t));
		fill_tx(&t);
		ASSERT_EQ(0, munmap(r->host, r->size));
		blind_traffic(&t, 100);
		ASSERT_EQ(r->host, mmap(r->host, r->size, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
					-1, 0));
		start_over(_metadata, &t);
	}
	if (xt_is_xnet())
		EXPECT_LT(0, xg_event_take(t.net.vq[XG_TX].err_fd) +
			     xg_event_take(t.net.vq[XG_RX].err_fd))
			TH_LOG("nobody was told that the ring is gone");
	xt_traffic_close(&t);
}

/* Only the payload is gone; the rings stay. Each buffer comes back all the same. */
TEST(payload_unmapped)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN };
	struct xt_traffic t;
	struct xg_region *r;
	uint64_t first = ~0ULL;
	unsigned int i;
	size_t skip;

	XT_OK(xt_traffic_open(&t, &cfg));
	r = &t.net.mem.region[0];
	for (i = 0; i < t.net.cfg.num; i++) {
		if (t.net.tx_gpa[i] < first)
			first = t.net.tx_gpa[i];
		if (t.net.rx_gpa[i] < first)
			first = t.net.rx_gpa[i];
	}
	skip = ((first - r->gpa) + 4095) & ~4095UL;
	XT_OK(xt_traffic_check(&t));
	ASSERT_EQ(0, mprotect((char *)r->host + skip, r->size - skip, PROT_NONE));
	blind_traffic(&t, 100);
	ASSERT_EQ(0, mprotect((char *)r->host + skip, r->size - skip, PROT_READ | PROT_WRITE));
	if (xt_is_xnet()) {
		/* Neither queue is broken by it. */
		xt_traffic_settle(&t);
		EXPECT_EQ(0, xt_traffic_check(&t))
			TH_LOG("%s", xt_traffic_step(&t));
		EXPECT_EQ(0, xg_event_take(t.net.vq[XG_RX].err_fd));
	}
	/* Transmission of what cannot be read. */
	fill_tx(&t);
	XT_OK(xg_net_tx_wait(&t.net, XT_PATIENCE_MS));
	for (i = 0; i < 50; i++) {
		fill_tx(&t);
		ASSERT_EQ(0, mprotect((char *)r->host + skip, r->size - skip, PROT_NONE));
		xg_event_signal(t.net.vq[XG_TX].kick_fd);
		xt_msleep(1);
		ASSERT_EQ(0, mprotect((char *)r->host + skip, r->size - skip,
				      PROT_READ | PROT_WRITE));
		if (xt_is_xnet())
			XT_OK(xg_net_tx_wait(&t.net, XT_PATIENCE_MS));
		else
			xg_net_tx_wait(&t.net, 100);
	}
	start_over(_metadata, &t);
	xt_traffic_close(&t);
}

/* The memory is swapped for other pages at the same place, again and again. */
TEST(memory_replaced)
{
	struct xt_traffic t;
	struct xg_region *r;
	int i;

	XT_OK(xt_traffic_open(&t, NULL));
	r = &t.net.mem.region[0];
	for (i = 0; i < 10; i++) {
		XT_OK(xt_traffic_check(&t));
		fill_tx(&t);
		ASSERT_EQ(r->host, mmap(r->host, r->size, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		blind_traffic(&t, 20);
		start_over(_metadata, &t);
	}
	xt_traffic_close(&t);
}

/* Pages move underneath, as huge ones are made and split: no frame is hurt. */
TEST(pages_moved)
{
	struct xt_traffic t;
	struct xg_region *r;
	unsigned int i;

	XT_OK(xt_traffic_open(&t, NULL));
	r = &t.net.mem.region[0];
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 100; i++) {
		madvise(r->host, r->size, MADV_PAGEOUT);
		madvise(r->host, r->size, i % 2 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		xt_msleep(5);
	}
	XT_OK(xt_traffic_moves(&t, 20));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
