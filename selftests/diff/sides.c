// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes: for each device one that opens it, and one that shares its
 * descriptors, but not its memory: a stranger to the device.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "call.h"

/* Longer than any sequence takes on a busy emulated machine. */
#define PATIENCE_MS	60000

/**
 * struct line - two pipes between processes, an order and an answer
 * @to: order
 * @back: answer
 */
struct line {
	int to[2];
	int back[2];
};

/**
 * struct side - one device
 * @pid: its first process
 * @line: from the parent to it
 * @res: results, shared memory
 */
struct side {
	pid_t pid;
	struct line line;
	struct result *res;
};

static struct seq *shared;
static struct side sides[2];

static void fail(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(2);
}

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("shared memory");
	return p;
}

static void line_make(struct line *l)
{
	if (pipe(l->to) || pipe(l->back))
		fail("pipe");
}

static void say(int fd, unsigned int word)
{
	if (write(fd, &word, sizeof(word)) != sizeof(word))
		_exit(0);
}

static unsigned int hear(int fd)
{
	unsigned int word;

	if (read(fd, &word, sizeof(word)) != sizeof(word))
		_exit(0);
	return word;
}

/* The stranger executes one call at a time. */
static void stranger(struct side *side, struct line *l)
{
	for (;;) {
		unsigned int i = hear(l->to[0]);

		if (i < MAX_CALLS)
			exec_call(shared, &shared->call[i], &side->res[i]);
		else
			exec_forget();
		say(l->back[1], i);
	}
}

static void ask(struct line *l, unsigned int what)
{
	say(l->to[1], what);
	hear(l->back[0]);
}

static void serve(struct side *side, const char *path)
{
	struct line l;
	unsigned int i;
	long pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	line_make(&l);
	exec_setup(path);
	/* A copy of the memory, but the same descriptors. */
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		fail("clone");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		stranger(side, &l);
	}
	say(side->line.back[1], 0);
	for (;;) {
		hear(side->line.to[0]);
		exec_forget();
		ask(&l, MAX_CALLS);
		for (i = 0; i < shared->n; i++) {
			if (shared->call[i].who)
				ask(&l, i);
			else
				exec_call(shared, &shared->call[i], &side->res[i]);
		}
		say(side->line.back[1], 0);
	}
}

/* Wait for an answer. Returns false when none comes. */
static bool answer(struct side *side)
{
	struct pollfd p = { .fd = side->line.back[0], .events = POLLIN };
	unsigned int word;

	if (poll(&p, 1, PATIENCE_MS) <= 0)
		return false;
	return read(p.fd, &word, sizeof(word)) == sizeof(word);
}

void sides_start(const char *const path[2])
{
	unsigned int i;

	signal(SIGPIPE, SIG_IGN);
	shared = share(sizeof(*shared));
	for (i = 0; i < 2; i++) {
		struct side *side = &sides[i];

		side->res = share(MAX_CALLS * sizeof(*side->res));
		line_make(&side->line);
		fflush(stdout);
		side->pid = fork();
		if (side->pid < 0)
			fail("fork");
		if (!side->pid)
			serve(side, path[i]);
		close(side->line.to[0]);
		close(side->line.back[1]);
		if (!answer(side)) {
			printf("Bail out! %s cannot be used\n", path[i]);
			exit(2);
		}
	}
}

int sides_run(const struct seq *s, struct result *res[2])
{
	unsigned int i;

	memcpy(shared, s, offsetof(struct seq, call[s->n]));
	memcpy(shared->arena, s->arena, s->used);
	for (i = 0; i < 2; i++) {
		memset(sides[i].res, 0xff, s->n * sizeof(*sides[i].res));
		res[i] = sides[i].res;
		say(sides[i].line.to[1], 0);
	}
	for (i = 0; i < 2; i++)
		if (!answer(&sides[i]))
			return i;
	return -1;
}

void sides_stop(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		kill(sides[i].pid, SIGKILL);
		waitpid(sides[i].pid, NULL, 0);
	}
}
