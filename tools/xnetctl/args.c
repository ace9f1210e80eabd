// SPDX-License-Identifier: GPL-2.0-only
/* xnetctl's command line: read and checked, nothing is looked up here. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "err.h"

#ifndef XNETCTL_VERSION
#define XNETCTL_VERSION "unversioned"
#endif

/* Bounds of --watch, in seconds. */
#define WATCH_MIN	0.1
#define WATCH_MAX	86400.0

enum {
	OPT_JSON = 256,
	OPT_ALL,
	OPT_WATCH,
	OPT_COUNT,
	OPT_VERSION,
};

static const struct option options[] = {
	{ "json", no_argument, NULL, OPT_JSON },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "watch", required_argument, NULL, OPT_WATCH },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static const char help_text[] =
"usage: xnetctl show [DEV] [--json]\n"
"       xnetctl stats [DEV] [--all] [--json] [--watch SECONDS [--count N]]\n"
"\n"
"Look at open /dev/vhost-xnet devices. DEV is the number of one of them;\n"
"without it, all are shown.\n"
"\n"
"  show             owner, worker thread, features and queues\n"
"  stats            counters of the queues since the device was opened\n"
"\n"
"  --json           answer in JSON\n"
"  --all            show the counters that are zero, too\n"
"  --watch SECONDS  show rates per second, again and again\n"
"  --count N        stop --watch after N reports\n"
"  -h, --help       show this text\n"
"  --version        show the version\n";

static int parse_unsigned(const char *text, __u32 *out)
{
	char *end = NULL;
	unsigned long n;

	errno = 0;
	n = isdigit((unsigned char)*text) ? strtoul(text, &end, 10) : 0;
	if (!end || *end || errno || n < 1 || n > UINT32_MAX)
		return -1;
	*out = n;
	return 0;
}

static int parse_watch(const char *text, double *out)
{
	char *end = NULL;
	double n;

	n = isdigit((unsigned char)*text) ? strtod(text, &end) : 0;
	if (!end || *end || !(n >= WATCH_MIN && n <= WATCH_MAX)) {
		xc_err("--watch takes a number of seconds from %g to %.0f, not '%s'",
		       WATCH_MIN, WATCH_MAX, text);
		return -1;
	}
	*out = n;
	return 0;
}

static int parse_option(int opt, struct xc_args *args)
{
	switch (opt) {
	case OPT_JSON:
		args->json = true;
		return 0;
	case OPT_ALL:
		args->all = true;
		return 0;
	case OPT_WATCH:
		return parse_watch(optarg, &args->watch);
	case OPT_COUNT:
		if (!parse_unsigned(optarg, &args->count))
			return 0;
		xc_err("--count takes a number from 1 on, not '%s'", optarg);
		return -1;
	case 'h':
		fputs(help_text, stdout);
		args->command = XC_DONE;
		return 0;
	case OPT_VERSION:
		puts("xnetctl " XNETCTL_VERSION);
		args->command = XC_DONE;
		return 0;
	}
	return -1;
}

static int parse_words(int argc, char **argv, struct xc_args *args)
{
	if (!argc) {
		xc_err("a command is missing, 'show' or 'stats'; see --help");
		return -1;
	}
	if (!strcmp(argv[0], "show")) {
		args->command = XC_SHOW;
	} else if (!strcmp(argv[0], "stats")) {
		args->command = XC_STATS;
	} else {
		xc_err("there is no command '%s', only 'show' and 'stats'; see --help", argv[0]);
		return -1;
	}
	if (argc > 2) {
		xc_err("'%s' is one word too many; one device at most can be named", argv[2]);
		return -1;
	}
	if (argc == 2 && parse_unsigned(argv[1], &args->dev)) {
		xc_err("a device is named by its number, from 1 on, not '%s'; 'xnetctl show' tells the numbers",
		       argv[1]);
		return -1;
	}
	return 0;
}

static int check(const struct xc_args *args)
{
	if (args->command == XC_SHOW && (args->all || args->watch || args->count)) {
		xc_err("--all, --watch and --count belong to 'stats', not to 'show'");
		return -1;
	}
	if (args->count && !args->watch) {
		xc_err("--count says how often to --watch, which is missing");
		return -1;
	}
	return 0;
}

/**
 * xc_args_parse() - read the command line
 * @argc: from main()
 * @argv: from main()
 * @args: receives it
 *
 * Return: 0, or -1 after saying what is wrong.
 */
int xc_args_parse(int argc, char **argv, struct xc_args *args)
{
	int opt;

	memset(args, 0, sizeof(*args));
	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (opt == ':') {
			xc_err("%s needs a value; see --help", argv[optind - 1]);
			return -1;
		}
		if (opt == '?') {
			xc_err("'%s' is no option, or takes no value; see --help",
			       argv[optind - 1]);
			return -1;
		}
		if (parse_option(opt, args))
			return -1;
		if (args->command == XC_DONE)
			return 0;
	}
	if (parse_words(argc - optind, argv + optind, args))
		return -1;
	return check(args);
}
