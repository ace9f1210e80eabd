// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what: VHOST_SET_OWNER and VHOST_RESET_OWNER. */
#include <pthread.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "ioctls.h"
#include "traffic.h"
#include "xtest.h"

FIXTURE(owner) {
	int fd;
};

FIXTURE_SETUP(owner)
{
	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", xt_dev(), xt_errno(self->fd));
}

FIXTURE_TEARDOWN(owner)
{
	close(self->fd);
}

/* Runs @fn in another process that has the same descriptor. */
static int in_child(int (*fn)(int fd), int fd)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(-fn(fd));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

/* Counts the ioctls that do not answer @fd's caller with EPERM. */
static int not_refused(int fd)
{
	const struct xt_ioctl *op;
	uint64_t zero[8] = { 0 };
	int n = 0;

	for (op = xt_ioctls; op->name; op++) {
		int ret = op->owner ? xg_ioctl(fd, op->req, zero) : -EPERM;

		if (ret != -EPERM) {
			fprintf(stderr, "# %s: %s\n", op->name, xt_errno(ret));
			n--;
		}
	}
	return n;
}

TEST_F(owner, before_set_owner)
{
	EXPECT_EQ(0, not_refused(self->fd));
	/* Even a number that nobody knows. */
	XT_ERR(-EPERM, xg_ioctl(self->fd, _IO(VHOST_VIRTIO, 0xfe), NULL));
}

TEST_F(owner, set_twice)
{
	XT_OK(xg_ioctl_set_owner(self->fd));
	XT_ERR(-EBUSY, xg_ioctl_set_owner(self->fd));
}

TEST_F(owner, other_process)
{
	unsigned int base;
	uint64_t f;

	XT_OK(xg_ioctl_set_owner(self->fd));
	EXPECT_EQ(0, in_child(not_refused, self->fd));
	XT_ERR(-EBUSY, in_child(xg_ioctl_set_owner, self->fd));
	XT_ERR(-EPERM, in_child(xg_ioctl_reset_owner, self->fd));
	/* None of this took anything from the owner. */
	XT_OK(xg_ioctl_get_vring_base(self->fd, 0, &base));
	XT_OK(xg_ioctl_get_features(self->fd, &f));
}

static int becomes_owner(int fd)
{
	unsigned int base;
	int ret = xg_ioctl_set_owner(fd);

	return ret ? ret : xg_ioctl_get_vring_base(fd, 1, &base);
}

TEST_F(owner, passed_on)
{
	unsigned int base;

	XT_OK(xg_ioctl_set_owner(self->fd));
	XT_OK(xg_ioctl_reset_owner(self->fd));
	XT_ERR(-EPERM, xg_ioctl_get_vring_base(self->fd, 0, &base));
	XT_OK(in_child(becomes_owner, self->fd));
	/* It is gone, and still it was the owner: the device is its own. */
	XT_ERR(-EBUSY, xg_ioctl_set_owner(self->fd));
	XT_ERR(-EPERM, xg_ioctl_get_vring_base(self->fd, 0, &base));
	XT_ERR(-EPERM, xg_ioctl_reset_owner(self->fd));
}

static void *thread_of_owner(void *data)
{
	unsigned int base;
	int fd = *(int *)data;
	long ret = xg_ioctl_set_vring_num(fd, 0, 64);

	return (void *)(ret ? ret : xg_ioctl_get_vring_base(fd, 0, &base));
}

TEST_F(owner, other_thread)
{
	pthread_t thread;
	void *ret;

	XT_OK(xg_ioctl_set_owner(self->fd));
	ASSERT_EQ(0, pthread_create(&thread, NULL, thread_of_owner, &self->fd));
	pthread_join(thread, &ret);
	XT_OK((long)ret);
}

TEST_F(owner, several_devices)
{
	int fd[16];
	int i;

	for (i = 0; i < 16; i++) {
		fd[i] = xg_open(xt_dev());
		ASSERT_LE(0, fd[i]);
		XT_OK(xg_ioctl_set_owner(fd[i]));
	}
	EXPECT_EQ(16, xg_worker_find(getpid(), NULL, 0));
	for (i = 0; i < 16; i++)
		close(fd[i]);
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
}

/* Everything that was set is gone after VHOST_RESET_OWNER. */
TEST_F(owner, reset_forgets)
{
	int ev = xg_event();
	unsigned int num;

	XT_OK(xg_ioctl_set_owner(self->fd));
	XT_OK(xg_ioctl_set_vring_base(self->fd, 1, 77));
	XT_OK(xg_ioctl_set_busyloop(self->fd, 1, 50));
	XT_OK(xg_ioctl_set_vring_call(self->fd, 1, ev));
	XT_OK(xg_ioctl_reset_owner(self->fd));
	XT_ERR(-EPERM, xg_ioctl_reset_owner(self->fd));
	EXPECT_EQ(0, not_refused(self->fd));

	XT_OK(xg_ioctl_set_owner(self->fd));
	XT_OK(xg_ioctl_get_vring_base(self->fd, 1, &num));
	EXPECT_EQ(0, num);
	XT_OK(xg_ioctl_get_busyloop(self->fd, 1, &num));
	EXPECT_EQ(0, num);
	close(ev);
}

TEST_F(owner, many_resets)
{
	int i;

	for (i = 0; i < 100; i++) {
		XT_OK(xg_ioctl_set_owner(self->fd));
		XT_OK(xg_ioctl_reset_owner(self->fd));
	}
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
}

/* The end comes while the worker is about to look at what was just set. */
TEST_F(owner, reset_at_once)
{
	int ev = xg_event(), i;

	xg_event_signal(ev);
	for (i = 0; i < 2000; i++) {
		XT_OK(xg_ioctl_set_owner(self->fd));
		XT_OK(xg_ioctl_set_vring_kick(self->fd, i % 2, ev));
		XT_OK(xg_ioctl_reset_owner(self->fd));
	}
	close(ev);
}

TEST_F(owner, node)
{
	struct stat st;

	if (!getenv("XNET_VM"))
		SKIP(return, "this machine may have a udev rule for the node");
	ASSERT_EQ(0, stat(xt_dev(), &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	/* Some programs know vhost devices by the major of misc devices. */
	EXPECT_EQ(10, major(st.st_rdev));
}

static int opens_as_nobody(int fd)
{
	(void)fd;
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return -EIO;
	fd = xg_open(xt_dev());
	return fd < 0 ? fd : 0;
}

TEST_F(owner, nobody)
{
	if (!getenv("XNET_VM"))
		SKIP(return, "this machine may have a udev rule for the node");
	XT_ERR(-EACCES, in_child(opens_as_nobody, -1));
}

/* Under traffic, and anew on the same descriptor, several times. */
TEST(reset_owner_under_traffic)
{
	struct xt_traffic t;
	unsigned int i;

	XT_OK(xt_traffic_open(&t, NULL));
	for (i = 0; i < 5; i++) {
		XT_OK(xt_traffic_check(&t));
		t.patience_ms = 3000;
		XT_OK(xt_traffic_start(&t));
		XT_OK(xt_traffic_moves(&t, 100));
		XT_OK(xg_ioctl_reset_owner(t.net.fd));
		EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
		/* Nothing moves any more: the threads wait in vain. */
		XT_OK(xt_traffic_breaks(&t));
		t.patience_ms = 10000;
		XT_OK(xt_traffic_renew(&t, true, 65500 + i * 17));
	}
	XT_OK(xt_traffic_check(&t));
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
