/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generated cases of hosts that answer wrongly: what the suites of balloon
 * transports share. A case depends on the seed and its number alone, so that any
 * one can be had again. Define DEFAULT_CASES before.
 */
#ifndef _LIB_TESTS_BALLOON_HOSTILE_H
#define _LIB_TESTS_BALLOON_HOSTILE_H

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/tracepoint.h>
#include <kunit/test.h>
#include <trace/events/printk.h>

/* In a life of the device, with room for what others have to say. */
#define MOST_MESSAGES	10

static unsigned int hostile_cases = DEFAULT_CASES;
module_param(hostile_cases, uint, 0644);
MODULE_PARM_DESC(hostile_cases, "How many cases hostile_test runs");

static unsigned int hostile_seed = 1;
module_param(hostile_seed, uint, 0644);
MODULE_PARM_DESC(hostile_seed, "What its cases depend on, and on their number");

static unsigned int hostile_first;
module_param(hostile_first, uint, 0644);
MODULE_PARM_DESC(hostile_first, "The number of its first case");

/* What a failure says: how to have that case again. Has c->test and c->nr. */
#define expect_case(c, left, op, right) do {				\
	typeof(c) __c = (c);						\
									\
	KUNIT_EXPECT_##op##_MSG(__c->test, left, right,			\
				"hostile_seed=%u hostile_first=%u hostile_cases=1", \
				hostile_seed, __c->nr);			\
} while (0)

static inline void hostile_begin(struct rnd_state *rnd, unsigned int nr)
{
	u64 seed = (u64)hostile_seed << 32 | nr;
	unsigned int i;

	/* Neighbours would begin alike. */
	prandom_seed_state(rnd, seed * GOLDEN_RATIO_64);
	for (i = 0; i < 8; i++)
		prandom_u32_state(rnd);
}

static void hear_console(void *messages, const char *text, size_t len)
{
	atomic_inc(messages);
}

static void stop_hearing(void *messages)
{
	unregister_trace_console(hear_console, messages);
	tracepoint_synchronize_unregister();
}

/* Count what is said on the console, until the end of the test. */
static inline void count_messages(struct kunit *test, atomic_t *messages)
{
	/* Without tracepoints, nothing is heard. */
	if (register_trace_console(hear_console, messages))
		return;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop_hearing,
							   messages));
}

#endif /* _LIB_TESTS_BALLOON_HOSTILE_H */
