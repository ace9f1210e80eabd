// SPDX-License-Identifier: GPL-2.0-only
/* Finding one's way in what a look at the kernel brought. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

/**
 * xc_view_queues() - the queues of one device
 * @view: what was seen
 * @id: number of the device
 * @first: receives the first of them, NULL if there is none
 *
 * Return: how many there are.
 */
size_t xc_view_queues(const struct xc_view *view, __u32 id, const struct xc_queue **first)
{
	size_t i = 0, n = 0;

	while (i < view->nqueues && view->queues[i].dev_id != id)
		i++;
	while (i + n < view->nqueues && view->queues[i + n].dev_id == id)
		n++;
	*first = n ? &view->queues[i] : NULL;
	return n;
}

/**
 * xc_view_find() - one queue
 * @view: what was seen
 * @id: number of its device
 * @index: its number in the device
 *
 * Return: the queue, or NULL if it was not seen.
 */
const struct xc_queue *xc_view_find(const struct xc_view *view, __u32 id, __u32 index)
{
	const struct xc_queue *queue;
	size_t n = xc_view_queues(view, id, &queue);

	for (; n; n--, queue++) {
		if (queue->index == index)
			return queue;
	}
	return NULL;
}

/**
 * xc_view_free() - give back what a look brought
 * @view: what was seen; empty afterwards
 */
void xc_view_free(struct xc_view *view)
{
	free(view->devs);
	free(view->queues);
	memset(view, 0, sizeof(*view));
}
