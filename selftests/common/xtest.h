/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every test program starts with: the guest driver, the kselftest harness
 * and a few words for both.
 */
#ifndef XTEST_H
#define XTEST_H

#include "words.h"
#include "xguest.h"

/* The harness's time limit, on a machine that may be slow: see xg_patience(). */
static inline unsigned int xt_alarm(unsigned int seconds)
{
	return alarm(xg_patience(seconds));
}

#define alarm(seconds)	xt_alarm(seconds)
#include "kselftest_harness.h"
#undef alarm

/* An emulated machine that shares its cores is slow at times. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	90

/* Patience for what must happen at once: only a failure waits this long. */
#define XT_PATIENCE_MS		10000

/**
 * XT_OK() - an expression that gives 0 or a negative errno must give 0
 *
 * Ends the test otherwise, naming the errno and the step of the library.
 */
#define XT_OK(expr) do {						\
	long xt_ret_ = (expr);						\
									\
	ASSERT_EQ(0, xt_ret_)						\
		TH_LOG("%s: %s (last step: %s)", #expr,			\
		       xt_errno(xt_ret_), xg_step());			\
} while (0)

/** XT_ERR() - an expression must give this negative errno; the test goes on. */
#define XT_ERR(want, expr) do {						\
	long xt_want_ = (want), xt_ret_ = (expr);			\
									\
	EXPECT_EQ(xt_want_, xt_ret_)					\
		TH_LOG("%s: %s instead of %s", #expr,			\
		       xt_errno(xt_ret_), xt_errno(xt_want_));		\
} while (0)

/**
 * XT_SKIP_SETUP() - leave a test out, from FIXTURE_SETUP()
 * @why: the reason
 *
 * After a mere SKIP(return) there the harness goes on to the test.
 */
#define XT_SKIP_SETUP(why)	SKIP(_exit(255), why)

/**
 * XT_UNTIL() - poll for a condition, every few milliseconds
 * @cond: expression
 *
 * The value is true when it came true within XT_PATIENCE_MS.
 */
#define XT_UNTIL(cond) ({						\
	uint64_t xt_end_ = xg_now_ns() +				\
		xg_patience(XT_PATIENCE_MS) * 1000000ULL;		\
	bool xt_is_;							\
									\
	while (!(xt_is_ = !!(cond)) && xg_now_ns() < xt_end_)		\
		xt_msleep(2);						\
	xt_is_;								\
})

#endif /* XTEST_H */
