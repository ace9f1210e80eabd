// SPDX-License-Identifier: GPL-2.0-only
/* The runner: seeds, rounds, time, KTAP. */

#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "user.h"

/* Seconds that one round may take; none should take more than a few. */
#define ROUND_LIMIT	30

static const struct test tests[] = {
	{ "map", test_map, 3000 },
	{ "legal", test_legal, 1200 },
	{ "wrap", test_wrap, 2 },
	{ "malformed", test_malformed, 3000 },
	{ "unmapped", test_unmapped, 800 },
	{ "read-once", test_once, 600 },
	{ "chaos", test_chaos, 1000 },
	{ "wakeups", test_order, 1 },
	{ "log", test_log, 600 },
	{ "log-ring", test_log_ring, 400 },
	{ "iotlb", test_iotlb, 2000 },
	{ "iotlb-legal", test_iotlb_legal, 400 },
	{ "iotlb-denied", test_iotlb_denied, 600 },
	{ "iotlb-torn", test_iotlb_torn, 600 },
	{ "iotlb-read-once", test_iotlb_once, 300 },
	{ "iotlb-chaos", test_iotlb_chaos, 600 },
	{ "iotlb-log", test_iotlb_log, 300 },
};

/**
 * struct options - what was asked for
 * @seed: of all choices
 * @rounds: rounds of each test, 0 for as many as each finds enough
 * @seconds: go on for so long instead, 0 for no such wish
 * @test: only tests whose names match this pattern, NULL for all
 * @round: only this round, negative for all
 * @stop: no test after one that failed
 */
struct options {
	unsigned long long seed;
	unsigned long rounds;
	double seconds;
	const char *test;
	long round;
	bool stop;
};

static struct options options = { .round = -1 };
/* What is running, for the sanitizers' last words. */
static const char *now_test;
static unsigned long now_round;

static const char usage[] =
"usage: ring-test [--seed N] [--rounds N] [--seconds S] [--test NAME [--round N]] [--stop] [--list]\n"
"\n"
"Drives the ring code of vhost-xnet with random guests and compares it with a\n"
"model. Without --seed the seed is random; it is printed.\n"
"\n"
"  --seed N      begin with this seed\n"
"  --rounds N    N rounds of each test\n"
"  --seconds S   as many rounds as S seconds allow, shared by the tests\n"
"  --test NAME   only this test; a pattern such as 'iotlb*' means several\n"
"  --round N     only this round, to see a failure again\n"
"  --stop        end with the first test that fails\n"
"  --list        print the names of the tests\n";

static void say_replay(void)
{
	printf("# to see it again: ring-test --seed %llu --test %s --round %lu\n",
	       options.seed, now_test ? now_test : "?", now_round);
	fflush(stdout);
}

/* The sanitizers end with an abort, see below. */
static void died(int sig)
{
	signal(sig, SIG_DFL);
	say_replay();
	raise(sig);
}

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "abort_on_error=1:handle_abort=0:detect_leaks=1";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:handle_abort=0:print_stacktrace=1";
}

static void too_long(int sig)
{
	static const char text[] = "# a round does not end\n";

	(void)sig;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	say_replay();
	_exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static bool run_round(const struct test *test, unsigned long round)
{
	static struct way_out out;
	struct rng rng = { 0 };
	const char *c;

	/* Each round has choices of its own, whatever ran before. */
	rng.state = rng_mix(options.seed) + rng_mix(round + 1);
	for (c = test->name; *c; c++)
		rng.state = rng_mix(rng.state + *c);
	now_test = test->name;
	now_round = round;
	alarm(ROUND_LIMIT);
	check_out = &out;
	if (setjmp(out.jump)) {
		say_replay();
		user_reset();
		return false;
	}
	test->run(&rng);
	return true;
}

static bool run_test(const struct test *test, double seconds, unsigned long *done)
{
	unsigned long n = options.rounds ? options.rounds : test->rounds, round;
	double end = now() + seconds;

	*done = 0;
	if (options.round >= 0) {
		*done = 1;
		return run_round(test, options.round);
	}
	for (round = 0; seconds > 0 ? now() < end : round < n; round++) {
		++*done;
		if (!run_round(test, round))
			return false;
	}
	return true;
}

static bool wanted(const struct test *test)
{
	return !options.test || !fnmatch(options.test, test->name, 0);
}

static unsigned long long number(const char *what, const char *text)
{
	unsigned long long v;
	char *end;

	v = strtoull(text, &end, 0);
	if (!*text || *end || *text == '-') {
		fprintf(stderr, "ring-test: %s is to be a count, not \"%s\"\n", what, text);
		exit(2);
	}
	return v;
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "rounds", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 't' },
		{ "test", required_argument, NULL, 'T' },
		{ "round", required_argument, NULL, 'r' },
		{ "stop", no_argument, NULL, 'x' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	unsigned int i;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			options.seed = number("--seed", optarg);
			break;
		case 'n':
			options.rounds = number("--rounds", optarg);
			break;
		case 't':
			options.seconds = number("--seconds", optarg);
			break;
		case 'T':
			options.test = optarg;
			break;
		case 'r':
			options.round = number("--round", optarg);
			break;
		case 'x':
			options.stop = true;
			break;
		case 'l':
			for (i = 0; i < ARRAY_SIZE(tests); i++)
				printf("%s\n", tests[i].name);
			exit(0);
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ring-test: \"%s\" is not an option; see --help\n", argv[optind]);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	unsigned int chosen = 0, passed = 0, failed = 0, nr = 0, i;
	unsigned long done;

	options.seed = rng_mix(time(NULL) ^ (unsigned long long)getpid() << 32) >> 32;
	parse(argc, argv);
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		chosen += wanted(&tests[i]);
	if (!chosen) {
		fprintf(stderr, "ring-test: there is no test \"%s\"; --list names them\n",
			options.test);
		return 2;
	}
	signal(SIGABRT, died);
	signal(SIGALRM, too_long);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n# seed %llu\n1..%u\n", options.seed, chosen);
	for (i = 0; i < ARRAY_SIZE(tests) && !(failed && options.stop); i++) {
		double begin = now();
		bool ok;

		if (!wanted(&tests[i]))
			continue;
		ok = run_test(&tests[i], options.seconds / chosen, &done);
		passed += ok;
		failed += !ok;
		printf("%sok %u %s # %lu rounds, %.1f s\n", ok ? "" : "not ", ++nr,
		       tests[i].name, done, now() - begin);
	}
	printf("%u passed, %u failed, %u skipped\n", passed, failed, chosen - passed - failed);
	/* A round that failed has left its memory: no talk of leaks then. */
	if (failed)
		_exit(1);
	return 0;
}
