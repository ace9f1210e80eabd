// SPDX-License-Identifier: GPL-2.0-only
/* Features by the array: as many words as the caller likes. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <linux/if_tun.h>

#include "traffic.h"
#include "xtest.h"

#define WORDS	2	/* that the device knows */
#define MANY	5000	/* more than it looks at in one turn */
#define PAGE	4096UL
#define UDP_TUNNELS	0x80	/* TUN_F_UDP_TUNNEL_GSO, which headers may lack */

FIXTURE(features_array) {
	int fd;
	uint64_t low;
};

FIXTURE_SETUP(features_array)
{
	uint64_t word;
	int ret;

	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", xt_dev(), xt_errno(self->fd));
	ret = xg_ioctl_get_features_array(self->fd, &word, 1);
	if (ret && !xt_is_xnet())
		XT_SKIP_SETUP("the kernel's own vhost-net has no features arrays yet");
	XT_OK(ret);
	XT_OK(xg_ioctl_get_features(self->fd, &self->low));
}

FIXTURE_TEARDOWN(features_array)
{
	close(self->fd);
}

/* Pages that end where nothing is mapped any more. */
static uint8_t *pages_before_hole(unsigned int n)
{
	uint8_t *p = mmap(NULL, (n + 1) * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED || munmap(p + n * PAGE, PAGE) ? NULL : p;
}

TEST_F(features_array, get)
{
	uint64_t f[MANY];
	unsigned int n, i;

	for (n = 0; n <= 70; n = n < 6 ? n + 1 : n + 13) {
		memset(f, 0xa5, sizeof(f));
		XT_OK(xg_ioctl_get_features_array(self->fd, f, n));
		if (n)
			EXPECT_EQ(self->low, f[0]);
		for (i = WORDS; i < n; i++)
			ASSERT_EQ(0, f[i]);
		EXPECT_EQ(0xa5a5a5a5a5a5a5a5, f[n])
			TH_LOG("%u words", n);
	}
	memset(f, 0xa5, sizeof(f));
	XT_OK(xg_ioctl_get_features_array(self->fd, f, MANY));
	for (i = WORDS; i < MANY; i++)
		ASSERT_EQ(0, f[i]);
}

/* From feature 64 on: what the kernel's tap knows of UDP tunnels, and nothing else. */
TEST_F(features_array, offer)
{
	struct xg_tap_cfg cfg = { .offload = TUN_F_CSUM | TUN_F_TSO4 | UDP_TUNNELS };
	uint64_t f[WORDS] = {}, want = 0;
	struct xg_tap tap;

	XT_OK(xg_netns());
	if (!xg_tap_open(&tap, &cfg)) {
		want = XG_F_HIGH_GUEST_UDP_TUNNEL | XG_F_HIGH_HOST_UDP_TUNNEL;
		xg_tap_close(&tap);
	}
	XT_OK(xg_ioctl_get_features_array(self->fd, f, WORDS));
	EXPECT_EQ(self->low, f[0]);
	EXPECT_EQ(want, f[1]);
}

TEST_F(features_array, set)
{
	uint64_t f[MANY] = { XG_F_MODERN }, offer[WORDS] = {};
	unsigned int bit, n;

	XT_OK(xg_ioctl_get_features_array(self->fd, offer, WORDS));
	for (n = 0; n < 6; n++)
		XT_OK(xg_ioctl_set_features_array(self->fd, f, n));
	XT_OK(xg_ioctl_set_features_array(self->fd, f, MANY));
	for (bit = 0; bit < 64 * (WORDS + 3); bit++) {
		bool known = bit < 64 * WORDS && offer[bit / 64] >> bit % 64 & 1;

		/* These have conditions of their own. */
		if (bit == VHOST_F_LOG_ALL || bit == VIRTIO_F_ACCESS_PLATFORM)
			continue;
		memset(f, 0, sizeof(f));
		f[bit / 64] = 1ULL << bit % 64;
		XT_ERR(known ? 0 : -EOPNOTSUPP, xg_ioctl_set_features_array(self->fd, f, 6));
	}
	memset(f, 0, sizeof(f));
	f[MANY - 1] = 1;
	XT_ERR(-EOPNOTSUPP, xg_ioctl_set_features_array(self->fd, f, MANY));
	XT_OK(xg_ioctl_set_features_array(self->fd, f, MANY - 1));
}

/* Where the caller's memory ends, for each number of words. */
TEST_F(features_array, bad_memory)
{
	uint8_t *end = pages_before_hole(2) + 2 * PAGE;
	struct vhost_features_array *a;
	unsigned int n, have;
	void *bad[] = { NULL, (void *)8, (void *)(~0UL << 12), (void *)-1L };

	for (n = 0; n < ARRAY_SIZE(bad); n++) {
		XT_ERR(-EFAULT, xg_ioctl(self->fd, VHOST_GET_FEATURES_ARRAY, bad[n]));
		XT_ERR(-EFAULT, xg_ioctl(self->fd, VHOST_SET_FEATURES_ARRAY, bad[n]));
	}
	for (n = 0; n < 6; n++) {
		for (have = 0; have <= n; have++) {
			long want = have < n ? -EFAULT : 0;

			a = (void *)(end - sizeof(*a) - have * sizeof(a->features[0]));
			memset(a, 0, end - (uint8_t *)a);
			a->count = n;
			XT_ERR(want, xg_ioctl(self->fd, VHOST_SET_FEATURES_ARRAY, a));
			XT_ERR(want, xg_ioctl(self->fd, VHOST_GET_FEATURES_ARRAY, a));
			/* What is known to be wrong comes before what cannot be read. */
			if (have <= WORDS)
				continue;
			memset(a->features, 0, have * sizeof(a->features[0]));
			a->features[WORDS] = 1;
			XT_ERR(-EOPNOTSUPP, xg_ioctl(self->fd, VHOST_SET_FEATURES_ARRAY, a));
		}
	}
	a = (void *)(end - 4);
	XT_ERR(-EFAULT, xg_ioctl(self->fd, VHOST_SET_FEATURES_ARRAY, a));
	XT_ERR(-EFAULT, xg_ioctl(self->fd, VHOST_GET_FEATURES_ARRAY, a));
}

/* Counts whose size in bytes is no number any more. */
TEST_F(features_array, huge_counts)
{
	uint64_t counts[] = { ~0ULL, ~0ULL - 1, 1ULL << 63, 1ULL << 62, (1ULL << 61) + 2,
			      1ULL << 61, (1ULL << 61) - 1, 1ULL << 44, 1ULL << 32 };
	uint8_t *end = pages_before_hole(64) + 64 * PAGE;
	struct vhost_features_array *a = (void *)(end - 64 * PAGE);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		memset(a, 0, 64 * PAGE);
		a->count = counts[i];
		XT_ERR(-EFAULT, xg_ioctl(self->fd, VHOST_SET_FEATURES_ARRAY, a));
		XT_ERR(-EFAULT, xg_ioctl(self->fd, VHOST_GET_FEATURES_ARRAY, a));
		EXPECT_EQ(self->low, a->features[0]);
	}
}

/* Words without an end, read for longer than anybody waits: a kill ends it. */
TEST_F(features_array, killed)
{
	struct vhost_features_array *a;
	int status = 0, ready[2];
	pid_t pid;
	char c;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net goes on to the end");
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* The page of zeroes over and over: reading takes no memory of its own. */
		a = mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (a == MAP_FAILED)
			_exit(1);
		/* It fails where there are no huge pages, as with PREEMPT_RT. */
		madvise(a, 1UL << 40, MADV_NOHUGEPAGE);
		a->count = 1ULL << 36;
		if (write(ready[1], "", 1) != 1)
			_exit(2);
		xg_ioctl(self->fd, VHOST_SET_FEATURES_ARRAY, a);
		_exit(3);
	}
	/* So that a child that never gets there is not waited for. */
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	xt_msleep(200);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG))
		TH_LOG("it has ended already: %#x", status);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_TRUE(XT_UNTIL(waitpid(pid, &status, WNOHANG) == pid))
		TH_LOG("still running after a SIGKILL");
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(ready[0]);
}

/* What the array sets holds: frames pass with the header that was chosen. */
TEST_F(features_array, effective)
{
	uint64_t modern[WORDS] = { XG_F_MODERN };
	struct xt_traffic t;
	unsigned int i;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xg_ioctl_set_features(t.net.fd, 0));
	XT_OK(xg_ioctl_set_features_array(t.net.fd, modern, WORDS));
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 100; i++)
		XT_OK(xg_ioctl_set_features_array(t.net.fd, modern, i % 2 + 1));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
