// SPDX-License-Identifier: GPL-2.0-only
/* VHOST_SET_VRING_KICK, CALL and ERR: which descriptors, and while running. */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "traffic.h"
#include "xtest.h"

static const unsigned long reqs[] = {
	VHOST_SET_VRING_KICK, VHOST_SET_VRING_CALL, VHOST_SET_VRING_ERR,
};

static int set(int fd, unsigned long req, unsigned int index, int event)
{
	struct vhost_vring_file f = { .index = index, .fd = event };

	return xg_ioctl(fd, req, &f);
}

FIXTURE(eventfd) {
	int fd;
	int ev;
};

FIXTURE_SETUP(eventfd)
{
	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", xt_dev(), xt_errno(self->fd));
	XT_OK(xg_ioctl_set_owner(self->fd));
	self->ev = xg_event();
	ASSERT_LE(0, self->ev);
}

FIXTURE_TEARDOWN(eventfd)
{
	close(self->ev);
	close(self->fd);
}

TEST_F(eventfd, kinds)
{
	int sem = eventfd(5, EFD_SEMAPHORE), blocking = eventfd(0, 0);
	unsigned int i, q;

	for (i = 0; i < ARRAY_SIZE(reqs); i++) {
		for (q = 0; q < XG_MAX_VQS; q++) {
			XT_OK(set(self->fd, reqs[i], q, self->ev));
			XT_OK(set(self->fd, reqs[i], q, self->ev));
			XT_OK(set(self->fd, reqs[i], q, sem));
			XT_OK(set(self->fd, reqs[i], q, blocking));
			XT_OK(set(self->fd, reqs[i], q, VHOST_FILE_UNBIND));
			XT_OK(set(self->fd, reqs[i], q, VHOST_FILE_UNBIND));
		}
	}
}

TEST_F(eventfd, other_files)
{
	int pipes[2], pair[2];
	int fds[6];
	unsigned int i, j;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	fds[0] = pipes[0];
	fds[1] = pair[0];
	fds[2] = open("/dev/null", O_RDWR);
	fds[3] = open("/proc/self/exe", O_RDONLY);
	fds[4] = timerfd_create(CLOCK_MONOTONIC, 0);
	fds[5] = self->fd;
	for (i = 0; i < ARRAY_SIZE(reqs); i++) {
		XT_OK(set(self->fd, reqs[i], 0, self->ev));
		for (j = 0; j < ARRAY_SIZE(fds); j++)
			EXPECT_EQ(-EINVAL, set(self->fd, reqs[i], 0, fds[j]))
				TH_LOG("file %u", j);
	}
}

TEST_F(eventfd, no_files)
{
	int closed = dup(self->ev);
	int bad[] = { closed, -2, 0x7fffffff, -0x7fffffff, 1000000 };
	unsigned int i, j;

	close(closed);
	for (i = 0; i < ARRAY_SIZE(reqs); i++) {
		for (j = 0; j < ARRAY_SIZE(bad); j++)
			EXPECT_EQ(-EBADF, set(self->fd, reqs[i], 1, bad[j]))
				TH_LOG("descriptor %d", bad[j]);
	}
}

/* One eventfd in every place, closed by its owner at once. */
TEST_F(eventfd, shared_and_closed)
{
	unsigned int i, q;

	for (i = 0; i < ARRAY_SIZE(reqs); i++)
		for (q = 0; q < XG_MAX_VQS; q++)
			XT_OK(set(self->fd, reqs[i], q, self->ev));
	xg_event_signal(self->ev);
	close(self->ev);
	XT_OK(xg_ioctl_reset_owner(self->fd));
	self->ev = xg_event();
}

/*
 * The kick eventfd is taken away and given back: what was kicked meanwhile is
 * still in it, so nothing may wait for ever.
 */
TEST(kick_away_and_back)
{
	struct xt_traffic t;
	unsigned int i, q;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 200; i++) {
		for (q = 0; q < XG_MAX_VQS; q++) {
			int ev = t.net.vq[q].kick_fd;

			XT_OK(xg_ioctl_set_vring_kick(t.net.fd, q, -1));
			if (i % 4 == 0)
				xt_msleep(1);
			XT_OK(xg_ioctl_set_vring_kick(t.net.fd, q, ev));
		}
	}
	XT_OK(xt_traffic_moves(&t, 100));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/*
 * Another kick eventfd each time. The guest's descriptor comes to mean the new
 * one a moment later; one signal covers what the old one got until then.
 */
TEST(kick_replaced)
{
	struct xt_traffic t;
	unsigned int i, q;
	int ev;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 100; i++) {
		for (q = 0; q < XG_MAX_VQS; q++) {
			ev = xg_event();
			ASSERT_LE(0, ev);
			XT_OK(xg_ioctl_set_vring_kick(t.net.fd, q, ev));
			ASSERT_LE(0, dup2(ev, t.net.vq[q].kick_fd));
			XT_OK(xg_event_signal(ev));
			close(ev);
		}
		XT_OK(xt_traffic_moves(&t, 1));
	}
	XT_OK(xt_traffic_moves(&t, 50));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/* No kick eventfd at all from the start, set later: the ring is looked at. */
TEST(kick_set_late)
{
	struct xt_traffic t;
	char frame[60];
	int ev;

	XT_OK(xt_traffic_open(&t, NULL));
	ev = t.net.vq[XG_TX].kick_fd;
	XT_OK(xg_ioctl_set_vring_kick(t.net.fd, XG_TX, -1));
	xg_frame_fill(frame, sizeof(frame), 1);
	XT_OK(xg_net_tx(&t.net, NULL, frame, sizeof(frame)));
	XT_OK(xg_ioctl_set_vring_kick(t.net.fd, XG_TX, ev));
	XT_OK(xg_net_tx_wait(&t.net, XT_PATIENCE_MS));
	EXPECT_EQ(60, xg_pkt_recv(t.tx_pkt, frame, sizeof(frame), XT_PATIENCE_MS));
	XT_OK(xt_traffic_check(&t));
	xt_traffic_close(&t);
}

/*
 * After VHOST_SET_VRING_CALL the old eventfd is silent. What it was told
 * before is passed on, as an owner does that masks an interrupt.
 */
TEST(call_replaced)
{
	int call[XG_MAX_VQS], spare[XG_MAX_VQS];
	struct xt_traffic t;
	unsigned int i, q;

	XT_OK(xt_traffic_open(&t, NULL));
	for (q = 0; q < XG_MAX_VQS; q++) {
		call[q] = t.net.vq[q].call_fd;
		spare[q] = xg_event();
		ASSERT_LE(0, spare[q]);
	}
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 200; i++) {
		for (q = 0; q < XG_MAX_VQS; q++) {
			XT_OK(xg_ioctl_set_vring_call(t.net.fd, q, spare[q]));
			if (i % 4 == 0)
				xt_msleep(1);
			XT_OK(xg_ioctl_set_vring_call(t.net.fd, q, call[q]));
			if (xg_event_take(spare[q]) > 0)
				xg_event_signal(call[q]);
		}
	}
	XT_OK(xt_traffic_moves(&t, 100));
	for (q = 0; q < XG_MAX_VQS; q++)
		EXPECT_EQ(0, xg_event_take(spare[q]))
			TH_LOG("queue %u signals an eventfd that it has no more", q);
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	for (q = 0; q < XG_MAX_VQS; q++)
		close(spare[q]);
	xt_traffic_close(&t);
}

/* Without a call eventfd frames pass all the same; with one again it is used. */
TEST(call_away_and_back)
{
	struct xt_traffic t;
	unsigned int i, q;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 200; i++) {
		for (q = 0; q < XG_MAX_VQS; q++) {
			int ev = t.net.vq[q].call_fd;

			XT_OK(xg_ioctl_set_vring_call(t.net.fd, q, -1));
			XT_OK(xg_ioctl_set_vring_call(t.net.fd, q, ev));
			/* The driver looks once: it knows that calls were off. */
			xg_event_signal(ev);
		}
	}
	XT_OK(xt_traffic_moves(&t, 100));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	XT_OK(xt_traffic_check(&t));
	xt_traffic_close(&t);
}

/* The error eventfd is set, replaced and cleared while frames pass. */
TEST(err_replaced)
{
	struct xt_traffic t;
	unsigned int i, q;
	int ev = xg_event();

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 200; i++)
		for (q = 0; q < XG_MAX_VQS; q++)
			XT_OK(xg_ioctl_set_vring_err(t.net.fd, q, i % 3 ? ev : -1));
	XT_OK(xt_traffic_moves(&t, 50));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	EXPECT_EQ(0, xg_event_take(ev));
	xt_traffic_close(&t);
}

/* A damaged ring: the error eventfd in force then is the one that is told. */
TEST(err_signalled)
{
	struct xt_traffic t;
	struct xg_vq *vq;
	int ev = xg_event();

	XT_OK(xt_traffic_open(&t, NULL));
	vq = &t.net.vq[XG_TX];
	XT_OK(xt_traffic_check(&t));
	XT_OK(xg_ioctl_set_vring_err(t.net.fd, XG_TX, ev));
	/* More available than there are descriptors. */
	xg_put16(&vq->split.avail->idx, vq->published + 1000);
	XT_OK(xg_vq_kick_always(vq));
	EXPECT_LT(0, xg_event_wait(ev, XT_PATIENCE_MS));
	EXPECT_EQ(0, xg_event_take(vq->err_fd));
	EXPECT_EQ(0, xg_event_take(t.net.vq[XG_RX].err_fd));
	xt_traffic_close(&t);
}

/* Every eventfd is closed by the owner under traffic: the device holds its own. */
TEST(closed_under_traffic)
{
	struct xt_traffic t;
	unsigned int q;

	XT_OK(xt_traffic_open(&t, NULL));
	t.patience_ms = 3000;
	XT_OK(xt_traffic_start(&t));
	XT_OK(xt_traffic_moves(&t, 50));
	for (q = 0; q < XG_MAX_VQS; q++) {
		close(t.net.vq[q].call_fd);
		close(t.net.vq[q].err_fd);
		close(t.net.vq[q].kick_fd);
	}
	xt_msleep(100);
	/* The threads may have met EBADF; what counts is that the device lives. */
	xt_traffic_stop(&t);
	t.patience_ms = 10000;
	for (q = 0; q < XG_MAX_VQS; q++) {
		t.net.vq[q].call_fd = xg_event();
		t.net.vq[q].kick_fd = xg_event();
		t.net.vq[q].err_fd = xg_event();
		XT_OK(xg_vq_attach(&t.net.vq[q], -1));
	}
	XT_OK(xt_traffic_renew(&t, false, 0));
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
