// SPDX-License-Identifier: GPL-2.0-only
/* 'xnetctl stats' for people: a line for each counter, a column for each queue. */
#include <stdio.h>

#include "names.h"
#include "print.h"

#define COLUMN	14

/**
 * struct xc_block - the figures of one device
 * @queues: its queues
 * @n: how many
 * @before: what was seen earlier, NULL to print figures instead of rates
 * @seconds: time between then and now
 */
struct xc_block {
	const struct xc_queue *queues;
	size_t n;
	const struct xc_view *before;
	double seconds;
};

/* How much a counter of a queue has risen, since the device was opened or since @before. */
static __u64 rise(const struct xc_block *block, const struct xc_queue *queue, unsigned int c)
{
	const struct xc_queue *then;

	if (!block->before)
		return queue->counters[c];
	then = xc_view_find(block->before, queue->dev_id, queue->index);
	return then ? queue->counters[c] - then->counters[c] : 0;
}

static void print_cell(const struct xc_block *block, __u64 value)
{
	if (block->before)
		printf(" %*.1f", COLUMN, value / block->seconds);
	else
		printf(" %*llu", COLUMN, value);
}

static bool any(const struct xc_block *block, unsigned int c)
{
	size_t i;

	for (i = 0; i < block->n; i++) {
		if (rise(block, &block->queues[i], c))
			return true;
	}
	return false;
}

static void print_row(const struct xc_block *block, unsigned int c, const char *label)
{
	const struct xc_queue *queue;
	size_t i;

	printf("  %-18s", label);
	for (i = 0; i < block->n; i++) {
		queue = &block->queues[i];
		if (queue->known >> c & 1)
			print_cell(block, rise(block, queue, c));
		else
			printf(" %*s", COLUMN, "-");
	}
	putchar('\n');
}

static __u64 drops_of(const struct xc_block *block, const struct xc_queue *queue)
{
	__u64 sum = 0;
	unsigned int c;

	for (c = 0; c < XC_COUNTERS; c++) {
		if (xc_counter_is_drop(c))
			sum += rise(block, queue, c);
	}
	return sum;
}

/* All drops in one line, then a line for each reason. Return: lines printed. */
static unsigned int print_drops(const struct xc_block *block, bool all)
{
	unsigned int c, rows = 0;
	char label[32];
	bool some = all;
	size_t i;

	for (c = 0; c < XC_COUNTERS && !some; c++)
		some = xc_counter_is_drop(c) && any(block, c);
	if (!some)
		return 0;

	printf("  %-18s", "drops");
	for (i = 0; i < block->n; i++)
		print_cell(block, drops_of(block, &block->queues[i]));
	putchar('\n');
	for (c = 0; c < XC_COUNTERS; c++) {
		if (!xc_counter_is_drop(c) || (!all && !any(block, c)))
			continue;
		snprintf(label, sizeof(label), "  %s", xc_counter_name(c) + sizeof("drop-") - 1);
		print_row(block, c, label);
		rows++;
	}
	return rows + 1;
}

static void print_block(const struct xc_block *block, bool all)
{
	char buf[XC_NAME_LEN], title[48];
	unsigned int c, rows = 0;
	size_t i;

	printf("  %-18s", block->before ? "PER SECOND" : "COUNTER");
	for (i = 0; i < block->n; i++) {
		snprintf(title, sizeof(title), "%u %s", block->queues[i].index,
			 xc_direction_name(block->queues[i].direction, buf));
		printf(" %*s", COLUMN, title);
	}
	putchar('\n');
	for (c = 0; c < XC_COUNTERS; c++) {
		if (xc_counter_is_drop(c) || (!all && !any(block, c)))
			continue;
		print_row(block, c, xc_counter_name(c));
		rows++;
	}
	rows += print_drops(block, all);
	if (!rows)
		printf("  %s\n", block->before ? "(idle)" : "(nothing counted yet)");
}

/**
 * xc_stats() - print the counters of queues, or how fast they rise
 * @view: what was seen
 * @before: what was seen earlier, for rates; NULL for the counters themselves
 * @all: print those that are zero, too
 *
 * A device that was not there before has no rates yet and is left out.
 */
void xc_stats(const struct xc_view *view, const struct xc_view *before, bool all)
{
	struct xc_block block = { .before = before };
	const struct xc_dev *dev;
	size_t i, shown = 0;

	if (before)
		block.seconds = view->time - before->time;
	for (i = 0; i < view->ndevs; i++) {
		dev = &view->devs[i];
		block.n = xc_view_queues(view, dev->id, &block.queues);
		if (!block.n || (before && !xc_view_find(before, dev->id, block.queues->index)))
			continue;
		if (shown++)
			putchar('\n');
		xc_print_title(dev);
		print_block(&block, all);
	}
	if (!shown)
		puts(view->ndevs ? "no device was open all the time" : "no device is open");
}
