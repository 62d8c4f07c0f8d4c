/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generated cases of hosts that answer wrongly: what the suites of balloon
 * transports share. A case depends on the seed and its number alone, so that any
 * one can be had again. Define DEFAULT_CASES before.
 */
#ifndef _LIB_TESTS_BALLOON_HOSTILE_H
#define _LIB_TESTS_BALLOON_HOSTILE_H

#include <linux/balloon_device.h>
#include <linux/device.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/string.h>
#include <kunit/test.h>

#include "balloon_test.h"

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

/* If the host is gone, the log says so, and no more than once. */
static inline bool said_gone(const struct heard *heard,
			     const struct balloon_device *balloon)
{
	bool gone = balloon_device_state(balloon) == BALLOON_GONE;
	int said = atomic_read(&heard->gone);

	return heard->deaf || said == 1 || (!gone && !said);
}

/* In pages, as sysfs shows it; @text is a page. */
static inline u64 shown_quarantined(struct kunit *test,
				    struct balloon_device *balloon, char *text)
{
	struct device *dev = balloon_device_dev(balloon);
	struct attribute **attrs = dev->class->dev_groups[0]->attrs;
	struct device_attribute *attr;
	u64 bytes = 0;

	while (*attrs && strcmp((*attrs)->name, "quarantined"))
		attrs++;
	KUNIT_ASSERT_NOT_NULL(test, *attrs);
	attr = container_of(*attrs, struct device_attribute, attr);
	attr->show(dev, attr, text);
	KUNIT_EXPECT_EQ(test, 0, kstrtou64(strim(text), 10, &bytes));
	return bytes >> PAGE_SHIFT;
}

#endif /* _LIB_TESTS_BALLOON_HOSTILE_H */
