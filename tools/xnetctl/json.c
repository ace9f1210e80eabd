// SPDX-License-Identifier: GPL-2.0-only
/* What programs read. Names and values are those of the family's specification. */
#include <stdio.h>

#include <jansson.h>

#include "err.h"
#include "names.h"
#include "print.h"

/* An unset value is null rather than a number that means something else. */
static json_t *number_or_null(__u32 value)
{
	return value ? json_integer(value) : json_null();
}

/* A name is whatever its owner chose, so it need not be UTF-8. */
static json_t *string_or_null(const char *text)
{
	char clean[XC_COMM_LEN];
	json_t *string;
	size_t i;

	if (!text[0])
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	for (i = 0; i < sizeof(clean) - 1 && text[i]; i++)
		clean[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
	clean[i] = '\0';
	return json_string(clean);
}

static json_t *feature_names(const __u64 features[XC_FEATURE_WORDS])
{
	json_t *names = json_array();
	char buf[XC_NAME_LEN];
	unsigned int bit;

	for (bit = 0; bit < XC_FEATURES; bit++) {
		if (features[bit / 64] >> bit % 64 & 1)
			json_array_append_new(names, json_string(xc_feature_name(bit, buf)));
	}
	return names;
}

static json_t *queue_head(const struct xc_queue *queue)
{
	char buf[XC_NAME_LEN];
	json_t *object = json_object();

	json_object_set_new(object, "index", json_integer(queue->index));
	json_object_set_new(object, "direction",
			    json_string(xc_direction_name(queue->direction, buf)));
	return object;
}

static json_t *queue_shown(const struct xc_queue *queue)
{
	json_t *object = queue_head(queue);
	char buf[XC_NAME_LEN];

	json_object_set_new(object, "state", json_string(xc_state_name(queue->state, buf)));
	json_object_set_new(object, "fault", json_string(xc_fault_name(queue->fault, buf)));
	json_object_set_new(object, "size", json_integer(queue->size));
	json_object_set_new(object, "backend", string_or_null(queue->backend));
	json_object_set_new(object, "busyloop-us", json_integer(queue->busyloop_us));
	json_object_set_new(object, "worker", number_or_null(queue->worker));
	return object;
}

static json_t *dev_shown(const struct xc_view *view, const struct xc_dev *dev)
{
	json_t *object = json_object(), *queues = json_array();
	const struct xc_queue *queue;
	size_t n = xc_view_queues(view, dev->id, &queue);

	json_object_set_new(object, "id", json_integer(dev->id));
	json_object_set_new(object, "owner", number_or_null(dev->owner));
	json_object_set_new(object, "comm", string_or_null(dev->comm));
	json_object_set_new(object, "worker", number_or_null(dev->worker));
	json_object_set_new(object, "features", json_integer(dev->features[0]));
	json_object_set_new(object, "features-high", json_integer(dev->features[1]));
	json_object_set_new(object, "feature-names", feature_names(dev->features));
	json_object_set_new(object, "regions", json_integer(dev->regions));
	for (; n; n--, queue++)
		json_array_append_new(queues, queue_shown(queue));
	json_object_set_new(object, "queues", queues);
	return object;
}

/* Prints and frees. */
static int print(json_t *root, size_t flags)
{
	int err = json_dumpf(root, stdout, flags);

	json_decref(root);
	if (err) {
		xc_err("cannot write JSON to standard output");
		return -1;
	}
	putchar('\n');
	return 0;
}

/**
 * xc_json_show() - describe devices and their queues in JSON
 * @view: what was seen
 *
 * Return: 0, or -1 after saying why not.
 */
int xc_json_show(const struct xc_view *view)
{
	json_t *root = json_object(), *devs = json_array();
	size_t i;

	for (i = 0; i < view->ndevs; i++)
		json_array_append_new(devs, dev_shown(view, &view->devs[i]));
	json_object_set_new(root, "devices", devs);
	return print(root, JSON_INDENT(2));
}

static json_t *queue_counters(const struct xc_queue *queue, const struct xc_queue *before,
			      double seconds)
{
	json_t *counters = json_object(), *value;
	unsigned int c;

	for (c = 0; c < XC_COUNTERS; c++) {
		if (!(queue->known >> c & 1))
			continue;
		if (before)
			value = json_real((queue->counters[c] - before->counters[c]) / seconds);
		else
			value = json_integer(queue->counters[c]);
		json_object_set_new(counters, xc_counter_name(c), value);
	}
	return counters;
}

static json_t *dev_counters(const struct xc_view *view, const struct xc_view *before,
			    const struct xc_dev *dev)
{
	json_t *object = json_object(), *queues = json_array(), *one;
	const struct xc_queue *queue, *then = NULL;
	size_t n = xc_view_queues(view, dev->id, &queue);
	double seconds = 0;

	if (before)
		seconds = view->time - before->time;
	for (; n; n--, queue++) {
		if (before) {
			then = xc_view_find(before, queue->dev_id, queue->index);
			if (!then)
				continue;
		}
		one = queue_head(queue);
		json_object_set_new(one, before ? "rates" : "counters",
				    queue_counters(queue, then, seconds));
		json_array_append_new(queues, one);
	}
	json_object_set_new(object, "id", json_integer(dev->id));
	json_object_set_new(object, "queues", queues);
	return object;
}

/**
 * xc_json_stats() - print the counters of queues, or how fast they rise, in JSON
 * @view: what was seen
 * @before: what was seen earlier, for rates on a single line; NULL for the
 *	counters themselves
 *
 * Return: 0, or -1 after saying why not.
 */
int xc_json_stats(const struct xc_view *view, const struct xc_view *before)
{
	json_t *root = json_object(), *devs = json_array();
	size_t i;

	if (before)
		json_object_set_new(root, "seconds", json_real(view->time - before->time));
	for (i = 0; i < view->ndevs; i++)
		json_array_append_new(devs, dev_counters(view, before, &view->devs[i]));
	json_object_set_new(root, "devices", devs);
	return print(root, before ? JSON_COMPACT | JSON_REAL_PRECISION(9) : JSON_INDENT(2));
}
