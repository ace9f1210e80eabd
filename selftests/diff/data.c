// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plays the same traffic to two devices and compares all that can be seen of
 * them: used rings, payload both ways, headers, calls, and what they ask for.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data.h"

static const char *path[2] = { "/dev/vhost-net", "/dev/vhost-xnet" };
static struct notes notes[2];
static unsigned long compared, meant;

static const char *const topics[N_END] = {
	"step", "kick wanted", "used index", "used element", "call", "error", "asks for kicks",
	"vring base", "received header", "num_buffers", "received bytes", "frames sent",
	"frame sent", "dirty log", "result",
};

static const struct option options[] = {
	{ "net", required_argument, NULL, 'n' }, { "xnet", required_argument, NULL, 'x' },
	{ "seed", required_argument, NULL, 's' }, { "count", required_argument, NULL, 'c' },
	{ "seconds", required_argument, NULL, 't' }, { "table", no_argument, NULL, 'T' },
	{ "verbose", no_argument, NULL, 'v' }, { "help", no_argument, NULL, 'h' }, { }
};

static void usage(void)
{
	printf("Usage: data [OPTION]...\n\n"
	       "Plays the same traffic to two vhost-net devices and compares what can be seen of them.\n\n"
	       "  --net PATH     reference (default %s)\n"
	       "  --xnet PATH    device that is compared with it (default %s)\n"
	       "  --seed N       first seed (default: from the time)\n"
	       "  --count N      scenarios (default 4000)\n"
	       "  --seconds N    no more new scenarios after N seconds (default 60)\n"
	       "  --table        only print the differences that are meant\n"
	       "  --help         this text\n\n"
	       "Scenario N of a run is made from seed + N: --seed S --count 1 repeats it.\n",
	       path[0], path[1]);
}

static void show_note(const char *who, const struct note *n)
{
	printf("#   %s: queue %u, %s: %#llx, %#llx\n", who, n->queue, topics[n->topic],
	       (unsigned long long)n->a, (unsigned long long)n->b);
}

/* How the scenario went up to note @at. */
static void show_steps(unsigned int at)
{
	unsigned int i, n = 0;

	for (i = 0; i <= at && i < notes[0].n; i++) {
		const struct note *s = &notes[0].note[i];

		if (s->topic != N_STEP)
			continue;
		printf("#  step %u, queue %u: ", n++, s->queue);
		switch (s->a) {
		case 't':
			printf("transmit %llu frames\n", (unsigned long long)s->b);
			break;
		case 'p':
			printf("post %llu buffers\n", (unsigned long long)s->b);
			break;
		case 's':
			printf("receive %llu frames\n", (unsigned long long)s->b);
			break;
		case 'r':
			printf("stop and start\n");
			break;
		default:
			printf("a malformed chain, no. %llu\n", (unsigned long long)s->b);
		}
	}
}

static bool compare(const struct scene *sc)
{
	unsigned int i;
	bool apart = false;

	for (i = 0; i < notes[0].n && i < notes[1].n && !apart; i++) {
		const struct note *net = &notes[0].note[i], *xnet = &notes[1].note[i];

		compared++;
		if (net->topic == xnet->topic && net->queue == xnet->queue &&
		    net->a == xnet->a && net->b == xnet->b)
			continue;
		if (meant_data(sc, &notes[0], net, xnet, &apart)) {
			meant++;
			continue;
		}
		show_steps(i);
		show_note(path[0], net);
		show_note(path[1], xnet);
		return false;
	}
	return true;
}

/* Play a scenario to both; false if they differ. */
static bool both(const struct scene *sc)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		int ret = scene_play(sc, path[i], &notes[i]);

		if (!ret)
			continue;
		printf("# %s: %s: %s\n", path[i], xg_step(), strerrorname_np(-ret));
		show_steps(MAX_NOTES);
		return false;
	}
	return compare(sc);
}

static uint64_t features_of(const char *name)
{
	uint64_t f = 0;
	int fd = xg_open(name);

	if (fd < 0 || xg_ioctl_get_features(fd, &f)) {
		printf("Bail out! %s cannot be opened\n", name);
		exit(2);
	}
	return f;
}

static bool run(uint64_t seed, unsigned long count, unsigned int seconds)
{
	uint64_t features = features_of(path[0]) & features_of(path[1]);
	time_t end = time(NULL) + seconds;
	struct scene sc;
	unsigned long i;

	printf("# seed %llu\n", (unsigned long long)seed);
	for (i = 0; i < count && time(NULL) < end; i++) {
		scene_make(&sc, seed + i, features);
		if (both(&sc))
			continue;
		printf("# scenario %lu differs (--only data --seed %llu --count 1):\n", i,
		       (unsigned long long)sc.seed);
		scene_show(&sc);
		return false;
	}
	printf("# %lu scenarios, %lu notes compared, %lu differences meant\n", i, compared, meant);
	return i > 0;
}

int main(int argc, char **argv)
{
	unsigned long count = 4000;
	unsigned int seconds = 60, unused;
	uint64_t seed = time(NULL);
	bool same, ok;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			path[0] = optarg;
			break;
		case 'x':
			path[1] = optarg;
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			count = strtoul(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'T':
			meant_data_print();
			return 0;
		case 'h':
			usage();
			return 0;
		default:
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (xg_netns()) {
		printf("Bail out! no network namespace\n");
		return 2;
	}
	same = !strcmp(path[0], path[1]);
	printf("KTAP version 1\n1..2\n");
	ok = run(seed, count, seconds);
	printf("%s 1 traffic\n", ok ? "ok" : "not ok");
	/* A short run need not meet all of them. */
	unused = same || count < 100 ? 0 : meant_data_unused();
	if (unused || (same && meant)) {
		printf("not ok 2 table of meant differences\n");
		return 1;
	}
	printf("ok 2 table of meant differences\n");
	return ok ? 0 : 1;
}
