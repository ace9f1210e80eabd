// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and every user copy of the control path fails once.
 * Time limit: 900 s
 *
 * A device lives a whole life, and whatever it is asked meanwhile is asked
 * with the first thing in it failing, then the second, and so on until nothing
 * is left that could. What fails has to say so by a sane errno and to change
 * nothing: the same call succeeds in the end and frames pass.
 *
 * Needs a kernel with fault injection; selftests/debug makes one, which also
 * looks for what was lost in memory once the module is unloaded.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "inject.h"
#include "ioctls.h"
#include "traffic.h"
#include "uapi.h"
#include "xgstats.h"
#include "xtest.h"

/* Many lives, each with traffic, on a kernel that checks every access. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	600

#define MAX_STEPS	512
#define MAX_NTH		2000
#define VHOST_TYPE	0xaf

/* Whose allocations fail: kthreadd makes the workers. */
enum who { SELF, WORKERS, KTHREADD, NR_WHO };

static const char * const who_names[] = { "the caller", "a worker", "kthreadd" };

/**
 * struct step - something that the device is asked in its life
 * @name: what
 * @nth: for each enum who: what is to fail next
 * @done: nothing is left to fail there
 * @hits: things that failed
 * @absorbed: those that did not matter
 */
struct step {
	const char *name;
	unsigned int nth[NR_WHO];
	bool done[NR_WHO];
	unsigned int hits;
	unsigned int absorbed;
};

static struct step steps[MAX_STEPS];
static unsigned int now;	/* the step under way, counted from the life's beginning */
static unsigned int nr_steps;
static enum who who;
static bool failing;		/* calls are to fail, in this part of the test */
static char complaint[160];

static const char *ioctl_name(unsigned long req)
{
	const struct xt_ioctl *i;

	for (i = xt_ioctls; i->name; i++)
		if (i->req == req)
			return i->name;
	return req == VHOST_NEW_WORKER ? "VHOST_NEW_WORKER" :
	       req == VHOST_FREE_WORKER ? "VHOST_FREE_WORKER" : "an ioctl without a name";
}

static void complain(const char *what, const struct step *s, long ret)
{
	if (!*complaint)
		snprintf(complaint, sizeof(complaint), "%s with failure %u in %s: %s (%s)",
			 s->name, s->nth[who], who_names[who], what, xt_errno(ret));
}

static int arm(struct inject *in, unsigned int nth)
{
	static const pid_t kthreadd = 2;
	pid_t tids[INJECT_MAX];
	int n;

	switch (who) {
	case KTHREADD:
		return inject_arm(in, &kthreadd, 1, nth);
	case WORKERS:
		n = xg_worker_find(getpid(), tids, INJECT_MAX);
		return n > 0 ? inject_arm(in, tids, n, nth) : -ENOENT;
	default:
		return inject_arm(in, NULL, 1, nth);
	}
}

static bool sane(const char *name, long ret)
{
	/* Sockets have errnos of their own for want of memory. */
	if (!strcmp(name, "netlink") && (ret == -ENFILE || ret == -ENOBUFS))
		return true;
	return ret == -ENOMEM || ret == -EFAULT || ret == -EAGAIN;
}

/* What has succeeded cannot be asked again, or would be another thing then. */
static bool once_only(const char *name)
{
	static const char * const names[] = {
		"open", "close", "VHOST_SET_OWNER", "VHOST_RESET_OWNER",
		"VHOST_NET_SET_BACKEND", "VHOST_NEW_WORKER", "VHOST_FREE_WORKER",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/*
 * Does @fn(@arg), which returns a negative errno or not, again and again with
 * one thing failing, until it succeeds.
 */
static long try_step(const char *name, long (*fn)(void *arg), void *arg)
{
	struct step *s = &steps[now];
	struct inject in;
	long ret;

	if (!failing)
		return fn(arg);
	if (now == MAX_STEPS - 1)
		return -E2BIG;
	s->name = name;
	now++;
	while (!s->done[who] && s->nth[who] < MAX_NTH) {
		s->nth[who]++;
		if (arm(&in, s->nth[who])) {
			s->done[who] = true;
			break;
		}
		ret = fn(arg);
		if (!inject_disarm(&in)) {
			s->done[who] = true;
			if (ret < 0)
				complain("it fails though nothing else did", s, ret);
			return ret;
		}
		s->hits++;
		s->absorbed += ret >= 0;
		/* The rest has to wait for the next life. */
		if (ret >= 0 && once_only(name))
			return ret;
		if (ret < 0 && !sane(name, ret))
			complain("no errno for this", s, ret);
	}
	ret = fn(arg);
	if (ret < 0)
		complain("it fails for good", s, ret);
	return ret;
}

struct call {
	int fd;
	unsigned long req;
	void *arg;
};

static long do_ioctl(void *data)
{
	struct call *c = data;
	long ret = syscall(SYS_ioctl, c->fd, c->req, c->arg);

	return ret < 0 ? -errno : ret;
}

static long do_open(void *data)
{
	long ret = syscall(SYS_openat, AT_FDCWD, data, O_RDWR | O_CLOEXEC);

	return ret < 0 ? -errno : ret;
}

static long do_close(void *data)
{
	long ret = syscall(SYS_close, *(int *)data);

	return ret < 0 ? -errno : ret;
}

static long libc_result(long ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

static int device = -1;

/* In place of libc's, so that the library's calls come here, too. */
int ioctl(int fd, unsigned long req, ...)
{
	struct call c = { .fd = fd, .req = req };
	va_list ap;

	va_start(ap, req);
	c.arg = va_arg(ap, void *);
	va_end(ap);
	if (_IOC_TYPE(req) != VHOST_TYPE)
		return libc_result(do_ioctl(&c));
	return libc_result(try_step(ioctl_name(req), do_ioctl, &c));
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (failing && !strcmp(path, xt_dev())) {
		device = try_step("open", do_open, (void *)path);
		return libc_result(device);
	}
	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return libc_result(({
		long fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);

		fd < 0 ? -errno : fd;
	}));
}

int close(int fd)
{
	if (failing && fd >= 0 && fd == device) {
		device = -1;
		return libc_result(try_step("close", do_close, &fd));
	}
	return libc_result(do_close(&fd));
}

static long do_netlink(void *unused)
{
	struct xg_stats stats;
	int id = xg_stats_dev(getpid());

	(void)unused;
	return id < 0 ? id : xg_stats_read(id, XG_TX, &stats);
}

/* Each ioctl that a running queue allows, once more. */
static int change_running(struct xt_traffic *t)
{
	struct xg_net *net = &t->net;
	struct vhost_vring_addr addr;
	unsigned int q, us;
	int ret, fd;

	ret = xg_ioctl_set_features(net->fd, net->features);
	if (!ret)
		ret = xg_mem_commit(net->fd, &net->mem);
	for (q = 0; !ret && q < XG_MAX_VQS; q++) {
		struct xg_vq *vq = &net->vq[q];

		xg_vq_addr(vq, &addr);
		ret = xg_ioctl_set_vring_addr(net->fd, &addr);
		fd = xg_event();
		if (!ret)
			ret = xg_ioctl_set_vring_kick(net->fd, q, fd);
		if (!ret)
			ret = xg_ioctl_set_vring_kick(net->fd, q, vq->kick_fd);
		if (!ret)
			ret = xg_ioctl_set_vring_call(net->fd, q, fd);
		if (!ret)
			ret = xg_ioctl_set_vring_call(net->fd, q, vq->call_fd);
		if (!ret)
			ret = xg_ioctl_set_vring_err(net->fd, q, fd);
		if (!ret)
			ret = xg_ioctl_set_vring_err(net->fd, q, -1);
		if (!ret)
			ret = xg_ioctl_set_busyloop(net->fd, q, 50);
		if (!ret)
			ret = xg_ioctl_get_busyloop(net->fd, q, &us);
		if (!ret)
			ret = xg_ioctl_set_busyloop(net->fd, q, 0);
		close(fd);
	}
	return ret;
}

/* What concerns the device as a whole and hurts no queue. */
static int change_device(struct xt_traffic *t)
{
	uint64_t features;
	int fd = xg_event(), ret;

	ret = xg_ioctl_get_features(t->net.fd, &features);
	if (!ret)
		ret = xg_ioctl_get_backend_features(t->net.fd, &features);
	if (!ret)
		ret = xg_ioctl_set_backend_features(t->net.fd, 0);
	if (!ret)
		ret = xg_ioctl_set_log_base(t->net.fd, 0);
	if (!ret)
		ret = xg_ioctl_set_log_fd(t->net.fd, fd);
	if (!ret)
		ret = xg_ioctl_set_log_fd(t->net.fd, -1);
	close(fd);
	if (!ret && xt_is_xnet())
		ret = try_step("netlink", do_netlink, NULL);
	return ret;
}

/* Logging as for a migration, and frames while it is on. */
static int log_writes(struct xt_traffic *t)
{
	struct xg_net *net = &t->net;
	struct xg_log log;
	uint64_t features;
	int ret;

	ret = xg_ioctl_get_features(net->fd, &features);
	if (ret || !(features & XG_F_LOG_ALL))
		return ret;
	ret = xg_log_open(&log, &net->mem);
	if (ret)
		return ret;
	ret = xg_net_log(net, &log);
	if (!ret)
		ret = xt_traffic_check(t);
	if (!ret)
		ret = xg_net_log(net, NULL);
	xg_log_close(&log);
	return ret;
}

/* A worker of its own for a queue, and back again; the kernel's own knows no such thing. */
static int other_worker(struct xt_traffic *t)
{
	struct vhost_vring_worker vw = { .index = XG_TX };
	struct vhost_worker_state state = { 0 };
	unsigned int old;
	int fd = t->net.fd, ret;

	if (!xt_is_xnet())
		return 0;
	ret = xg_ioctl(fd, VHOST_GET_VRING_WORKER, &vw);
	old = vw.worker_id;
	if (!ret)
		ret = xg_ioctl(fd, VHOST_NEW_WORKER, &state);
	vw.worker_id = state.worker_id;
	/* The lowest number that is free, so none stayed that nobody heard of. */
	if (!ret && state.worker_id != 1)
		ret = -EPROTO;
	if (!ret)
		ret = xg_ioctl(fd, VHOST_ATTACH_VRING_WORKER, &vw);
	if (!ret)
		ret = xt_traffic_check(t);
	vw.worker_id = old;
	if (!ret)
		ret = xg_ioctl(fd, VHOST_ATTACH_VRING_WORKER, &vw);
	if (!ret)
		ret = xg_ioctl(fd, VHOST_FREE_WORKER, &state);
	return ret;
}

static const char *life_stage;

#define STAGE(what) do { if (!ret) { life_stage = #what; ret = what; } } while (0)

/* From open() to close(), with frames in between. */
static int life(void)
{
	struct xt_traffic t;
	int ret = 0;

	now = 0;
	*complaint = '\0';
	STAGE(xt_traffic_open(&t, NULL));
	if (ret)
		return ret;
	STAGE(xt_traffic_check(&t));
	STAGE(change_device(&t));
	STAGE(change_running(&t));
	STAGE(xt_traffic_check(&t));
	STAGE(log_writes(&t));
	STAGE(other_worker(&t));
	STAGE(xt_traffic_check(&t));
	STAGE(xg_net_stop(&t.net));
	STAGE(xg_net_start(&t.net));
	STAGE(xt_traffic_check(&t));
	STAGE(xg_net_stop(&t.net));
	STAGE(xg_ioctl_reset_owner(t.net.fd));
	STAGE(xt_traffic_renew(&t, true, 100));
	STAGE(xt_traffic_check(&t));
	xt_traffic_close(&t);
	if (now > nr_steps)
		nr_steps = now;
	return ret;
}

static bool all_done(void)
{
	unsigned int i;

	for (i = 0; i < nr_steps; i++)
		if (!steps[i].done[who])
			return false;
	return nr_steps;
}

static void report(void)
{
	unsigned int i, hits = 0, absorbed = 0;

	for (i = 0; i < nr_steps; i++) {
		if (steps[i].hits)
			printf("# %-36s %3u failed, %u of them did not matter\n",
			       steps[i].name, steps[i].hits, steps[i].absorbed);
		hits += steps[i].hits;
		absorbed += steps[i].absorbed;
	}
	printf("# %s: %u calls, %u failures, %u of them did not matter\n", who_names[who],
	       nr_steps, hits, absorbed);
}

/* Lives until nothing in @whose calls is left that could fail. */
static void live_with(struct __test_metadata *_metadata, enum who whose)
{
	unsigned int lives = 0, i;
	int ret;

	if (inject_setup())
		SKIP(return, "the kernel cannot make allocations fail");
	who = whose;
	failing = true;
	do {
		ret = life();
		lives++;
		ASSERT_STREQ("", complaint);
		ASSERT_EQ(0, ret)
			TH_LOG("%s: %s (last step: %s)", life_stage, xt_errno(ret), xg_step());
	} while (!all_done());
	report();
	for (i = 0; i < nr_steps; i++)
		EXPECT_GT(MAX_NTH, steps[i].nth[who]) TH_LOG("%s", steps[i].name);
	TH_LOG("%u lives", lives);
	failing = false;
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
}

TEST(caller)
{
	live_with(_metadata, SELF);
}

TEST(workers)
{
	live_with(_metadata, WORKERS);
}

TEST(thread_maker)
{
	live_with(_metadata, KTHREADD);
}

/* A backend that cannot be had leaves the queue with the one that it has. */
TEST(backend_kept)
{
	struct xg_tap_cfg cfg = { .hdr_len = 12 };
	struct xt_traffic t;
	struct xg_tap other;
	unsigned int nth, hits = 0;
	struct inject in;
	bool hit = true;
	int ret;

	if (inject_setup())
		SKIP(return, "the kernel cannot make allocations fail");
	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xg_tap_open(&other, &cfg));
	for (nth = 1; hit; nth++) {
		XT_OK(inject_arm(&in, NULL, 0, nth));
		ret = xg_ioctl_net_set_backend(t.net.fd, XG_TX, other.fd[0]);
		hit = inject_disarm(&in);
		hits += hit;
		if (!ret)
			XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_TX, t.net.tap.fd[0]));
		else
			ASSERT_TRUE(hit && sane("", ret)) TH_LOG("%u: %s", nth, xt_errno(ret));
		XT_OK(xt_traffic_check(&t));
	}
	EXPECT_LT(0, hits);
	TH_LOG("%u failures", hits);
	xt_traffic_close(&t);
	xg_tap_close(&other);
}

TEST_HARNESS_MAIN
