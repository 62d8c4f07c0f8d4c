/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites of the balloon class and of its transports share: they hear
 * what is said on the console, and migrate pages as compaction does.
 */
#ifndef _LIB_TESTS_BALLOON_TEST_H
#define _LIB_TESTS_BALLOON_TEST_H

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/offline_pages.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <kunit/test.h>
#include <trace/events/printk.h>

#define KUNIT_CASE_PARAM_SLOW(fn, gen)				\
	KUNIT_CASE_PARAM_ATTR(fn, gen, ((struct kunit_attributes){	\
			      .speed = KUNIT_SPEED_SLOW }))

/**
 * struct heard - what was said on the console
 * @messages: all of them
 * @gone: those that say that a host is gone
 * @kept: those that say that pages stay offline at the end
 * @deaf: nothing is heard: there are no tracepoints
 */
struct heard {
	atomic_t messages, gone, kept;
	bool deaf;
};

static void hear_console(void *data, const char *text, size_t len)
{
	struct heard *heard = data;

	atomic_inc(&heard->messages);
	if (strnstr(text, "host is gone", len))
		atomic_inc(&heard->gone);
	if (strnstr(text, "the host did not give them back", len))
		atomic_inc(&heard->kept);
}

static void stop_hearing(void *heard)
{
	unregister_trace_console(hear_console, heard);
	tracepoint_synchronize_unregister();
}

static inline void hear_anew(struct heard *heard)
{
	atomic_set(&heard->messages, 0);
	atomic_set(&heard->gone, 0);
	atomic_set(&heard->kept, 0);
}

/* Until the end of the test. */
static inline struct heard *begin_hearing(struct kunit *test)
{
	struct heard *heard = kunit_kzalloc(test, sizeof(*heard), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, heard);
	heard->deaf = register_trace_console(hear_console, heard);
	if (!heard->deaf)
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action_or_reset(test, stop_hearing,
							  heard));
	return heard;
}

static struct page *target_alloc(unsigned int order, void *private)
{
	return offline_pages_alloc_frozen(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN,
					  order, NUMA_NO_NODE);
}

static void target_free(struct page *page, unsigned int order, void *private)
{
	set_page_count(page, 1);
	__free_pages(page, order);
}

static const struct offline_page_targets targets = {
	.alloc = target_alloc,
	.free = target_free,
};

#endif /* _LIB_TESTS_BALLOON_TEST_H */
