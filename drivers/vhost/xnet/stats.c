// SPDX-License-Identifier: GPL-2.0-only
/* Reading the figures of a queue. Writing them is inline, in stats.h. */

#include <linux/string.h>

#include "stats.h"

/**
 * xnet_stats_init() - set every counter to zero
 * @stats: the figures; nobody else may know them yet
 */
void xnet_stats_init(struct xnet_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	u64_stats_init(&stats->syncp);
}

/**
 * xnet_stats_read() - take a copy of every counter
 * @stats: the figures of a queue, running or not
 * @out: receives the values in the order of enum xnet_counter
 *
 * Context: any; does not sleep.
 */
void xnet_stats_read(const struct xnet_stats *stats, u64 out[XNET_NR_COUNTERS])
{
	unsigned int start, i;

	do {
		start = u64_stats_fetch_begin(&stats->syncp);
		for (i = 0; i < XNET_NR_COUNTERS; i++)
			out[i] = u64_stats_read(&stats->c[i]);
	} while (u64_stats_fetch_retry(&stats->syncp, start));
	out[XNET_C_KICKS] = atomic_long_read(&stats->kicks);
}
