// SPDX-License-Identifier: GPL-2.0-only
/* What fault.h says, done to a device with frames. Time limit: 900 s */
#include <sys/mman.h>
#include <sys/wait.h>

#include "traffic.h"
#include "xgstats.h"

#include "fault.h"
#include "kinds.h"

/* What is asked of the family, by the device's number. */
static long ask_devices(void *dev)
{
	int found = xg_stats_dev(getpid());

	return found < 0 ? found : found == *(int *)dev ? 0 : -EPROTO;
}

static long ask_device(void *dev)
{
	int owner = xg_stats_owner(*(int *)dev);

	return owner < 0 ? owner : owner == getpid() ? 0 : -EPROTO;
}

static long ask_queues(void *dev)
{
	int n = xg_stats_queues(*(int *)dev);

	return n < 0 ? n : n == XG_MAX_VQS ? 0 : -EPROTO;
}

static long ask_queue(void *dev)
{
	struct xg_stats stats;
	int ret = xg_stats_read(*(int *)dev, XG_TX, &stats);

	return ret ? ret : stats.state == VHOST_XNET_STATE_RUNNING ? 0 : -EPROTO;
}

static int ask_netlink(void)
{
	/* Now, as in a call that is to fail the family would be looked up, once. */
	int dev = xg_stats_dev(getpid()), ret;

	if (dev < 0)
		return dev;
	ret = try_step("netlink DEV_GET, a dump", ask_devices, &dev);
	if (!ret)
		ret = try_step("netlink DEV_GET", ask_device, &dev);
	if (!ret)
		ret = try_step("netlink QUEUE_GET, a dump", ask_queues, &dev);
	if (!ret)
		ret = try_step("netlink QUEUE_GET", ask_queue, &dev);
	return ret;
}

/* Each ioctl that a running queue allows, once more. */
static int change_running(struct xt_traffic *t)
{
	struct xg_net *net = &t->net;
	const uint64_t words[] = { net->features, 0, 0 };
	struct vhost_vring_addr addr;
	unsigned int q, us;
	int ret, fd;

	ret = xg_ioctl_set_features(net->fd, net->features);
	if (!ret && xt_is_xnet())
		ret = xg_ioctl_set_features_array(net->fd, words, ARRAY_SIZE(words));
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
	uint64_t features, words[3];
	int fd = xg_event(), ret;

	ret = xg_ioctl_get_features(t->net.fd, &features);
	if (!ret && xt_is_xnet())
		ret = xg_ioctl_get_features_array(t->net.fd, words, ARRAY_SIZE(words));
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
		ret = ask_netlink();
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

/* The IOTLB forgets everything, is told of some of it, and asks for the rest. */
static int change_iotlb(struct xt_traffic *t)
{
	struct xg_net *net = &t->net;
	unsigned int q;
	int ret;

	if (!(net->features & XG_F_ACCESS_PLATFORM))
		return 0;
	ret = xg_iotlb_invalidate(net->fd, 0, -1ULL);
	for (q = 0; !ret && q < XG_MAX_VQS; q++)
		ret = xg_iommu_map(&net->iommu, net->vq[q].cfg.device_gpa);
	return ret;
}

/* Which kind of threads, as can be chosen without an owner. */
static int choose_threads(int fd)
{
	uint8_t kind = VHOST_FORK_OWNER_TASK;
	int ret;

	if (!xt_is_xnet())
		return 0;
	ret = xg_ioctl_set_fork_owner(fd, VHOST_FORK_OWNER_KTHREAD);
	if (!ret)
		ret = xg_ioctl_get_fork_owner(fd, &kind);
	if (!ret && kind != VHOST_FORK_OWNER_KTHREAD)
		ret = -EPROTO;
	return ret;
}

static uint64_t life_features;

/* From open() to close(), with frames in between. */
static int life(void)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = life_features };
	struct xt_traffic t;
	int ret = 0;

	STAGE(xt_traffic_open(&t, &cfg));
	if (ret)
		return ret;
	STAGE(xt_traffic_check(&t));
	STAGE(change_device(&t));
	STAGE(change_running(&t));
	STAGE(xt_traffic_check(&t));
	STAGE(change_iotlb(&t));
	STAGE(xt_traffic_check(&t));
	STAGE(log_writes(&t));
	STAGE(other_worker(&t));
	STAGE(xt_traffic_check(&t));
	STAGE(xg_net_stop(&t.net));
	STAGE(xg_net_start(&t.net));
	STAGE(xt_traffic_check(&t));
	STAGE(xg_net_stop(&t.net));
	STAGE(xg_ioctl_reset_owner(t.net.fd));
	STAGE(choose_threads(t.net.fd));
	STAGE(xt_traffic_renew(&t, true, 100));
	STAGE(xt_traffic_check(&t));
	xt_traffic_close(&t);
	return ret;
}

static void lives(struct __test_metadata *_metadata, enum who whose, unsigned int least,
		  uint64_t features)
{
	if (inject_setup())
		SKIP(return, "the kernel cannot make allocations fail");
	life_features = features;
	live_with(_metadata, whose, least, life);
	/* What the kernel's own copies with get_user() cannot be made to fail. */
	if (whose == SELF && xt_is_xnet())
		all_failed(_metadata, features & XG_F_ACCESS_PLATFORM ? NULL : "write");
}

TEST(caller)
{
	lives(_metadata, SELF, 80, XG_F_MODERN);
}

/* What an allocation that fails is made up for by fails here, too. */
TEST(caller_behind_iommu)
{
	rest = true;
	lives(_metadata, SELF, 80, XG_F_MODERN | XG_F_ACCESS_PLATFORM);
	/* The copy, and each queue's table, which is had from vmalloc() if need be. */
	if (nr_steps && xt_is_xnet())
		EXPECT_LE(1 + XG_MAX_VQS, verdict("VHOST_SET_FEATURES").failed);
}

TEST(thread_maker)
{
	lives(_metadata, KTHREADD, xt_is_xnet() ? 3 : 2, XG_F_MODERN);
}

/* What came of own(): nothing in it failed, something did, or it went wrong. */
enum { OWNED, HIT, WRONG };

/* Asks to own a device while the @nth thing fails, and ends without giving back anything. */
static int own(unsigned int nth)
{
	int fd = xg_open(xt_dev()), ret;
	struct inject in;
	bool hit;

	if (fd < 0 || inject_arm(&in, NULL, 0, nth))
		return WRONG;
	ret = xg_ioctl_set_owner(fd);
	hit = inject_disarm(&in);
	if (!hit)
		return ret ? WRONG : OWNED;
	return ret && !sane("", ret) ? WRONG : HIT;
}

/* A lease for reading is had when nobody has the file open for writing. */
static bool has_writer(int reader)
{
	return fcntl(reader, F_SETLEASE, F_RDLCK);
}

/*
 * Does own() in a process of its own, which has a file mapped for writing. *@reader is
 * the same file, opened for reading.
 */
static int own_elsewhere(unsigned int nth, int *reader)
{
	int fd = memfd_create("fault", MFD_CLOEXEC), writer, status = -1;
	char path[32];
	pid_t pid = -1;

	/* The first one does not count as one for writing. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*reader = open(path, O_RDONLY | O_CLOEXEC);
	writer = open(path, O_RDWR | O_CLOEXEC);
	if (*reader >= 0 && writer >= 0 && has_writer(*reader))
		pid = fork();
	if (!pid)
		_exit(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, writer, 0) ==
		      MAP_FAILED ? WRONG : own(nth));
	close(writer);
	close(fd);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return WRONG;
	return WEXITSTATUS(status);
}

/*
 * A device that could not be owned does not keep the memory of who asked. That would be
 * no leak to kmemleak, as the kernel can reach the memory by what is mapped in it.
 */
TEST(address_space)
{
	unsigned int nth = 0;
	int reader, result;

	if (inject_setup())
		SKIP(return, "the kernel cannot make allocations fail");
	do {
		result = own_elsewhere(++nth, &reader);
		ASSERT_NE(WRONG, result) TH_LOG("failure %u", nth);
		EXPECT_TRUE(XT_UNTIL(!has_writer(reader)))
			TH_LOG("failure %u: the memory is still there", nth);
		close(reader);
	} while (result == HIT && nth < MAX_NTH);
	EXPECT_EQ(OWNED, result);
	EXPECT_LT(2, nth);
}

/* Starts a queue that lacks a translation, which is refused, and reads what it asks. */
static int ask(struct xg_net *net)
{
	struct call c = { .fd = net->fd, .req = VHOST_NET_SET_BACKEND };
	struct vhost_vring_file file = { .index = XG_TX, .fd = net->tap.fd[0] };
	struct vhost_msg msg;
	long ret;

	c.arg = &file;
	ret = do_ioctl(&c);
	if (ret != -EFAULT)
		return ret < 0 ? ret : -EPROTO;
	ret = syscall(SYS_read, net->fd, &msg, sizeof(msg));
	if (ret != sizeof(msg))
		return ret < 0 ? -errno : -EFAULT;
	return msg.iotlb.type == VHOST_IOTLB_MISS ? 0 : -EPROTO;
}

/* A question that could not be read is asked again. */
TEST(questions)
{
	struct xg_net_cfg cfg = {
		.path = xt_dev(),
		.features = XG_F_MODERN | XG_F_ACCESS_PLATFORM,
	};
	unsigned int nth, hits = 0, failed = 0;
	struct inject in;
	struct xg_net net;
	bool hit = true;
	int ret;

	if (inject_setup())
		SKIP(return, "the kernel cannot make allocations fail");
	XT_OK(xg_netns());
	XT_OK(xg_net_open(&net, &cfg));
	XT_OK(xg_iommu_stop(&net.iommu));
	XT_OK(xg_ioctl_set_backend_features(net.fd, 0));
	for (nth = 1; hit && nth < MAX_NTH; nth++) {
		XT_OK(inject_arm(&in, NULL, 0, nth));
		ret = ask(&net);
		hit = inject_disarm(&in);
		hits += hit;
		failed += ret < 0;
		ASSERT_TRUE(!ret || (hit && sane("", ret))) TH_LOG("%u: %s", nth, xt_errno(ret));
	}
	EXPECT_FALSE(hit);
	EXPECT_LT(0, failed);
	TH_LOG("%u failures, %u of them did not matter", hits, hits - failed);
	XT_OK(xg_vq_attach(&net.vq[XG_TX], net.tap.fd[0]));
	xg_net_close(&net);
}

/* Moves the sending queue from one backend to another while things fail. */
static unsigned int move(struct __test_metadata *_metadata, struct xt_traffic *t, int from,
			 int to)
{
	unsigned int nth, hits = 0;
	struct inject in;
	bool hit = true;
	int ret;

	for (nth = 1; hit && nth < MAX_NTH; nth++) {
		XT_OK(xg_ioctl_net_set_backend(t->net.fd, XG_TX, from));
		XT_OK(inject_arm(&in, NULL, 0, nth));
		ret = xg_ioctl_net_set_backend(t->net.fd, XG_TX, to);
		hit = inject_disarm(&in);
		hits += hit;
		ASSERT_TRUE(!ret || (hit && sane("", ret))) TH_LOG("%u: %s", nth, xt_errno(ret));
		/* A backend that cannot be had leaves the queue with the one that it has. */
		if ((ret ? from : to) == t->net.tap.fd[0])
			XT_OK(xt_traffic_check(t));
	}
	EXPECT_FALSE(hit);
	return hits;
}

/* From a tap to another backend of each kind, and back. */
TEST(backends)
{
	struct xg_tap_cfg cfg = { .hdr_len = 12 };
	unsigned int kind, there, back;
	struct xt_backend other;
	struct xt_traffic t;

	if (inject_setup())
		SKIP(return, "the kernel cannot make allocations fail");
	XT_OK(xt_traffic_open(&t, NULL));
	for (kind = 0; kind < XT_KINDS; kind++) {
		XT_OK(xt_backend_open(&other, kind, kind, &cfg));
		there = move(_metadata, &t, t.net.tap.fd[0], other.fd);
		back = move(_metadata, &t, other.fd, t.net.tap.fd[0]);
		EXPECT_LT(0, there);
		EXPECT_LT(0, back);
		TH_LOG("%s: %u failures there, %u back", xt_kind_name(kind), there, back);
		XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_TX, t.net.tap.fd[0]));
		xt_backend_close(&other);
	}
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
