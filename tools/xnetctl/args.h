/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNETCTL_ARGS_H
#define XNETCTL_ARGS_H

#include <stdbool.h>
#include <linux/types.h>

/**
 * enum xc_command - what xnetctl is asked to do
 * @XC_SHOW: describe devices and queues
 * @XC_STATS: show counters
 * @XC_DONE: nothing more, the text asked for was printed
 */
enum xc_command {
	XC_SHOW,
	XC_STATS,
	XC_DONE,
};

/**
 * struct xc_args - the command line
 * @command: what to do
 * @dev: the one device to look at, 0 for all
 * @json: answer in JSON
 * @all: show counters that are zero, too
 * @watch: seconds between two looks, 0 for a single one
 * @count: how many reports of @watch to give, 0 for no end
 */
struct xc_args {
	enum xc_command command;
	__u32 dev;
	bool json;
	bool all;
	double watch;
	unsigned int count;
};

int xc_args_parse(int argc, char **argv, struct xc_args *args);

#endif /* XNETCTL_ARGS_H */
