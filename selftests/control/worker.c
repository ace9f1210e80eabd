// SPDX-License-Identifier: GPL-2.0-only
/* The worker thread: its name, where it belongs, its end, and how fair it is. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "traffic.h"
#include "xtest.h"

/* Reads a file of a thread; returns bytes read or -errno. */
static ssize_t proc_read(pid_t tid, const char *file, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	return n;
}

FIXTURE(worker) {
	int fd;
	pid_t tid;
};

FIXTURE_SETUP(worker)
{
	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", xt_dev(), xt_errno(self->fd));
	ASSERT_EQ(0, xg_worker_find(getpid(), &self->tid, 1));
	XT_OK(xg_ioctl_set_owner(self->fd));
	ASSERT_EQ(1, xg_worker_find(getpid(), &self->tid, 1));
}

FIXTURE_TEARDOWN(worker)
{
	close(self->fd);
}

TEST_F(worker, name)
{
	char want[32], got[32];

	snprintf(want, sizeof(want), "vhost-%d\n", getpid());
	ASSERT_LT(0, proc_read(self->tid, "comm", got, sizeof(got)));
	EXPECT_STREQ(want, got);
}

TEST_F(worker, ends)
{
	struct vhost_memory none = { 0 };

	XT_OK(xg_ioctl_set_mem_table(self->fd, &none));
	XT_OK(xg_ioctl_reset_owner(self->fd));
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
	XT_OK(xg_ioctl_set_owner(self->fd));
	EXPECT_EQ(1, xg_worker_find(getpid(), NULL, 0));
	close(self->fd);
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
	self->fd = -1;
}

/* Without anything to do it does not run. */
TEST_F(worker, idle)
{
	struct xg_cpu before, after;

	xt_msleep(200);
	XT_OK(xg_worker_cpu(self->tid, &before));
	xt_msleep(500);
	XT_OK(xg_worker_cpu(self->tid, &after));
	EXPECT_GE(3, after.slices - before.slices);
	EXPECT_GE(50000000, after.run_ns - before.run_ns);
}

/* Its signals are its owner's business alone: it cannot be killed. */
TEST_F(worker, not_killed)
{
	unsigned int base;

	kill(self->tid, SIGKILL);
	kill(self->tid, SIGTERM);
	xt_msleep(50);
	EXPECT_EQ(1, xg_worker_find(getpid(), NULL, 0));
	XT_OK(xg_ioctl_get_vring_base(self->fd, 0, &base));
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -errno : 0;
}

/* Moves to a cgroup, becomes an owner, compares; runs in a process of its own. */
static int cgroup_child(const char *dir)
{
	char path[128], pid[16], mine[256], its[256];
	pid_t tid;
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (write_file(path, pid))
		return 1;
	fd = xg_open(xt_dev());
	if (fd < 0 || xg_ioctl_set_owner(fd) || xg_worker_find(getpid(), &tid, 1) != 1)
		return 2;
	if (proc_read(getpid(), "cgroup", mine, sizeof(mine)) <= 0 ||
	    proc_read(tid, "cgroup", its, sizeof(its)) <= 0)
		return 3;
	fprintf(stderr, "# owner in %s# worker in %s", mine, its);
	return strstr(mine, "xnet-selftest") && !strcmp(mine, its) ? 0 : 4;
}

TEST(cgroup)
{
	const char *dir = "/sys/fs/cgroup/xnet-selftest";
	int status;
	pid_t pid;

	if (mkdir(dir, 0755) && errno != EEXIST)
		SKIP(return, "no version 2 hierarchy of cgroups");
	fflush(stdout);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(cgroup_child(dir));
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, WEXITSTATUS(status));
	/* Owner and worker gone, nothing keeps the group. */
	EXPECT_TRUE(XT_UNTIL(!rmdir(dir)));
}

/* The worker's time is the work's: frames cost it CPU time, and it alone. */
TEST(does_the_work)
{
	struct xg_cpu before, after;
	struct xt_traffic t;
	pid_t tid;

	XT_OK(xt_traffic_open(&t, NULL));
	ASSERT_EQ(1, xg_worker_find(getpid(), &tid, 1));
	XT_OK(xg_worker_cpu(tid, &before));
	XT_OK(xt_traffic_check(&t));
	XT_OK(xg_worker_cpu(tid, &after));
	EXPECT_LT(before.slices, after.slices);
	EXPECT_LT(before.run_ns, after.run_ns);
	xt_traffic_close(&t);
}

/**
 * struct hog - a guest that keeps its transmit ring full for ever
 * @t: the device
 * @stop: asks it to end
 * @turns: times it found room
 */
struct hog {
	struct xt_traffic *t;
	atomic_bool stop;
	atomic_ulong turns;
};

static void *hog_thread(void *data)
{
	struct hog *h = data;
	struct xg_vq *vq = &h->t->net.vq[XG_TX];
	uint16_t used, avail = vq->published;

	while (!atomic_load(&h->stop)) {
		used = xg_get16(&vq->split.used->idx);
		if ((uint16_t)(used + vq->cfg.num) == avail)
			continue;
		avail = used + vq->cfg.num;
		xg_put16(&vq->split.avail->idx, avail);
		xg_event_signal(vq->kick_fd);
		atomic_fetch_add(&h->turns, 1);
	}
	return NULL;
}

/* Every entry of the ring names a frame of its own. */
static void hog_prepare(struct hog *h)
{
	struct xg_net *net = &h->t->net;
	struct xg_vq *vq = &net->vq[XG_TX];
	unsigned int i;

	for (i = 0; i < vq->cfg.num; i++) {
		char *to = xg_mem_ptr(&net->mem, net->tx_gpa[i], net->cfg.tx_buf);

		memset(to, 0, net->hdr_len);
		xg_frame_fill(to + net->hdr_len, 200, i);
		vq->split.desc[i].addr = net->tx_gpa[i];
		vq->split.desc[i].len = net->hdr_len + 200;
		vq->split.desc[i].flags = 0;
		vq->split.avail->ring[i] = i;
	}
}

/* What does not come at once would never come, or not before a busy loop's end. */
#define PROMPT_MS	6000

/* Milliseconds since @start. */
static unsigned int ms_since(uint64_t start)
{
	return (xg_now_ns() - start) / 1000000;
}

/*
 * While one queue never runs empty, ioctls are answered and the
 * other queue is served: within seconds at the very worst, on a machine that
 * emulates two CPUs for three busy threads.
 */
TEST(cve_2019_3900)
{
	/* So large that it does not run empty while the guest's thread waits its turn. */
	struct xg_net_cfg cfg = {
		.path = xt_dev(), .features = XG_F_MODERN, .num = 32768,
		.mem_size = 64UL << 20, .tx_buf = 512, .rx_bufs = 256,
	};
	unsigned int i, base, ms, worst_ioctl = 0, worst_frame = 0;
	char frame[300];
	struct xt_traffic t;
	struct hog h = { .t = &t };
	uint64_t start, end;
	pthread_t thread;

	XT_OK(xt_traffic_open(&t, &cfg));
	/* Nobody listens at the far end: the frames are not the point. */
	close(t.tx_pkt);
	t.tx_pkt = -1;
	hog_prepare(&h);
	ASSERT_EQ(0, pthread_create(&thread, NULL, hog_thread, &h));
	ASSERT_TRUE(XT_UNTIL(atomic_load(&h.turns) > 10));
	end = xg_now_ns() + 2000000000ULL;
	for (i = 0; xg_now_ns() < end || i <= 10; i++) {
		start = xg_now_ns();
		XT_OK(xg_ioctl_get_vring_base(t.net.fd, i % 2, &base));
		XT_OK(xg_mem_commit(t.net.fd, &t.net.mem));
		XT_OK(xg_ioctl_set_vring_call(t.net.fd, XG_TX, t.net.vq[XG_TX].call_fd));
		ms = ms_since(start);
		worst_ioctl = ms > worst_ioctl ? ms : worst_ioctl;

		xg_frame_fill(frame, sizeof(frame), i);
		start = xg_now_ns();
		XT_OK(xg_pkt_send(t.rx_pkt, frame, sizeof(frame)));
		ASSERT_EQ(300, xg_net_rx(&t.net, frame, sizeof(frame), NULL, XT_PATIENCE_MS))
			TH_LOG("frame %u: %s", i, xg_step());
		ms = ms_since(start);
		worst_frame = ms > worst_frame ? ms : worst_frame;
		EXPECT_EQ(-1, xg_frame_check(frame, sizeof(frame), i));
	}
	TH_LOG("%u times: at worst %u ms for three ioctls, %u ms for a frame; %lu turns",
	       i, worst_ioctl, worst_frame, atomic_load(&h.turns));
	EXPECT_GE(PROMPT_MS, worst_ioctl);
	EXPECT_GE(PROMPT_MS, worst_frame);
	/* It still runs, and can be stopped all the same. */
	base = atomic_load(&h.turns);
	EXPECT_TRUE(XT_UNTIL(atomic_load(&h.turns) > base + 10));
	start = xg_now_ns();
	XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_TX, -1));
	XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_TX, t.net.tap.fd[0]));
	XT_OK(xg_ioctl_reset_owner(t.net.fd));
	EXPECT_GE(PROMPT_MS, ms_since(start));
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
	atomic_store(&h.stop, true);
	pthread_join(thread, NULL);
	xt_traffic_close(&t);
}

/* The same by kicks alone: there is never anything in the ring. */
TEST(never_ending_kicks)
{
	struct xt_traffic t;
	uint64_t end;

	XT_OK(xt_traffic_open(&t, NULL));
	end = xg_now_ns() + 1000000000ULL;
	XT_OK(xt_traffic_start(&t));
	while (xg_now_ns() < end) {
		xg_event_signal(t.net.vq[XG_TX].kick_fd);
		xg_event_signal(t.net.vq[XG_RX].kick_fd);
	}
	XT_OK(xt_traffic_moves(&t, 20));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/*
 * May a real-time thread spin, as far as the rest of the system is concerned? It needs
 * a second CPU. And on PREEMPT_RT a CPU's softirqs are under one lock: whoever has it
 * when that thread comes keeps all others of that CPU from the network until it goes.
 */
static bool may_spin(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) > 1 && access("/sys/kernel/realtime", F_OK);
}

/*
 * With a long busy loop neither ioctls nor the other queue wait for its end.
 * Where it may, the worker becomes a real-time thread, so that nothing but its
 * own other work can make it stop.
 */
TEST(busy_loop_yields)
{
	struct sched_param prio = { .sched_priority = 1 };
	unsigned int i, base;
	struct xt_traffic t;
	uint64_t start;
	pid_t tid;

	XT_OK(xt_traffic_open(&t, NULL));
	ASSERT_EQ(1, xg_worker_find(getpid(), &tid, 1));
	if (may_spin())
		ASSERT_EQ(0, sched_setscheduler(tid, SCHED_FIFO, &prio));
	for (i = 0; i < XG_MAX_VQS; i++)
		XT_OK(xg_ioctl_set_busyloop(t.net.fd, i, 4 * PROMPT_MS * 1000));
	start = xg_now_ns();
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, xt_traffic_check(&t))
			TH_LOG("%s", xt_traffic_step(&t));
	XT_OK(xg_ioctl_get_vring_base(t.net.fd, XG_TX, &base));
	XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_RX, -1));
	XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_TX, -1));
	EXPECT_GE(PROMPT_MS, ms_since(start));
	TH_LOG("%u ms", ms_since(start));
	xt_traffic_close(&t);
}

/* Everything on one CPU, and all but the worker's work before the worker's, or as usual. */
static void before_worker(struct __test_metadata *_metadata, pid_t tid, bool before)
{
	struct sched_param first = { .sched_priority = before ? 2 : 0 };
	struct sched_param second = { .sched_priority = before };
	cpu_set_t cpus;
	unsigned int i;

	CPU_ZERO(&cpus);
	for (i = 0; i < (before ? 1 : sysconf(_SC_NPROCESSORS_ONLN)); i++)
		CPU_SET(i, &cpus);
	if (before)
		ASSERT_EQ(0, sched_setaffinity(tid, sizeof(cpus), &cpus));
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpus), &cpus));
	ASSERT_EQ(0, sched_setscheduler(0, before ? SCHED_FIFO : SCHED_OTHER, &first));
	if (before)
		ASSERT_EQ(0, sched_setscheduler(tid, SCHED_FIFO, &second));
}

#define TIMES	11

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * How long a frame from the guest takes, as a rule, whose kick came just after a frame
 * to the guest and before the worker ran, if the receiving queue then polls for @us.
 */
static uint64_t usual_delay(struct __test_metadata *_metadata, struct xt_traffic *t, pid_t tid,
			    uint32_t us)
{
	uint64_t ns[TIMES], start;
	char frame[300];
	int i;

	for (i = 0; i < TIMES; i++) {
		/* It sleeps, and polls from the next frame on. */
		XT_OK(xg_ioctl_set_busyloop(t->net.fd, XG_RX, us));
		xg_frame_fill(frame, sizeof(frame), i);
		before_worker(_metadata, tid, true);
		XT_OK(xg_pkt_send(t->rx_pkt, frame, sizeof(frame)));
		XT_OK(xg_net_tx(&t->net, NULL, frame, sizeof(frame)));
		start = xg_now_ns();
		before_worker(_metadata, tid, false);
		EXPECT_EQ(sizeof(frame), xg_pkt_recv(t->tx_pkt, frame, sizeof(frame),
						     XT_PATIENCE_MS));
		ns[i] = xg_now_ns() - start;
		EXPECT_EQ(-1, xg_frame_check(frame, sizeof(frame), i));
		EXPECT_EQ(sizeof(frame), xg_net_rx(&t->net, frame, sizeof(frame), NULL,
						   XT_PATIENCE_MS));
		XT_OK(xg_ioctl_set_busyloop(t->net.fd, XG_RX, 0));
		XT_OK(xt_traffic_check(t));
	}
	qsort(ns, TIMES, sizeof(ns[0]), by_value);
	return ns[TIMES / 2];
}

/*
 * Nor does a queue wait whose work the worker took together with that of the one
 * that polls. Even such a worker has to rest now and then, so it takes several times.
 */
TEST(busy_loop_yields_to_the_next)
{
	uint64_t usual, polling;
	struct xt_traffic t;
	pid_t tid;

	if (!may_spin())
		SKIP(return, "a real-time thread that polls would be in the others' way");
	XT_OK(xt_traffic_open(&t, NULL));
	ASSERT_EQ(1, xg_worker_find(getpid(), &tid, 1));
	XT_OK(xt_traffic_check(&t));
	usual = usual_delay(_metadata, &t, tid, 0);
	polling = usual_delay(_metadata, &t, tid, 2000000);
	TH_LOG("%llu us, and %llu us while the other queue polls",
	       (unsigned long long)usual / 1000, (unsigned long long)polling / 1000);
	EXPECT_GE(2 * usual + 50000000, polling);
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
