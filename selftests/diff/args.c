// SPDX-License-Identifier: GPL-2.0-only
/* The arguments of both programs, and what both do with them first. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "xguest.h"

static const struct option options[] = {
	{ "net", required_argument, NULL, 'n' }, { "xnet", required_argument, NULL, 'x' },
	{ "seed", required_argument, NULL, 's' }, { "count", required_argument, NULL, 'c' },
	{ "seconds", required_argument, NULL, 't' }, { "table", no_argument, NULL, 'T' },
	{ "keep-going", no_argument, NULL, 'k' },
	{ "iotlb", no_argument, NULL, 'i' }, { "help", no_argument, NULL, 'h' }, { }
};

static void usage(const struct args *args, const char *name, const char *about)
{
	printf("Usage: %s [OPTION]...\n\n%s\n\n"
	       "  --net PATH     reference (default %s)\n"
	       "  --xnet PATH    device that is compared with it (default %s)\n"
	       "  --seed N       first seed (default: from the time)\n"
	       "  --count N      how many random ones (default %lu)\n"
	       "  --seconds N    no more new ones, but for some first, after N seconds (default %u)\n"
	       "  --keep-going   also show the differences after the first one\n"
	       "  --iotlb        all random sequences behind an IOTLB\n"
	       "  --table        only print the differences that are meant\n"
	       "  --help         this text\n\n"
	       "The Nth of a run is made from seed + N: --seed S --count 1 repeats it.\n",
	       name, about, args->path[0], args->path[1], args->count, args->seconds);
}

void args_read(struct args *args, int argc, char **argv, const char *about)
{
	int c;

	*args = (struct args){
		.path = { "/dev/vhost-net", "/dev/vhost-xnet" },
		.seed = time(NULL), .count = 4000, .seconds = 60,
	};
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			args->path[0] = optarg;
			break;
		case 'x':
			args->path[1] = optarg;
			break;
		case 's':
			args->seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			args->count = strtoul(optarg, NULL, 0);
			break;
		case 't':
			args->seconds = strtoul(optarg, NULL, 0);
			break;
		case 'k':
			args->keep_going = true;
			break;
		case 'i':
			args->iotlb = true;
			break;
		case 'T':
			args->table = true;
			break;
		case 'h':
			usage(args, basename(argv[0]), about);
			exit(0);
		default:
			exit(2);
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
}

bool args_same(const struct args *args)
{
	return !strcmp(args->path[0], args->path[1]);
}

uint64_t features_of(const char *path)
{
	uint64_t f = 0;
	int fd = xg_open(path);

	if (fd < 0 || xg_ioctl_get_features(fd, &f)) {
		printf("Bail out! %s cannot be opened\n", path);
		exit(2);
	}
	close(fd);
	return f;
}
