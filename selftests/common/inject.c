// SPDX-License-Identifier: GPL-2.0-only
/* Failing allocations and user copies. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"

static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Is this a machine on which things have to be able to fail? */
static bool must_fail(void)
{
	char line[4096] = "";
	FILE *f = fopen("/proc/cmdline", "re");

	if (!f)
		return true;
	if (!fgets(line, sizeof(line), f))
		*line = '\0';
	fclose(f);
	return strstr(line, "xnet_inject=must");
}

static int no_injection(void)
{
	if (!must_fail())
		return -ENOTSUP;
	printf("# nothing can be made to fail, on a machine that was started to do it\n");
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

int inject_setup(void)
{
	static const char * const files[][2] = {
		{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/failslab/verbose", "0" },
		{ "/sys/kernel/debug/failslab/task-filter", "Y" },
		{ "/sys/kernel/debug/failslab/times", "-1" },
		{ "/sys/kernel/debug/failslab/probability", "100" },
		{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/task-filter", "Y" },
		{ "/sys/kernel/debug/fail_page_alloc/times", "-1" },
		{ "/sys/kernel/debug/fail_page_alloc/probability", "100" },
		{ "/sys/kernel/debug/fail_usercopy/verbose", "0" },
		{ NULL, NULL },
	};
	unsigned int i;

	if (access("/proc/thread-self/fail-nth", W_OK))
		return no_injection();
	for (i = 0; files[i][0]; i++)
		if (put(files[i][0], files[i][1]))
			return no_injection();
	return 0;
}

static int open_file(const pid_t *tid, const char *name)
{
	char path[64];

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/%s", *tid, name);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/%s", name);
	return open(path, O_RDWR | O_CLOEXEC);
}

static int arm(struct inject *in, const pid_t *tids, unsigned int n, unsigned int nth,
	       bool rest)
{
	char value[16];
	unsigned int i;
	int len;

	in->n = 0;
	in->self = !tids;
	len = snprintf(value, sizeof(value), "%u", nth);
	for (i = 0; i < (tids ? n : 1) && i < INJECT_MAX; i++) {
		in->fd[i] = open_file(tids ? &tids[i] : NULL, "fail-nth");
		in->rest_fd[i] = rest ? open_file(tids ? &tids[i] : NULL, "make-it-fail") : -1;
		if (in->fd[i] < 0 || (rest && in->rest_fd[i] < 0))
			break;
		in->n++;
	}
	if (i < (tids ? n : 1)) {
		inject_disarm(in);
		return -ENOENT;
	}
	for (i = 0; rest && i < in->n; i++)
		if (write(in->rest_fd[i], "1", 1) != 1)
			return -errno;
	/* From the last write on the caller's own calls count. */
	for (i = 0; i < in->n; i++)
		if (write(in->fd[i], value, len) != len)
			return -errno;
	return 0;
}

int inject_arm(struct inject *in, const pid_t *tids, unsigned int n, unsigned int nth)
{
	return arm(in, tids, n, nth, false);
}

int inject_arm_rest(struct inject *in, const pid_t *tids, unsigned int n, unsigned int nth)
{
	return arm(in, tids, n, nth, true);
}

bool inject_disarm(struct inject *in)
{
	char value[16] = "";
	bool hit = false;
	unsigned int i;
	ssize_t len;

	for (i = 0; i < in->n; i++) {
		len = pread(in->fd[i], value, sizeof(value) - 1, 0);
		/* With one left, it is this read that fails. */
		if (len > 0 && !atoi(value))
			hit = true;
		if (!i)
			in->left = len > 0 ? atoi(value) : 0;
		if (len > 0 && atoi(value) && pwrite(in->fd[i], "0", 1, 0) != 1 && !in->self)
			abort();
		/* No user copy fails any more by now, only allocations. */
		if (in->rest_fd[i] >= 0 && pwrite(in->rest_fd[i], "0", 1, 0) != 1)
			abort();
	}
	for (i = 0; i < in->n; i++) {
		close(in->fd[i]);
		if (in->rest_fd[i] >= 0)
			close(in->rest_fd[i]);
	}
	in->n = 0;
	return hit;
}
