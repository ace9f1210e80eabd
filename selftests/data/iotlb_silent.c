// SPDX-License-Identifier: GPL-2.0-only
/*
 * A user space that leaves a question about the IOTLB without an answer: nothing
 * that it does with the device waits for that, nor does the other queue.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "rig.h"

#define LEN	60
#define KICKS	300

static const struct xg_net_cfg config = { .features = XG_F_MODERN | XG_F_ACCESS_PLATFORM };

FIXTURE(silent) {
	struct rig r;
	uint32_t waits;
};

FIXTURE_VARIANT(silent) {
	unsigned int q;
	bool is_read;
};

FIXTURE_VARIANT_ADD(silent, transmit) { .q = XG_TX };
FIXTURE_VARIANT_ADD(silent, transmit_read) { .q = XG_TX, .is_read = true };
FIXTURE_VARIANT_ADD(silent, receive) { .q = XG_RX };
FIXTURE_VARIANT_ADD(silent, receive_read) { .q = XG_RX, .is_read = true };

/* Tell of so many bytes, and of none beside them. */
static void tell_of(struct __test_metadata *_metadata, struct rig *r, uint64_t gpa, uint64_t len)
{
	XT_OK(xg_iotlb_update(r->net.fd, gpa, len, xg_mem_ptr(&r->net.mem, gpa, len),
			      VHOST_ACCESS_RW));
}

/* Tell of a queue's ring and buffers. */
static void tell(struct __test_metadata *_metadata, struct rig *r, unsigned int q)
{
	const struct xg_vq_cfg *cfg = &r->net.vq[q].cfg;
	const uint64_t *gpa = q == XG_RX ? r->net.rx_gpa : r->net.tx_gpa;
	unsigned int n = q == XG_RX ? r->net.cfg.rx_bufs : r->net.cfg.num;
	uint64_t size = q == XG_RX ? r->net.cfg.rx_buf : r->net.cfg.tx_buf;

	tell_of(_metadata, r, cfg->desc_gpa, 16 * cfg->num);
	tell_of(_metadata, r, cfg->driver_gpa, 6 + 2 * cfg->num);
	tell_of(_metadata, r, cfg->device_gpa, 6 + 8 * cfg->num);
	tell_of(_metadata, r, gpa[0], gpa[n - 1] + size - gpa[0]);
}

/* What the worker had been asked to do so far is done. */
static void settle(struct __test_metadata *_metadata, struct rig *r)
{
	unsigned int q, base;

	for (q = 0; q < XG_MAX_VQS; q++)
		XT_OK(xg_ioctl_get_vring_base(r->net.fd, q, &base));
}

/* Read all questions; returns how many there were. */
static unsigned int questions(struct __test_metadata *_metadata, struct rig *r)
{
	struct vhost_iotlb_msg msg;
	unsigned int n = 0;
	int ret;

	while (!(ret = xg_iotlb_read(r->net.fd, &msg))) {
		ASSERT_EQ(VHOST_IOTLB_MISS, msg.type);
		n++;
	}
	EXPECT_EQ(-EAGAIN, ret);
	return n;
}

/* Give a queue something to do: a frame with the number that is returned. */
static uint32_t give(struct __test_metadata *_metadata, struct rig *r, unsigned int q)
{
	if (q == XG_RX) {
		rig_send(_metadata, r, LEN, r->seed);
	} else {
		rig_add(_metadata, r, LEN, r->seed);
		xg_vq_publish(&r->net.vq[XG_TX]);
		XT_OK(xg_vq_kick_always(&r->net.vq[XG_TX]));
	}
	return r->seed++;
}

/*
 * A device of which one queue knows nothing any more, has something to do, and has
 * asked. Returns the number of the frame that waits for that.
 */
static uint32_t starve(struct __test_metadata *_metadata, struct rig *r, unsigned int q)
{
	struct pollfd p = { .events = POLLIN };
	uint32_t waits;

	rig_make(_metadata, r, &config, 0);
	XT_OK(xg_net_start(&r->net));
	rig_tx(_metadata, r, LEN, 0, 1);
	rig_rx(_metadata, r, LEN, 0, 1);
	/* From here on nobody answers. */
	XT_OK(xg_iommu_stop(&r->net.iommu));
	settle(_metadata, r);
	questions(_metadata, r);
	XT_OK(xg_iotlb_invalidate(r->net.fd, 0, -1ULL));
	tell(_metadata, r, !q);
	waits = give(_metadata, r, q);
	p.fd = r->net.fd;
	ASSERT_EQ(1, poll(&p, 1, xg_patience(XT_PATIENCE_MS)));
	return waits;
}

FIXTURE_SETUP(silent)
{
	XT_OK(xg_netns());
	self->waits = starve(_metadata, &self->r, variant->q);
	if (variant->is_read)
		ASSERT_EQ(1, questions(_metadata, &self->r));
}

FIXTURE_TEARDOWN(silent)
{
	rig_close(&self->r);
}

/* The other queue has not lost anything, and waits for nothing. */
static void other_moves(struct __test_metadata *_metadata, struct rig *r, unsigned int q)
{
	if (q == XG_TX)
		rig_rx(_metadata, r, LEN, 1, 50);
	else
		rig_tx(_metadata, r, LEN, 1, 50);
}

/* After all somebody answers, and what has waited gets where it should. */
static void answered(struct __test_metadata *_metadata, struct rig *r, unsigned int q,
		     uint32_t waits)
{
	tell(_metadata, r, q);
	/* With vhost-net an answer to what nobody has read wakes nobody up. */
	XT_OK(xg_vq_kick_always(&r->net.vq[q]));
	if (q == XG_RX) {
		rig_take(_metadata, r, LEN, waits);
	} else {
		rig_expect(_metadata, r, LEN, waits);
		XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
	}
}

TEST_F(silent, other_queue)
{
	other_moves(_metadata, &self->r, variant->q);
	answered(_metadata, &self->r, variant->q, self->waits);
}

/* However often it is kicked, a queue has one question at a time. */
TEST_F(silent, kicks)
{
	struct xg_vq *vq = &self->r.net.vq[variant->q];
	unsigned int i, k, n;

	for (i = 0; i < 5; i++) {
		for (k = 0; k < KICKS; k++)
			XT_OK(xg_vq_kick_always(vq));
		settle(_metadata, &self->r);
		n = questions(_metadata, &self->r);
		if (n > 1 && !xt_is_xnet())
			SKIP(return, "the vhost-net of this kernel asks once for each kick");
		/* In-tree vhost of new kernels keeps to the first question, once read. */
		EXPECT_GE(1, n);
		if (xt_is_xnet())
			EXPECT_EQ(1, n);
		/* Without a kick it does not ask again. */
		settle(_metadata, &self->r);
		EXPECT_EQ(0, questions(_metadata, &self->r));
	}
	other_moves(_metadata, &self->r, variant->q);
	answered(_metadata, &self->r, variant->q, self->waits);
}

TEST_F(silent, detach)
{
	struct xg_net *net = &self->r.net;

	XT_OK(xg_vq_attach(&net->vq[variant->q], -1));
	/* Vhost-net leaves the questions of a stopped queue. */
	if (xt_is_xnet())
		EXPECT_EQ(0, questions(_metadata, &self->r));
	other_moves(_metadata, &self->r, variant->q);
	tell(_metadata, &self->r, variant->q);
	XT_OK(xg_vq_attach(&net->vq[variant->q], net->tap.fd[0]));
	answered(_metadata, &self->r, variant->q, self->waits);
}

TEST_F(silent, get_base)
{
	struct xg_vq *vq = &self->r.net.vq[variant->q];
	unsigned int base = -1;

	XT_OK(xg_ioctl_get_vring_base(self->r.net.fd, variant->q, &base));
	/* It has not taken what it cannot see. */
	EXPECT_EQ(vq->used, base);
	other_moves(_metadata, &self->r, variant->q);
	answered(_metadata, &self->r, variant->q, self->waits);
}

TEST_F(silent, reset_owner)
{
	int fd = self->r.net.fd;

	XT_OK(xg_ioctl_reset_owner(fd));
	EXPECT_EQ(0, questions(_metadata, &self->r));
	EXPECT_TRUE(XT_UNTIL(xg_worker_find(getpid(), NULL, 0) == 0));
	/* Its next owner finds nothing of that. */
	XT_OK(xg_ioctl_set_owner(fd));
	XT_OK(xg_ioctl_set_features(fd, config.features));
	EXPECT_EQ(0, questions(_metadata, &self->r));
}

TEST_F(silent, close)
{
	struct xg_net *net = &self->r.net;
	uint8_t frame[RIG_ROOM];

	EXPECT_EQ(0, close(net->fd));
	net->fd = -1;
	EXPECT_TRUE(XT_UNTIL(xg_worker_find(getpid(), NULL, 0) == 0));
	/* What waited in the tap is there for the next one. */
	if (variant->q == XG_TX)
		return;
	ASSERT_EQ((ssize_t)net->hdr_len + LEN, read(net->tap.fd[0], frame, sizeof(frame)));
	EXPECT_EQ(-1, xg_frame_check(frame + net->hdr_len, LEN, self->waits));
}

/* Asks, says so, and waits for the next question, which never comes. */
static void ask_for_ever(struct __test_metadata *_metadata, unsigned int q, int ready)
{
	static struct rig r;
	struct vhost_iotlb_msg msg;

	XT_OK(xg_netns());
	starve(_metadata, &r, q);
	ASSERT_EQ(0, fcntl(r.net.fd, F_SETFL, 0));
	ASSERT_EQ(1, write(ready, "", 1));
	for (;;)
		xg_iotlb_read(r.net.fd, &msg);
}

/* Nothing keeps an owner alive. */
TEST(killed)
{
	unsigned int q;

	for (q = 0; q < XG_MAX_VQS; q++) {
		int ready[2], status = 0;
		pid_t pid;
		char c;

		ASSERT_EQ(0, pipe(ready));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			ask_for_ever(_metadata, q, ready[1]);
			_exit(1);
		}
		close(ready[1]);
		ASSERT_EQ(1, read(ready[0], &c, 1));
		close(ready[0]);
		xt_msleep(50);
		EXPECT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		EXPECT_TRUE(XT_UNTIL(xg_worker_find(pid, NULL, 0) == 0));
	}
}

TEST_HARNESS_MAIN
