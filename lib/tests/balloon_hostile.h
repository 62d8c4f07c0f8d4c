/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generated cases of hosts that answer wrongly: what the suites of balloon
 * transports share. A case depends on the seed and its number alone, so that any
 * one can be had again. Define DEFAULT_CASES before.
 */
#ifndef _LIB_TESTS_BALLOON_HOSTILE_H
#define _LIB_TESTS_BALLOON_HOSTILE_H

#include <linux/array_size.h>
#include <linux/balloon_device.h>
#include <linux/device.h>
#include <linux/hash.h>
#include <linux/migrate_mode.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/offline_pages.h>
#include <linux/prandom.h>
#include <linux/string.h>
#include <kunit/test.h>

#include "balloon_test.h"

/* Pages, from one that the host was given, to look for some to migrate. */
#define NEAR		512

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

/**
 * struct given - the last pages that a host was given, as far as it keeps them
 * @pfns: one of each buffer
 * @nr: how many it was given so far
 */
struct given {
	unsigned long pfns[16];
	unsigned int nr;
};

static inline void note_given(struct given *given, unsigned long pfn)
{
	given->pfns[given->nr++ % ARRAY_SIZE(given->pfns)] = pfn;
}

/*
 * Migrate up to a batch of what is in the balloon near such a page, as compaction
 * does it, where it is. Returns how many pages moved.
 */
static inline unsigned int migrate_given(const struct given *given, u32 value)
{
	static const enum migrate_mode modes[] = {
		MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC, MIGRATE_SYNC,
	};
	unsigned int moved = 0, some = min(given->nr, ARRAY_SIZE(given->pfns));
	struct offline_page_batch batch = {};
	unsigned long pfn, end;
	long nr;

	if (!some)
		return 0;
	pfn = given->pfns[(value >> 8) % some];
	for (end = pfn + NEAR; pfn < end && pfn_valid(pfn); pfn += max(nr, 1L)) {
		nr = 0;
		if (PageMovableOffline(pfn_to_page(pfn)))
			nr = isolate_offline_page_run(&batch, pfn, end,
						      MAX_PAGE_ORDER);
		if (nr < 0)
			break;
	}
	migrate_offline_page_batch(&batch, &targets,
				   modes[value % ARRAY_SIZE(modes)], &moved);
	return moved;
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
