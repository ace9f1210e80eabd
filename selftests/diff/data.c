// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plays the same traffic to two devices and compares all that can be seen of
 * them: used rings, payload both ways, headers, calls, and what they ask for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "data.h"

/* Scenarios that meet all differences which are met at all. */
#define USUAL_RUN	300

static struct args args;
static struct notes notes[2];
static unsigned long compared, meant;

static const char *const topics[N_END] = {
	"step", "kick wanted", "used index", "used element", "call", "error", "asks for kicks",
	"vring base", "received header", "num_buffers", "received bytes", "frames sent",
	"frame sent", "dirty log", "dirty log of hints", "not logged", "result",
	"driver's wish", "to be sent", "buffers held",
};

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

/* What both did alike since the last step, and then, at @at, did not. */
static void show_notes(unsigned int at)
{
	unsigned int i = at, who;

	while (i && notes[0].note[i].topic != N_STEP)
		i--;
	for (i++; i < at; i++)
		show_note("both", &notes[0].note[i]);
	for (who = 0; who < 2; who++) {
		printf("#  and then, each on its own:\n");
		for (i = at; i < notes[who].n && i < at + 40; i++) {
			if (i > at && notes[who].note[i].topic == N_STEP)
				break;
			show_note(args.path[who], &notes[who].note[i]);
		}
	}
}

/* What no device may do, whatever another one does. */
static bool is_wrong(const struct note *n)
{
	return (n->topic == N_CALL && !n->a && n->b) || (n->topic == N_LOG_LACKS && n->a);
}

static bool compare(const struct scene *sc)
{
	unsigned int i;
	bool apart = false;

	for (i = 0; i < notes[0].n && i < notes[1].n && !apart; i++) {
		const struct note *net = &notes[0].note[i], *xnet = &notes[1].note[i];

		compared++;
		if (net->topic == xnet->topic && net->queue == xnet->queue &&
		    net->a == xnet->a && net->b == xnet->b && !is_wrong(xnet))
			continue;
		if (!is_wrong(xnet) && meant_data(sc, &notes[0], net, xnet, &apart)) {
			meant++;
			continue;
		}
		show_steps(i);
		show_notes(i);
		return false;
	}
	if (apart || notes[0].n == notes[1].n)
		return true;
	printf("#  of one there is more to be seen than of the other\n");
	show_steps(i);
	show_notes(i);
	return false;
}

/* Play a scenario to both; false if they differ. */
static bool both(const struct scene *sc)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		int ret = scene_play(sc, args.path[i], &notes[i]);

		if (!ret)
			continue;
		printf("# %s: %s: %s\n", args.path[i], xg_step(), strerrorname_np(-ret));
		show_steps(MAX_NOTES);
		return false;
	}
	return compare(sc);
}

/* Returns how many scenarios were played; @differ receives how many of them differ. */
static unsigned long run(unsigned long *differ)
{
	uint64_t features = features_of(args.path[0]) & features_of(args.path[1]);
	time_t end = time(NULL) + args.seconds;
	struct scene sc;
	unsigned long i;

	*differ = 0;
	printf("# seed %llu\n", (unsigned long long)args.seed);
	for (i = 0; i < args.count && time(NULL) < end; i++) {
		scene_make(&sc, args.seed + i, features);
		if (both(&sc))
			continue;
		printf("# scenario %lu differs (--only data --seed %llu --count 1):\n", i,
		       (unsigned long long)sc.seed);
		scene_show(&sc);
		++*differ;
		if (!args.keep_going)
			break;
	}
	printf("# %lu scenarios, %lu notes compared, %lu differences meant\n", i, compared, meant);
	return i;
}

int main(int argc, char **argv)
{
	unsigned long played, differ;
	unsigned int unused;
	bool same, ok;

	args_read(&args, argc, argv,
		  "Plays the same traffic to two vhost-net devices and compares what can be seen of them.");
	if (args.table) {
		meant_data_print();
		return 0;
	}
	if (xg_netns()) {
		printf("Bail out! no network namespace\n");
		return 2;
	}
	same = args_same(&args);
	printf("KTAP version 1\n1..2\n");
	played = run(&differ);
	ok = played && !differ;
	printf("%s 1 traffic\n", ok ? "ok" : "not ok");
	/* A short run need not meet all of them. */
	unused = same || played < USUAL_RUN ? 0 : meant_data_unused();
	if (unused || (same && meant)) {
		printf("not ok 2 table of meant differences\n");
		return 1;
	}
	printf("ok 2 table of meant differences\n");
	return ok ? 0 : 1;
}
