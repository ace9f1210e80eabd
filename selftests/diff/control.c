// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executes the same control calls on two devices and compares what comes of
 * them: return values, errnos, and each byte of the arguments and around them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "args.h"
#include "xguest.h"

#define LEAST	50	/* random sequences, however slow the machine is */

static struct args args;
static uint64_t offered[2];
static uint32_t lacks[8];
static unsigned int nr_lacks;
static unsigned long calls, meant, lost;

/*
 * Compare results from the beginning. Returns the first call with a difference
 * that is not meant, or -1.
 */
static int compare(const struct seq *s, struct result *res[2], bool count)
{
	bool apart = false;
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		struct pair p = {
			.s = s, .res = res[0], .c = &s->call[i], .data = s->arena + s->call[i].at,
			.net = &res[0][i], .xnet = &res[1][i], .offered = offered,
			.lacks = lacks, .nr_lacks = nr_lacks,
		};

		if (s->call[i].kind == K_OPEN)
			apart = false;
		calls += count;
		lost += count && apart;
		if (apart || !memcmp(p.net, p.xnet, sizeof(*p.net)))
			continue;
		if (!meant_control(&p, &apart))
			return i;
		meant += count;
	}
	return -1;
}

/* Execute on both. Returns as compare() does; a device that hangs ends the run. */
static int both(const struct seq *s, bool count)
{
	struct result *res[2];
	unsigned int i;
	int late = sides_run(s, res);

	if (late < 0)
		return compare(s, res, count);
	printf("# %s does not come to an end with:\n", args.path[late]);
	for (i = 0; i < s->n; i++) {
		printf("#  %3u ", i);
		seq_show(s, &s->call[i]);
		printf(" = %lld\n", (long long)res[late][i].ret);
	}
	printf("Bail out! a device hangs\n");
	exit(1);
}

static void remove_call(struct seq *s, unsigned int i)
{
	memmove(&s->call[i], &s->call[i + 1], (s->n - i - 1) * sizeof(s->call[0]));
	s->n--;
}

/* Leave out what the difference does not need. */
static void minimise(struct seq *s, int at)
{
	struct seq *try = malloc(sizeof(*try));
	unsigned int i;

	if (!try)
		return;
	s->n = at + 1;
	for (i = s->n - 1; i-- > 1; ) {
		*try = *s;
		remove_call(try, i);
		if (both(try, false) == (int)try->n - 1)
			*s = *try;
	}
	free(try);
}

static void show_result(const char *name, const struct result *r)
{
	unsigned int i;

	if (r->ret < 0)
		printf("#      %s: %s;", name, strerrorname_np(-r->ret));
	else
		printf("#      %s: %#llx;", name, (unsigned long long)r->ret);
	for (i = 0; i < OUT_BYTES; i++)
		printf("%s%02x", i % 4 ? "" : " ", r->out[i]);
	printf(", hash %llx\n", (unsigned long long)r->hash);
}

static void explain(struct seq *s, int at)
{
	struct result *res[2];
	unsigned int i;

	minimise(s, at);
	/* Once more, for the results of what is left. */
	if (both(s, false) < 0)
		printf("# the difference does not show every time\n");
	sides_run(s, res);
	for (i = 0; i < s->n; i++) {
		printf("#  %3u ", i);
		seq_show(s, &s->call[i]);
		if (i == s->n - 1)
			break;
		printf(" = %lld\n", (long long)res[1][i].ret);
	}
	printf("\n");
	show_result(args.path[0], &res[0][s->n - 1]);
	show_result(args.path[1], &res[1][s->n - 1]);
}

/* Which of the newer ioctls the reference knows depends on the kernel. */
static void find_lacks(void)
{
	static const uint32_t newer[] = {
		DIFF_NEW_WORKER, DIFF_FREE_WORKER, DIFF_ATTACH_WORKER, DIFF_GET_WORKER,
		DIFF_GET_FEATURES_ARRAY, DIFF_SET_FEATURES_ARRAY, DIFF_SET_FORK, DIFF_GET_FORK,
	};
	uint64_t arg[8] = { 0 };
	int fd = xg_open(args.path[0]);
	unsigned int i;

	xg_ioctl_set_owner(fd);
	for (i = 0; i < ARRAY_SIZE(newer); i++)
		if (xg_ioctl(fd, newer[i], arg) == -ENOTTY)
			lacks[nr_lacks++] = newer[i];
	close(fd);
}

/* Later ones have an end of the IOTLB where the features say that there is none. */
static bool keeps_iotlb(const char *path)
{
	const struct vhost_msg msg = {
		.type = VHOST_IOTLB_MSG,
		.iotlb = { .size = 0x1000, .perm = VHOST_ACCESS_RW, .type = VHOST_IOTLB_UPDATE },
	};
	int fd = xg_open(path);
	bool kept;

	xg_ioctl_set_owner(fd);
	xg_ioctl_set_features(fd, XG_F_MODERN | XG_F_ACCESS_PLATFORM);
	xg_ioctl_set_features(fd, XG_F_MODERN);
	kept = write(fd, &msg, sizeof(msg)) == sizeof(msg);
	close(fd);
	return kept;
}

static unsigned int run_list(struct seq *s)
{
	unsigned int i, failed = 0;

	for (i = 0; i < nr_list_parts; i++) {
		int at;

		s->n = 0;
		s->used = 0;
		list_parts[i](s);
		at = both(s, true);
		if (at >= 0) {
			printf("# call %d of %s differs:\n", at, list_names[i]);
			explain(s, at);
			failed++;
		}
		printf("%s %u %s\n", at < 0 ? "ok" : "not ok", i + 1, list_names[i]);
	}
	return failed;
}

static bool is_lacking(uint32_t req)
{
	unsigned int i;

	for (i = 0; i < nr_lacks; i++)
		if (lacks[i] == req)
			return true;
	return false;
}

static bool run_random(struct seq *s)
{
	const struct common can = {
		.features = offered[0] & offered[1],
		.arrays = !is_lacking(DIFF_SET_FEATURES_ARRAY),
		.fork = !is_lacking(DIFF_SET_FORK),
	};
	time_t end = time(NULL) + args.seconds;
	uint64_t seed = args.seed;
	unsigned long i, differ = 0;

	printf("# seed %llu\n", (unsigned long long)seed);
	for (i = 0; i < args.count && (i < LEAST || time(NULL) < end); i++) {
		int at;

		random_seq(s, seed + i, &can, args.iotlb);
		at = both(s, true);
		if (at < 0)
			continue;
		printf("# sequence %lu differs (--seed %llu --count 1), least form:\n", i,
		       (unsigned long long)(seed + i));
		explain(s, at);
		differ++;
		if (!args.keep_going)
			return false;
	}
	printf("# %lu random sequences; %lu calls in all, %lu differences meant, %lu left out\n",
	       i, calls, meant, lost);
	return !differ;
}

int main(int argc, char **argv)
{
	unsigned int failed, unused = 0;
	static struct seq s;
	bool same, ok;

	args_read(&args, argc, argv,
		  "Executes the same control calls on two vhost-net devices and compares all results.");
	if (args.table) {
		meant_control_print();
		return 0;
	}
	same = args_same(&args);
	offered[0] = features_of(args.path[0]);
	offered[1] = features_of(args.path[1]);
	find_lacks();
	sides_start(args.path);
	printf("KTAP version 1\n1..%u\n", nr_list_parts + 2);
	failed = run_list(&s);
	ok = run_random(&s);
	failed += !ok;
	printf("%s %u random\n", ok ? "ok" : "not ok", nr_list_parts + 1);
	if (same)
		ok = !meant;
	else
		unused = meant_control_unused(offered, keeps_iotlb(args.path[0]));
	ok = !unused && (!same || !meant);
	failed += !ok;
	printf("%s %u table of meant differences\n", ok ? "ok" : "not ok", nr_list_parts + 2);
	sides_stop();
	return failed ? 1 : 0;
}
