// SPDX-License-Identifier: GPL-2.0-only
/* Eventfds and the clock. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "private.h"

int xg_patience(int ms)
{
	static int slow;

	if (!slow) {
		const char *times = getenv("XGUEST_SLOW");

		slow = times ? atoi(times) : 1;
		if (slow < 1)
			slow = 1;
	}
	return ms > 0 ? ms * slow : ms;
}

int xg_event(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return xg_note("eventfd", fd < 0 ? -errno : fd);
}

int xg_event_signal(int fd)
{
	uint64_t one = 1;

	/* A counter too full to take another 1 is signalled already. */
	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		return xg_note("eventfd write", -errno);
	return 0;
}

int64_t xg_event_take(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return errno == EAGAIN ? 0 : xg_note("eventfd read", -errno);
	return count;
}

int64_t xg_event_wait_plain(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t end = xg_now_ns() + timeout_ms * 1000000ULL;
	int left = timeout_ms;
	int ret;

	for (;;) {
		ret = poll(&pfd, 1, left);
		if (ret > 0)
			return xg_event_take(fd);
		if (ret < 0 && errno != EINTR)
			return xg_note("eventfd poll", -errno);
		if (ret == 0)
			return 0;
		if (timeout_ms >= 0) {
			int64_t ns = end - xg_now_ns();

			left = ns > 0 ? ns / 1000000 : 0;
		}
	}
}

int64_t xg_event_wait(int fd, int timeout_ms)
{
	return xg_event_wait_plain(fd, xg_patience(timeout_ms));
}

uint64_t xg_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}
