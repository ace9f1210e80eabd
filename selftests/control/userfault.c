// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker held up in a page fault of guest memory, which its owner serves when
 * it pleases (userfaultfd), and what the owner does to the queue meanwhile.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/userfaultfd.h>

#include "traffic.h"
#include "xtest.h"

#define PAGE		4096
#define GPA		0x10000000000ULL	/* far behind all other guest memory */
#define FRAME_LEN	100
#define SHORT_MS	300	/* what happens although it must not happens by then */

/**
 * struct hole - a transmit queue with a page that is not there
 * @t: the device
 * @uffd: where its faults are served
 * @page: guest memory that nobody has touched
 * @gpa: of a frame that is there, behind a header
 * @late: done by a thread that has to wait
 * @fn: what it does
 * @ret: what came of it
 */
struct hole {
	struct xt_traffic t;
	int uffd;
	void *page;
	uint64_t gpa;
	atomic_bool late;
	int (*fn)(struct hole *h);
	int ret;
};

static int hole_watch(struct hole *h)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)h->page, .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	h->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (h->uffd < 0)
		return -errno;
	if (ioctl(h->uffd, UFFDIO_API, &api) || ioctl(h->uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return 0;
}

static int hole_open(struct hole *h)
{
	struct xg_mem *mem = &h->t.net.mem;
	int ret;

	memset(h, 0, sizeof(*h));
	ret = xt_traffic_open(&h->t, NULL);
	if (ret)
		return ret;
	ret = xg_mem_alloc(mem, -1, PAGE, PAGE, &h->gpa);
	if (ret)
		return ret;
	ret = xg_mem_add(mem, GPA, PAGE, 0);
	if (ret < 0)
		return ret;
	h->page = mem->region[ret].host;
	ret = xg_mem_commit(h->t.net.fd, mem);
	return ret ? ret : hole_watch(h);
}

static void hole_close(struct hole *h)
{
	close(h->uffd);
	xt_traffic_close(&h->t);
}

/* Has the device send what is at @gpa. */
static int hole_send(struct hole *h, uint64_t gpa)
{
	struct xg_seg seg = { .gpa = gpa, .len = h->t.net.hdr_len + FRAME_LEN };
	struct xg_vq *vq = &h->t.net.vq[XG_TX];
	int ret = xg_vq_add(vq, &seg, 1, NULL, gpa);

	if (ret < 0)
		return ret;
	xg_vq_publish(vq);
	return xg_vq_kick_always(vq);
}

/* Sends a frame that is not there and waits until the worker has noticed. */
static int hole_fall(struct hole *h)
{
	struct pollfd p = { .fd = h->uffd, .events = POLLIN };
	struct uffd_msg msg;
	int ret = hole_send(h, GPA);

	if (ret)
		return ret;
	if (poll(&p, 1, xg_patience(XT_PATIENCE_MS)) != 1)
		return -ETIMEDOUT;
	if (read(h->uffd, &msg, sizeof(msg)) != sizeof(msg))
		return -errno;
	return msg.event == UFFD_EVENT_PAGEFAULT &&
	       (msg.arg.pagefault.address & ~(PAGE - 1ULL)) == (uintptr_t)h->page ? 0 : -EBADMSG;
}

/* Puts frame number @seed there, and the worker goes on. */
static int hole_fill(struct hole *h, uint32_t seed)
{
	char page[PAGE] = { 0 };
	struct uffdio_copy copy = {
		.dst = (uintptr_t)h->page, .src = (uintptr_t)page, .len = PAGE,
	};

	xg_frame_fill(page + h->t.net.hdr_len, FRAME_LEN, seed);
	return ioctl(h->uffd, UFFDIO_COPY, &copy) ? -errno : 0;
}

static int expect_used(struct hole *h, uint64_t gpa)
{
	struct xg_used used;
	int ret = xg_vq_pop(&h->t.net.vq[XG_TX], &used);

	if (ret != 1)
		return ret ? ret : -ENODATA;
	return used.cookie == gpa ? 0 : -EBADMSG;
}

/* The next frame to come out is number @seed. */
static int expect_frame(struct hole *h, uint32_t seed)
{
	char frame[2 * FRAME_LEN];
	ssize_t len = xg_pkt_recv(h->t.tx_pkt, frame, sizeof(frame), XT_PATIENCE_MS);

	if (len <= 0)
		return len ? len : -ETIMEDOUT;
	return len == FRAME_LEN && xg_frame_check(frame, len, seed) < 0 ? 0 : -EBADMSG;
}

static bool nothing_sent(struct hole *h)
{
	char frame[2 * FRAME_LEN];

	return !xg_pkt_recv(h->t.tx_pkt, frame, sizeof(frame), SHORT_MS) &&
	       !xg_vq_pending(&h->t.net.vq[XG_TX]);
}

static void *late_thread(void *data)
{
	struct hole *h = data;

	h->ret = h->fn(h);
	atomic_store(&h->late, true);
	return NULL;
}

static int move(struct hole *h)
{
	return xg_ioctl_attach_worker(h->t.net.fd, XG_TX, 1);
}

static int detach(struct hole *h)
{
	return xg_vq_attach(&h->t.net.vq[XG_TX], -1);
}

/*
 * The old worker has the queue until it is through with it; the new one, told
 * of more frames meanwhile, keeps its hands off.
 */
TEST(move_waits)
{
	pthread_t thread;
	unsigned int id;
	struct hole h;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net has one worker and no ioctls for others");
	XT_OK(hole_open(&h));
	XT_OK(xg_ioctl_new_worker(h.t.net.fd, &id));
	ASSERT_EQ(1, id);
	xg_frame_fill((char *)xg_mem_ptr(&h.t.net.mem, h.gpa, PAGE) + h.t.net.hdr_len,
		      FRAME_LEN, 2);
	XT_OK(hole_fall(&h));
	h.fn = move;
	ASSERT_EQ(0, pthread_create(&thread, NULL, late_thread, &h));
	xt_msleep(xg_patience(SHORT_MS));
	XT_OK(hole_send(&h, h.gpa));
	EXPECT_TRUE(nothing_sent(&h));
	EXPECT_FALSE(atomic_load(&h.late));
	XT_OK(hole_fill(&h, 1));
	EXPECT_TRUE(XT_UNTIL(xg_vq_pending(&h.t.net.vq[XG_TX]) == 2));
	XT_OK(expect_used(&h, GPA));
	XT_OK(expect_used(&h, h.gpa));
	XT_OK(expect_frame(&h, 1));
	XT_OK(expect_frame(&h, 2));
	EXPECT_TRUE(nothing_sent(&h));
	pthread_join(thread, NULL);
	XT_OK(h.ret);
	XT_OK(xt_traffic_check(&h.t));
	hole_close(&h);
}

/* A queue is stopped when its worker is through, and what that did is done. */
TEST(stop_waits)
{
	pthread_t thread;
	unsigned int base;
	struct hole h;

	XT_OK(hole_open(&h));
	XT_OK(hole_fall(&h));
	h.fn = detach;
	ASSERT_EQ(0, pthread_create(&thread, NULL, late_thread, &h));
	xt_msleep(xg_patience(SHORT_MS));
	EXPECT_TRUE(nothing_sent(&h));
	EXPECT_FALSE(atomic_load(&h.late));
	XT_OK(hole_fill(&h, 1));
	pthread_join(thread, NULL);
	XT_OK(h.ret);
	XT_OK(expect_used(&h, GPA));
	XT_OK(expect_frame(&h, 1));
	XT_OK(xg_ioctl_get_vring_base(h.t.net.fd, XG_TX, &base));
	EXPECT_EQ(1, base);
	XT_OK(xg_net_stop(&h.t.net));
	XT_OK(xg_net_start(&h.t.net));
	XT_OK(xt_traffic_check(&h.t));
	hole_close(&h);
}

/* Nobody is left to serve the fault. */
TEST(owner_dies)
{
	int status, ready[2];
	struct hole h;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	fflush(stdout);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (hole_open(&h) || hole_fall(&h) || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(2);
	}
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(1, xg_worker_find(pid, NULL, 0));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(pid, NULL, 0)));
	close(ready[0]);
}

TEST_HARNESS_MAIN
