/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failing allocations and user copies, on a kernel built with fault injection.
 * A thread is armed with a number n: the nth thing in it that can fail does.
 */
#ifndef XT_INJECT_H
#define XT_INJECT_H

#include <stdbool.h>
#include <sys/types.h>

#define INJECT_MAX	8

/**
 * struct inject - threads that are armed
 * @fd: their fail-nth files
 * @rest_fd: their make-it-fail files, -1 if no more than one thing is to fail
 * @n: how many
 * @self: the first one is the caller
 * @left: what inject_disarm() found left of the number, in the first one
 */
struct inject {
	int fd[INJECT_MAX];
	int rest_fd[INJECT_MAX];
	unsigned int n;
	bool self;
	unsigned int left;
};

/**
 * inject_setup() - make everything able to fail: allocations that may wait,
 * single pages, user copies
 *
 * Needs debugfs where it belongs, so it comes before xg_netns(). On a machine that
 * was started with xnet_inject=must, as selftests/debug does, the calling process
 * ends with a failure if this cannot be done.
 * Return: 0, or -ENOTSUP where the kernel cannot do this.
 */
int inject_setup(void);

/**
 * inject_arm() - let the nth thing fail in each of some threads
 * @in: filled in
 * @tids: the threads, NULL for the caller alone
 * @n: how many
 * @nth: 1 for the next
 *
 * Return: 0 or a negative errno.
 */
int inject_arm(struct inject *in, const pid_t *tids, unsigned int n, unsigned int nth);

/**
 * inject_arm_rest() - let the nth thing fail, and each allocation after it
 * @in: filled in
 * @tids: the threads, NULL for the caller alone, whose memory has to be there by then
 *	(mlockall()), as a page fault would come again and again
 * @n: how many
 * @nth: 1 for the next
 *
 * What makes up for an allocation that fails by another one has no luck, either.
 * Return: 0 or a negative errno.
 */
int inject_arm_rest(struct inject *in, const pid_t *tids, unsigned int n, unsigned int nth);

/**
 * inject_disarm() - nothing fails any more
 * @in: from inject_arm()
 *
 * Return: did anything fail?
 */
bool inject_disarm(struct inject *in);

#endif /* XT_INJECT_H */
