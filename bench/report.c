// SPDX-License-Identifier: GPL-2.0-only
/* Medians, the table, and the files for later comparison. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench.h"

double sample_rate(const struct sample *s)
{
	return s->wall_ns ? s->packets * 1e9 / s->wall_ns : 0;
}

double sample_cost(const struct sample *s)
{
	return s->packets ? (double)s->worker_ns / s->packets : 0;
}

/**
 * struct spread - repeats of one figure
 * @low: smallest
 * @median: middle
 * @high: largest
 */
struct spread {
	double low;
	double median;
	double high;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct spread spread_of(const struct results *r, unsigned int row,
			       unsigned int dev,
			       double (*figure)(const struct sample *))
{
	double v[MAX_REPEATS];
	unsigned int n = r->repeats;
	unsigned int i;

	for (i = 0; i < n; i++)
		v[i] = figure(&r->sample[row][dev][i]);
	qsort(v, n, sizeof(v[0]), by_value);
	return (struct spread){ v[0], (v[(n - 1) / 2] + v[n / 2]) / 2, v[n - 1] };
}

static double ratio(double value, double base)
{
	return base > 0 ? value / base : 0;
}

void print_table(const struct results *r)
{
	unsigned int row, dev;

	printf("%-22s %-18s %12s %8s %12s %8s %8s\n", "work", "device", "per second",
	       "ratio", "worker ns", "ratio", "kicks");
	for (row = 0; row < n_rows; row++) {
		struct spread rate0, cost0;

		if (!r->want[row])
			continue;
		rate0 = spread_of(r, row, 0, sample_rate);
		cost0 = spread_of(r, row, 0, sample_cost);
		for (dev = 0; dev < r->n_devs; dev++) {
			const struct sample *s = &r->sample[row][dev][0];
			struct spread rate = spread_of(r, row, dev, sample_rate);
			struct spread cost = spread_of(r, row, dev, sample_cost);

			printf("%-22s %-18s %12.0f %8.3f %12.1f %8.3f %8.3f\n",
			       dev ? "" : rows[row].title, r->dev[dev],
			       rate.median, ratio(rate.median, rate0.median),
			       cost.median, ratio(cost.median, cost0.median),
			       ratio(s->kicks, s->packets));
		}
	}
	printf("Medians of %u; worker ns and kicks are for each packet or round trip;\n"
	       "ratios are to %s (rate: more is better, worker ns: less is better).\n",
	       r->repeats, r->dev[0]);
}

static FILE *create(const char *dir, const char *name)
{
	struct utsname uts;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f) {
		fprintf(stderr, "xnet-bench: cannot write %s: %s\n", path, strerror(errno));
		return NULL;
	}
	if (!uname(&uts))
		fprintf(f, "# kernel %s %s\n", uts.release, uts.machine);
	return f;
}

static int finish(FILE *f)
{
	int bad = ferror(f);

	return fclose(f) || bad ? -EIO : 0;
}

static int write_medians(const struct results *r, const char *dir)
{
	FILE *f = create(dir, "results.tsv");
	unsigned int row, dev;

	if (!f)
		return -EIO;
	fprintf(f, "row\tdevice\trepeats\tlength\trate_median\trate_low\trate_high\t"
		"worker_ns_median\tworker_ns_low\tworker_ns_high\t"
		"rate_ratio\tworker_ns_ratio\n");
	for (row = 0; row < n_rows; row++) {
		for (dev = 0; r->want[row] && dev < r->n_devs; dev++) {
			struct spread rate0 = spread_of(r, row, 0, sample_rate);
			struct spread cost0 = spread_of(r, row, 0, sample_cost);
			struct spread rate = spread_of(r, row, dev, sample_rate);
			struct spread cost = spread_of(r, row, dev, sample_cost);

			fprintf(f, "%s\t%s\t%u\t%u\t", rows[row].name, r->dev[dev],
				r->repeats, rows[row].len);
			fprintf(f, "%.1f\t%.1f\t%.1f\t", rate.median, rate.low, rate.high);
			fprintf(f, "%.2f\t%.2f\t%.2f\t", cost.median, cost.low, cost.high);
			fprintf(f, "%.4f\t%.4f\n",
				ratio(rate.median, rate0.median),
				ratio(cost.median, cost0.median));
		}
	}
	return finish(f);
}

static int write_runs(const struct results *r, const char *dir)
{
	FILE *f = create(dir, "runs.tsv");
	unsigned int row, dev, i;

	if (!f)
		return -EIO;
	fprintf(f, "row\tdevice\trepeat\tpackets\twall_ns\tworker_ns\tkicks\n");
	for (row = 0; row < n_rows; row++) {
		for (dev = 0; r->want[row] && dev < r->n_devs; dev++) {
			for (i = 0; i < r->repeats; i++) {
				const struct sample *s = &r->sample[row][dev][i];

				fprintf(f, "%s\t%s\t%u\t%llu\t%llu\t%llu\t%llu\n",
					rows[row].name, r->dev[dev], i + 1, s->packets,
					s->wall_ns, s->worker_ns, s->kicks);
			}
		}
	}
	return finish(f);
}

int write_results(const struct results *r, const char *dir)
{
	int ret = write_medians(r, dir);

	return ret ? ret : write_runs(r, dir);
}

unsigned int check_cost(const struct results *r, double percent)
{
	unsigned int row, dev, dearer = 0;

	for (row = 0; row < n_rows; row++) {
		for (dev = 1; r->want[row] && dev < r->n_devs; dev++) {
			double base = spread_of(r, row, 0, sample_cost).median;
			double cost = spread_of(r, row, dev, sample_cost).median;

			if (cost <= base * (1 + percent / 100))
				continue;
			printf("DEARER: %s costs %s %.1f ns of worker time a %s, %s %.1f ns\n",
			       rows[row].title, r->dev[dev], cost, rows[row].unit,
			       r->dev[0], base);
			dearer++;
		}
	}
	return dearer;
}
