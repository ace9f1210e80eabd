// SPDX-License-Identifier: GPL-2.0-only
/* Worker threads: which they are and what they cost. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <linux/perf_event.h>

#include "private.h"

static int read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	int ret = 0;

	if (!f)
		return -errno;
	if (!fgets(line, size, f))
		ret = -ESRCH;
	fclose(f);
	line[ret ? 0 : strcspn(line, "\n")] = '\0';
	return ret;
}

/* Is it the name of the first thread, or that with the number of another one? */
static int is_worker(const char *name, const char *first)
{
	size_t n = strlen(first);

	return !strncmp(name, first, n) && (!name[n] || name[n] == '-');
}

/* Add those threads below @dir that are called as @comm is to the @have found so far. */
static int scan(const char *dir, const char *comm, pid_t *tid, unsigned int max,
		unsigned int have)
{
	char path[320], name[64];
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/%s/comm", dir, e->d_name);
		/* A thread that ended meanwhile is not an error. */
		if (read_line(path, name, sizeof(name)) || !is_worker(name, comm))
			continue;
		if (have < max)
			tid[have] = atoi(e->d_name);
		have++;
	}
	closedir(d);
	return have;
}

int xg_worker_find(pid_t owner, pid_t *tid, unsigned int max)
{
	char comm[32], dir[64];
	int kernel, own;

	snprintf(comm, sizeof(comm), "vhost-%d", owner);
	/* Kernel threads before 6.4, threads of the owner from then on. */
	kernel = xg_note("/proc", scan("/proc", comm, tid, max, 0));
	if (kernel < 0)
		return kernel;
	snprintf(dir, sizeof(dir), "/proc/%d/task", owner);
	own = scan(dir, comm, tid, max, kernel);
	return own < 0 ? kernel : own;
}

static int read_stat(pid_t tid, struct xg_cpu *cpu)
{
	char path[64], line[1024], *name_end;
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	ret = read_line(path, line, sizeof(line));
	if (ret)
		return ret;
	/* The name may hold anything, even a bracket. */
	name_end = strrchr(line, ')');
	if (!name_end ||
	    sscanf(name_end + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
		   XG_SCAN(cpu->utime), XG_SCAN(cpu->stime)) != 2)
		return -EPROTO;
	return 0;
}

int xg_worker_cpu(pid_t tid, struct xg_cpu *cpu)
{
	char path[64], line[128];
	int ret;

	memset(cpu, 0, sizeof(*cpu));
	ret = xg_note("worker's stat", read_stat(tid, cpu));
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/%d/schedstat", tid);
	ret = xg_note("worker's schedstat", read_line(path, line, sizeof(line)));
	if (ret)
		return ret;
	if (sscanf(line, "%llu %llu %llu", XG_SCAN(cpu->run_ns), XG_SCAN(cpu->wait_ns),
		   XG_SCAN(cpu->slices)) != 3)
		return xg_note("worker's schedstat", -EPROTO);
	return 0;
}

int xg_clock_open(pid_t tid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
	};
	int fd = syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return xg_note("perf_event_open", fd < 0 ? -errno : fd);
}

int64_t xg_clock_ns(int fd)
{
	uint64_t ns;
	ssize_t n = read(fd, &ns, sizeof(ns));

	if (n != sizeof(ns))
		return xg_note("task clock", n < 0 ? -errno : -EIO);
	return ns;
}
