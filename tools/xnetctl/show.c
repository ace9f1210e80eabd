// SPDX-License-Identifier: GPL-2.0-only
/* 'xnetctl show' for people. */
#include <stdio.h>

#include "names.h"
#include "print.h"

/* Where the lines about features are broken, and how far they are indented. */
#define LINE	79
#define INDENT	12

/**
 * xc_print_title() - the line that opens what is printed about a device
 * @dev: the device
 */
void xc_print_title(const struct xc_dev *dev)
{
	printf("device %u: ", dev->id);
	if (dev->owner)
		printf("%s (pid %u)", dev->comm, dev->owner);
	else
		printf("no owner");
	if (dev->worker)
		printf(", worker %u", dev->worker);
	putchar('\n');
}

/* The words as one number, then the names. */
static void print_features(const __u64 features[XC_FEATURE_WORDS])
{
	char buf[XC_NAME_LEN];
	unsigned int bit;
	const char *name;
	int column;

	if (features[1])
		column = printf("  features  %#llx%016llx", features[1], features[0]);
	else
		column = printf("  features  %#llx", features[0]);
	for (bit = 0; bit < XC_FEATURES; bit++) {
		if (!(features[bit / 64] >> bit % 64 & 1))
			continue;
		name = xc_feature_name(bit, buf);
		if (column + 1 + snprintf(NULL, 0, "%s", name) > LINE)
			column = printf("\n%*s", INDENT - 1, "") - 1;
		column += printf(" %s", name);
	}
	putchar('\n');
}

static void print_queue(const struct xc_queue *queue)
{
	char dir[XC_NAME_LEN], state[XC_NAME_LEN], fault[XC_NAME_LEN];
	char text[2 * XC_NAME_LEN], size[16] = "-", poll[16] = "-", worker[16] = "-";

	if (queue->fault)
		snprintf(text, sizeof(text), "%s (%s)", xc_state_name(queue->state, state),
			 xc_fault_name(queue->fault, fault));
	else
		snprintf(text, sizeof(text), "%s", xc_state_name(queue->state, state));
	if (queue->size)
		snprintf(size, sizeof(size), "%u", queue->size);
	if (queue->busyloop_us)
		snprintf(poll, sizeof(poll), "%u us", queue->busyloop_us);
	if (queue->worker)
		snprintf(worker, sizeof(worker), "%u", queue->worker);
	printf("  %5u  %-3s  %-20s  %5s  %-15s  %-8s  %s\n", queue->index,
	       xc_direction_name(queue->direction, dir), text, size,
	       queue->backend[0] ? queue->backend : "-", poll, worker);
}

static void print_dev(const struct xc_view *view, const struct xc_dev *dev)
{
	const struct xc_queue *queue;
	size_t n = xc_view_queues(view, dev->id, &queue);

	xc_print_title(dev);
	print_features(dev->features);
	printf("  memory    %u region%s\n", dev->regions, dev->regions == 1 ? "" : "s");
	printf("  %5s  %-3s  %-20s  %5s  %-15s  %-8s  %s\n", "QUEUE", "DIR", "STATE", "SIZE",
	       "BACKEND", "POLL", "WORKER");
	for (; n; n--, queue++)
		print_queue(queue);
}

/**
 * xc_show() - describe devices and their queues
 * @view: what was seen
 */
void xc_show(const struct xc_view *view)
{
	size_t i;

	for (i = 0; i < view->ndevs; i++) {
		if (i)
			putchar('\n');
		print_dev(view, &view->devs[i]);
	}
	if (!view->ndevs)
		puts("no device is open");
}
