// SPDX-License-Identifier: GPL-2.0-only
/* More than one worker: made, given queues, raced, ended. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

#include "traffic.h"
#include "xtest.h"

#define MAX_WORKERS	8
#define NONE		"vhost-net has one worker and no ioctls for others"

FIXTURE(workers) {
	int fd;
};

FIXTURE_SETUP(workers)
{
	if (!xt_is_xnet())
		XT_SKIP_SETUP(NONE);
	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", xt_dev(), xt_errno(self->fd));
	XT_OK(xg_ioctl_set_owner(self->fd));
}

FIXTURE_TEARDOWN(workers)
{
	close(self->fd);
}

static const unsigned long requests[] = {
	VHOST_NEW_WORKER, VHOST_FREE_WORKER, VHOST_ATTACH_VRING_WORKER, VHOST_GET_VRING_WORKER,
};

/* Without an owner it is another error than with a wrong one, and it comes first. */
TEST(no_owner)
{
	unsigned int words[2] = { 0, 0 }, i;
	int fd;

	if (!xt_is_xnet())
		SKIP(return, NONE);
	fd = xg_open(xt_dev());
	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		XT_ERR(-EINVAL, xg_ioctl(fd, requests[i], words));
		XT_ERR(-EINVAL, xg_ioctl(fd, requests[i], NULL));
	}
	close(fd);
}

TEST_F(workers, not_owner)
{
	unsigned int words[2] = { 0, 0 }, i;
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (i = 0; i < ARRAY_SIZE(requests); i++)
			if (xg_ioctl(self->fd, requests[i], words) != -EPERM ||
			    xg_ioctl(self->fd, requests[i], NULL) != -EPERM)
				_exit(i + 1);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(workers, numbers)
{
	unsigned int id, i;

	for (i = 0; i < XG_MAX_VQS; i++) {
		XT_OK(xg_ioctl_get_worker(self->fd, i, &id));
		EXPECT_EQ(0, id);
	}
	for (i = 1; i < MAX_WORKERS; i++) {
		XT_OK(xg_ioctl_new_worker(self->fd, &id));
		EXPECT_EQ(i, id);
		EXPECT_EQ(i + 1, xg_worker_find(getpid(), NULL, 0));
	}
	XT_ERR(-ENOMEM, xg_ioctl_new_worker(self->fd, &id));
	XT_OK(xg_ioctl_free_worker(self->fd, 5));
	XT_ERR(-ENODEV, xg_ioctl_free_worker(self->fd, 5));
	XT_OK(xg_ioctl_free_worker(self->fd, 3));
	/* The lowest number that is free. */
	XT_OK(xg_ioctl_new_worker(self->fd, &id));
	EXPECT_EQ(3, id);
	XT_OK(xg_ioctl_new_worker(self->fd, &id));
	EXPECT_EQ(5, id);
	XT_ERR(-ENOMEM, xg_ioctl_new_worker(self->fd, &id));
}

TEST_F(workers, wrong_numbers)
{
	unsigned int wrong[] = { 1, 7, 8, 9, 64, 0x7fffffff, 0x80000000, ~0U }, i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		XT_ERR(-ENODEV, xg_ioctl_free_worker(self->fd, wrong[i]));
		XT_ERR(-ENODEV, xg_ioctl_attach_worker(self->fd, 0, wrong[i]));
	}
	for (i = 2; i; i <<= 1) {
		unsigned int id;

		XT_ERR(-ENOBUFS, xg_ioctl_attach_worker(self->fd, i, 0));
		XT_ERR(-ENOBUFS, xg_ioctl_get_worker(self->fd, i, &id));
	}
}

TEST_F(workers, busy)
{
	unsigned int id;

	XT_ERR(-EBUSY, xg_ioctl_free_worker(self->fd, 0));
	XT_OK(xg_ioctl_new_worker(self->fd, &id));
	XT_OK(xg_ioctl_attach_worker(self->fd, 0, id));
	XT_OK(xg_ioctl_attach_worker(self->fd, 0, id));
	XT_ERR(-EBUSY, xg_ioctl_free_worker(self->fd, id));
	XT_ERR(-EBUSY, xg_ioctl_free_worker(self->fd, 0));
	XT_OK(xg_ioctl_attach_worker(self->fd, 1, id));
	/* The first one is like any other. */
	XT_OK(xg_ioctl_free_worker(self->fd, 0));
	XT_ERR(-ENODEV, xg_ioctl_attach_worker(self->fd, 0, 0));
	XT_OK(xg_ioctl_new_worker(self->fd, &id));
	EXPECT_EQ(0, id);
	XT_OK(xg_ioctl_attach_worker(self->fd, 0, 0));
	XT_OK(xg_ioctl_attach_worker(self->fd, 1, 0));
	XT_OK(xg_ioctl_free_worker(self->fd, 1));
}

TEST_F(workers, bad_pointers)
{
	void *bad[] = { NULL, (void *)8, (void *)(~0UL << 12), (void *)-1L };
	unsigned int i, j, id;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		for (j = 0; j < ARRAY_SIZE(bad); j++)
			XT_ERR(-EFAULT, xg_ioctl(self->fd, requests[i], bad[j]));
	/* What nobody was told of is not there, or not for long. */
	EXPECT_TRUE(XT_UNTIL(xg_worker_find(getpid(), NULL, 0) == 1));
	XT_OK(xg_ioctl_new_worker(self->fd, &id));
	EXPECT_EQ(1, id);
}

TEST_F(workers, start_anew)
{
	struct vhost_memory none = { 0 };
	unsigned int id;

	XT_OK(xg_ioctl_new_worker(self->fd, &id));
	XT_OK(xg_ioctl_new_worker(self->fd, &id));
	XT_OK(xg_ioctl_attach_worker(self->fd, 1, id));
	XT_OK(xg_ioctl_set_mem_table(self->fd, &none));
	XT_OK(xg_ioctl_reset_owner(self->fd));
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
	XT_OK(xg_ioctl_set_owner(self->fd));
	EXPECT_TRUE(XT_UNTIL(xg_worker_find(getpid(), NULL, 0) == 1));
	XT_OK(xg_ioctl_get_worker(self->fd, 1, &id));
	EXPECT_EQ(0, id);
	XT_ERR(-ENODEV, xg_ioctl_free_worker(self->fd, 2));
}

/* Nobody who looks for a thread by the name it always had finds another one. */
TEST_F(workers, names)
{
	char path[64], want[32], got[32];
	unsigned int id, i, plain = 0;
	pid_t tid[3];

	XT_OK(xg_ioctl_new_worker(self->fd, &id));
	XT_OK(xg_ioctl_new_worker(self->fd, &id));
	ASSERT_EQ(3, xg_worker_find(getpid(), tid, 3));
	for (i = 0; i < 3; i++) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/comm", tid[i]);
		f = fopen(path, "re");
		ASSERT_NE(NULL, f);
		ASSERT_NE(NULL, fgets(got, sizeof(got), f));
		fclose(f);
		snprintf(want, sizeof(want), "vhost-%d\n", getpid());
		plain += !strcmp(got, want);
	}
	EXPECT_EQ(1, plain);
}

/* A queue goes from thread to thread, now in the middle of a batch, now asleep. */
static void move_under_traffic(struct __test_metadata *_metadata, unsigned int burst,
			       unsigned int pause_ms, unsigned int moves)
{
	unsigned int id[3] = { 0 }, i;
	struct xt_traffic t;

	XT_OK(xt_traffic_open(&t, NULL));
	t.burst = burst;
	XT_OK(xg_ioctl_new_worker(t.net.fd, &id[1]));
	XT_OK(xg_ioctl_new_worker(t.net.fd, &id[2]));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < moves; i++) {
		XT_OK(xg_ioctl_attach_worker(t.net.fd, i % 2, id[i / 2 % 3]));
		if (pause_ms)
			xt_msleep(pause_ms);
		if (i % 64 == 63)
			XT_OK(xt_traffic_moves(&t, 20));
	}
	XT_OK(xt_traffic_moves(&t, 50));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

TEST_F(workers, move_busy)
{
	move_under_traffic(_metadata, 16, 0, 1500);
}

TEST_F(workers, move_each_frame)
{
	move_under_traffic(_metadata, 1, 0, 1500);
}

TEST_F(workers, move_now_and_then)
{
	move_under_traffic(_metadata, 4, 3, 200);
}

/* What is set up while no thread listens is found by the one that comes. */
TEST_F(workers, move_stopped)
{
	struct xt_traffic t;
	unsigned int id, i;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xg_ioctl_new_worker(t.net.fd, &id));
	for (i = 0; i < 20; i++) {
		XT_OK(xg_net_stop(&t.net));
		XT_OK(xg_ioctl_attach_worker(t.net.fd, XG_RX, i % 2 ? 0 : id));
		XT_OK(xg_ioctl_attach_worker(t.net.fd, XG_TX, i % 3 ? 0 : id));
		XT_OK(xg_net_start(&t.net));
		EXPECT_EQ(0, xt_traffic_check(&t))
			TH_LOG("round %u: %s", i, xt_traffic_step(&t));
	}
	xt_traffic_close(&t);
}

/* A broken queue moves, stays broken, and lives again on its new thread. */
TEST_F(workers, move_broken)
{
	struct xt_traffic t;
	struct xg_vq *vq = &t.net.vq[XG_TX];
	unsigned int id;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_check(&t));
	xg_put16(&vq->split.avail->idx, vq->published + vq->cfg.num + 1);
	XT_OK(xg_event_signal(vq->kick_fd));
	ASSERT_LT(0, xg_event_wait(vq->err_fd, XT_PATIENCE_MS));
	XT_OK(xg_ioctl_new_worker(t.net.fd, &id));
	XT_OK(xg_ioctl_attach_worker(t.net.fd, XG_TX, id));
	xg_put16(&vq->split.avail->idx, vq->published);
	XT_OK(xg_net_stop(&t.net));
	XT_OK(xg_net_start(&t.net));
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/* Each direction costs the thread it was given to, and no other. */
TEST_F(workers, each_its_own)
{
	struct xg_cpu before[3], after[3];
	pid_t tid[3], all[3];
	struct xt_traffic t;
	unsigned int id, i, n, k;

	close(self->fd);
	self->fd = -1;
	ASSERT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
	XT_OK(xt_traffic_open(&t, NULL));
	for (n = 0; n < 3; n++) {
		if (n)
			XT_OK(xg_ioctl_new_worker(t.net.fd, &id));
		ASSERT_EQ(n + 1, xg_worker_find(getpid(), all, 3));
		/* The one that was not there before. */
		for (i = 0; i <= n; i++) {
			for (k = 0; k < n && tid[k] != all[i]; k++)
				;
			if (k == n)
				tid[n] = all[i];
		}
	}
	XT_OK(xg_ioctl_attach_worker(t.net.fd, XG_RX, 1));
	XT_OK(xg_ioctl_attach_worker(t.net.fd, XG_TX, 2));
	for (i = 0; i < 3; i++)
		XT_OK(xg_worker_cpu(tid[i], &before[i]));
	XT_OK(xt_traffic_start(&t));
	XT_OK(xt_traffic_moves(&t, 500));
	XT_OK(xt_traffic_stop(&t));
	for (i = 0; i < 3; i++)
		XT_OK(xg_worker_cpu(tid[i], &after[i]));
	EXPECT_EQ(before[0].slices, after[0].slices);
	EXPECT_LT(before[1].slices, after[1].slices);
	EXPECT_LT(before[1].run_ns, after[1].run_ns);
	EXPECT_LT(before[2].slices, after[2].slices);
	EXPECT_LT(before[2].run_ns, after[2].run_ns);
	xt_traffic_close(&t);
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
}

/**
 * struct race - threads that ask for all things at once
 * @t: the device, with traffic
 * @stop: asks them to end
 * @odd: answers that should not be
 */
struct race {
	struct xt_traffic t;
	atomic_bool stop;
	atomic_uint odd;
};

static bool race_turn(int fd, uint64_t s)
{
	unsigned int index = s & 1, id = s >> 1 & 7, got;
	int ret;

	switch (s >> 8 & 7) {
	case 0:
	case 1:
		ret = xg_ioctl_new_worker(fd, &got);
		return (!ret && got < MAX_WORKERS) || ret == -ENOMEM;
	case 2:
	case 3:
		ret = xg_ioctl_free_worker(fd, id);
		return !ret || ret == -EBUSY || ret == -ENODEV;
	case 4:
		ret = xg_ioctl_get_worker(fd, index, &got);
		return !ret && got < MAX_WORKERS;
	case 5:
		return !xg_ioctl_set_features(fd, XG_F_MODERN);
	default:
		ret = xg_ioctl_attach_worker(fd, index, id);
		return !ret || ret == -ENODEV;
	}
}

static void *race_thread(void *data)
{
	struct race *r = data;
	uint64_t s = (uintptr_t)&s;

	while (!atomic_load(&r->stop)) {
		s = s * 6364136223846793005ULL + 1442695040888963407ULL;
		if (!race_turn(r->t.net.fd, s >> 32))
			atomic_fetch_add(&r->odd, 1);
	}
	return NULL;
}

TEST_F(workers, race)
{
	struct race r = { 0 };
	pthread_t thread[3];
	unsigned int i;

	close(self->fd);
	self->fd = -1;
	XT_OK(xt_traffic_open(&r.t, NULL));
	r.t.patience_ms = 30000;
	XT_OK(xt_traffic_start(&r.t));
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, race_thread, &r));
	XT_OK(xt_traffic_moves(&r.t, 400));
	EXPECT_GE(MAX_WORKERS, xg_worker_find(getpid(), NULL, 0));
	atomic_store(&r.stop, true);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(0, atomic_load(&r.odd));
	EXPECT_EQ(0, xt_traffic_stop(&r.t))
		TH_LOG("%s", xt_traffic_step(&r.t));
	xt_traffic_close(&r.t);
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
}

/* Moves queues until it is killed. */
static void doomed(void)
{
	struct xt_traffic t;
	unsigned int id, i;

	if (xt_traffic_open(&t, NULL) || xg_ioctl_new_worker(t.net.fd, &id) ||
	    xt_traffic_start(&t))
		_exit(1);
	for (i = 0;; i++)
		if (xg_ioctl_attach_worker(t.net.fd, i % 2, i / 2 % 2))
			_exit(2);
}

/* Whenever the owner is killed, all of its threads end. */
TEST_F(workers, owner_dies)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		int status = 0;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			doomed();
		EXPECT_TRUE(XT_UNTIL(xg_worker_find(pid, NULL, 0) == 2));
		xt_msleep(20 + 37 * i);
		EXPECT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status))
			TH_LOG("ended by itself: %#x", status);
		EXPECT_TRUE(XT_UNTIL(!xg_worker_find(pid, NULL, 0)));
	}
}

TEST_HARNESS_MAIN
