// SPDX-License-Identifier: GPL-2.0-only
/* 'xnetctl stats --watch': rates, again and again. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "print.h"
#include "watch.h"

static void wait_until(double when)
{
	struct timespec ts = {
		.tv_sec = (time_t)when,
		.tv_nsec = (long)((when - (time_t)when) * 1e9),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void print_time(const struct xc_view *view, const struct xc_view *before)
{
	time_t now = time(NULL);
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("--- %s, over %.2f s\n", clock, view->time - before->time);
}

static int report(const struct xc_view *view, const struct xc_view *before,
		  const struct xc_args *args)
{
	if (args->json) {
		if (xc_json_stats(view, before))
			return -1;
	} else {
		print_time(view, before);
		xc_stats(view, before, args->all);
	}
	return xc_flush();
}

/**
 * xc_watch() - report rates until there is a reason to stop
 * @nl: an open way to the kernel
 * @args: what is to be watched, and how
 *
 * Return: 0 after the number of reports asked for, or -1 after saying why it
 * could not go on.
 */
int xc_watch(struct xc_nl *nl, const struct xc_args *args)
{
	struct xc_view before, view;
	unsigned int n = 0;
	int err;

	if (xc_nl_look(nl, args->dev, &before))
		return -1;
	do {
		wait_until(before.time + args->watch);
		err = xc_nl_look(nl, args->dev, &view);
		if (err)
			break;
		err = report(&view, &before, args);
		xc_view_free(&before);
		before = view;
	} while (!err && ++n != args->count);
	xc_view_free(&before);
	return err;
}
