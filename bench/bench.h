/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNET_BENCH_H
#define XNET_BENCH_H

#include <xguest.h>

#define MAX_DEVS	8
#define MAX_REPEATS	99

/**
 * struct sample - one measurement
 * @packets: frames that arrived where they were sent (round trips in rr)
 * @wall_ns: time from the first to the last
 * @worker_ns: CPU time of the device's worker threads for as many packets
 * @kicks: kicks the guest wrote
 */
struct sample {
	__u64 packets;
	__u64 wall_ns;
	__u64 worker_ns;
	__u64 kicks;
};

/**
 * struct row - a kind of work
 * @name: for --row and the results
 * @title: for the table
 * @unit: what is counted, "packet" or "round trip"
 * @len: frame length, bytes
 * @packets: how many by default
 * @run: do @packets of it on a started device; @pkt is the tap's other end.
 *	Return: 0 or -errno
 */
struct row {
	const char *name;
	const char *title;
	const char *unit;
	unsigned int len;
	unsigned int packets;
	int (*run)(const struct row *row, struct xg_net *net, int pkt,
		   unsigned int packets);
};

extern const struct row rows[];
extern const unsigned int n_rows;

/**
 * measure() - open a device, do a row's work once, close it
 * @row: which work
 * @dev: path of the vhost device
 * @packets: how many, at least 1
 * @cost: do it a second time to measure the worker
 * @log: have the device log what it writes, as for a guest that is migrated
 * @s: the result; worker_ns is 0 without @cost
 *
 * Prints a sentence on stderr when it fails. Return: 0 or -errno.
 */
int measure(const struct row *row, const char *dev, unsigned int packets,
	    bool cost, bool log, struct sample *s);

/**
 * struct results - everything measured
 * @dev: device paths, the first is the one to compare with
 * @n_devs: how many
 * @repeats: measurements of each row and device
 * @want: rows to measure
 * @sample: [row][device][repeat]
 */
struct results {
	const char *dev[MAX_DEVS];
	unsigned int n_devs;
	unsigned int repeats;
	bool *want;
	struct sample (*sample)[MAX_DEVS][MAX_REPEATS];
};

/** sample_rate() - packets a second */
double sample_rate(const struct sample *s);

/** sample_cost() - nanoseconds of worker CPU time for each packet */
double sample_cost(const struct sample *s);

/** print_table() - medians of every row, and the ratio to the first device */
void print_table(const struct results *r);

/**
 * write_results() - medians and single measurements as tab-separated files
 * @r: everything measured
 * @dir: existing folder; results.tsv and runs.tsv in it are replaced
 *
 * Return: 0 or -errno.
 */
int write_results(const struct results *r, const char *dir);

/**
 * check_cost() - is no device dearer than the first?
 * @r: everything measured
 * @percent: how much dearer a packet may be
 *
 * Prints a sentence for each row that is. Return: number of such rows.
 */
unsigned int check_cost(const struct results *r, double percent);

#endif
