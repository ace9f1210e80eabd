/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks: the first that fails ends the round and says why. */
#ifndef _CHECK_H
#define _CHECK_H

#include <setjmp.h>

#include "rng.h"

/* Where to go on after a failure, for check_out; NULL: nowhere, the process aborts. */
struct way_out {
	jmp_buf jump;
};

extern struct way_out *check_out;

__printf(1, 2) __noreturn void fail(const char *fmt, ...);

#define check(cond, ...) do {						\
	if (!(cond))							\
		fail(__VA_ARGS__);					\
} while (0)

/**
 * struct test - a test of the runner
 * @name: what it is called in the output and after --test
 * @run: one round of it, by choices from @rng
 * @rounds: how many rounds are enough when nothing else was asked for
 */
struct test {
	const char *name;
	void (*run)(struct rng *rng);
	unsigned int rounds;
};

void test_map(struct rng *rng);
void test_legal(struct rng *rng);
void test_wrap(struct rng *rng);
void test_malformed(struct rng *rng);
void test_unmapped(struct rng *rng);
void test_once(struct rng *rng);
void test_chaos(struct rng *rng);
void test_order(struct rng *rng);
void test_iotlb(struct rng *rng);
void test_iotlb_legal(struct rng *rng);
void test_iotlb_denied(struct rng *rng);
void test_iotlb_torn(struct rng *rng);
void test_iotlb_once(struct rng *rng);
void test_iotlb_chaos(struct rng *rng);
void test_iotlb_log(struct rng *rng);
void test_log(struct rng *rng);
void test_log_ring(struct rng *rng);

#endif /* _CHECK_H */
