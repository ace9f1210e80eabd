// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the module while things fail. Time limit: 600 s
 *
 * Needs a kernel with fault injection; selftests/debug makes one.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "inject.h"
#include "xgstats.h"
#include "xtest.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	400

#define MAX_NTH		3000

static int load(int file)
{
	return syscall(SYS_finit_module, file, "", 0) ? -errno : 0;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "vhost_xnet", O_NONBLOCK) ? -errno : 0;
}

/* A load that fails leaves nothing, and the next one succeeds. */
TEST(module_start)
{
	const char *path = getenv("XNET_MODULE");
	unsigned int nth, failed = 0, absorbed = 0;
	struct inject in;
	bool hit = true;
	int file, ret;

	if (!xt_is_xnet() || !path)
		SKIP(return, "there is no module to load");
	if (inject_setup())
		SKIP(return, "the kernel cannot make allocations fail");
	file = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);
	XT_OK(unload());
	for (nth = 1; hit && nth < MAX_NTH; nth++) {
		XT_OK(inject_arm(&in, NULL, 0, nth));
		ret = load(file);
		hit = inject_disarm(&in);
		if (!hit || !ret) {
			absorbed += hit;
			XT_OK(ret);
			XT_OK(unload());
			continue;
		}
		failed++;
		ASSERT_TRUE(ret == -ENOMEM || ret == -EFAULT || ret == -ENOEXEC)
			TH_LOG("failure %u: %s", nth, xt_errno(ret));
		ASSERT_NE(0, access("/sys/module/vhost_xnet", F_OK)) TH_LOG("failure %u", nth);
		ASSERT_NE(0, access("/dev/vhost-xnet", F_OK)) TH_LOG("failure %u", nth);
	}
	XT_OK(load(file));
	EXPECT_GT(MAX_NTH, nth);
	EXPECT_LT(0, failed);
	TH_LOG("%u failures, and %u that did not matter", failed, absorbed);
	EXPECT_LE(0, xg_open(xt_dev()));
	close(file);
}

TEST_HARNESS_MAIN
