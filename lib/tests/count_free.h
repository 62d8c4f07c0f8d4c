/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites that take pages share: they count the free pages, so that one
 * that got lost is missed.
 */
#ifndef _LIB_TESTS_COUNT_FREE_H
#define _LIB_TESTS_COUNT_FREE_H

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/vmstat.h>
#include <kunit/test.h>

/*
 * A page on its way from a CPU to the buddy may be counted twice, or not at all.
 * Where the CPU is a thread of an emulator, the way may take long.
 */
#define COUNT_FREE_TRIES	2000

/*
 * It must be quiet for this: a page that waits on a CPU's list looks like a lost
 * one, so there is no other way to tell whether it arrived. So only the zones that
 * nobody but the tests takes pages from are counted.
 */
static bool can_count_free(struct zone *zone)
{
	return zone_idx(zone) == ZONE_MOVABLE && populated_zone(zone) &&
	       system_state < SYSTEM_RUNNING;
}

static unsigned long count_free_once(struct zone *only)
{
	struct zone *zone;
	unsigned long nr = 0;
	int cpu;

	for_each_populated_zone(zone) {
		if (!can_count_free(zone) || (only && zone != only))
			continue;
		nr += zone_page_state_snapshot(zone, NR_FREE_PAGES);
		for_each_online_cpu(cpu)
			nr += per_cpu_ptr(zone->per_cpu_pageset, cpu)->count;
	}
	return nr;
}

/* Of this zone or of all, in pages, when a test begins. */
static unsigned long count_free(struct zone *only)
{
	unsigned long nr, last = count_free_once(only);
	unsigned int tries, same = 1;

	for (tries = 0; last && tries < COUNT_FREE_TRIES && same < 3; tries++) {
		fsleep(1000);
		nr = count_free_once(only);
		same = nr == last ? same + 1 : 1;
		last = nr;
	}
	return last;
}

/* At its end. */
static void __expect_free(struct kunit *test, struct zone *only,
			  unsigned long expected, int line)
{
	unsigned int tries;
	unsigned long free;

	if (only && !can_count_free(only))
		return;
	free = count_free_once(only);
	for (tries = 0; free != expected && tries < COUNT_FREE_TRIES; tries++) {
		fsleep(1000);
		free = count_free_once(only);
	}
	KUNIT_EXPECT_EQ_MSG(test, free, expected,
			    "free pages of node %d (-1: of all), line %d",
			    only ? zone_to_nid(only) : NUMA_NO_NODE, line);
}

#endif /* _LIB_TESTS_COUNT_FREE_H */
