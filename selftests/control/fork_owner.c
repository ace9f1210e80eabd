// SPDX-License-Identifier: GPL-2.0-only
/* Workers that are tasks of the owner, and what happens when it is killed. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "traffic.h"
#include "xtest.h"

#define NO_TASKS	"this kernel cannot make threads of another process"

FIXTURE(fork_owner) {
	int fd;
	bool tasks;
};

FIXTURE_SETUP(fork_owner)
{
	uint8_t kind;
	int ret;

	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", xt_dev(), xt_errno(self->fd));
	ret = xg_ioctl_get_fork_owner(self->fd, &kind);
	if (ret && !xt_is_xnet())
		XT_SKIP_SETUP("this vhost-net has no choice of threads");
	XT_OK(ret);
	if (xt_is_xnet())
		EXPECT_EQ(VHOST_FORK_OWNER_KTHREAD, kind);
	ret = xg_ioctl_set_fork_owner(self->fd, VHOST_FORK_OWNER_TASK);
	self->tasks = !ret;
	if (ret)
		XT_ERR(-EINVAL, ret);
	EXPECT_EQ(xt_config("CONFIG_VHOST_TASK") == 1, self->tasks);
	XT_OK(xg_ioctl_set_fork_owner(self->fd, VHOST_FORK_OWNER_KTHREAD));
}

FIXTURE_TEARDOWN(fork_owner)
{
	close(self->fd);
}

TEST_F(fork_owner, values)
{
	uint8_t kind = 7;
	int i;

	for (i = 2; i < 256; i++)
		XT_ERR(-EINVAL, xg_ioctl_set_fork_owner(self->fd, i));
	XT_OK(xg_ioctl_get_fork_owner(self->fd, &kind));
	EXPECT_EQ(VHOST_FORK_OWNER_KTHREAD, kind);
	if (self->tasks) {
		XT_OK(xg_ioctl_set_fork_owner(self->fd, VHOST_FORK_OWNER_TASK));
		XT_OK(xg_ioctl_get_fork_owner(self->fd, &kind));
		EXPECT_EQ(VHOST_FORK_OWNER_TASK, kind);
	}
	XT_ERR(-EFAULT, xg_ioctl(self->fd, VHOST_SET_FORK_FROM_OWNER, NULL));
	XT_ERR(-EFAULT, xg_ioctl(self->fd, VHOST_GET_FORK_FROM_OWNER, NULL));
}

/* Too late once there is an owner, whatever the value; not for another one after it. */
TEST_F(fork_owner, before_owner)
{
	uint8_t kind;

	XT_OK(xg_ioctl_set_owner(self->fd));
	XT_ERR(-EBUSY, xg_ioctl_set_fork_owner(self->fd, VHOST_FORK_OWNER_KTHREAD));
	XT_ERR(-EBUSY, xg_ioctl_set_fork_owner(self->fd, 99));
	XT_ERR(-EBUSY, xg_ioctl(self->fd, VHOST_SET_FORK_FROM_OWNER, NULL));
	XT_OK(xg_ioctl_get_fork_owner(self->fd, &kind));
	XT_OK(xg_ioctl_reset_owner(self->fd));
	XT_OK(xg_ioctl_set_fork_owner(self->fd, self->tasks ? VHOST_FORK_OWNER_TASK :
							     VHOST_FORK_OWNER_KTHREAD));
	XT_OK(xg_ioctl_set_owner(self->fd));
	/* It does not outlive the owner it was chosen for. */
	XT_OK(xg_ioctl_reset_owner(self->fd));
	XT_OK(xg_ioctl_get_fork_owner(self->fd, &kind));
	if (xt_is_xnet())
		EXPECT_EQ(VHOST_FORK_OWNER_KTHREAD, kind);
}

static bool is_task_of_mine(pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d", tid);
	return !access(path, F_OK);
}

TEST_F(fork_owner, where)
{
	pid_t tid[2];

	XT_OK(xg_ioctl_set_owner(self->fd));
	ASSERT_EQ(1, xg_worker_find(getpid(), tid, 2));
	EXPECT_FALSE(is_task_of_mine(tid[0]));
	if (!self->tasks)
		SKIP(return, NO_TASKS);
	XT_OK(xg_ioctl_reset_owner(self->fd));
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
	XT_OK(xg_ioctl_set_fork_owner(self->fd, VHOST_FORK_OWNER_TASK));
	XT_OK(xg_ioctl_set_owner(self->fd));
	ASSERT_EQ(1, xg_worker_find(getpid(), tid, 2));
	EXPECT_TRUE(is_task_of_mine(tid[0]));
}

static struct xg_net_cfg with_tasks(void)
{
	return (struct xg_net_cfg) {
		.path = xt_dev(), .features = XG_F_MODERN, .fork_owner = true,
	};
}

TEST_F(fork_owner, moves)
{
	struct xg_net_cfg cfg = with_tasks();
	struct xt_traffic t;
	pid_t tid[3];
	unsigned int id, i;

	if (!self->tasks || !xt_is_xnet())
		SKIP(return, NO_TASKS);
	XT_OK(xt_traffic_open(&t, &cfg));
	XT_OK(xg_ioctl_new_worker(t.net.fd, &id));
	ASSERT_EQ(2, xg_worker_find(getpid(), tid, 3));
	EXPECT_TRUE(is_task_of_mine(tid[0]) && is_task_of_mine(tid[1]));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 800; i++)
		XT_OK(xg_ioctl_attach_worker(t.net.fd, i % 2, i / 2 % 2));
	XT_OK(xt_traffic_moves(&t, 100));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
}

static void doomed(void)
{
	struct xg_net_cfg cfg = with_tasks();
	struct xt_traffic t;
	unsigned int id, i;

	if (xt_traffic_open(&t, &cfg) || xg_ioctl_new_worker(t.net.fd, &id) ||
	    xg_ioctl_set_busyloop(t.net.fd, XG_RX, ~0U) ||
	    xg_ioctl_set_busyloop(t.net.fd, XG_TX, ~0U) || xt_traffic_start(&t))
		_exit(1);
	for (i = 0;; i++) {
		if (xg_ioctl_attach_worker(t.net.fd, i % 2, i / 2 % 2) ||
		    xg_ioctl_set_features(t.net.fd, XG_F_MODERN))
			_exit(2);
	}
}

TEST_F(fork_owner, killed)
{
	unsigned int i;

	if (!self->tasks || !xt_is_xnet())
		SKIP(return, NO_TASKS);
	for (i = 0; i < 10; i++) {
		int status = 0;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			doomed();
		EXPECT_TRUE(XT_UNTIL(xg_worker_find(pid, NULL, 0) == 2));
		xt_msleep(10 + 23 * i);
		EXPECT_EQ(0, kill(pid, SIGKILL));
		ASSERT_TRUE(XT_UNTIL(waitpid(pid, &status, WNOHANG) == pid))
			TH_LOG("the owner does not die");
		EXPECT_TRUE(WIFSIGNALED(status))
			TH_LOG("ended by itself: %#x", status);
	}
}

/**
 * struct heir - a process that shares the owner's memory, and so is owner too
 * @t: the device
 * @owner: the process that made it, and whose tasks the workers are
 * @turns: ioctls done so far
 * @result: what went wrong, 0 for nothing
 */
struct heir {
	struct xt_traffic t;
	pid_t owner;
	atomic_uint turns;
	int result;
};

/* Asks the worker for things all the time, before, while and after it is killed. */
static int heir_waits(struct heir *h)
{
	int fd = h->t.net.fd, ret, after = 0;
	unsigned int base, id;

	while (after < 50) {
		atomic_fetch_add(&h->turns, 1);
		ret = xg_ioctl_get_worker(fd, XG_RX, &id);
		if (ret && ret != -EINVAL)
			return 10;
		after = ret ? after + 1 : 0;
		if (xg_ioctl_set_features(fd, XG_F_MODERN) ||
		    xg_ioctl_get_vring_base(fd, XG_TX, &base) ||
		    xg_ioctl_set_vring_call(fd, XG_RX, h->t.net.vq[XG_RX].call_fd) ||
		    xg_mem_commit(fd, &h->t.net.mem))
			return 11;
	}
	return 0;
}

/* The dead worker holds nobody up, and its queues live again on another one. */
static int heir_goes_on(struct heir *h)
{
	int fd = h->t.net.fd;
	unsigned int id;

	if (xg_ioctl_free_worker(fd, 0) != -EBUSY)
		return 20;
	if (xg_ioctl_attach_worker(fd, XG_RX, 0))
		return 21;
	if (xg_ioctl_new_worker(fd, &id) || id != 1)
		return 22;
	if (xg_ioctl_attach_worker(fd, XG_RX, id) || xg_ioctl_attach_worker(fd, XG_TX, id))
		return 23;
	/* Without a queue it is still not to be freed, as with vhost. */
	if (xg_ioctl_free_worker(fd, 0) != -EBUSY)
		return 24;
	if (xg_net_stop(&h->t.net) || xg_net_start(&h->t.net))
		return 25;
	return xt_traffic_check(&h->t) ? 26 : 0;
}

static int heir_main(void *data)
{
	struct heir *h = data;

	h->result = heir_waits(h);
	if (!h->result)
		h->result = heir_goes_on(h);
	xg_ioctl_reset_owner(h->t.net.fd);
	_exit(h->result);
}

/* Becomes the owner and lets a second process have its memory and files. */
static void ancestor(int tell)
{
	/* Aligned as a stack has to be. */
	static long double stack[1 << 12];
	struct xg_net_cfg cfg = with_tasks();
	static struct heir h;
	pid_t heir;

	if (xt_traffic_open(&h.t, &cfg) || xt_traffic_check(&h.t))
		_exit(1);
	h.owner = getpid();
	heir = clone(heir_main, stack + ARRAY_SIZE(stack),
		     CLONE_VM | CLONE_FILES | CLONE_PARENT | SIGCHLD, &h);
	if (heir < 0)
		_exit(2);
	while (atomic_load(&h.turns) < 20)
		;
	if (write(tell, &heir, sizeof(heir)) != sizeof(heir))
		_exit(3);
	for (;;)
		pause();
}

TEST_F(fork_owner, survived)
{
	unsigned int i;

	if (!self->tasks || !xt_is_xnet())
		SKIP(return, NO_TASKS);
	for (i = 0; i < 4; i++) {
		pid_t owner, heir;
		int status, tell[2];

		ASSERT_EQ(0, pipe(tell));
		fflush(stdout);
		owner = fork();
		ASSERT_LE(0, owner);
		if (!owner)
			ancestor(tell[1]);
		close(tell[1]);
		ASSERT_EQ(sizeof(heir), read(tell[0], &heir, sizeof(heir)));
		close(tell[0]);
		xt_msleep(11 * i);
		EXPECT_EQ(0, kill(owner, SIGKILL));
		ASSERT_TRUE(XT_UNTIL(waitpid(owner, &status, WNOHANG) == owner))
			TH_LOG("the owner does not die");
		EXPECT_TRUE(WIFSIGNALED(status));
		ASSERT_TRUE(XT_UNTIL(waitpid(heir, &status, WNOHANG) == heir))
			TH_LOG("somebody waits for the dead worker");
		EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status))
			TH_LOG("round %u: %#x", i, status);
	}
}

TEST_HARNESS_MAIN
