// SPDX-License-Identifier: GPL-2.0-only
/*
 * xnet-bench: measures vhost network devices against each other in one boot.
 *
 * Rows are measured one after the other; within a row the devices take turns,
 * so that slow drifts of the machine meet all of them alike.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/**
 * struct options - the command line
 * @r: devices, repeats and rows wanted
 * @packets: for every row, or 0 for each row's own number
 * @out: folder for the results, or NULL
 * @gate: percent that a packet may cost more than on the first device
 * @gated: was --gate given?
 * @log: was --log given?
 * @no_cost: was --no-cost given?
 */
struct options {
	struct results r;
	unsigned int packets;
	const char *out;
	double gate;
	bool gated;
	bool log;
	bool no_cost;
};

static void usage(void)
{
	unsigned int i;

	printf("Usage: xnet-bench [OPTION]...\n"
	       "Measures vhost network devices with a guest in user space. Needs root.\n\n"
	       "  --dev PATH       device to measure, repeatable; the others are compared\n"
	       "                   with the first (default /dev/vhost-net)\n"
	       "  --row NAME       measure only this row, repeatable (default: all)\n"
	       "  --repeat N       measurements of each row and device, 1 to %u (default 3)\n"
	       "  --packets N      packets in each measurement (default: the row's own)\n"
	       "  --out DIR        write results.tsv and runs.tsv there\n"
	       "  --gate PERCENT   fail if a packet costs a device's worker more than\n"
	       "                   PERCENT over the first device's in any row\n"
	       "  --log            with the dirty log on, as while a guest is migrated\n"
	       "  --no-cost        rates only: leave out the second pass over the same\n"
	       "                   work, which measures the worker's time\n"
	       "  --help           this text\n\nRows:\n", MAX_REPEATS);
	for (i = 0; i < n_rows; i++)
		printf("  %-9s %s, %u each\n", rows[i].name, rows[i].title, rows[i].packets);
}

static int bad(const char *what, const char *value)
{
	fprintf(stderr, "xnet-bench: %s '%s'; see --help\n", what, value);
	return -EINVAL;
}

static int number(const char *text, unsigned int max, unsigned int *n)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || !v || v > max)
		return -EINVAL;
	*n = v;
	return 0;
}

static int want_row(struct options *o, const char *name)
{
	unsigned int i;

	for (i = 0; i < n_rows; i++) {
		if (!strcmp(rows[i].name, name)) {
			o->r.want[i] = true;
			return 0;
		}
	}
	return bad("there is no row", name);
}

static int parse_gate(struct options *o, const char *text)
{
	char *end;

	o->gate = strtod(text, &end);
	if (end == text || *end || !(o->gate >= 0 && o->gate < 1000))
		return bad("--gate takes a percentage, not", text);
	o->gated = true;
	return 0;
}

enum {
	OPT_DEV,
	OPT_ROW,
	OPT_REPEAT,
	OPT_PACKETS,
	OPT_OUT,
	OPT_GATE,
	OPT_LOG,
	OPT_NO_COST,
	OPT_HELP,
};

static const struct option longopts[] = {
	{ "dev", required_argument, NULL, OPT_DEV },
	{ "row", required_argument, NULL, OPT_ROW },
	{ "repeat", required_argument, NULL, OPT_REPEAT },
	{ "packets", required_argument, NULL, OPT_PACKETS },
	{ "out", required_argument, NULL, OPT_OUT },
	{ "gate", required_argument, NULL, OPT_GATE },
	{ "log", no_argument, NULL, OPT_LOG },
	{ "no-cost", no_argument, NULL, OPT_NO_COST },
	{ "help", no_argument, NULL, OPT_HELP },
	{ }
};

static int parse_one(struct options *o, int opt)
{
	switch (opt) {
	case OPT_DEV:
		if (o->r.n_devs == MAX_DEVS)
			return bad("too many devices at", optarg);
		o->r.dev[o->r.n_devs++] = optarg;
		return 0;
	case OPT_ROW:
		return want_row(o, optarg);
	case OPT_REPEAT:
		if (number(optarg, MAX_REPEATS, &o->r.repeats))
			return bad("--repeat takes a number from 1 to 99, not", optarg);
		return 0;
	case OPT_PACKETS:
		if (number(optarg, 1000000000, &o->packets))
			return bad("--packets takes a number from 1 to 1000000000, not", optarg);
		return 0;
	case OPT_OUT:
		o->out = optarg;
		return 0;
	case OPT_GATE:
		return parse_gate(o, optarg);
	case OPT_LOG:
		o->log = true;
		return 0;
	case OPT_NO_COST:
		o->no_cost = true;
		return 0;
	case OPT_HELP:
		usage();
		exit(0);
	default:
		return -EINVAL;
	}
}

static int parse(struct options *o, int argc, char **argv)
{
	bool any = false;
	unsigned int i;
	int opt, ret;

	while ((opt = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		ret = parse_one(o, opt);
		if (ret)
			return ret;
	}
	if (optind < argc)
		return bad("unexpected argument", argv[optind]);
	if (o->gated && o->no_cost)
		return bad("--gate compares what is left out by", "--no-cost");
	if (!o->r.n_devs)
		o->r.dev[o->r.n_devs++] = "/dev/vhost-net";
	for (i = 0; i < o->r.n_devs; i++)
		if (access(o->r.dev[i], R_OK | W_OK))
			return bad("no access (module not loaded, or not root) to",
				   o->r.dev[i]);
	for (i = 0; i < n_rows; i++)
		any = any || o->r.want[i];
	for (i = 0; !any && i < n_rows; i++)
		o->r.want[i] = true;
	return 0;
}

static void progress(unsigned int done, unsigned int total, const char *row,
		     const char *dev, const struct sample *s)
{
	fprintf(stderr, "[%2u/%u] %-8s %-16s %10.0f/s", done, total, row, dev,
		sample_rate(s));
	if (s->worker_ns)
		fprintf(stderr, " %8.1f worker ns", sample_cost(s));
	fputc('\n', stderr);
}

static int measure_all(struct options *o)
{
	unsigned int row, dev, i, total = 0, done = 0;
	struct results *r = &o->r;
	int ret;

	for (row = 0; row < n_rows; row++)
		total += r->want[row] * r->repeats * r->n_devs;
	for (row = 0; row < n_rows; row++) {
		if (!r->want[row])
			continue;
		for (i = 0; i < r->repeats; i++) {
			for (dev = 0; dev < r->n_devs; dev++) {
				struct sample *s = &r->sample[row][dev][i];

				ret = measure(&rows[row], r->dev[dev],
					      o->packets ? o->packets : rows[row].packets,
					      !o->no_cost, o->log, s);
				if (ret)
					return ret;
				progress(++done, total, rows[row].name, r->dev[dev], s);
			}
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { .r.repeats = 3 };
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	o.r.want = calloc(n_rows, sizeof(*o.r.want));
	o.r.sample = calloc(n_rows, sizeof(*o.r.sample));
	if (!o.r.want || !o.r.sample) {
		fprintf(stderr, "xnet-bench: out of memory\n");
		return 1;
	}
	if (parse(&o, argc, argv))
		return 2;
	ret = xg_netns();
	if (ret) {
		fprintf(stderr, "xnet-bench: no network namespace of its own (not root?): %s\n",
			strerror(-ret));
		return 1;
	}
	if (measure_all(&o))
		return 1;
	print_table(&o.r);
	if (o.out && write_results(&o.r, o.out))
		return 1;
	if (o.gated && check_cost(&o.r, o.gate))
		return 3;
	return 0;
}
