/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every allocation and every user copy of the control path fails once.
 *
 * A device lives a whole life, and whatever it is asked meanwhile is asked
 * with the first thing in it failing, then the second, and so on until nothing
 * is left that could. What fails has to say so by a sane errno and to change
 * nothing: the same call succeeds in the end and frames pass.
 *
 * Needs a kernel with fault injection; selftests/debug makes one, which also
 * looks for what was lost in memory once the module is unloaded.
 */
#ifndef XT_FAULT_H
#define XT_FAULT_H

#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "inject.h"
#include "ioctls.h"
#include "uapi.h"
#include "xtest.h"

/* Many lives, each with traffic, on a kernel that checks every access. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	600

#define MAX_STEPS	512
#define MAX_NTH		2000
#define MAX_ROUNDS	8
#define VHOST_TYPE	0xaf

/* Whose allocations fail: kthreadd makes the workers. What these do is for data/fault. */
enum who { SELF, KTHREADD, NR_WHO };

static const char * const who_names[] = { "the caller", "kthreadd" };

/**
 * struct step - something that the device is asked in its life
 * @name: what
 * @nth: for each enum who: what is to fail next
 * @done: nothing is left to fail there
 * @hits: things that failed
 * @absorbed: those that did not matter
 * @failed: failures that the call did not survive, in the round that had most of them
 */
struct step {
	const char *name;
	unsigned int nth[NR_WHO];
	bool done[NR_WHO];
	unsigned int hits;
	unsigned int absorbed;
	unsigned int failed;
};

static struct step steps[MAX_STEPS];
static unsigned int now;	/* the step under way, counted from the life's beginning */
static unsigned int nr_steps;
static enum who who;
static bool failing;		/* calls are to fail, in this part of the test */
static bool rest;		/* and when one thing fails, so does all that comes after it */
static char complaint[160];

/**
 * struct call_kind - a kind of call, and how much of it fails
 * @name: its name
 * @req: its number, if it is an ioctl
 * @least: things in one call of vhost-xnet's that it cannot do without, each of which
 *	fails it: as many as it makes copies, and allocations that nothing replaces.
 *	Calls that only sometimes need a page let others pass unseen; these are made
 *	in further rounds until each was
 * @why_none: why there is none
 */
static const struct call_kind {
	const char *name;
	unsigned long req;
	unsigned int least;
	const char *why_none;
} call_kinds[] = {
#define FAILS(r, n)	{ .name = #r, .req = r, .least = n }
	FAILS(VHOST_GET_FEATURES, 1),
	FAILS(VHOST_SET_FEATURES, 1),
	/* How many words, those that are known, and the rest. */
	FAILS(VHOST_GET_FEATURES_ARRAY, 3),
	FAILS(VHOST_SET_FEATURES_ARRAY, 3),
	FAILS(VHOST_GET_BACKEND_FEATURES, 1),
	FAILS(VHOST_SET_BACKEND_FEATURES, 1),
	FAILS(VHOST_SET_FORK_FROM_OWNER, 1),
	FAILS(VHOST_GET_FORK_FROM_OWNER, 1),
	/* The worker, and the order for a thread. */
	FAILS(VHOST_SET_OWNER, 2),
	FAILS(VHOST_NEW_WORKER, 3),
	FAILS(VHOST_FREE_WORKER, 1),
	FAILS(VHOST_ATTACH_VRING_WORKER, 2),
	FAILS(VHOST_GET_VRING_WORKER, 2),
	/* The table, the head of it, and each region. */
	FAILS(VHOST_SET_MEM_TABLE, 3),
	FAILS(VHOST_SET_LOG_BASE, 1),
	FAILS(VHOST_SET_LOG_FD, 1),
	/* Those of a queue read its index by itself. */
	FAILS(VHOST_SET_VRING_NUM, 2),
	FAILS(VHOST_SET_VRING_ADDR, 2),
	FAILS(VHOST_SET_VRING_BASE, 2),
	FAILS(VHOST_GET_VRING_BASE, 2),
	FAILS(VHOST_SET_VRING_KICK, 2),
	FAILS(VHOST_SET_VRING_CALL, 2),
	FAILS(VHOST_SET_VRING_ERR, 2),
	FAILS(VHOST_SET_VRING_BUSYLOOP_TIMEOUT, 2),
	FAILS(VHOST_GET_VRING_BUSYLOOP_TIMEOUT, 2),
	/* The copy, the backend, and the arrays that nothing replaces. */
	FAILS(VHOST_NET_SET_BACKEND, 3),
#undef FAILS
	{ .name = "VHOST_RESET_OWNER", .req = VHOST_RESET_OWNER,
	  .why_none = "it has no argument and only gives back" },
	{ .name = "open", .least = 1 },
	{ .name = "close", .why_none = "it only gives back" },
	{ .name = "write", .least = 1 },
	{ .name = "netlink DEV_GET", .least = 1 },
	{ .name = "netlink DEV_GET, a dump", .least = 1 },
	{ .name = "netlink QUEUE_GET", .least = 1 },
	{ .name = "netlink QUEUE_GET, a dump", .least = 1 },
};

/* Things fail only for the thread that the test runs in. */
static bool in_test(void)
{
	return failing && syscall(SYS_gettid) == getpid();
}

static const char *ioctl_name(unsigned long req)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(call_kinds); i++)
		if (call_kinds[i].req == req)
			return call_kinds[i].name;
	return "an ioctl without a name";
}

static void complain(const char *what, const struct step *s, long ret)
{
	if (!*complaint)
		snprintf(complaint, sizeof(complaint), "%s with failure %u in %s: %s (%s)",
			 s->name, s->nth[who], who_names[who], what, xt_errno(ret));
}

static bool is_netlink(const char *name)
{
	return !strncmp(name, "netlink ", 8);
}

static int arm(struct inject *in, const char *name, unsigned int nth)
{
	static const pid_t kthreadd = 2;

	if (who == KTHREADD)
		return inject_arm(in, &kthreadd, 1, nth);
	/* A socket may need memory to say that it has none. */
	if (rest && !is_netlink(name))
		return inject_arm_rest(in, NULL, 0, nth);
	return inject_arm(in, NULL, 0, nth);
}

static bool sane(const char *name, long ret)
{
	/* Sockets have errnos of their own for want of memory. */
	if (is_netlink(name) && (ret == -ENFILE || ret == -ENOBUFS))
		return true;
	/* As with vhost, a message that cannot be read is like one that is too short. */
	if (!strcmp(name, "write") && ret == -EINVAL)
		return true;
	return ret == -ENOMEM || ret == -EFAULT || ret == -EAGAIN;
}

/*
 * Does @fn(@arg), which returns a negative errno or not, again and again with
 * one thing failing, until it succeeds.
 */
static long try_step(const char *name, long (*fn)(void *arg), void *arg)
{
	struct step *s = &steps[now];
	struct inject in;
	long ret;

	if (!in_test())
		return fn(arg);
	if (now == MAX_STEPS - 1)
		return -E2BIG;
	s->name = name;
	now++;
	while (!s->done[who] && s->nth[who] < MAX_NTH) {
		s->nth[who]++;
		if (arm(&in, name, s->nth[who])) {
			s->done[who] = true;
			break;
		}
		ret = fn(arg);
		if (!inject_disarm(&in)) {
			s->done[who] = true;
			if (ret < 0)
				complain("it fails though nothing else did", s, ret);
			return ret;
		}
		s->hits++;
		s->absorbed += ret >= 0;
		/*
		 * It has to have done what it was to do all the same. What else may
		 * fail in it waits for the next life, unless it only asks.
		 */
		if (ret >= 0 && !is_netlink(name))
			return ret;
		if (ret < 0 && !sane(name, ret))
			complain("no errno for this", s, ret);
	}
	ret = fn(arg);
	if (ret < 0)
		complain("it fails for good", s, ret);
	return ret;
}

struct call {
	int fd;
	unsigned long req;
	void *arg;
};

static long do_ioctl(void *data)
{
	struct call *c = data;
	long ret = syscall(SYS_ioctl, c->fd, c->req, c->arg);

	return ret < 0 ? -errno : ret;
}

static long do_open(void *data)
{
	long ret = syscall(SYS_openat, AT_FDCWD, data, O_RDWR | O_CLOEXEC);

	return ret < 0 ? -errno : ret;
}

static long do_close(void *data)
{
	long ret = syscall(SYS_close, *(int *)data);

	return ret < 0 ? -errno : ret;
}

static long libc_result(long ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

/**
 * struct message - bytes for the device, or from it
 * @fd: the device
 * @bytes: where they are
 * @len: how many
 */
struct message {
	int fd;
	const void *bytes;
	size_t len;
};

static long do_write(void *data)
{
	struct message *m = data;
	long ret = syscall(SYS_write, m->fd, m->bytes, m->len);

	return ret < 0 ? -errno : ret;
}

static int device = -1;

/* In place of libc's, so that the library's calls come here, too. */
int ioctl(int fd, unsigned long req, ...)
{
	struct call c = { .fd = fd, .req = req };
	va_list ap;

	va_start(ap, req);
	c.arg = va_arg(ap, void *);
	va_end(ap);
	if (_IOC_TYPE(req) != VHOST_TYPE)
		return libc_result(do_ioctl(&c));
	return libc_result(try_step(ioctl_name(req), do_ioctl, &c));
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (in_test() && !strcmp(path, xt_dev())) {
		device = try_step("open", do_open, (void *)path);
		return libc_result(device);
	}
	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return libc_result(({
		long fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);

		fd < 0 ? -errno : fd;
	}));
}

int close(int fd)
{
	if (in_test() && fd >= 0 && fd == device) {
		device = -1;
		return libc_result(try_step("close", do_close, &fd));
	}
	return libc_result(do_close(&fd));
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	struct message m = { .fd = fd, .bytes = bytes, .len = len };

	if (fd < 0 || fd != device)
		return libc_result(do_write(&m));
	return libc_result(try_step("write", do_write, &m));
}

static bool all_done(void)
{
	unsigned int i;

	for (i = 0; i < nr_steps; i++)
		if (!steps[i].done[who])
			return false;
	return nr_steps;
}

/* Returns in how many calls something failed. */
static unsigned int report(void)
{
	unsigned int i, hits = 0, absorbed = 0, calls = 0;

	for (i = 0; i < nr_steps; i++) {
		if (steps[i].hits)
			printf("# %-36s %3u failed, %u of them did not matter\n",
			       steps[i].name, steps[i].hits, steps[i].absorbed);
		calls += !!steps[i].hits;
		hits += steps[i].hits;
		absorbed += steps[i].absorbed;
	}
	printf("# %s: %u calls, %u failures, %u of them did not matter\n", who_names[who],
	       nr_steps, hits, absorbed);
	return calls;
}

/**
 * struct verdict - what became of the calls of one name
 * @done: they were made
 * @failed: failures that one of them did not survive, one after another
 */
struct verdict {
	bool done;
	unsigned int failed;
};

static struct verdict verdict(const char *name)
{
	struct verdict v = { 0 };
	unsigned int i;

	for (i = 0; i < nr_steps; i++) {
		if (strcmp(steps[i].name, name))
			continue;
		v.done = true;
		if (steps[i].failed > v.failed)
			v.failed = steps[i].failed;
	}
	return v;
}

/*
 * What failed is counted by its place in the call. A page for the allocator's own is
 * wanted in one life and not in the next, which moves all that comes after it by one
 * place, so that a thing can be skipped. Ends a round, and begins another with the
 * calls of which less failed than has to. Returns whether there are any.
 */
static bool next_round(void)
{
	unsigned int i, k;
	bool again = false;

	for (i = 0; i < nr_steps; i++) {
		struct step *s = &steps[i];

		if (s->hits - s->absorbed > s->failed)
			s->failed = s->hits - s->absorbed;
	}
	for (k = 0; k < ARRAY_SIZE(call_kinds); k++) {
		const struct call_kind *kind = &call_kinds[k];
		struct verdict v = verdict(kind->name);

		if (!v.done || v.failed >= kind->least)
			continue;
		printf("# %s: once more, %u of %u things failed\n", kind->name, v.failed,
		       kind->least);
		for (i = 0; i < nr_steps; i++) {
			struct step *s = &steps[i];

			if (strcmp(s->name, kind->name))
				continue;
			s->nth[who] = 0;
			s->done[who] = false;
			s->hits = 0;
			s->absorbed = 0;
			again = true;
		}
	}
	return again;
}

/*
 * Every kind of call was made and failed as often as it can, but for @missing, which
 * need not have been made.
 */
static void all_failed(struct __test_metadata *_metadata, const char *missing)
{
	unsigned int i, none = 0, failed = 0;

	for (i = 0; i < ARRAY_SIZE(call_kinds); i++) {
		const struct call_kind *kind = &call_kinds[i];
		struct verdict v = verdict(kind->name);

		if (!v.done && missing && !strcmp(kind->name, missing))
			continue;
		EXPECT_TRUE(v.done) TH_LOG("%s was not called", kind->name);
		if (kind->why_none) {
			none++;
			EXPECT_EQ(0, v.failed)
				TH_LOG("%s fails, though %s", kind->name, kind->why_none);
			continue;
		}
		failed++;
		EXPECT_LE(kind->least, v.failed) TH_LOG("%s", kind->name);
		printf("# %s: fails of %u things\n", kind->name, v.failed);
	}
	for (i = 0; xt_ioctls[i].name; i++)
		EXPECT_STREQ(xt_ioctls[i].name, ioctl_name(xt_ioctls[i].req));
	TH_LOG("%u kinds of calls failed, %u have nothing in them that could", failed, none);
}

static const char *life_stage;

#define STAGE(what) do { if (!ret) { life_stage = #what; ret = what; } } while (0)

/* Lives until nothing in the calls is left that could fail. Returns how many lives. */
static unsigned int live_through(struct __test_metadata *_metadata, int (*life)(void))
{
	unsigned int lives = 0;
	int ret;

	do {
		now = 0;
		*complaint = '\0';
		ret = life();
		if (now > nr_steps)
			nr_steps = now;
		lives++;
		ASSERT_STREQ("", complaint);
		ASSERT_EQ(0, ret)
			TH_LOG("%s: %s (last step: %s)", life_stage, xt_errno(ret), xg_step());
	} while (!all_done());
	return lives;
}

/*
 * Does @life(), from open() to close(), until nothing in @whose calls is left that
 * could fail. Things are to have failed in @least calls, and of the caller's own as
 * many in each kind of call as has to, which may take some rounds.
 */
static void live_with(struct __test_metadata *_metadata, enum who whose, unsigned int least,
		      int (*life)(void))
{
	unsigned int lives, rounds = 1, i;

	who = whose;
	/* A page that is first touched while there are none would fault without an end. */
	if (rest)
		ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	failing = true;
	lives = live_through(_metadata, life);
	EXPECT_LE(least, report());
	for (; whose == SELF && xt_is_xnet() && next_round() && rounds < MAX_ROUNDS; rounds++)
		lives += live_through(_metadata, life);
	for (i = 0; i < nr_steps; i++)
		EXPECT_GT(MAX_NTH, steps[i].nth[who]) TH_LOG("%s", steps[i].name);
	TH_LOG("%u lives in %u rounds", lives, rounds);
	failing = false;
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
}

#endif /* XT_FAULT_H */
