// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls of the dirty log: where it may be, and who finds out when. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "traffic.h"
#include "xtest.h"

/* A guest physical address whose bit is a long way from the first one. */
#define FAR_GPA		0x4000000000000000ULL

FIXTURE(log) {
	struct xg_net net;
	struct xg_log log;
	uint64_t top, high;
};

/* Where user space ends, as the kernel's check of a running queue's map has it. */
static uint64_t find_top(struct xg_net *net)
{
	struct vhost_memory *table = xg_mem_table(&net->mem);
	unsigned int bit;

	if (xg_vq_attach(&net->vq[XG_RX], net->tap.fd[0]))
		return 0;
	for (bit = 47; table && bit < 63; bit++) {
		table->regions[0].userspace_addr = 1ULL << bit;
		table->regions[0].memory_size = 4096;
		if (xg_ioctl_set_mem_table(net->fd, table))
			break;
	}
	free(table);
	if (xg_mem_commit(net->fd, &net->mem) || xg_vq_attach(&net->vq[XG_RX], -1))
		return 0;
	return 1ULL << bit;
}

FIXTURE_SETUP(log)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN, .num = 64 };

	XT_OK(xg_netns());
	XT_OK(xg_net_open(&self->net, &cfg));
	XT_OK(xg_log_open(&self->log, &self->net.mem));
	self->top = find_top(&self->net);
	ASSERT_NE(0, self->top);
	/* The guest's memory can be logged there, and FAR_GPA cannot. */
	self->high = self->top - 0x100000;
	self->top -= 4096;
}

FIXTURE_TEARDOWN(log)
{
	xg_net_close(&self->net);
	xg_log_close(&self->log);
}

static int set_base(struct xg_net *net, uint64_t base)
{
	return xg_ioctl_set_log_base(net->fd, base);
}

static int set_features(struct xg_net *net, uint64_t more)
{
	return xg_ioctl_set_features(net->fd, XG_F_MODERN | more);
}

static int set_addr(struct xg_net *net, unsigned int q, bool log, uint64_t gpa)
{
	struct vhost_vring_addr addr;

	xg_vq_addr(&net->vq[q], &addr);
	addr.flags = log ? XG_BIT(VHOST_VRING_F_LOG) : 0;
	addr.log_guest_addr = gpa;
	return xg_ioctl_set_vring_addr(net->fd, &addr);
}

TEST_F(log, bad_arguments)
{
	void *bad[] = { NULL, (void *)8, (void *)(~0UL << 12), (void *)-1L };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[4], i;

	for (i = 0; i < 4; i++) {
		XT_ERR(-EFAULT, xg_ioctl(self->net.fd, VHOST_SET_LOG_BASE, bad[i]));
		XT_ERR(-EFAULT, xg_ioctl(self->net.fd, VHOST_SET_LOG_FD, bad[i]));
	}
	fds[0] = 12345;
	fds[1] = -2;
	XT_ERR(-EBADF, xg_ioctl_set_log_fd(self->net.fd, fds[0]));
	XT_ERR(-EBADF, xg_ioctl_set_log_fd(self->net.fd, fds[1]));
	XT_ERR(-EINVAL, xg_ioctl_set_log_fd(self->net.fd, null));
	XT_ERR(-EINVAL, xg_ioctl_set_log_fd(self->net.fd, self->net.fd));
	XT_OK(xg_ioctl_set_log_fd(self->net.fd, -1));
	close(null);
}

TEST_F(log, only_owner)
{
	int fd = self->net.fd, status, ev = xg_event();
	pid_t pid = fork();

	if (!pid) {
		/* The other process has the same memory at the same addresses, but not the same. */
		status = xg_ioctl_set_log_base(fd, (uintptr_t)self->log.base) != -EPERM;
		status |= (xg_ioctl_set_log_fd(fd, ev) != -EPERM) << 1;
		status |= (xg_ioctl_set_log_fd(fd, 12345) != -EPERM) << 2;
		_exit(status);
	}
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	close(ev);
}

/* Nothing is checked while nothing runs; all of it when it is to run. */
TEST_F(log, checked_at_start)
{
	int tap = self->net.tap.fd[0];

	XT_OK(set_base(&self->net, ~0UL));
	XT_OK(set_features(&self->net, XG_F_LOG_ALL));
	XT_ERR(-EFAULT, xg_vq_attach(&self->net.vq[XG_RX], tap));
	XT_ERR(-EFAULT, xg_vq_attach(&self->net.vq[XG_RX], -1));
	XT_ERR(-EFAULT, xg_vq_attach(&self->net.vq[XG_RX], 12345));
	XT_OK(set_features(&self->net, 0));
	XT_OK(xg_vq_attach(&self->net.vq[XG_RX], tap));
	XT_OK(xg_vq_attach(&self->net.vq[XG_RX], -1));
	XT_OK(set_addr(&self->net, XG_RX, true, 0x100000));
	XT_ERR(-EFAULT, xg_vq_attach(&self->net.vq[XG_RX], tap));
	/* A flag is of its queue. */
	XT_OK(xg_vq_attach(&self->net.vq[XG_TX], tap));
	XT_OK(set_base(&self->net, (uintptr_t)self->log.base));
	XT_OK(xg_vq_attach(&self->net.vq[XG_RX], tap));
	XT_OK(xg_vq_attach(&self->net.vq[XG_RX], -1));
	XT_OK(xg_vq_attach(&self->net.vq[XG_TX], -1));
	XT_OK(set_base(&self->net, self->high));
	XT_OK(set_addr(&self->net, XG_RX, true, FAR_GPA));
	XT_ERR(-EFAULT, xg_vq_attach(&self->net.vq[XG_RX], tap));
	XT_OK(set_addr(&self->net, XG_RX, false, FAR_GPA));
	XT_OK(xg_vq_attach(&self->net.vq[XG_RX], tap));
}

TEST_F(log, features_while_running)
{
	XT_OK(set_base(&self->net, ~0UL));
	XT_OK(xg_net_start(&self->net));
	XT_ERR(-EFAULT, set_features(&self->net, XG_F_LOG_ALL));
	/* An unknown feature comes first. */
	XT_ERR(-EOPNOTSUPP, xg_ioctl_set_features(self->net.fd, ~0ULL));
	XT_OK(set_features(&self->net, 0));
	XT_OK(set_base(&self->net, (uintptr_t)self->log.base));
	XT_OK(set_features(&self->net, XG_F_LOG_ALL));
	XT_OK(set_features(&self->net, 0));
}

TEST_F(log, base_while_running)
{
	struct xg_net *net = &self->net;

	XT_OK(xg_net_start(net));
	/* Nothing to log: anywhere. */
	XT_OK(set_base(net, ~0UL));
	XT_OK(set_base(net, self->top));
	XT_OK(set_base(net, (uintptr_t)self->log.base));
	XT_OK(set_features(net, XG_F_LOG_ALL));
	XT_ERR(-EFAULT, set_base(net, ~0UL));
	XT_ERR(-EFAULT, set_base(net, self->top));
	XT_OK(set_base(net, (uintptr_t)self->log.base));
	XT_OK(set_features(net, 0));
	XT_OK(set_base(net, self->top));
	XT_OK(set_base(net, (uintptr_t)self->log.base));
	XT_OK(set_addr(net, XG_TX, true, 0x100000));
	XT_ERR(-EFAULT, set_base(net, ~0UL));
	/* The transmit queue has refused; the other one has taken it. */
	XT_ERR(-EFAULT, set_features(net, XG_F_LOG_ALL));
	XT_OK(set_base(net, (uintptr_t)self->log.base));
	XT_OK(set_features(net, XG_F_LOG_ALL));
}

TEST_F(log, addr_while_running)
{
	struct xg_net *net = &self->net;
	uint64_t gpa = net->vq[XG_RX].cfg.device_gpa;

	XT_OK(set_base(net, (uintptr_t)self->log.base));
	XT_ERR(-EINVAL, set_addr(net, XG_RX, true, gpa + 1));
	XT_ERR(-EINVAL, set_addr(net, XG_RX, false, gpa + 2));
	XT_OK(set_addr(net, XG_RX, true, FAR_GPA));
	XT_OK(set_addr(net, XG_RX, true, gpa));
	XT_OK(set_addr(net, XG_RX, false, gpa));
	XT_OK(xg_net_start(net));
	XT_OK(set_base(net, self->high));
	XT_ERR(-EINVAL, set_addr(net, XG_RX, true, FAR_GPA));
	XT_ERR(-EINVAL, set_addr(net, XG_RX, true, ~3ULL));
	XT_OK(set_addr(net, XG_RX, false, FAR_GPA));
	XT_OK(set_base(net, (uintptr_t)self->log.base));
	XT_OK(set_addr(net, XG_RX, true, gpa));
	XT_OK(set_addr(net, XG_TX, true, net->vq[XG_TX].cfg.device_gpa));
}

TEST_F(log, map_while_running)
{
	struct vhost_memory *table = xg_mem_table(&self->net.mem);
	struct xg_net *net = &self->net;

	ASSERT_NE(NULL, table);
	table = realloc(table, sizeof(*table) + 2 * sizeof(table->regions[0]));
	ASSERT_NE(NULL, table);
	table->regions[1] = table->regions[0];
	table->regions[1].guest_phys_addr = FAR_GPA;
	XT_OK(set_base(net, self->high));
	XT_OK(xg_net_start(net));
	table->nregions = 2;
	XT_OK(xg_ioctl_set_mem_table(net->fd, table));
	XT_ERR(-EFAULT, set_features(net, XG_F_LOG_ALL));
	table->nregions = 1;
	XT_OK(xg_ioctl_set_mem_table(net->fd, table));
	XT_OK(set_features(net, XG_F_LOG_ALL));
	table->nregions = 2;
	XT_ERR(-EFAULT, xg_ioctl_set_mem_table(net->fd, table));
	XT_OK(xg_net_stop(net));
	XT_OK(xg_ioctl_set_mem_table(net->fd, table));
	XT_ERR(-EFAULT, xg_net_start(net));
	free(table);
}

/* What an owner has set of the log goes with him. */
TEST_F(log, reset_owner)
{
	struct xg_net *net = &self->net;
	int ev = xg_event();
	unsigned int q;

	XT_OK(xg_ioctl_set_log_fd(net->fd, ev));
	XT_OK(xg_net_log(net, &self->log));
	XT_OK(xg_net_start(net));
	XT_OK(xg_ioctl_reset_owner(net->fd));
	memset(self->log.base, 0, self->log.words * 8);
	xg_event_take(ev);
	XT_OK(xg_ioctl_set_owner(net->fd));
	XT_OK(xg_ioctl_set_features(net->fd, XG_F_MODERN));
	XT_OK(xg_mem_commit(net->fd, &net->mem));
	for (q = 0; q < XG_MAX_VQS; q++) {
		net->vq[q].log_used = false;
		XT_OK(xg_vq_setup(&net->vq[q]));
	}
	XT_OK(xg_net_start(net));
	XT_OK(set_features(net, 0));
	XT_OK(xg_net_stop(net));
	for (q = 0; q < self->log.words; q++)
		ASSERT_EQ(0, self->log.base[q]);
	EXPECT_EQ(0, xg_event_take(ev));
	close(ev);
}

/* Where the log was is forgotten with its owner, so another one has none to be written to. */
TEST_F(log, reset_base)
{
	struct xg_net *net = &self->net;
	unsigned int q;

	XT_OK(xg_net_log(net, &self->log));
	XT_OK(xg_net_start(net));
	XT_OK(xg_ioctl_reset_owner(net->fd));
	memset(self->log.base, 0, self->log.words * 8);
	XT_OK(xg_ioctl_set_owner(net->fd));
	XT_OK(set_features(net, XG_F_LOG_ALL));
	XT_OK(xg_mem_commit(net->fd, &net->mem));
	for (q = 0; q < XG_MAX_VQS; q++) {
		net->vq[q].log_used = true;
		XT_OK(xg_vq_setup(&net->vq[q]));
		/* Whether anything is mapped there is seen when something is to be logged. */
		XT_OK(xg_vq_attach(&net->vq[q], net->tap.fd[0]));
	}
	XT_OK(xg_net_stop(net));
	for (q = 0; q < self->log.words; q++)
		ASSERT_EQ(0, self->log.base[q]);
}

/* Everything about the log is changed while frames pass. */
TEST(under_traffic)
{
	struct xt_traffic t;
	struct xg_log log[2];
	unsigned int i, q;
	int ev = xg_event();

	XT_OK(xt_traffic_open(&t, NULL));
	for (i = 0; i < 2; i++)
		XT_OK(xg_log_open(&log[i], &t.net.mem));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 300; i++) {
		XT_OK(set_base(&t.net, (uintptr_t)log[i & 1].base));
		/* Nobody writes to the other one any more. */
		XT_OK(mprotect(log[!(i & 1)].map, log[0].size, PROT_NONE));
		XT_OK(set_features(&t.net, i & 2 ? XG_F_LOG_ALL : 0));
		for (q = 0; q < XG_MAX_VQS; q++)
			XT_OK(set_addr(&t.net, q, i & 4, t.net.vq[q].cfg.device_gpa));
		XT_OK(xg_ioctl_set_log_fd(t.net.fd, i % 3 ? ev : -1));
		XT_OK(mprotect(log[!(i & 1)].map, log[0].size, PROT_READ | PROT_WRITE));
	}
	XT_OK(xt_traffic_moves(&t, 100));
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
	for (i = 0; i < 2; i++)
		xg_log_close(&log[i]);
	close(ev);
}

TEST_HARNESS_MAIN
