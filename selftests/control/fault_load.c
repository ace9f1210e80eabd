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
#define NEVER		1000000

static int load_with(int file, const char *args)
{
	return syscall(SYS_finit_module, file, args, 0) ? -errno : 0;
}

static int load(int file)
{
	return load_with(file, "");
}

static int unload(void)
{
	return syscall(SYS_delete_module, "vhost_xnet", O_NONBLOCK) ? -errno : 0;
}

/*
 * How many things could fail before the kernel looks at the parameters, which is
 * before it makes files for the module and starts it. Up to there it is busy with
 * itself, and warns if memory for its trace events cannot be had.
 */
static unsigned int before_parameters(struct __test_metadata *_metadata, int file)
{
	struct inject in;

	XT_OK(inject_arm(&in, NULL, 0, NEVER));
	XT_ERR(-EINVAL, load_with(file, "max_mem_regions=many"));
	EXPECT_FALSE(inject_disarm(&in));
	return NEVER - in.left;
}

/* A load that fails leaves nothing, and the next one succeeds. */
TEST(module_start)
{
	const char *path = getenv("XNET_MODULE");
	unsigned int nth, first, failed = 0, absorbed = 0;
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
	first = before_parameters(_metadata, file);
	ASSERT_LT(0, first);
	for (nth = first; hit && nth < first + MAX_NTH; nth++) {
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
	EXPECT_FALSE(hit);
	EXPECT_LT(0, failed);
	TH_LOG("after %u things that did not fail %u that did, and %u that did not matter",
	       first, failed, absorbed);
	EXPECT_LE(0, xg_open(xt_dev()));
	close(file);
}

TEST_HARNESS_MAIN
