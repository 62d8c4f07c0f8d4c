// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for offline pages (mm/offline_pages.c).
 *
 * They take real pages from the page allocator and give them back. Built in
 * (CONFIG_OFFLINE_PAGES_KUNIT_TEST=y), they run at boot when the command line
 * says
 *
 *	kunit.enable=1 kunit.filter_glob=offline_pages movablecore=1G
 *
 * As a module they run when it is loaded. Best run on a quiet machine with two
 * NUMA nodes and at least 3 GiB: with movablecore= the pages come from a zone
 * that hardly anybody else uses, and there are zone boundaries to cross. What
 * a machine does not have is skipped, with the reason. CONFIG_DEBUG_VM and
 * CONFIG_DEBUG_OFFLINE_PAGES make the tests stricter.
 *
 * Whatever a test does, its fixture checks at the end that each zone manages
 * as many pages as before (and at boot: that as many are free), that the owners
 * hold nothing, that there were no more reports of misuse than the test asked
 * for, and that the kernel neither became tainted nor turned lockdep off. Pages
 * that a failed test still holds are given back.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>

#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/kasan.h>
#include <linux/kthread.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/offline_pages.h>
#include <linux/panic.h>
#include <linux/random.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <linux/sort.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>
#include <linux/xarray.h>
#include <trace/events/offline_pages.h>
#include <trace/events/printk.h>

#include "count_free.h"

/* From the movable zone if there is one: nobody but the tests takes pages. */
#define TEST_GFP		(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN)

/* The pages that one page of an owner's bits describes. */
#define CHUNK_PAGES		(PAGE_SIZE * BITS_PER_BYTE)

/* For the checks only, next to OFFLINE_PAGE_*. */
#define TEST_NEVER_ONLINED	BIT(30)
#define TEST_POISONED		BIT(31)

#define BULK_PAGES		300UL

enum fail_point {
	FAIL_NONE,
	FAIL_FROZEN,
	FAIL_CHUNK,
	FAIL_STORE,
	FAIL_CONTIG,
	FAIL_FIND_CONTIG,
	FAIL_TARGET,
	FAIL_ARRAYS,
};

struct offline_test {
	struct offline_page_owner owner;
	struct offline_page_owner other;
	struct list_head mocks;

	/* As it was when the test began; zones by node and index. */
	unsigned long *managed;
	unsigned long *free;
	long *balloon;
	unsigned long totalram;
	unsigned long counters[OFFLINE_PAGES_NR_COUNTERS];
	bool warned;
	bool bad_page;
	bool lockdep_on;

	/* What the test did on purpose, by zone as well. */
	long *shift;
	long *in_use;
	unsigned long misuse;

	/* Which of the calls to the page allocator fails. */
	unsigned int calls;
	unsigned int fail_at;
	enum fail_point failed;
	unsigned long frozen_calls;
	unsigned long frozen_pfn;
	unsigned long frozen_nr;
	unsigned long pfn;
	unsigned long nr_pages;
	/* Pages that migration does not get, to be given back. */
	struct xarray rejects;
	/* Those that it got from the free lists. */
	unsigned long taken;
	unsigned int take_order;
	/* Most that were isolated at a time. */
	unsigned long isolated;
};

/*
 * A balloon driver without a device. It knows what the host has of the guest's
 * memory, and takes note of everything that could not be true.
 */
struct mock_kind {
	const char *name;
	unsigned int order;
	unsigned int max_batch;
	bool one_by_one;
	bool stays_managed;
};

/* What it does when it is asked to migrate. */
struct mock_script {
	const char *name;
	/* With one page after the other, and again from the start. */
	u8 results[4];
	unsigned int nr_results;
	/* If a page was kept. */
	int error;
	/* First of all, for so many calls. */
	unsigned int busy;
};

struct mock {
	struct offline_page_owner owner;
	struct offline_page_ops ops;
	struct list_head list;
	/* Held while it talks to the host, and never waited for. */
	struct mutex lock;
	/* What the host has: page frame numbers, of blocks if it has blocks. */
	struct xarray host;
	unsigned int flags;
	enum migrate_mode mode;
	bool breaks;		/* pages do at any time: light migration, too */
	const struct mock_script *script;
	unsigned int busy;
	unsigned int asked;
	unsigned int calls;
	unsigned int largest;
	struct page *poisoned;
	unsigned int nr_poisoned;
	/* Called with the pages of each exchange. */
	void (*hook)(struct mock *m, unsigned long dst, unsigned long src);
	void *hook_data;
	atomic_t wrong;
};

#define mock_of(_owner)	container_of(_owner, struct mock, owner)
/* 2 MiB where pages have 4 KiB, and never more than the buddy has in one. */
#define BLOCK_ORDER	(MAX_PAGE_ORDER < 9U ? MAX_PAGE_ORDER : 9U)
#define block_pages(m)	(1UL << (m)->owner.order)

/*
 * Zones and their counts. The iterators of mm are not exported.
 */

static unsigned int nr_zones(void)
{
	return nr_node_ids * MAX_NR_ZONES;
}

static struct zone *zone_nr(unsigned int i)
{
	int nid = i / MAX_NR_ZONES;

	if (!node_online(nid))
		return NULL;
	return &NODE_DATA(nid)->node_zones[i % MAX_NR_ZONES];
}

static unsigned int page_zone_nr(const struct page *page)
{
	return page_to_nid(page) * MAX_NR_ZONES + page_zonenum(page);
}

/* The lowest page frame above all zones that has no struct page. */
static unsigned long missing_pfn(void)
{
	unsigned long pfn = 0;
	unsigned int i;

	for (i = 0; i < nr_zones(); i++)
		if (zone_nr(i) && populated_zone(zone_nr(i)))
			pfn = max(pfn, zone_end_pfn(zone_nr(i)));
	while (pfn_valid(pfn))
		pfn++;
	return pfn;
}

/* This page counts as managed though held, or as not managed though free. */
static void shift_managed(struct offline_test *t, unsigned long pfn, long nr)
{
	t->shift[page_zone_nr(pfn_to_page(pfn))] += nr;
}

static unsigned long counted(const struct offline_test *t,
			     enum offline_pages_counter_id id)
{
	return offline_pages_counter(id) - t->counters[id];
}

static void count_held(struct offline_page_owner *owner, long *held)
{
	struct page *page;
	unsigned long pfn;

	for (pfn = 0; (page = next_offline_page(owner, pfn));
	     pfn = page_to_pfn(page) + 1)
		held[page_zone_nr(page)]++;
}

/* By what the host has; @still_managed gets those that remain managed. */
static void count_mock(struct mock *m, long *held, long *still_managed)
{
	unsigned long pfn, i;
	void *entry;

	xa_for_each(&m->host, pfn, entry) {
		for (i = 0; i < block_pages(m); i++) {
			unsigned int nr = page_zone_nr(pfn_to_page(pfn + i));

			held[nr]++;
			if (m->owner.stays_managed)
				still_managed[nr]++;
		}
	}
}

static long node_balloon_pages(int nid)
{
	struct pglist_data *pgdat = NODE_DATA(nid);
	long nr = atomic_long_read(&pgdat->vm_stat[NR_BALLOON_PAGES]);
	int cpu;

	for_each_online_cpu(cpu)
		nr += per_cpu_ptr(pgdat->per_cpu_nodestats,
				  cpu)->vm_node_stat_diff[NR_BALLOON_PAGES];
	return nr;
}

static void __expect_balloon(struct kunit *test, int line)
{
	struct offline_test *t = test->priv;
	unsigned long pfn;
	struct mock *m;
	void *entry;
	int nid;

	for_each_online_node(nid) {
		long nr = t->balloon[nid];

		list_for_each_entry(m, &t->mocks, list)
			xa_for_each(&m->host, pfn, entry)
				if (page_to_nid(pfn_to_page(pfn)) == nid)
					nr += block_pages(m);
		KUNIT_EXPECT_EQ_MSG(test, node_balloon_pages(nid), nr,
				    "node %d, line %d", nid, line);
	}
}

/*
 * Each zone manages exactly the pages that it did in the beginning, without
 * those that are held now; the rest is free, as it was. Each node counts what
 * is in a balloon.
 */
static void __expect_accounting(struct kunit *test, int line)
{
	struct offline_test *t = test->priv;
	long ram = t->totalram;
	long *held, *still_managed;
	unsigned int i;
	struct mock *m;

	held = kunit_kcalloc(test, 2 * nr_zones(), sizeof(*held), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held);
	still_managed = held + nr_zones();
	count_held(&t->owner, held);
	count_held(&t->other, held);
	list_for_each_entry(m, &t->mocks, list)
		count_mock(m, held, still_managed);

	for (i = 0; i < nr_zones(); i++) {
		struct zone *zone = zone_nr(i);
		long lost = held[i] - still_managed[i];

		if (!zone)
			continue;
		ram += t->shift[i] - lost;
		KUNIT_EXPECT_EQ_MSG(test, zone_managed_pages(zone),
				    t->managed[i] + t->shift[i] - lost,
				    "managed pages of node %d zone %s, %ld held, line %d",
				    zone_to_nid(zone), zone->name, held[i],
				    line);
		__expect_free(test, zone, t->free[i] - t->in_use[i] +
			      t->shift[i] - held[i], line);
	}
	KUNIT_EXPECT_EQ_MSG(test, totalram_pages(), ram, "line %d", line);
	__expect_balloon(test, line);
	kunit_kfree(test, held);
}

#define expect_accounting(test) __expect_accounting(test, __LINE__)

/* The owner's own count and its bits must agree. */
static void __expect_holds(struct kunit *test, struct offline_page_owner *owner,
			   unsigned long nr_pages, int line)
{
	struct page *page;
	unsigned long pfn, nr = 0;

	for (pfn = 0; (page = next_offline_page(owner, pfn));
	     pfn = page_to_pfn(page) + 1)
		nr++;
	KUNIT_EXPECT_EQ_MSG(test, nr, nr_pages, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, owner->nr_pages, nr_pages, "line %d", line);
}

#define expect_holds(test, owner, nr_pages) \
	__expect_holds(test, owner, nr_pages, __LINE__)

/* There were so many more reports of misuse, and the test wants them. */
static void __expect_misuse(struct kunit *test, unsigned long nr, int line)
{
	struct offline_test *t = test->priv;

	t->misuse += nr;
	KUNIT_EXPECT_EQ_MSG(test, counted(t, OFFLINE_PAGES_MISUSE), t->misuse,
			    "line %d", line);
	/* One thing at a time. */
	t->misuse = counted(t, OFFLINE_PAGES_MISUSE);
}

#define expect_misuse(test, nr) __expect_misuse(test, nr, __LINE__)

static void __expect_counted(struct kunit *test,
			     enum offline_pages_counter_id id, unsigned long nr,
			     int line)
{
	/* Without memory hotplug there is only one way to the buddy. */
	if (!IS_ENABLED(CONFIG_MEMORY_HOTPLUG) &&
	    (id == OFFLINE_PAGES_FREED || id == OFFLINE_PAGES_ONLINED))
		return;
	KUNIT_EXPECT_EQ_MSG(test, counted(test->priv, id), nr, "line %d", line);
}

#define expect_counted(test, id, nr) __expect_counted(test, id, nr, __LINE__)

/*
 * Pages.
 */

/*
 * Without the lock, what was the head of free pages may have become something
 * else before its order is read: an offline page, whose canary is a large one.
 */
static bool buddy_has(const struct page *page)
{
	struct zone *zone = page_zone(page);

	if (likely(!is_free_buddy_page(page)))
		return false;
	guard(spinlock_irqsave)(&zone->lock);
	return is_free_buddy_page(page);
}

/* What is wrong with a page that is offline? NULL if nothing. */
static const char *offline_page_wrong(const struct page *page,
				      unsigned int flags)
{
	bool skippable = flags & OFFLINE_PAGE_SKIPPABLE;
	bool movable = flags & OFFLINE_PAGE_MOVABLE;
	bool never_onlined = flags & TEST_NEVER_ONLINED;
	bool poisoned = flags & TEST_POISONED;

	if (page->page_type != (unsigned int)PGTY_offline << 24)
		return "the page type is wrong";
	if (page_ref_count(page))
		return "there are references";
	if (PageOfflineSkippable(page) != skippable)
		return "the skippable flag is wrong";
	if (PageMovableOffline(page) != movable)
		return "the movable flag is wrong";
	if (PageOfflineNeverOnlined(page) != never_onlined)
		return "the never onlined flag is wrong";
	if (PageHWPoison(page) != poisoned)
		return "the poison flag is wrong";
	/* Not even a poisoned one, which somebody may still have a hand on. */
	if (offline_page_can_skip(page) != (skippable && !movable))
		return "memory offlining is told the wrong thing";
	if (offline_page_can_move(page) != movable)
		return "migration is told the wrong thing";
	if (PageCompound(page) || PageLRU(page) || PageReserved(page))
		return "it is something else, too";
	if (buddy_has(page))
		return "the buddy has it";
	return NULL;
}

static void __expect_held(struct kunit *test, struct offline_page_owner *owner,
			  unsigned long pfn, unsigned long nr_pages,
			  unsigned int flags, int line)
{
	struct offline_test *t = test->priv;
	struct offline_page_owner *not_owner;
	unsigned long end_pfn = pfn + nr_pages;

	not_owner = owner == &t->owner ? &t->other : &t->owner;
	for (; pfn < end_pfn; pfn++) {
		const char *wrong;

		wrong = offline_page_wrong(pfn_to_page(pfn), flags);
		if (!wrong && !offline_page_held(owner, pfn))
			wrong = "its owner does not hold it";
		if (!wrong && offline_page_held(not_owner, pfn))
			wrong = "another owner holds it";
		if (wrong) {
			KUNIT_FAIL(test, "held page %#lx: %s, line %d", pfn,
				   wrong, line);
			return;
		}
	}
}

#define expect_held(test, owner, pfn, nr_pages, flags) \
	__expect_held(test, owner, pfn, nr_pages, flags, __LINE__)

/* These pages are the page allocator's again, or already somebody else's. */
static void __expect_back(struct kunit *test, unsigned long pfn,
			  unsigned long nr_pages, int line)
{
	const unsigned long aliases = BIT(PG_offline_onlined) |
				      BIT(PG_offline_skippable) |
				      BIT(PG_offline_movable);
	unsigned long end_pfn = pfn + nr_pages;
	struct offline_test *t = test->priv;

	for (; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);
		const char *wrong = NULL;

		if (PageOffline(page))
			wrong = "it is offline";
		else if (offline_page_held(&t->owner, pfn) ||
			 offline_page_held(&t->other, pfn))
			wrong = "it is still held";
		else if (!page_ref_count(page) && !page_has_type(page) &&
			 !PageTail(page) && (*offline_page_flags(page) & aliases))
			wrong = "its flags were not cleared";
		if (wrong) {
			KUNIT_FAIL(test, "freed page %#lx: %s, line %d", pfn,
				   wrong, line);
			return;
		}
	}
}

#define expect_back(test, pfn, nr_pages) \
	__expect_back(test, pfn, nr_pages, __LINE__)

/* The owner does not hold anything, and everything is as it was. */
static void __expect_all_back(struct kunit *test,
			      struct offline_page_owner *owner, int line)
{
	__expect_holds(test, owner, 0, line);
	__expect_accounting(test, line);
}

#define expect_all_back(test, owner) __expect_all_back(test, owner, __LINE__)

/*
 * With the rest of the pageblocks at its ends: a page there that cannot be
 * moved keeps the page allocator from giving the range away. Pages on the
 * lists of the CPUs are good enough where there is little choice.
 */
static bool range_is_free(unsigned long pfn, unsigned long nr_pages, bool lists)
{
	unsigned long end_pfn = ALIGN(pfn + nr_pages, pageblock_nr_pages);

	pfn = ALIGN_DOWN(pfn, pageblock_nr_pages);
	for (; pfn < end_pfn; pfn++) {
		const struct page *page = pfn_to_online_page(pfn);

		if (!page)
			return false;
		if (is_free_buddy_page(page))
			continue;
		if (!lists || page_ref_count(page) || page_has_type(page) ||
		    PageTail(page))
			return false;
	}
	return true;
}

/*
 * Find a multiple of @align with @before free pages below it and @after free
 * pages from it on, all in one zone; the higher the zone, the better. 0 if
 * there is none.
 */
static unsigned long __find_free_pages(unsigned long align, unsigned long before,
				       unsigned long after)
{
	unsigned int i, nid;

	for (i = MAX_NR_ZONES; i-- > 0;) {
		for_each_online_node(nid) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];
			unsigned long start_pfn = zone->zone_start_pfn;
			unsigned long pfn = zone_end_pfn(zone);

			if (!populated_zone(zone) || pfn < after)
				continue;
			pfn = ALIGN_DOWN(pfn - after, align);
			for (; pfn >= start_pfn + before && pfn >= align;
			     pfn -= align) {
				const struct page *page;

				page = pfn_to_online_page(pfn);
				if (page && page_zone(page) == zone &&
				    range_is_free(pfn - before, before + after,
						  false))
					return pfn;
			}
		}
	}
	return 0;
}

static unsigned long find_free_pages(struct kunit *test, unsigned long align,
				     unsigned long before, unsigned long after)
{
	unsigned long pfn = __find_free_pages(align, before, after);

	if (!pfn)
		kunit_skip(test, "no %lu free pages around a multiple of %lu",
			   before + after, align);
	return pfn;
}

/* As alloc_offline_page_range(), for pages that were free a moment ago. */
static int take_range(struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags)
{
	unsigned int tries;
	int ret;

	for (tries = 0; tries < 5; tries++) {
		ret = alloc_offline_page_range(owner, pfn, nr_pages, TEST_GFP,
					       flags);
		if (ret != -EBUSY)
			break;
	}
	return ret;
}

static void need_contig_alloc(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_CONTIG_ALLOC))
		kunit_skip(test, "needs CONFIG_CONTIG_ALLOC");
}

static struct page *take_page(struct kunit *test,
			      struct offline_page_owner *owner,
			      unsigned int flags)
{
	struct page *page;

	page = alloc_offline_page(owner, TEST_GFP, NUMA_NO_NODE, flags);
	KUNIT_ASSERT_NOT_NULL(test, page);
	return page;
}

/* It may fail where the page allocator fails as well. */
static bool have_block(unsigned int order)
{
	struct page *page = alloc_pages(TEST_GFP, order);

	if (page)
		__free_pages(page, order);
	return page;
}

/*
 * Put a block of the largest order onto the free lists of a node, in a place
 * from where it must be given to whoever asks for one.
 */
static bool have_listed_block(int nid)
{
	struct page *page = alloc_pages_node(nid, TEST_GFP | __GFP_THISNODE,
					     MAX_PAGE_ORDER);
	struct zone *zone;
	bool listed;

	if (!page)
		return false;
	zone = page_zone(page);
	listed = zone_idx(zone) == ZONE_MOVABLE && !kasan_enabled() &&
		 !IS_ENABLED(CONFIG_MEM_ALLOC_PROFILING) &&
		 pageblock_order < MAX_PAGE_ORDER &&
		 zone_page_state(zone, NR_FREE_PAGES) >
		 2 * (high_wmark_pages(zone) + MAX_ORDER_NR_PAGES);
	__free_pages(page, MAX_PAGE_ORDER);
	return listed;
}

static unsigned long take_block(struct kunit *test,
				struct offline_page_owner *owner,
				unsigned int order, unsigned int flags)
{
	struct page *page;

	page = alloc_offline_pages(owner, order, TEST_GFP, NUMA_NO_NODE, flags);
	if (!page && !have_block(order))
		kunit_skip(test, "no free block of order %u", order);
	KUNIT_ASSERT_NOT_NULL(test, page);
	return page_to_pfn(page);
}

KUNIT_DEFINE_ACTION_WRAPPER(put_page_action, __free_page, struct page *);

/* An ordinary page, with the one reference that is the test's. */
static struct page *get_page_in_use(struct kunit *test)
{
	struct page *page = alloc_page(TEST_GFP);
	struct offline_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_page_action, page));
	t->in_use[page_zone_nr(page)]++;
	return page;
}

static void put_page_in_use(struct kunit *test, struct page *page)
{
	struct offline_test *t = test->priv;

	t->in_use[page_zone_nr(page)]--;
	kunit_release_action(test, put_page_action, page);
}

/*
 * Mark a page that came from the page allocator never onlined. To the core
 * that is as good as one from a new memory block: freeing it means onlining
 * it, and that counts it as managed as freeing would have done.
 */
static void set_never_onlined(unsigned long pfn)
{
	clear_bit(PG_offline_onlined, offline_page_flags(pfn_to_page(pfn)));
}

/* What was never onlined has to be kept before it can be freed. */
static void online_fresh_page(struct offline_test *t, unsigned long pfn)
{
	if (reserve_offline_page_range(&t->owner, pfn, 1,
				       GFP_KERNEL | __GFP_NOFAIL))
		return;
	keep_offline_page_range(&t->owner, pfn, 1, 0);
	free_offline_page(&t->owner, pfn_to_page(pfn));
}

/* An offline page that nobody holds any more goes back. */
static void rescue_page(struct offline_test *t, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	char buf[8];

	if (!PageOffline(page) ||
	    !offline_page_owner_name(pfn, buf, sizeof(buf)))
		return;
	set_never_onlined(pfn);
	online_fresh_page(t, pfn);
}

struct fresh_pages {
	struct offline_test *t;
	unsigned long pfn;
	unsigned long nr_pages;
};

static void rescue_fresh_pages(void *arg)
{
	struct fresh_pages *fresh = arg;
	unsigned long i;

	for (i = 0; i < fresh->nr_pages; i++) {
		struct page *page = pfn_to_page(fresh->pfn + i);

		if (PageOfflineNeverOnlined(page))
			rescue_page(fresh->t, page);
	}
}

/*
 * Make pages as memory hotplug makes them: offline, frozen, never onlined,
 * not managed, and nobody's.
 */
static unsigned long get_fresh_pages(struct kunit *test, unsigned int order)
{
	struct offline_test *t = test->priv;
	struct fresh_pages *fresh;
	unsigned long i;
	struct page *page;

	fresh = kunit_kzalloc(test, sizeof(*fresh), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fresh);
	page = alloc_pages(TEST_GFP, order);
	KUNIT_ASSERT_NOT_NULL(test, page);
	split_page(page, order);

	*fresh = (struct fresh_pages){
		.t = t,
		.pfn = page_to_pfn(page),
		.nr_pages = 1UL << order,
	};
	adjust_managed_page_count(page, -(long)fresh->nr_pages);
	for (i = 0; i < fresh->nr_pages; i++)
		init_offline_page(page + i);
	shift_managed(t, fresh->pfn, -(long)fresh->nr_pages);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, rescue_fresh_pages,
						  fresh));
	return fresh->pfn;
}

/* They are held now, or free: the fixture sees where they went. */
static void fresh_pages_settled(struct kunit *test, unsigned long pfn,
				unsigned long nr_pages)
{
	shift_managed(test->priv, pfn, nr_pages);
}

/*
 * The fixture.
 */

static void snapshot(struct offline_test *t)
{
	unsigned int i;
	int nid;

	for (i = 0; i < nr_zones(); i++) {
		struct zone *zone = zone_nr(i);

		if (!zone)
			continue;
		t->managed[i] = zone_managed_pages(zone);
		t->free[i] = count_free(zone);
	}
	for_each_online_node(nid)
		t->balloon[nid] = node_balloon_pages(nid);
	t->totalram = totalram_pages();
	for (i = 0; i < OFFLINE_PAGES_NR_COUNTERS; i++)
		t->counters[i] = offline_pages_counter(i);
	t->warned = test_taint(TAINT_WARN);
	t->bad_page = test_taint(TAINT_BAD_PAGE);
	t->lockdep_on = debug_locks;
}

/* Comes after all that the test has to undo. */
static void check_end(void *arg)
{
	struct kunit *test = arg;
	struct offline_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < nr_zones(); i++) {
		struct zone *zone = zone_nr(i);

		if (!zone)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, zone_managed_pages(zone),
				    t->managed[i], "node %d zone %s",
				    zone_to_nid(zone), zone->name);
		__expect_free(test, zone, t->free[i], __LINE__);
	}
	KUNIT_EXPECT_EQ(test, totalram_pages(), t->totalram);
	__expect_balloon(test, __LINE__);
	KUNIT_EXPECT_EQ(test, counted(t, OFFLINE_PAGES_MISUSE), t->misuse);
	KUNIT_EXPECT_EQ(test, test_taint(TAINT_WARN), t->warned);
	KUNIT_EXPECT_EQ(test, test_taint(TAINT_BAD_PAGE), t->bad_page);
	/* It turns itself off when it finds something. */
	KUNIT_EXPECT_EQ(test, !!debug_locks, t->lockdep_on);
}

static void free_all(struct offline_page_owner *owner)
{
	struct page *page;
	unsigned long pfn;

	for (pfn = 0; (page = next_offline_page(owner, pfn));
	     pfn = page_to_pfn(page) + 1)
		free_offline_page(owner, page);
}

static void give_back(void *arg)
{
	struct offline_page_owner *owner = arg;

	free_all(owner);
	/* A test that failed must not make the others wait for ever. */
	owner->nr_isolated = 0;
	unregister_offline_page_owner(owner);
}

/* The owners of the fixture may have movable pages; they never part with them. */
static int keep_page(struct offline_page_owner *owner, struct page *dst,
		     struct page *src, enum migrate_mode mode)
{
	return -EBUSY;
}

static const struct offline_page_ops keep_ops = {
	.migrate_one = keep_page,
};

static int offline_pages_test_init(struct kunit *test)
{
	struct offline_test *t;
	int ret;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	t->managed = kunit_kcalloc(test, nr_zones(), sizeof(*t->managed),
				   GFP_KERNEL);
	t->shift = kunit_kcalloc(test, nr_zones(), sizeof(*t->shift),
				 GFP_KERNEL);
	t->in_use = kunit_kcalloc(test, nr_zones(), sizeof(*t->in_use),
				  GFP_KERNEL);
	t->free = kunit_kcalloc(test, nr_zones(), sizeof(*t->free), GFP_KERNEL);
	t->balloon = kunit_kcalloc(test, nr_node_ids, sizeof(*t->balloon),
				   GFP_KERNEL);
	if (!t->managed || !t->shift || !t->in_use || !t->free || !t->balloon)
		return -ENOMEM;
	init_offline_page_owner(&t->owner, "kunit");
	t->owner.ops = &keep_ops;
	init_offline_page_owner(&t->other, "kunit-other");
	t->other.ops = &keep_ops;
	INIT_LIST_HEAD(&t->mocks);
	xa_init(&t->rejects);
	t->fail_at = UINT_MAX;
	test->priv = t;

	snapshot(t);
	ret = kunit_add_action(test, check_end, test);
	if (ret)
		return ret;
	ret = register_offline_page_owner(&t->owner);
	if (ret)
		return ret;
	ret = kunit_add_action_or_reset(test, give_back, &t->owner);
	if (ret)
		return ret;
	ret = register_offline_page_owner(&t->other);
	if (ret)
		return ret;
	return kunit_add_action_or_reset(test, give_back, &t->other);
}

/* Before anything is undone: a test gives back all that it took. */
static void offline_pages_test_exit(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct mock *m;

	if (!t)
		return;
	KUNIT_EXPECT_EQ(test, t->owner.nr_pages, 0UL);
	KUNIT_EXPECT_EQ(test, t->owner.nr_isolated, 0UL);
	KUNIT_EXPECT_EQ(test, t->other.nr_pages, 0UL);
	KUNIT_EXPECT_EQ(test, t->other.nr_isolated, 0UL);
	list_for_each_entry(m, &t->mocks, list) {
		KUNIT_EXPECT_EQ(test, m->owner.nr_pages, 0UL);
		KUNIT_EXPECT_EQ(test, m->owner.nr_isolated, 0UL);
		KUNIT_EXPECT_TRUE(test, xa_empty(&m->host));
		KUNIT_EXPECT_EQ(test, atomic_read(&m->wrong), 0);
	}
}

/*
 * Parameters that more than one test uses.
 */

struct flags_param {
	const char *name;
	unsigned int flags;
};

static const struct flags_param all_flags[] = {
	{ "plain", 0 },
	{ "skippable", OFFLINE_PAGE_SKIPPABLE },
	{ "movable", OFFLINE_PAGE_MOVABLE },
	{ "skippable and movable", OFFLINE_PAGE_SKIPPABLE | OFFLINE_PAGE_MOVABLE },
};

KUNIT_ARRAY_PARAM_DESC(flags, all_flags, name);

/* Never onlined pages do not move. */
static const struct flags_param keep_flags[] = {
	{ "plain", 0 },
	{ "skippable", OFFLINE_PAGE_SKIPPABLE },
};

KUNIT_ARRAY_PARAM_DESC(keep_flags, keep_flags, name);

static unsigned int param_flags(struct kunit *test)
{
	const struct flags_param *param = test->param_value;

	return param->flags;
}

/*
 * Allocation and freeing.
 */

static void alloc_one_page(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_HIGHUSER, TEST_GFP,
				      GFP_KERNEL_ACCOUNT,
				      GFP_KERNEL | __GFP_COMP };
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		struct page *page;
		unsigned long pfn;

		page = alloc_offline_page(&t->owner, gfps[i], NUMA_NO_NODE,
					  flags);
		KUNIT_ASSERT_NOT_NULL(test, page);
		pfn = page_to_pfn(page);
		KUNIT_EXPECT_LE(test, page_zonenum(page), gfp_zone(gfps[i]));
		expect_held(test, &t->owner, pfn, 1, flags);
		expect_holds(test, &t->owner, 1UL);
		expect_accounting(test);
		expect_counted(test, OFFLINE_PAGES_ALLOCATED, i + 1UL);
		expect_counted(test, OFFLINE_PAGES_FREED, i + 0UL);

		free_offline_page(&t->owner, page);
		expect_back(test, pfn, 1);
		expect_all_back(test, &t->owner);
		expect_counted(test, OFFLINE_PAGES_FREED, i + 1UL);
	}
	expect_counted(test, OFFLINE_PAGES_ALLOC_FAILED, 0UL);
}

/* Is there a free block of this order, or more, with that page in it? */
static bool in_free_block(const struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	for (; order <= MAX_PAGE_ORDER; order++) {
		const struct page *head = page - (pfn & ((1UL << order) - 1));

		if (PageBuddy(head) && page_private(head) >= order)
			return true;
	}
	return false;
}

static void alloc_all_orders(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	unsigned long allocated = 0;
	unsigned int order;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		unsigned long nr = 1UL << order, pfn;
		struct page *page;

		page = alloc_offline_pages(&t->owner, order, TEST_GFP,
					   NUMA_NO_NODE, flags);
		if (!page) {
			KUNIT_EXPECT_FALSE_MSG(test, have_block(order),
					       "order %u", order);
			continue;
		}
		pfn = page_to_pfn(page);
		allocated += nr;
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, nr));
		expect_held(test, &t->owner, pfn, nr, flags);
		expect_holds(test, &t->owner, nr);
		expect_accounting(test);
		expect_counted(test, OFFLINE_PAGES_ALLOCATED, allocated);

		free_offline_page_range(&t->owner, pfn, nr);
		/* As one block: these orders do not wait on the CPUs' lists. */
		if (page_zonenum(page) == ZONE_MOVABLE &&
		    order > PAGE_ALLOC_COSTLY_ORDER && order != pageblock_order)
			KUNIT_EXPECT_TRUE_MSG(test, in_free_block(page, order),
					      "order %u", order);
		expect_back(test, pfn, nr);
		expect_all_back(test, &t->owner);
		expect_counted(test, OFFLINE_PAGES_FREED, allocated);
	}
}

struct split_param {
	const char *name;
	/* Which part of how many to free in the i-th place. */
	unsigned long (*part)(unsigned long i, unsigned long nr);
};

static unsigned long part_rising(unsigned long i, unsigned long nr)
{
	return i;
}

static unsigned long part_falling(unsigned long i, unsigned long nr)
{
	return nr - 1 - i;
}

/* First the even ones, then the odd ones. */
static unsigned long part_alternating(unsigned long i, unsigned long nr)
{
	unsigned long even = DIV_ROUND_UP(nr, 2);

	return i < even ? 2 * i : 2 * (i - even) + 1;
}

static const struct split_param splits[] = {
	{ "rising", part_rising },
	{ "falling", part_falling },
	{ "alternating", part_alternating },
};

KUNIT_ARRAY_PARAM_DESC(split, splits, name);

/* What came as a block may leave in parts of every smaller order. */
static void free_in_parts(struct kunit *test)
{
	const struct split_param *param = test->param_value;
	struct offline_test *t = test->priv;
	unsigned int order, part_order;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		unsigned long nr = 1UL << order, pfn = 0;

		for (part_order = 0; part_order <= order; part_order++) {
			unsigned long parts = nr >> part_order;
			unsigned long part_nr = 1UL << part_order;
			unsigned long i, part_pfn;

			pfn = take_block(test, &t->owner, order, 0);
			for (i = 0; i < parts; i++) {
				part_pfn = pfn +
					   (param->part(i, parts) << part_order);
				expect_held(test, &t->owner, part_pfn, part_nr,
					    0);
				if (part_order)
					free_offline_page_range(&t->owner,
								part_pfn,
								part_nr);
				else
					free_offline_page(&t->owner,
							  pfn_to_page(part_pfn));
				KUNIT_ASSERT_EQ(test, t->owner.nr_pages,
						nr - (i + 1) * part_nr);
			}
			expect_all_back(test, &t->owner);
		}
		expect_back(test, pfn, nr);
	}
}

static int cmp_pfn(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

static void alloc_bulk(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	unsigned long *pfns, *again;
	unsigned long i, nr;
	unsigned int round;

	pfns = kunit_kcalloc(test, BULK_PAGES, sizeof(*pfns), GFP_KERNEL);
	again = kunit_kcalloc(test, BULK_PAGES, sizeof(*again), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	KUNIT_ASSERT_NOT_NULL(test, again);

	KUNIT_EXPECT_EQ(test, 0,
			alloc_offline_pages_bulk(&t->owner, 0, TEST_GFP,
						 NUMA_NO_NODE, flags, pfns));
	free_offline_pages_bulk(&t->owner, 0, pfns);
	expect_counted(test, OFFLINE_PAGES_ALLOCATED, 0UL);

	for (round = 0; round < 4; round++) {
		nr = alloc_offline_pages_bulk(&t->owner, BULK_PAGES, TEST_GFP,
					      NUMA_NO_NODE, flags, pfns);
		KUNIT_ASSERT_EQ(test, nr, BULK_PAGES);
		for (i = 0; i < nr; i++)
			expect_held(test, &t->owner, pfns[i], 1, flags);
		/* Exactly as many, so no two of them are the same. */
		expect_holds(test, &t->owner, nr);
		expect_accounting(test);
		expect_counted(test, OFFLINE_PAGES_ALLOCATED,
			       (round + 1) * BULK_PAGES);

		for (i = 0; i < nr; i++) {
			if (round == 1)
				again[i] = pfns[nr - 1 - i];
			else if (round == 2)
				again[i] = pfns[i * 7 % nr];
			else
				again[i] = pfns[i];
		}
		if (round == 3)
			sort(again, nr, sizeof(*again), cmp_pfn, NULL);
		/* In two parts: the second is not touched by the first. */
		free_offline_pages_bulk(&t->owner, nr / 3, again);
		expect_holds(test, &t->owner, nr - nr / 3);
		for (i = 0; i < nr; i++) {
			if (i < nr / 3)
				KUNIT_EXPECT_FALSE(test,
						   offline_page_held(&t->owner,
								     again[i]));
			else
				expect_held(test, &t->owner, again[i], 1, flags);
		}
		free_offline_pages_bulk(&t->owner, nr - nr / 3, again + nr / 3);
		expect_all_back(test, &t->owner);
	}
	for (i = 0; i < BULK_PAGES; i += 50)
		expect_back(test, pfns[i], 1);
	expect_counted(test, OFFLINE_PAGES_FREED, 4 * BULK_PAGES);
	expect_counted(test, OFFLINE_PAGES_ALLOC_FAILED, 0UL);
}

static void alloc_contiguous(struct kunit *test)
{
	const unsigned long sizes[] = { 1, 3, 1000, MAX_ORDER_NR_PAGES,
					2 * MAX_ORDER_NR_PAGES };
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	unsigned int i;

	need_contig_alloc(test);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct page *page;
		unsigned long pfn;

		page = alloc_offline_pages_contig(&t->owner, sizes[i], TEST_GFP,
						  numa_mem_id(), flags);
		KUNIT_ASSERT_NOT_NULL_MSG(test, page, "%lu pages", sizes[i]);
		pfn = page_to_pfn(page);
		if (is_power_of_2(sizes[i]))
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, sizes[i]));
		expect_held(test, &t->owner, pfn, sizes[i], flags);
		expect_holds(test, &t->owner, sizes[i]);
		expect_accounting(test);

		free_offline_page_range(&t->owner, pfn, sizes[i]);
		expect_back(test, pfn, sizes[i]);
		expect_all_back(test, &t->owner);
	}

	expect_counted(test, OFFLINE_PAGES_ALLOC_FAILED, 0UL);
	KUNIT_EXPECT_NULL(test,
			  alloc_offline_pages_contig(&t->owner, 0, TEST_GFP,
						     numa_mem_id(), flags));
	/* More than there can be. */
	KUNIT_EXPECT_NULL(test,
			  alloc_offline_pages_contig(&t->owner,
						     1UL << (BITS_PER_LONG - PAGE_SHIFT - 1),
						     TEST_GFP, numa_mem_id(),
						     flags));
	expect_counted(test, OFFLINE_PAGES_ALLOC_FAILED, 1UL);
	expect_all_back(test, &t->owner);
}

static void alloc_on_node(struct kunit *test)
{
	struct offline_test *t = test->priv;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		unsigned long pfns[5];
		struct page *page;

		page = alloc_offline_pages(&t->owner, 1,
					   TEST_GFP | __GFP_THISNODE, nid, 0);
		KUNIT_ASSERT_NOT_NULL_MSG(test, page, "node %d", nid);
		KUNIT_EXPECT_EQ(test, page_to_nid(page), nid);
		KUNIT_ASSERT_EQ(test, ARRAY_SIZE(pfns),
				alloc_offline_pages_bulk(&t->owner,
							 ARRAY_SIZE(pfns),
							 TEST_GFP | __GFP_THISNODE,
							 nid, 0, pfns));
		KUNIT_EXPECT_EQ(test, page_to_nid(pfn_to_page(pfns[0])), nid);
		KUNIT_EXPECT_EQ(test, page_to_nid(pfn_to_page(pfns[4])), nid);
		expect_accounting(test);
		free_offline_page_range(&t->owner, page_to_pfn(page), 2);
		free_offline_pages_bulk(&t->owner, ARRAY_SIZE(pfns), pfns);

		if (!IS_ENABLED(CONFIG_CONTIG_ALLOC))
			continue;
		page = alloc_offline_pages_contig(&t->owner, 7,
						  TEST_GFP | __GFP_THISNODE,
						  nid, 0);
		KUNIT_ASSERT_NOT_NULL_MSG(test, page, "node %d", nid);
		KUNIT_EXPECT_EQ(test, page_to_nid(page), nid);
		expect_accounting(test);
		free_offline_page_range(&t->owner, page_to_pfn(page), 7);
	}
	expect_all_back(test, &t->owner);
}

/* Free blocks as they are on the lists: whole, frozen, nobody's. */
static void take_free_blocks(struct kunit *test)
{
	static const unsigned int orders[] = { 0, 1, 2, 3, MAX_PAGE_ORDER };
	unsigned long pfns[8], nr, i;
	int nid = numa_mem_id();
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(orders); n++) {
		unsigned int order = orders[n];
		bool listed = order == MAX_PAGE_ORDER && have_listed_block(nid);

		nr = offline_pages_take_free(TEST_GFP, order, nid, 4, 2, pfns);
		KUNIT_ASSERT_LE(test, nr, 4UL);
		/* Of the others, there may be none. */
		KUNIT_EXPECT_GE(test, nr, (unsigned long)listed);
		for (i = 0; i < nr; i++) {
			struct page *page = pfn_to_page(pfns[2 * i]);

			KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfns[2 * i],
							   1UL << order));
			KUNIT_EXPECT_EQ(test, page_to_nid(page), nid);
			KUNIT_EXPECT_FALSE(test, page_has_type(page));
			KUNIT_EXPECT_EQ(test, page_ref_count(page), 0);
			KUNIT_EXPECT_EQ(test, page_private(page), 0UL);
			set_page_count(page, 1);
			__free_pages(page, order);
		}
	}
	/* These would have to be prepared, and those there are not. */
	KUNIT_EXPECT_EQ(test, 0UL,
			offline_pages_take_free(TEST_GFP | __GFP_ZERO, 0, nid,
						4, 2, pfns));
}

/* The same for single pages that somebody isolated before. */
static void take_isolated_pages(struct kunit *test)
{
	unsigned long pfn, got[4], nr = ARRAY_SIZE(got), i;
	unsigned int order;
	LIST_HEAD(list);

	for (order = 2; order <= MAX_PAGE_ORDER; order++)
		if (offline_pages_take_free(TEST_GFP, order, numa_mem_id(), 1,
					    1, &pfn))
			break;
	if (order > MAX_PAGE_ORDER)
		kunit_skip(test, "no block can be had from the free lists");
	for (i = 0; i < nr; i++)
		list_add_tail(&pfn_to_page(pfn + i)->lru, &list);
	KUNIT_EXPECT_EQ(test, 0UL, take_isolated_free_pages(&list, 0, got));
	KUNIT_EXPECT_EQ(test, nr - 1,
			take_isolated_free_pages(&list, nr - 1, got));
	KUNIT_EXPECT_TRUE(test, list_is_singular(&list));
	/* No more than there are. */
	KUNIT_EXPECT_EQ(test, 1UL,
			take_isolated_free_pages(&list, nr, got + nr - 1));
	KUNIT_EXPECT_TRUE(test, list_empty(&list));
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, got[i], pfn + i);
	for (i = 0; i < 1UL << order; i++) {
		struct page *page = pfn_to_page(pfn + i);

		KUNIT_EXPECT_EQ(test, page_ref_count(page), 0);
		set_page_count(page, 1);
		__free_pages(page, 0);
	}
}

/*
 * Large blocks come in as such and go back as such, though the owner deals in
 * pages; and a part of one can be had.
 */
static void alloc_bulk_in_blocks(struct kunit *test)
{
	const unsigned long sizes[] = { MAX_ORDER_NR_PAGES, 3, 100 };
	struct offline_test *t = test->priv;
	unsigned long *pfns, i, run, longest;
	int nid = numa_mem_id();
	unsigned int n;

	pfns = kunit_kcalloc(test, MAX_ORDER_NR_PAGES, sizeof(*pfns),
			     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	for (n = 0; n < ARRAY_SIZE(sizes); n++) {
		bool whole = sizes[n] == MAX_ORDER_NR_PAGES &&
			     have_listed_block(nid);

		KUNIT_ASSERT_EQ(test, sizes[n],
				alloc_offline_pages_bulk(&t->owner, sizes[n],
							 TEST_GFP, nid,
							 OFFLINE_PAGE_ISOLATED,
							 pfns));
		expect_holds(test, &t->owner, 0UL);
		longest = 0;
		for (i = 0; i < sizes[n]; i += run) {
			for (run = 1; i + run < sizes[n]; run++)
				if (pfns[i + run] != pfns[i] + run)
					break;
			longest = max(longest, run);
		}
		kunit_info(test, "%lu pages: %lu in a row\n", sizes[n],
			   longest);
		if (whole)
			KUNIT_EXPECT_EQ(test, longest, sizes[n]);
		putback_offline_pages_bulk(&t->owner, sizes[n], pfns);
		expect_holds(test, &t->owner, sizes[n]);
		expect_accounting(test);
		KUNIT_EXPECT_EQ(test, sizes[n],
				isolate_offline_pages_bulk(&t->owner, sizes[n],
							   pfns));
		for (i = 1; i < sizes[n]; i++)
			KUNIT_EXPECT_LT(test, pfns[i - 1], pfns[i]);
		KUNIT_EXPECT_EQ(test, 0UL,
				isolate_offline_pages_bulk(&t->owner, 1,
							   pfns));
		free_isolated_offline_pages_bulk(&t->owner, sizes[n], pfns);
		if (whole)
			KUNIT_EXPECT_TRUE(test,
					  in_free_block(pfn_to_page(pfns[0]),
							MAX_PAGE_ORDER));
		expect_all_back(test, &t->owner);
	}
}

/* GFP flags that say what is in the pages mean what they say. */
static void alloc_zeroed(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct page *page;
	unsigned int i;

	/* Leave some dirt behind for the next one to find. */
	page = alloc_pages(GFP_KERNEL, 2);
	KUNIT_ASSERT_NOT_NULL(test, page);
	memset(page_address(page), 0xa5, 4 * PAGE_SIZE);
	__free_pages(page, 2);

	page = alloc_offline_pages(&t->owner, 2, GFP_KERNEL | __GFP_ZERO,
				   NUMA_NO_NODE, 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_NULL_MSG(test,
				      memchr_inv(page_address(page + i), 0,
						 PAGE_SIZE),
				      "page %u", i);
	free_offline_page_range(&t->owner, page_to_pfn(page), 4);
	expect_all_back(test, &t->owner);
}

/* Online callbacks, and drivers under their lock, free with interrupts off. */
static void free_in_atomic_context(struct kunit *test)
{
	struct offline_test *t = test->priv;
	static DEFINE_SPINLOCK(lock);
	unsigned long pfn, i, pfns[4];

	pfn = take_block(test, &t->owner, 4, 0);
	for (i = 8; i < 16; i++)
		set_never_onlined(pfn + i);
	for (i = 0; i < ARRAY_SIZE(pfns); i++)
		pfns[i] = pfn + 4 * i;

	scoped_guard(spinlock_irqsave, &lock) {
		free_offline_page(&t->owner, pfn_to_page(pfn + 1));
		free_offline_pages_bulk(&t->owner, ARRAY_SIZE(pfns), pfns);
		free_offline_page_range(&t->owner, pfn + 2, 2);
		free_offline_page_range(&t->owner, pfn + 5, 3);
		free_offline_page_range(&t->owner, pfn + 9, 3);
		free_offline_page_range(&t->owner, pfn + 13, 3);
	}
	expect_back(test, pfn, 16);
	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_FREED, 8UL);
	expect_counted(test, OFFLINE_PAGES_ONLINED, 8UL);
}

/*
 * Ranges.
 */

struct range_param {
	const char *name;
	/* In pages and in blocks of MAX_PAGE_ORDER, from an aligned start. */
	unsigned int skip;
	unsigned int skip_blocks;
	unsigned int nr;
	unsigned int nr_blocks;
};

#define RANGE_TEST_BLOCKS 4

static const struct range_param ranges[] = {
	{ "one page", 5, 0, 1, 0 },
	{ "a few pages inside a block", 3, 0, 17, 0 },
	{ "one block", 0, 0, 0, 1 },
	{ "two blocks", 0, 1, 0, 2 },
	{ "unaligned start", 1, 0, 0, 1 },
	{ "unaligned end", 0, 0, 1, 1 },
	{ "both unaligned", 7, 0, 13, 2 },
	{ "all but the first and the last page", 1, 0, -2, 4 },
};

KUNIT_ARRAY_PARAM_DESC(range, ranges, name);

static void claim_range(struct kunit *test)
{
	const struct range_param *param = test->param_value;
	struct offline_test *t = test->priv;
	unsigned long base, pfn, nr, half;
	unsigned int i;

	need_contig_alloc(test);
	base = find_free_pages(test, MAX_ORDER_NR_PAGES, 0,
			       RANGE_TEST_BLOCKS * MAX_ORDER_NR_PAGES);
	pfn = base + param->skip_blocks * MAX_ORDER_NR_PAGES + param->skip;
	nr = param->nr_blocks * MAX_ORDER_NR_PAGES + (int)param->nr;
	half = nr / 2;

	for (i = 0; i < ARRAY_SIZE(all_flags); i++) {
		unsigned int flags = all_flags[i].flags;

		KUNIT_ASSERT_EQ(test, 0, take_range(&t->owner, pfn, nr, flags));
		expect_held(test, &t->owner, pfn, nr, flags);
		/* Not one page more. */
		expect_holds(test, &t->owner, nr);
		expect_accounting(test);

		/* The end first, then the rest. */
		free_offline_page_range(&t->owner, pfn + half, nr - half);
		expect_held(test, &t->owner, pfn, half, flags);
		expect_holds(test, &t->owner, half);
		expect_accounting(test);
		if (half)
			free_offline_page_range(&t->owner, pfn, half);
		expect_back(test, pfn, nr);
		expect_all_back(test, &t->owner);
	}
	expect_counted(test, OFFLINE_PAGES_ALLOCATED, 4 * nr);
	expect_counted(test, OFFLINE_PAGES_FREED, 4 * nr);
}

/* Memory sections, and the pages of an owner's bits, have edges as well. */
static void claim_across(struct kunit *test, unsigned long boundary)
{
	struct offline_test *t = test->priv;
	unsigned long pfn, i;

	need_contig_alloc(test);
	pfn = find_free_pages(test, boundary, 100, 200) - 100;

	KUNIT_ASSERT_EQ(test, 0,
			take_range(&t->owner, pfn, 300, OFFLINE_PAGE_SKIPPABLE));
	expect_held(test, &t->owner, pfn, 300, OFFLINE_PAGE_SKIPPABLE);
	expect_holds(test, &t->owner, 300UL);
	expect_accounting(test);

	/* Across, from the middle out; never onlined on the upper side. */
	for (i = 100; i < 105; i++)
		set_never_onlined(pfn + i);
	free_offline_page_range(&t->owner, pfn + 95, 10);
	expect_back(test, pfn + 95, 10);
	expect_holds(test, &t->owner, 290UL);
	expect_accounting(test);
	expect_counted(test, OFFLINE_PAGES_ONLINED, 5UL);
	free_offline_page_range(&t->owner, pfn, 95);
	free_offline_page_range(&t->owner, pfn + 105, 195);
	expect_back(test, pfn, 300);
	expect_all_back(test, &t->owner);
}

static void claim_across_sections(struct kunit *test)
{
#ifdef CONFIG_SPARSEMEM
	claim_across(test, PAGES_PER_SECTION);
#else
	kunit_skip(test, "there are no sections without CONFIG_SPARSEMEM");
#endif
}

static void claim_across_chunks(struct kunit *test)
{
	claim_across(test, CHUNK_PAGES);
}

#define NO_ZONE_BOUNDARY \
	"no zone boundary with free pages on both sides; try movablecore=1G"

/*
 * The first page of a zone that follows another one without a hole, with @nr
 * pages free on both sides; 0 if there is none at @from or above.
 */
static unsigned long find_zone_boundary(unsigned long from, unsigned long nr)
{
	unsigned long found = 0;
	unsigned int i;

	for (i = 0; i < nr_zones(); i++) {
		struct zone *zone = zone_nr(i);
		struct page *below, *above;
		unsigned long pfn;

		if (!zone || !populated_zone(zone))
			continue;
		pfn = zone_end_pfn(zone);
		if (pfn < from || (found && pfn >= found))
			continue;
		below = pfn_to_online_page(pfn - 1);
		above = pfn_to_online_page(pfn);
		if (below && above && page_zone(below) != page_zone(above) &&
		    range_is_free(pfn - nr, 2 * nr, true))
			found = pfn;
	}
	return found;
}

static void claim_across_boundary(struct kunit *test, unsigned long boundary,
				  unsigned long nr)
{
	struct offline_test *t = test->priv;
	unsigned long pfn = boundary - nr, i;

	KUNIT_ASSERT_EQ(test, 0, take_range(&t->owner, pfn, 2 * nr,
					    OFFLINE_PAGE_MOVABLE));
	expect_held(test, &t->owner, pfn, 2 * nr, OFFLINE_PAGE_MOVABLE);
	expect_holds(test, &t->owner, 2 * nr);
	/* Each zone lost its own half. */
	expect_accounting(test);
	for (i = 0; i < 2 * nr; i += 3)
		set_never_onlined(pfn + i);
	free_offline_page_range(&t->owner, pfn, 2 * nr);
	expect_back(test, pfn, 2 * nr);
	expect_all_back(test, &t->owner);
}

static void claim_across_zones(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 50, 600 };
	unsigned long boundary = 0;
	unsigned int i, nr = 0;

	need_contig_alloc(test);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		while ((boundary = find_zone_boundary(boundary + 1, sizes[i]))) {
			claim_across_boundary(test, boundary, sizes[i]);
			nr++;
		}
	}
	if (!nr)
		kunit_skip(test, NO_ZONE_BOUNDARY);
	kunit_info(test, "claimed %u times across a zone boundary\n", nr);
}

/* One page in the way, on either side of a zone boundary: nothing is taken. */
static void claim_busy_range(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long base, pfn, nr = 64, i;
	unsigned int round;

	need_contig_alloc(test);
	base = find_zone_boundary(1, nr / 2);
	if (base)
		base -= nr / 2;
	else
		base = find_free_pages(test, nr, 0, nr);

	for (round = 0; round < 3; round++) {
		static const unsigned int places[] = { 0, 40, 63 };

		pfn = base + places[round];
		KUNIT_ASSERT_EQ(test, 0, take_range(&t->other, pfn, 1, 0));
		expect_accounting(test);
		i = counted(t, OFFLINE_PAGES_ALLOC_FAILED);
		KUNIT_EXPECT_EQ(test, -EBUSY,
				alloc_offline_page_range(&t->owner, base, nr,
							 TEST_GFP, 0));
		expect_counted(test, OFFLINE_PAGES_ALLOC_FAILED, i + 1);
		expect_holds(test, &t->owner, 0UL);
		expect_held(test, &t->other, pfn, 1, 0);
		expect_accounting(test);
		free_offline_page(&t->other, pfn_to_page(pfn));
		expect_back(test, base, nr);
		expect_all_back(test, &t->other);
	}
}

static void claim_invalid_range(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfn, missing = missing_pfn();

	pfn = find_free_pages(test, 16, 0, 16);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			alloc_offline_page_range(&t->owner, pfn, 0, TEST_GFP, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			alloc_offline_page_range(&t->owner, pfn, ULONG_MAX,
						 TEST_GFP, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			alloc_offline_page_range(&t->owner, missing, 1,
						 TEST_GFP, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			alloc_offline_page_range(&t->owner, missing - 1, 2,
						 TEST_GFP, 0));
	expect_misuse(test, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			alloc_offline_page_range(&t->owner, pfn, 1, TEST_GFP,
						 BIT(3)));
	expect_misuse(test, 1);
	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_ALLOCATED, 0UL);
}

/*
 * Never onlined pages.
 */

struct mix_param {
	const char *name;
	bool (*never_onlined)(unsigned long i, unsigned long nr);
};

static bool mix_all(unsigned long i, unsigned long nr)
{
	return true;
}

static bool mix_first(unsigned long i, unsigned long nr)
{
	return !i;
}

static bool mix_one_inside(unsigned long i, unsigned long nr)
{
	return i == nr / 2 + 1;
}

static bool mix_last(unsigned long i, unsigned long nr)
{
	return i == nr - 1;
}

static bool mix_half(unsigned long i, unsigned long nr)
{
	return i < nr / 2;
}

static bool mix_odd(unsigned long i, unsigned long nr)
{
	return i & 1;
}

static bool mix_runs(unsigned long i, unsigned long nr)
{
	return i / 7 & 1;
}

static const struct mix_param mixes[] = {
	{ "all", mix_all },
	{ "the first", mix_first },
	{ "one inside", mix_one_inside },
	{ "the last", mix_last },
	{ "the first half", mix_half },
	{ "every other", mix_odd },
	{ "runs of seven", mix_runs },
};

KUNIT_ARRAY_PARAM_DESC(mix, mixes, name);

/* One call frees what was onlined and onlines what never was. */
static void free_mixed_range(struct kunit *test)
{
	const struct mix_param *param = test->param_value;
	struct offline_test *t = test->priv;
	unsigned long pfn, nr = 256, i, never_onlined, total = 0;
	unsigned int f;

	for (f = 0; f < ARRAY_SIZE(all_flags); f++) {
		unsigned int flags = all_flags[f].flags;

		pfn = take_block(test, &t->owner, 8, flags);
		never_onlined = 0;
		for (i = 0; i < nr; i++) {
			if (!param->never_onlined(i, nr)) {
				expect_held(test, &t->owner, pfn + i, 1, flags);
				continue;
			}
			set_never_onlined(pfn + i);
			never_onlined++;
			expect_held(test, &t->owner, pfn + i, 1,
				    flags | TEST_NEVER_ONLINED);
		}
		KUNIT_ASSERT_GT(test, never_onlined, 0UL);
		total += never_onlined;

		/* Not aligned to anything. */
		free_offline_page_range(&t->owner, pfn, 5);
		expect_holds(test, &t->owner, nr - 5);
		expect_accounting(test);
		free_offline_page_range(&t->owner, pfn + 5, nr - 5);
		expect_back(test, pfn, nr);
		expect_all_back(test, &t->owner);
		expect_counted(test, OFFLINE_PAGES_ONLINED, total);
		expect_counted(test, OFFLINE_PAGES_FREED,
			       (f + 1) * nr - total);
	}
}

/* A whole block of the largest order goes online as that block. */
static void online_whole_block(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long nr = MAX_ORDER_NR_PAGES, pfn, i;

	pfn = take_block(test, &t->owner, MAX_PAGE_ORDER, 0);
	for (i = 0; i < nr; i++)
		set_never_onlined(pfn + i);
	free_offline_page_range(&t->owner, pfn, nr);
	if (page_zonenum(pfn_to_page(pfn)) == ZONE_MOVABLE)
		KUNIT_EXPECT_TRUE(test, in_free_block(pfn_to_page(pfn),
						      MAX_PAGE_ORDER));
	expect_back(test, pfn, nr);
	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_ONLINED, nr);
	expect_counted(test, OFFLINE_PAGES_FREED, 0UL);
}

/* What an online callback does that keeps some pages and onlines others. */
static void keep_pages(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	unsigned long pfn, nr = 32, i;

	pfn = get_fresh_pages(test, 5);
	for (i = 0; i < nr; i++) {
		const char *wrong;

		wrong = offline_page_wrong(pfn_to_page(pfn + i),
					   TEST_NEVER_ONLINED);
		KUNIT_EXPECT_NULL_MSG(test, wrong, "fresh page: %s", wrong);
		KUNIT_EXPECT_FALSE(test, offline_page_held(&t->owner, pfn + i));
	}
	expect_accounting(test);

	KUNIT_ASSERT_EQ(test, 0,
			reserve_offline_page_range(&t->owner, pfn, nr,
						   GFP_KERNEL));
	expect_holds(test, &t->owner, 0UL);
	KUNIT_EXPECT_FALSE(test, offline_page_held(&t->owner, pfn));

	/* They are nobody's, and an owner cannot put them online by chance. */
	free_offline_page(&t->owner, pfn_to_page(pfn));
	free_offline_page_range(&t->owner, pfn + 1, 7);
	expect_misuse(test, 8);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_TRUE(test,
				  PageOfflineNeverOnlined(pfn_to_page(pfn + i)));
	expect_counted(test, OFFLINE_PAGES_ONLINED, 0UL);

	/* The first quarter goes online, by itself and as a run. */
	keep_offline_page_range(&t->owner, pfn, 8, flags);
	free_offline_page(&t->owner, pfn_to_page(pfn));
	free_offline_page_range(&t->owner, pfn + 1, 7);
	fresh_pages_settled(test, pfn, 8);
	expect_back(test, pfn, 8);
	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_KEPT, 8UL);
	expect_counted(test, OFFLINE_PAGES_ONLINED, 8UL);

	/* The rest is kept, from a place where nobody can sleep. */
	local_irq_disable();
	keep_offline_page_range(&t->owner, pfn + 8, 24, flags);
	local_irq_enable();
	fresh_pages_settled(test, pfn + 8, 24);
	expect_held(test, &t->owner, pfn + 8, 24, flags | TEST_NEVER_ONLINED);
	expect_holds(test, &t->owner, 24UL);
	/* Still not managed: keeping them changed nothing. */
	expect_accounting(test);
	expect_counted(test, OFFLINE_PAGES_KEPT, 32UL);

	/* Again, and with others that are held already. */
	keep_offline_page_range(&t->owner, pfn + 10, 22, flags);
	expect_held(test, &t->owner, pfn + 8, 24, flags | TEST_NEVER_ONLINED);
	expect_holds(test, &t->owner, 24UL);
	expect_counted(test, OFFLINE_PAGES_KEPT, 32UL);

	free_offline_page_range(&t->owner, pfn + 8, 24);
	expect_back(test, pfn, nr);
	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_ONLINED, 32UL);
	expect_counted(test, OFFLINE_PAGES_FREED, 0UL);
}

static void keep_misuse(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct page *page = get_page_in_use(test);
	unsigned long pfn, nr = 8;

	/* Not reserved. */
	pfn = get_fresh_pages(test, 3);
	keep_offline_page_range(&t->owner, pfn, 1, 0);
	expect_misuse(test, 1);
	expect_holds(test, &t->owner, 0UL);
	expect_counted(test, OFFLINE_PAGES_KEPT, 0UL);

	KUNIT_ASSERT_EQ(test, 0,
			reserve_offline_page_range(&t->owner, pfn, nr,
						   GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, 0,
			reserve_offline_page_range(&t->other, pfn, nr,
						   GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, 0,
			reserve_offline_page_range(&t->owner, page_to_pfn(page),
						   1, GFP_KERNEL));
	/* Flags that do not exist, and some that do not fit. */
	keep_offline_page_range(&t->owner, pfn, nr, BIT(3));
	keep_offline_page_range(&t->owner, pfn, nr, OFFLINE_PAGE_MOVABLE);
	keep_offline_page_range(&t->owner, pfn, nr, OFFLINE_PAGE_ISOLATED);
	expect_misuse(test, 3);
	expect_holds(test, &t->owner, 0UL);
	/* A page in use. */
	keep_offline_page_range(&t->owner, page_to_pfn(page), 1,
				OFFLINE_PAGE_SKIPPABLE);
	expect_misuse(test, 1);
	expect_holds(test, &t->owner, 0UL);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_FALSE(test, PageOffline(page));
	put_page_in_use(test, page);

	/* One that is online already, in the middle; the others are kept. */
	online_fresh_page(t, pfn + 3);
	expect_counted(test, OFFLINE_PAGES_KEPT, 1UL);
	keep_offline_page_range(&t->owner, pfn, nr, 0);
	expect_misuse(test, 1);
	fresh_pages_settled(test, pfn, nr);
	expect_holds(test, &t->owner, 7UL);
	expect_held(test, &t->owner, pfn, 3, TEST_NEVER_ONLINED);
	expect_held(test, &t->owner, pfn + 4, 4, TEST_NEVER_ONLINED);
	expect_counted(test, OFFLINE_PAGES_KEPT, 8UL);
	expect_accounting(test);

	/* Some that another owner keeps. */
	keep_offline_page_range(&t->other, pfn + 4, 2, 0);
	expect_misuse(test, 2);
	expect_holds(test, &t->other, 0UL);
	expect_held(test, &t->owner, pfn + 4, 4, TEST_NEVER_ONLINED);
	expect_counted(test, OFFLINE_PAGES_KEPT, 8UL);

	free_offline_page_range(&t->owner, pfn, 3);
	free_offline_page_range(&t->owner, pfn + 4, 4);
	expect_back(test, pfn, nr);
	expect_all_back(test, &t->owner);
}

/* The edges of the life of an offline page that memory hotplug handles. */
static void hotplug_edges(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfn = get_fresh_pages(test, 1);
	struct page *page = pfn_to_page(pfn);

	set_bit(PG_offline_skippable, offline_page_flags(page));
	offline_page_to_memmap(page);
	KUNIT_EXPECT_FALSE(test, PageOffline(page));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_EQ(test, 0UL, *offline_page_flags(page) &
			(BIT(PG_offline_onlined) |
			 BIT(PG_offline_skippable)));
	adjust_managed_page_count(page, 1);
	__free_page(page);

	page++;
	set_bit(PG_offline_movable, offline_page_flags(page));
	online_offline_page(page);
	KUNIT_EXPECT_FALSE(test, PageOffline(page));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 0);
	set_page_count(page, 1);
	adjust_managed_page_count(page, 1);
	__free_page(page);

	fresh_pages_settled(test, pfn, 2);
	expect_back(test, pfn, 2);
	expect_all_back(test, &t->owner);
}

/*
 * Poison.
 */

struct poison {
	struct offline_test *t;
	struct page *page;
};

/* Nobody moves a page that is nobody's, or would miss it. */
static unsigned int lost_flags(unsigned int flags)
{
	return (flags & ~OFFLINE_PAGE_MOVABLE) | OFFLINE_PAGE_SKIPPABLE |
	       TEST_POISONED;
}

/* The page is well again. If it was left behind, it goes back as well. */
static void unpoison(void *arg)
{
	struct poison *poison = arg;

	ClearPageHWPoison(poison->page);
	rescue_page(poison->t, poison->page);
}

static void need_memory_failure(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "needs CONFIG_MEMORY_FAILURE");
}

static struct poison *poison_page(struct kunit *test, unsigned long pfn)
{
	struct poison *poison;

	poison = kunit_kzalloc(test, sizeof(*poison), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, poison);
	poison->t = test->priv;
	poison->page = pfn_to_page(pfn);
	SetPageHWPoison(poison->page);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, unpoison, poison));
	return poison;
}

static const struct mix_param poison_mixes[] = {
	{ "the first", mix_first },
	{ "one inside", mix_one_inside },
	{ "the last", mix_last },
	{ "every other", mix_odd },
};

KUNIT_ARRAY_PARAM_DESC(poison_mix, poison_mixes, name);

static void free_poisoned(struct kunit *test)
{
	const struct mix_param *param = test->param_value;
	struct offline_test *t = test->priv;
	unsigned long nr = 16, pfn, i, bad, total = 0;
	struct poison *poisons[16];
	unsigned int round;

	need_memory_failure(test);
	/* Onlined and not, each of them plain and with flags. */
	for (round = 0; round < 8; round++) {
		unsigned int flags = all_flags[round / 2].flags, check = flags;

		memset(poisons, 0, sizeof(poisons));
		bad = 0;
		pfn = take_block(test, &t->owner, 4, flags);
		if (round & 1) {
			for (i = 0; i < nr; i++)
				set_never_onlined(pfn + i);
			check |= TEST_NEVER_ONLINED;
		}
		for (i = 0; i < nr; i++) {
			if (!param->never_onlined(i, nr))
				continue;
			poisons[i] = poison_page(test, pfn + i);
			bad++;
			/* It is held, but nobody gets to see it. */
			expect_held(test, &t->owner, pfn + i, 1,
				    check | TEST_POISONED);
			KUNIT_EXPECT_PTR_NE(test, pfn_to_page(pfn + i),
					    next_offline_page(&t->owner,
							      pfn + i));
		}
		KUNIT_EXPECT_EQ(test, t->owner.nr_pages, nr);
		total += bad;

		free_offline_page_range(&t->owner, pfn, nr);
		expect_holds(test, &t->owner, 0UL);
		shift_managed(t, pfn, -(long)bad);
		expect_accounting(test);
		expect_counted(test, OFFLINE_PAGES_POISONED, total);

		for (i = 0; i < nr; i++) {
			const char *wrong;

			if (!poisons[i]) {
				expect_back(test, pfn + i, 1);
				continue;
			}
			wrong = offline_page_wrong(pfn_to_page(pfn + i),
						   lost_flags(check));
			KUNIT_EXPECT_NULL_MSG(test, wrong,
					      "poisoned page: %s", wrong);
			KUNIT_EXPECT_FALSE(test, offline_page_held(&t->owner,
								   pfn + i));
			/* For ever: not even if it is freed again. */
			free_offline_page(&t->owner, pfn_to_page(pfn + i));
			KUNIT_EXPECT_TRUE(test, PageOffline(pfn_to_page(pfn + i)));
		}
		expect_accounting(test);
		expect_counted(test, OFFLINE_PAGES_POISONED, total);
		t->misuse = counted(t, OFFLINE_PAGES_MISUSE);

		for (i = 0; i < nr; i++)
			if (poisons[i])
				kunit_release_action(test, unpoison, poisons[i]);
		shift_managed(t, pfn, bad);
		expect_back(test, pfn, nr);
		expect_all_back(test, &t->owner);
	}
}

static void free_poisoned_alone(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfns[3];
	struct poison *poison;
	struct page *page;

	need_memory_failure(test);
	page = take_page(test, &t->owner, 0);
	poison = poison_page(test, page_to_pfn(page));
	free_offline_page(&t->owner, page);
	KUNIT_EXPECT_NULL(test, offline_page_wrong(page, lost_flags(0)));
	expect_holds(test, &t->owner, 0UL);
	expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
	kunit_release_action(test, unpoison, poison);
	expect_all_back(test, &t->owner);

	KUNIT_ASSERT_EQ(test, 3UL,
			alloc_offline_pages_bulk(&t->owner, 3, TEST_GFP,
						 NUMA_NO_NODE, 0, pfns));
	poison = poison_page(test, pfns[1]);
	free_offline_pages_bulk(&t->owner, 3, pfns);
	KUNIT_EXPECT_NULL(test, offline_page_wrong(pfn_to_page(pfns[1]),
						   lost_flags(0)));
	expect_holds(test, &t->owner, 0UL);
	expect_counted(test, OFFLINE_PAGES_POISONED, 2UL);
	expect_back(test, pfns[0], 1);
	expect_back(test, pfns[2], 1);
	kunit_release_action(test, unpoison, poison);
	expect_all_back(test, &t->owner);

	/* Its memory block must not go while the owner has it in its hands. */
	page = take_page(test, &t->owner, OFFLINE_PAGE_ISOLATED);
	poison = poison_page(test, page_to_pfn(page));
	poison_offline_page(page);
	KUNIT_EXPECT_NULL(test, offline_page_wrong(page, TEST_POISONED));
	expect_counted(test, OFFLINE_PAGES_POISONED, 2UL);
	free_isolated_offline_page(&t->owner, page);
	KUNIT_EXPECT_NULL(test, offline_page_wrong(page, lost_flags(0)));
	expect_counted(test, OFFLINE_PAGES_POISONED, 3UL);
	kunit_release_action(test, unpoison, poison);
	expect_all_back(test, &t->owner);
}

/*
 * Lists of isolated pages: what has no neighbour after it goes another way than
 * what has, and any page on the list may be different from the others.
 */
#define LIST_PAGES 64

/* None has its neighbour after it. */
static unsigned long every_other(unsigned long i)
{
	return i < LIST_PAGES / 2 ? 2 * i : 2 * i - LIST_PAGES + 1;
}

static unsigned long falling(unsigned long i)
{
	return LIST_PAGES - 1 - i;
}

/* Three in a row, and a gap; then those in the gaps. */
static unsigned long three_of_four(unsigned long i)
{
	const unsigned long threes = LIST_PAGES / 4 * 3;

	return i < threes ? i / 3 * 4 + i % 3 : (i - threes) * 4 + 3;
}

static unsigned long in_order(unsigned long i)
{
	return i;
}

static const struct list_param {
	const char *name;
	unsigned long (*nth)(unsigned long i);
} list_params[] = {
	{ "every other page", every_other },
	{ "from the last on", falling },
	{ "three and a gap", three_of_four },
	{ "in order", in_order },
};

KUNIT_ARRAY_PARAM_DESC(list, list_params, name);

static void isolated_list(struct kunit *test, unsigned long *pfns)
{
	const struct list_param *param = test->param_value;
	unsigned long rising[LIST_PAGES], i;
	struct offline_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, (unsigned long)LIST_PAGES,
			isolate_offline_pages_bulk(&t->owner, LIST_PAGES,
						   rising));
	for (i = 0; i < LIST_PAGES; i++)
		pfns[i] = rising[param->nth(i)];
}

static void isolated_lists(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfns[LIST_PAGES], base, fresh = 0, i;
	struct poison *poison = NULL;

	need_contig_alloc(test);
	/* They are of two largest blocks. */
	base = find_free_pages(test, MAX_ORDER_NR_PAGES, LIST_PAGES / 2,
			       LIST_PAGES / 2) - LIST_PAGES / 2;
	KUNIT_ASSERT_EQ(test, 0, take_range(&t->owner, base, LIST_PAGES, 0));

	isolated_list(test, pfns);
	expect_holds(test, &t->owner, 0UL);
	putback_offline_pages_bulk(&t->owner, LIST_PAGES, pfns);
	expect_held(test, &t->owner, base, LIST_PAGES, 0);
	KUNIT_EXPECT_PTR_EQ(test, next_offline_page(&t->owner, 0),
			    pfn_to_page(base));

	/* One is in already. */
	isolated_list(test, pfns);
	putback_offline_page(&t->owner, pfn_to_page(pfns[21]));
	putback_offline_pages_bulk(&t->owner, LIST_PAGES, pfns);
	expect_misuse(test, 1);
	expect_held(test, &t->owner, base, LIST_PAGES, 0);
	KUNIT_EXPECT_EQ(test, t->owner.nr_isolated, 0UL);

	/* One breaks, one was never onlined, and one is gone. */
	isolated_list(test, pfns);
	if (IS_ENABLED(CONFIG_MEMORY_FAILURE))
		poison = poison_page(test, pfns[10]);
	if (IS_ENABLED(CONFIG_MEMORY_HOTPLUG)) {
		set_never_onlined(pfns[42]);
		fresh = 1;
	}
	free_isolated_offline_page(&t->owner, pfn_to_page(pfns[30]));
	free_isolated_offline_pages_bulk(&t->owner, LIST_PAGES, pfns);
	expect_misuse(test, 1);
	KUNIT_EXPECT_EQ(test, t->owner.nr_isolated, 0UL);
	expect_holds(test, &t->owner, 0UL);
	expect_counted(test, OFFLINE_PAGES_ONLINED, fresh);
	expect_counted(test, OFFLINE_PAGES_FREED, LIST_PAGES - fresh - !!poison);
	for (i = 0; i < LIST_PAGES; i++)
		if (!poison || i != 10)
			expect_back(test, pfns[i], 1);
	if (poison) {
		expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
		KUNIT_EXPECT_NULL(test, offline_page_wrong(poison->page,
							   lost_flags(0)));
		shift_managed(t, pfns[10], -1);
		expect_accounting(test);
		shift_managed(t, pfns[10], 1);
		kunit_release_action(test, unpoison, poison);
	}
	expect_all_back(test, &t->owner);
}

/*
 * Adopted and lent pages.
 */

static void adopt_and_lend(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	unsigned long pfn, i;
	struct page *page;

	page = get_page_in_use(test);
	pfn = page_to_pfn(page);
	for (i = 1; i <= 3; i++) {
		KUNIT_ASSERT_EQ(test, 0,
				adopt_offline_page(&t->owner, page, flags));
		/* Still managed, as it was before. */
		shift_managed(t, pfn, 1);
		expect_held(test, &t->owner, pfn, 1, flags);
		expect_holds(test, &t->owner, 1UL);
		expect_accounting(test);
		expect_counted(test, OFFLINE_PAGES_ADOPTED, i);

		KUNIT_EXPECT_EQ(test, 0, lend_offline_page(&t->owner, page));
		shift_managed(t, pfn, -1);
		KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
		KUNIT_EXPECT_FALSE(test, page_has_type(page));
		KUNIT_EXPECT_EQ(test, 0UL, *offline_page_flags(page) &
				(BIT(PG_offline_skippable) |
				 BIT(PG_offline_movable)));
		expect_all_back(test, &t->owner);
		expect_counted(test, OFFLINE_PAGES_LENT, i);
	}
	put_page_in_use(test, page);
	expect_back(test, pfn, 1);
	expect_counted(test, OFFLINE_PAGES_ALLOCATED, 0UL);
	expect_counted(test, OFFLINE_PAGES_FREED, 0UL);
}

/* A balloon's page: out to be used for something, and back in, and free. */
static void lend_and_adopt(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	struct page *page = take_page(test, &t->owner, flags);
	unsigned long pfn = page_to_pfn(page);

	KUNIT_ASSERT_EQ(test, 0, lend_offline_page(&t->owner, page));
	shift_managed(t, pfn, -1);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	expect_all_back(test, &t->owner);

	/* Use it. */
	KUNIT_EXPECT_PTR_EQ(test, page->mapping, NULL);
	KUNIT_EXPECT_EQ(test, page_private(page), 0UL);
	get_page(page);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 2);
	put_page(page);

	KUNIT_ASSERT_EQ(test, 0, adopt_offline_page(&t->owner, page, flags));
	shift_managed(t, pfn, 1);
	expect_held(test, &t->owner, pfn, 1, flags);
	expect_accounting(test);
	free_offline_page(&t->owner, page);
	expect_back(test, pfn, 1);
	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_LENT, 1UL);
	expect_counted(test, OFFLINE_PAGES_ADOPTED, 1UL);
	expect_counted(test, OFFLINE_PAGES_FREED, 1UL);
}

/* Memory that the page allocator never had comes to it this way. */
static void adopt_reserved(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct page *page;
	unsigned long pfn;

	page = get_page_in_use(test);
	pfn = page_to_pfn(page);
	kunit_remove_action(test, put_page_action, page);
	t->in_use[page_zone_nr(page)]--;
	adjust_managed_page_count(page, -1);
	shift_managed(t, pfn, -1);
	SetPageReserved(page);

	KUNIT_EXPECT_EQ(test, 0, adopt_offline_page(&t->owner, page, 0));
	shift_managed(t, pfn, 1);
	expect_held(test, &t->owner, pfn, 1, 0);
	expect_accounting(test);
	free_offline_page(&t->owner, page);
	KUNIT_EXPECT_FALSE(test, PageReserved(page));
	expect_back(test, pfn, 1);
	expect_all_back(test, &t->owner);
}

/* Flags that a former user left on the page do not become ours. */
static void adopt_with_flags(struct kunit *test)
{
	static const enum pageflags flags[] = {
		PG_referenced, PG_dirty, PG_workingset, PG_owner_priv_1,
		PG_owner_2, PG_swapbacked,
	};
	struct offline_test *t = test->priv;
	struct page *page = get_page_in_use(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		set_bit(flags[i], offline_page_flags(page));
		KUNIT_ASSERT_EQ(test, 0,
				adopt_offline_page(&t->owner, page, 0));
		expect_held(test, &t->owner, page_to_pfn(page), 1, 0);
		KUNIT_ASSERT_EQ(test, 0, lend_offline_page(&t->owner, page));
		clear_bit(flags[i], offline_page_flags(page));
	}
	put_page_in_use(test, page);
	expect_all_back(test, &t->owner);
}

static void adopt_busy(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct page *page = get_page_in_use(test);
	unsigned long flags = *offline_page_flags(page);

	get_page(page);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			adopt_offline_page(&t->owner, page,
					   OFFLINE_PAGE_SKIPPABLE));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 2);
	KUNIT_EXPECT_EQ(test, *offline_page_flags(page), flags);
	KUNIT_EXPECT_FALSE(test, page_has_type(page));
	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_ADOPTED, 0UL);

	/* A reserved page must stay reserved. */
	SetPageReserved(page);
	KUNIT_EXPECT_EQ(test, -EBUSY, adopt_offline_page(&t->owner, page, 0));
	KUNIT_EXPECT_TRUE(test, PageReserved(page));
	ClearPageReserved(page);
	put_page(page);

	KUNIT_ASSERT_EQ(test, 0, adopt_offline_page(&t->owner, page, 0));
	KUNIT_ASSERT_EQ(test, 0, lend_offline_page(&t->owner, page));
	put_page_in_use(test, page);
	expect_all_back(test, &t->owner);
}

static void adopt_misuse(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct page *page;

	page = alloc_pages(TEST_GFP | __GFP_COMP, 1);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, -EINVAL, adopt_offline_page(&t->owner, page, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			adopt_offline_page(&t->owner, page + 1, 0));
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	__free_pages(page, 1);
	expect_misuse(test, 2);

	/* Held already, by itself and by somebody else. */
	page = take_page(test, &t->owner, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, adopt_offline_page(&t->owner, page, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, adopt_offline_page(&t->other, page, 0));
	expect_misuse(test, 2);
	expect_held(test, &t->owner, page_to_pfn(page), 1, 0);
	expect_holds(test, &t->other, 0UL);

	/* Somebody lends what is not theirs. */
	KUNIT_EXPECT_EQ(test, -EINVAL, lend_offline_page(&t->other, page));
	expect_misuse(test, 1);
	expect_held(test, &t->owner, page_to_pfn(page), 1, 0);
	free_offline_page(&t->owner, page);

	page = get_page_in_use(test);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			adopt_offline_page(&t->owner, page, BIT(3)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			adopt_offline_page(&t->owner, page,
					   OFFLINE_PAGE_ISOLATED));
	expect_misuse(test, 2);
	KUNIT_EXPECT_EQ(test, -EINVAL, lend_offline_page(&t->owner, page));
	expect_misuse(test, 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_FALSE(test, PageOffline(page));
	put_page_in_use(test, page);
	expect_all_back(test, &t->owner);
}

#ifndef MODULE
static void kexec_page(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct page *page = get_page_in_use(test);

	mark_kexec_page_offline(page);
	KUNIT_EXPECT_NULL(test, offline_page_wrong(page, 0));
	expect_all_back(test, &t->owner);
	/* There is no way back but by force. */
	page->page_type = UINT_MAX;
	set_page_count(page, 1);
	put_page_in_use(test, page);
}
#endif

/*
 * Owners.
 */

static void walk_pages(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long *pfns, base, i;
	struct page *page = NULL;

	KUNIT_EXPECT_NULL(test, next_offline_page(&t->owner, 0));
	KUNIT_EXPECT_NULL(test, next_offline_page(&t->owner, ULONG_MAX));

	/* Pages from both sides of a chunk's edge if possible, with holes. */
	need_contig_alloc(test);
	base = __find_free_pages(CHUNK_PAGES, 64, 64);
	if (!base)
		base = find_free_pages(test, pageblock_nr_pages, 64, 64);
	base -= 64;
	pfns = kunit_kcalloc(test, 128, sizeof(*pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	KUNIT_ASSERT_EQ(test, 0, take_range(&t->owner, base, 128, 0));
	for (i = 0; i < 128; i++)
		if (i % 5 == 2 && i != 62)
			free_offline_page(&t->owner, pfn_to_page(base + i));

	for (i = 0; i < 128; i++) {
		unsigned long next = i;

		while (next % 5 == 2 && next != 62)
			next++;
		page = next_offline_page(&t->owner, base + i);
		if (next < 128)
			KUNIT_EXPECT_PTR_EQ(test, page,
					    pfn_to_page(base + next));
		else
			KUNIT_EXPECT_NULL(test, page);
		KUNIT_EXPECT_EQ(test, next == i,
				offline_page_held(&t->owner, base + i));
	}
	KUNIT_EXPECT_PTR_EQ(test, next_offline_page(&t->owner, 0),
			    pfn_to_page(base));
	KUNIT_EXPECT_NULL(test, next_offline_page(&t->owner, base + 128));
	KUNIT_EXPECT_NULL(test, next_offline_page(&t->owner, ULONG_MAX));
	KUNIT_EXPECT_FALSE(test, offline_page_held(&t->owner, ULONG_MAX));
	KUNIT_EXPECT_NULL(test, next_offline_page(&t->other, 0));

	/* The walk that frees what it finds. */
	for (i = 0; (page = next_offline_page(&t->owner, i));
	     i = page_to_pfn(page) + 1)
		free_offline_page(&t->owner, page);
	expect_back(test, base, 128);
	expect_all_back(test, &t->owner);

	/* The owner remembers that it has none, but not for too long. */
	KUNIT_EXPECT_NULL(test, next_offline_page(&t->owner, 0));
	KUNIT_ASSERT_EQ(test, 0, take_range(&t->owner, base + 64, 2, 0));
	KUNIT_EXPECT_PTR_EQ(test, next_offline_page(&t->owner, 0),
			    pfn_to_page(base + 64));
	KUNIT_ASSERT_EQ(test, 0, take_range(&t->owner, base, 1, 0));
	KUNIT_EXPECT_PTR_EQ(test, next_offline_page(&t->owner, 0),
			    pfn_to_page(base));

	/* Taking the first one, again and again. */
	for (i = 0; (page = next_offline_page(&t->owner, 0)); i++) {
		KUNIT_EXPECT_EQ(test, page_to_pfn(page),
				i ? base + 63 + i : base);
		free_offline_page(&t->owner, page);
	}
	KUNIT_EXPECT_EQ(test, i, 3UL);
	expect_all_back(test, &t->owner);
}

static void owner_name(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct page *page = take_page(test, &t->owner, 0);
	struct page *other = take_page(test, &t->other, 0);
	struct page *in_use = get_page_in_use(test);
	unsigned long pfn = page_to_pfn(page);
	char buf[16] = "unchanged";

	KUNIT_EXPECT_EQ(test, -ENOENT,
			offline_page_owner_name(page_to_pfn(in_use), buf,
						sizeof(buf)));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			offline_page_owner_name(ULONG_MAX, buf, sizeof(buf)));
	KUNIT_EXPECT_STREQ(test, buf, "unchanged");
	KUNIT_EXPECT_EQ(test, 0, offline_page_owner_name(pfn, buf, sizeof(buf)));
	KUNIT_EXPECT_STREQ(test, buf, "kunit");
	KUNIT_EXPECT_EQ(test, 0,
			offline_page_owner_name(page_to_pfn(other), buf,
						sizeof(buf)));
	KUNIT_EXPECT_STREQ(test, buf, "kunit-other");

	/* A name that does not fit is cut, and nothing is written behind it. */
	memset(buf, 'x', sizeof(buf));
	KUNIT_EXPECT_EQ(test, 0, offline_page_owner_name(pfn, buf, 4));
	KUNIT_EXPECT_STREQ(test, buf, "kun");
	KUNIT_EXPECT_EQ(test, buf[4], 'x');

	put_page_in_use(test, in_use);
	free_offline_page(&t->owner, page);
	free_offline_page(&t->other, other);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			offline_page_owner_name(pfn, buf, sizeof(buf)));
	expect_all_back(test, &t->owner);
}

/* Two owners whose pages lie between each other's. */
static void two_owners(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfn, i;

	pfn = take_block(test, &t->owner, 5, 0);
	for (i = 1; i < 32; i += 2) {
		struct page *page = pfn_to_page(pfn + i);

		KUNIT_ASSERT_EQ(test, 0, lend_offline_page(&t->owner, page));
		KUNIT_ASSERT_EQ(test, 0,
				adopt_offline_page(&t->other, page,
						   OFFLINE_PAGE_SKIPPABLE));
	}
	for (i = 0; i < 32; i += 2) {
		expect_held(test, &t->owner, pfn + i, 1, 0);
		expect_held(test, &t->other, pfn + i + 1, 1,
			    OFFLINE_PAGE_SKIPPABLE);
	}
	expect_holds(test, &t->owner, 16UL);
	expect_holds(test, &t->other, 16UL);
	expect_accounting(test);

	/* One owner takes its own out of the range, and complains. */
	free_offline_page_range(&t->owner, pfn, 32);
	expect_misuse(test, 16);
	expect_holds(test, &t->owner, 0UL);
	expect_holds(test, &t->other, 16UL);
	expect_accounting(test);
	for (i = 0; i < 32; i += 2) {
		expect_held(test, &t->other, pfn + i + 1, 1,
			    OFFLINE_PAGE_SKIPPABLE);
		free_offline_page(&t->other, pfn_to_page(pfn + i + 1));
	}
	expect_back(test, pfn, 32);
	expect_all_back(test, &t->other);
}

static void register_owner(struct kunit *test)
{
	struct offline_page_owner *owner;
	struct offline_test *t = test->priv;
	struct page *page;

	KUNIT_EXPECT_EQ(test, -EEXIST, register_offline_page_owner(&t->owner));
	/* Which did it no harm. */
	page = take_page(test, &t->owner, 0);
	free_offline_page(&t->owner, page);
	expect_all_back(test, &t->owner);

	owner = kunit_kzalloc(test, sizeof(*owner), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, owner);
	kunit_warning_suppress(test) {
		init_offline_page_owner(owner, NULL);
		KUNIT_EXPECT_EQ(test, -EINVAL,
				register_offline_page_owner(owner));
		init_offline_page_owner(owner, "");
		KUNIT_EXPECT_EQ(test, -EINVAL,
				register_offline_page_owner(owner));
		init_offline_page_owner(owner, "kunit");
		owner->order = MAX_PAGE_ORDER + 1;
		KUNIT_EXPECT_EQ(test, -EINVAL,
				register_offline_page_owner(owner));
	}
	/* Not registered: nothing to do. */
	unregister_offline_page_owner(owner);

	/* Two may have the same name, and one may come and go. */
	init_offline_page_owner(owner, "kunit");
	KUNIT_ASSERT_EQ(test, 0, register_offline_page_owner(owner));
	unregister_offline_page_owner(owner);
	unregister_offline_page_owner(owner);
	KUNIT_ASSERT_EQ(test, 0, register_offline_page_owner(owner));
	page = alloc_offline_page(owner, TEST_GFP, NUMA_NO_NODE, 0);
	KUNIT_EXPECT_NOT_NULL(test, page);
	if (page)
		free_offline_page(owner, page);
	KUNIT_EXPECT_EQ(test, owner->nr_pages, 0UL);
	unregister_offline_page_owner(owner);
	expect_misuse(test, 0);
}

static void unregistered_owner(struct kunit *test)
{
	struct offline_page_owner *owner;
	struct offline_test *t = test->priv;
	struct page *page, *in_use;
	unsigned long pfn, fresh, pfns[2];

	owner = kunit_kzalloc(test, sizeof(*owner), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, owner);
	init_offline_page_owner(owner, "kunit-unregistered");
	page = take_page(test, &t->owner, 0);
	pfn = page_to_pfn(page);
	in_use = get_page_in_use(test);
	fresh = get_fresh_pages(test, 0);

	KUNIT_EXPECT_NULL(test, alloc_offline_page(owner, TEST_GFP,
						   NUMA_NO_NODE, 0));
	KUNIT_EXPECT_NULL(test, alloc_offline_pages(owner, 3, TEST_GFP,
						    NUMA_NO_NODE, 0));
	KUNIT_EXPECT_EQ(test, 0UL,
			alloc_offline_pages_bulk(owner, 2, TEST_GFP,
						 NUMA_NO_NODE, 0, pfns));
	KUNIT_EXPECT_NULL(test, alloc_offline_pages_contig(owner, 2, TEST_GFP,
							   numa_mem_id(), 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			alloc_offline_page_range(owner, pfn, 1, TEST_GFP, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			reserve_offline_page_range(owner, pfn, 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EINVAL, adopt_offline_page(owner, in_use, 0));
	keep_offline_page_range(owner, fresh, 1, 0);
	expect_misuse(test, 8);
	free_offline_page(owner, page);
	KUNIT_EXPECT_EQ(test, -EINVAL, lend_offline_page(owner, page));
	expect_misuse(test, 2);

	KUNIT_EXPECT_EQ(test, owner->nr_pages, 0UL);
	KUNIT_EXPECT_EQ(test, page_ref_count(in_use), 1);
	put_page_in_use(test, in_use);
	expect_held(test, &t->owner, pfn, 1, 0);
	expect_accounting(test);
	free_offline_page(&t->owner, page);
	KUNIT_EXPECT_TRUE(test, PageOfflineNeverOnlined(pfn_to_page(fresh)));
	online_fresh_page(t, fresh);
	fresh_pages_settled(test, fresh, 1);
	expect_all_back(test, &t->owner);
}

/*
 * The host may have the memory: what an owner leaves behind stays offline. But
 * nobody is there to move it, or to hold it back when its memory block comes
 * online again.
 */
static void unregister_with_pages(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfn, i;
	char buf[16];

	pfn = take_block(test, &t->other, 2,
			 OFFLINE_PAGE_SKIPPABLE | OFFLINE_PAGE_MOVABLE);
	set_never_onlined(pfn + 1);
	set_never_onlined(pfn + 3);
	if (IS_ENABLED(CONFIG_MEMORY_FAILURE))
		SetPageHWPoison(pfn_to_page(pfn + 3));
	unregister_offline_page_owner(&t->other);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			offline_page_owner_name(pfn, buf, sizeof(buf)));
	shift_managed(t, pfn, -4);
	expect_accounting(test);
	for (i = 0; i < 4; i++) {
		struct page *page = pfn_to_page(pfn + i);
		unsigned int flags = i & 1 ? TEST_NEVER_ONLINED : 0;

		if (PageHWPoison(page))
			flags = lost_flags(flags);
		KUNIT_EXPECT_NULL(test, offline_page_wrong(page, flags));
		ClearPageHWPoison(page);
	}
	/* Nobody else can give them away either. */
	free_offline_page_range(&t->owner, pfn, 4);
	expect_misuse(test, 4);
	expect_accounting(test);
	for (i = 0; i < 4; i++)
		rescue_page(t, pfn_to_page(pfn + i));
	shift_managed(t, pfn, 4);
	expect_back(test, pfn, 4);
	expect_all_back(test, &t->owner);
}

/*
 * Misuse is reported and survived, and hurts nobody else.
 */

static void misuse_double_free(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfn = take_block(test, &t->owner, 3, 0);
	unsigned long pfns[2] = { pfn + 6, pfn + 6 };

	/* No pages are no misuse. */
	free_offline_page_range(&t->owner, pfn, 0);
	expect_holds(test, &t->owner, 8UL);
	free_offline_page(&t->owner, pfn_to_page(pfn));
	expect_misuse(test, 0);
	free_offline_page(&t->owner, pfn_to_page(pfn));
	expect_misuse(test, 1);
	expect_accounting(test);

	free_offline_pages_bulk(&t->owner, 2, pfns);
	expect_misuse(test, 1);
	expect_holds(test, &t->owner, 6UL);
	expect_accounting(test);

	/* With the two holes that are there now. */
	free_offline_page_range(&t->owner, pfn, 8);
	expect_misuse(test, 2);
	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_FREED, 8UL);
	expect_back(test, pfn, 8);

	/* The same for pages that went online. */
	pfn = take_block(test, &t->owner, 1, 0);
	set_never_onlined(pfn);
	free_offline_page_range(&t->owner, pfn, 2);
	free_offline_page_range(&t->owner, pfn, 2);
	expect_misuse(test, 2);
	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_ONLINED, 1UL);
}

static void misuse_foreign_page(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfn = take_block(test, &t->owner, 2, OFFLINE_PAGE_MOVABLE);
	unsigned long i;

	free_offline_page(&t->other, pfn_to_page(pfn));
	free_offline_page_range(&t->other, pfn + 1, 2);
	expect_misuse(test, 3);
	expect_held(test, &t->owner, pfn, 4, OFFLINE_PAGE_MOVABLE);
	expect_holds(test, &t->owner, 4UL);
	expect_holds(test, &t->other, 0UL);
	expect_accounting(test);

	/* Nobody else can online what an owner keeps, either. */
	for (i = 0; i < 4; i++)
		set_never_onlined(pfn + i);
	free_offline_page_range(&t->other, pfn, 4);
	expect_misuse(test, 4);
	expect_held(test, &t->owner, pfn, 4,
		    OFFLINE_PAGE_MOVABLE | TEST_NEVER_ONLINED);
	expect_accounting(test);
	expect_counted(test, OFFLINE_PAGES_ONLINED, 0UL);

	free_offline_page_range(&t->owner, pfn, 4);
	expect_back(test, pfn, 4);
	expect_all_back(test, &t->owner);
}

/* Pages that are not offline at all, or not any more. */
static void misuse_other_page(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct page *page = get_page_in_use(test);
	unsigned long pfn;

	free_offline_page(&t->owner, page);
	expect_misuse(test, 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_FALSE(test, page_has_type(page));

	put_page_in_use(test, page);

	/* One that is free. */
	pfn = find_free_pages(test, 1, 0, 1);
	free_offline_page(&t->owner, pfn_to_page(pfn));
	expect_misuse(test, 1);

	/* One that does not exist. */
	free_offline_page_range(&t->owner, missing_pfn(), 1);
	expect_misuse(test, 1);

	/* One that is on loan. */
	page = take_page(test, &t->owner, 0);
	KUNIT_ASSERT_EQ(test, 0, lend_offline_page(&t->owner, page));
	free_offline_page(&t->owner, page);
	KUNIT_EXPECT_EQ(test, -EINVAL, lend_offline_page(&t->owner, page));
	expect_misuse(test, 2);
	KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
	KUNIT_EXPECT_EQ(test, 0, adopt_offline_page(&t->owner, page, 0));
	free_offline_page(&t->owner, page);

	expect_all_back(test, &t->owner);
	expect_counted(test, OFFLINE_PAGES_FREED, 1UL);
}

/* Somebody did something to a page that its owner holds. */
static void misuse_behind_owners_back(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfn = take_block(test, &t->owner, 2, 0);
	struct page *page = pfn_to_page(pfn + 1);

	/* Took a reference. */
	set_page_count(page, 1);
	free_offline_page_range(&t->owner, pfn, 3);
	expect_misuse(test, 1);
	expect_counted(test, OFFLINE_PAGES_FREED, 2UL);
	expect_holds(test, &t->owner, 1UL);
	KUNIT_EXPECT_TRUE(test, PageOffline(page));
	shift_managed(t, pfn, -1);
	expect_accounting(test);
	set_page_count(page, 0);
	rescue_page(t, page);
	shift_managed(t, pfn, 1);

	/* Cleared the type. */
	page = pfn_to_page(pfn + 3);
	page->page_type = UINT_MAX;
	free_offline_page(&t->owner, page);
	expect_misuse(test, 1);
	expect_counted(test, OFFLINE_PAGES_FREED, 2UL);
	expect_holds(test, &t->owner, 0UL);
	shift_managed(t, pfn, -1);
	expect_accounting(test);
	page->page_type = (unsigned int)PGTY_offline << 24;
	rescue_page(t, page);
	shift_managed(t, pfn, 1);

	expect_back(test, pfn, 4);
	expect_all_back(test, &t->owner);
}

static void misuse_flags(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfns[2];

	KUNIT_EXPECT_NULL(test, alloc_offline_page(&t->owner, TEST_GFP,
						   NUMA_NO_NODE, BIT(3)));
	KUNIT_EXPECT_NULL(test, alloc_offline_pages(&t->owner, 1, TEST_GFP,
						    NUMA_NO_NODE, BIT(5)));
	KUNIT_EXPECT_EQ(test, 0UL,
			alloc_offline_pages_bulk(&t->owner, 2, TEST_GFP,
						 NUMA_NO_NODE, BIT(31), pfns));
	KUNIT_EXPECT_NULL(test,
			  alloc_offline_pages_contig(&t->owner, 1, TEST_GFP,
						     numa_mem_id(), BIT(4)));
	expect_misuse(test, 4);
	expect_all_back(test, &t->owner);
}

/*
 * Failure at each allocation.
 */

/* Is this the call that fails? */
static bool fail_now(struct offline_test *t, enum fail_point point)
{
	if (t->calls++ != t->fail_at)
		return false;
	t->failed = point;
	return true;
}

/* Call the real function: it looks for stubs of the current test. */
#define call_real(test, call) ({					\
	current->kunit_test = NULL;					\
	typeof(call) __ret = call;					\
	current->kunit_test = test;					\
	__ret;								\
})

static struct page *stub_alloc_frozen(gfp_t gfp, unsigned int order, int nid)
{
	struct kunit *test = kunit_get_current_test();
	struct offline_test *t = test->priv;
	struct page *page;

	KUNIT_EXPECT_FALSE(test, irqs_disabled());
	if (fail_now(t, FAIL_FROZEN))
		return NULL;
	page = call_real(test, offline_pages_alloc_frozen(gfp, order, nid));
	if (page) {
		t->frozen_calls++;
		t->frozen_pfn = page_to_pfn(page);
		t->frozen_nr = 1UL << order;
	}
	return page;
}

/* The free lists have none. */
static unsigned long stub_take_free(gfp_t gfp, unsigned int order, int nid,
				    unsigned long nr, unsigned long stride,
				    unsigned long *pfns)
{
	return 0;
}

static unsigned long *stub_alloc_chunk(gfp_t gfp)
{
	struct kunit *test = kunit_get_current_test();

	/* Not under a lock, and not as the caller wants its own pages. */
	KUNIT_EXPECT_FALSE(test, irqs_disabled());
	KUNIT_EXPECT_EQ(test, 0u, (__force unsigned int)
			(gfp & (__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_COMP |
				__GFP_THISNODE)));
	if (fail_now(test->priv, FAIL_CHUNK))
		return NULL;
	return call_real(test, offline_pages_alloc_chunk(gfp));
}

/* No memory for a node of the owner's xarray. */
static void *stub_store_chunk(struct xarray *chunks, unsigned long index,
			      unsigned long *bits, gfp_t gfp)
{
	struct kunit *test = kunit_get_current_test();

	KUNIT_EXPECT_FALSE(test, irqs_disabled());
	if (fail_now(test->priv, FAIL_STORE))
		return xa_mk_internal((unsigned long)-ENOMEM);
	return call_real(test, offline_pages_store_chunk(chunks, index, bits,
							 gfp));
}

/* An error that nobody in the core can have made up. */
#define STUB_CONTIG_ERROR (-EINTR)

static int stub_alloc_contig(unsigned long start_pfn, unsigned long end_pfn,
			     gfp_t gfp)
{
	struct kunit *test = kunit_get_current_test();

	KUNIT_EXPECT_PTR_EQ(test, page_zone(pfn_to_page(start_pfn)),
			    page_zone(pfn_to_page(end_pfn - 1)));
	if (fail_now(test->priv, FAIL_CONTIG))
		return STUB_CONTIG_ERROR;
	return call_real(test,
			 offline_pages_alloc_contig(start_pfn, end_pfn, gfp));
}

static struct page *stub_find_contig(unsigned long nr_pages, gfp_t gfp, int nid)
{
	struct kunit *test = kunit_get_current_test();
	struct offline_test *t = test->priv;
	struct page *page;

	if (fail_now(t, FAIL_FIND_CONTIG))
		return NULL;
	page = call_real(test, offline_pages_find_contig(nr_pages, gfp, nid));
	if (page) {
		t->frozen_pfn = page_to_pfn(page);
		t->frozen_nr = nr_pages;
	}
	return page;
}

struct fail_param {
	const char *name;
	/* Sets t->pfn and t->nr_pages if it knows them in advance. */
	void (*prepare)(struct kunit *test);
	/* How many pages it got for t->other, or an error. */
	long (*run)(struct offline_test *t);
	/* There are at least so many calls that can fail. */
	unsigned int min_calls;
	bool counted;
	bool partial;
	bool adopts;
};

static long fail_alloc_page(struct offline_test *t)
{
	struct page *page;

	page = alloc_offline_page(&t->other, TEST_GFP, NUMA_NO_NODE, 0);
	return page ? 1 : -ENOMEM;
}

static long fail_alloc_pages(struct offline_test *t)
{
	struct page *page;

	page = alloc_offline_pages(&t->other, 6,
				   TEST_GFP | __GFP_THISNODE | __GFP_COMP,
				   numa_mem_id(), OFFLINE_PAGE_MOVABLE);
	return page ? 64 : -ENOMEM;
}

static long fail_bulk(struct offline_test *t)
{
	unsigned long pfns[24];

	return alloc_offline_pages_bulk(&t->other, ARRAY_SIZE(pfns), TEST_GFP,
					NUMA_NO_NODE, OFFLINE_PAGE_SKIPPABLE,
					pfns);
}

static long fail_contig(struct offline_test *t)
{
	struct page *page;

	page = alloc_offline_pages_contig(&t->other, 100, TEST_GFP,
					  numa_mem_id(), 0);
	return page ? 100 : -ENOMEM;
}

static void fail_find_range(struct kunit *test)
{
	struct offline_test *t = test->priv;

	need_contig_alloc(test);
	t->nr_pages = 200;
	t->pfn = find_free_pages(test, MAX_ORDER_NR_PAGES, 0, t->nr_pages);
}

static void fail_find_chunks(struct kunit *test)
{
	struct offline_test *t = test->priv;

	need_contig_alloc(test);
	t->nr_pages = 20;
	t->pfn = find_free_pages(test, CHUNK_PAGES, 10, 10) - 10;
}

static void fail_find_zones(struct kunit *test)
{
	struct offline_test *t = test->priv;

	need_contig_alloc(test);
	t->nr_pages = 20;
	t->pfn = find_zone_boundary(1, 10);
	if (!t->pfn)
		kunit_skip(test, NO_ZONE_BOUNDARY);
	t->pfn -= 10;
}

static long fail_range(struct offline_test *t)
{
	int ret = take_range(&t->other, t->pfn, t->nr_pages, 0);

	return ret ?: t->nr_pages;
}

static long fail_reserve(struct offline_test *t)
{
	return reserve_offline_page_range(&t->other, CHUNK_PAGES - 1,
					  CHUNK_PAGES + 2, GFP_KERNEL);
}

static void fail_find_page(struct kunit *test)
{
	struct offline_test *t = test->priv;

	t->pfn = page_to_pfn(get_page_in_use(test));
}

static long fail_adopt(struct offline_test *t)
{
	struct page *page = pfn_to_page(t->pfn);

	return adopt_offline_page(&t->other, page, OFFLINE_PAGE_MOVABLE) ?: 1;
}

static const struct fail_param fail_params[] = {
	{ "alloc_offline_page", .run = fail_alloc_page, .min_calls = 3,
	  .counted = true },
	{ "alloc_offline_pages", .run = fail_alloc_pages, .min_calls = 3,
	  .counted = true },
	{ "alloc_offline_pages_bulk", .run = fail_bulk, .min_calls = 26,
	  .counted = true, .partial = true },
	{ "alloc_offline_pages_contig", need_contig_alloc, fail_contig, 3,
	  .counted = true },
	{ "alloc_offline_page_range", fail_find_range, fail_range, 3,
	  .counted = true },
	{ "alloc_offline_page_range across chunks", fail_find_chunks,
	  fail_range, 5, .counted = true },
	{ "alloc_offline_page_range across zones", fail_find_zones,
	  fail_range, 4, .counted = true },
	{ "reserve_offline_page_range", .run = fail_reserve, .min_calls = 6 },
	{ "adopt_offline_page", fail_find_page, fail_adopt, 2,
	  .adopts = true },
};

KUNIT_ARRAY_PARAM_DESC(fail, fail_params, name);

/* An owner without chunks, so that each of them is allocated again. */
static void renew_other_owner(struct kunit *test)
{
	struct offline_test *t = test->priv;

	unregister_offline_page_owner(&t->other);
	init_offline_page_owner(&t->other, "kunit-other");
	t->other.ops = &keep_ops;
	KUNIT_ASSERT_EQ(test, 0, register_offline_page_owner(&t->other));
}

static void check_failed(struct kunit *test, const struct fail_param *param,
			 long ret)
{
	struct offline_test *t = test->priv;
	long expected = -ENOMEM;

	if (param->partial) {
		expected = t->frozen_calls - (t->failed == FAIL_CHUNK ||
					      t->failed == FAIL_STORE);
		KUNIT_EXPECT_EQ(test, t->other.nr_pages, expected);
		expect_accounting(test);
		free_all(&t->other);
	} else if (t->failed == FAIL_CONTIG) {
		expected = STUB_CONTIG_ERROR;
	}
	KUNIT_EXPECT_EQ_MSG(test, ret, expected, "call %u", t->fail_at);
	expect_all_back(test, &t->other);

	if (param->adopts) {
		struct page *page = pfn_to_page(t->pfn);

		KUNIT_EXPECT_EQ(test, page_ref_count(page), 1);
		KUNIT_EXPECT_FALSE(test, page_has_type(page));
		return;
	}
	/* What the page allocator gave, it has again. */
	if (t->frozen_nr)
		expect_back(test, t->frozen_pfn, t->frozen_nr);
	if (t->nr_pages)
		expect_back(test, t->pfn, t->nr_pages);
}

static void fail_each_allocation(struct kunit *test)
{
	const struct fail_param *param = test->param_value;
	struct offline_test *t = test->priv;
	unsigned long failures;
	unsigned int n;
	long ret;

	if (param->prepare)
		param->prepare(test);

	for (n = 0; n < 100; n++) {
		renew_other_owner(test);
		t->calls = 0;
		t->fail_at = n;
		t->failed = FAIL_NONE;
		t->frozen_calls = 0;
		t->frozen_nr = 0;
		failures = counted(t, OFFLINE_PAGES_ALLOC_FAILED);
		kunit_activate_static_stub(test, offline_pages_alloc_frozen,
					   stub_alloc_frozen);
		kunit_activate_static_stub(test, offline_pages_take_free,
					   stub_take_free);
		kunit_activate_static_stub(test, offline_pages_alloc_chunk,
					   stub_alloc_chunk);
		kunit_activate_static_stub(test, offline_pages_store_chunk,
					   stub_store_chunk);
		kunit_activate_static_stub(test, offline_pages_alloc_contig,
					   stub_alloc_contig);
		kunit_activate_static_stub(test, offline_pages_find_contig,
					   stub_find_contig);
		ret = param->run(t);
		kunit_deactivate_static_stub(test, offline_pages_alloc_frozen);
		kunit_deactivate_static_stub(test, offline_pages_take_free);
		kunit_deactivate_static_stub(test, offline_pages_alloc_chunk);
		kunit_deactivate_static_stub(test, offline_pages_store_chunk);
		kunit_deactivate_static_stub(test, offline_pages_alloc_contig);
		kunit_deactivate_static_stub(test, offline_pages_find_contig);
		if (t->failed == FAIL_NONE)
			break;
		expect_counted(test, OFFLINE_PAGES_ALLOC_FAILED,
			       failures + param->counted);
		check_failed(test, param, ret);
	}

	/* Nothing was left to fail: it must work. */
	KUNIT_EXPECT_GE(test, n, param->min_calls);
	KUNIT_EXPECT_GE(test, ret, 0L);
	expect_counted(test, OFFLINE_PAGES_ALLOC_FAILED, failures);
	expect_holds(test, &t->other, (unsigned long)ret);
	if (param->adopts) {
		KUNIT_ASSERT_EQ(test, 0,
				lend_offline_page(&t->other,
						  pfn_to_page(t->pfn)));
		put_page_in_use(test, pfn_to_page(t->pfn));
	} else {
		expect_accounting(test);
		free_all(&t->other);
	}
	expect_all_back(test, &t->other);
}

/* The free lists have none of a smaller order. */
static unsigned long stub_take_large(gfp_t gfp, unsigned int order, int nid,
				     unsigned long nr, unsigned long stride,
				     unsigned long *pfns)
{
	struct kunit *test = kunit_get_current_test();
	struct offline_test *t = test->priv;
	unsigned long got;

	if (order < t->take_order)
		return 0;
	got = call_real(test, offline_pages_take_free(gfp, order, nid, nr,
						      stride, pfns));
	t->taken += got << order;
	return got;
}

/*
 * With pages straight off the free lists, in blocks that fit and as a part of
 * one that is larger: no memory for the bits.
 */
static void fail_chunk_of_listed(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfns[24], want = ARRAY_SIZE(pfns), nr;
	unsigned int part, n;
	bool listed;

	for (part = 0; part < 2; part++) {
		t->take_order = part ? ilog2(want) + 1 : 0;
		for (n = 0; n < 10; n++) {
			renew_other_owner(test);
			listed = have_listed_block(numa_mem_id());
			t->calls = 0;
			t->fail_at = n;
			t->failed = FAIL_NONE;
			t->taken = 0;
			kunit_activate_static_stub(test,
						   offline_pages_take_free,
						   stub_take_large);
			kunit_activate_static_stub(test,
						   offline_pages_alloc_chunk,
						   stub_alloc_chunk);
			kunit_activate_static_stub(test,
						   offline_pages_store_chunk,
						   stub_store_chunk);
			nr = alloc_offline_pages_bulk(&t->other, want, TEST_GFP,
						      numa_mem_id(), 0, pfns);
			kunit_deactivate_static_stub(test,
						     offline_pages_take_free);
			kunit_deactivate_static_stub(test,
						     offline_pages_alloc_chunk);
			kunit_deactivate_static_stub(test,
						     offline_pages_store_chunk);
			expect_holds(test, &t->other, nr);
			expect_accounting(test);
			free_all(&t->other);
			expect_all_back(test, &t->other);
			if (listed)
				KUNIT_EXPECT_GT(test, t->taken, 0UL);
			if (t->failed == FAIL_NONE)
				break;
			/* Nothing by halves: no page without its bit. */
			KUNIT_EXPECT_LT(test, nr, n ? want : 1UL);
		}
		KUNIT_EXPECT_GT(test, n, 0U);
		KUNIT_EXPECT_EQ(test, nr, want);
	}
}

/* One block at a time. */
static unsigned long stub_take_slowly(gfp_t gfp, unsigned int order, int nid,
				      unsigned long nr, unsigned long stride,
				      unsigned long *pfns)
{
	struct kunit *test = kunit_get_current_test();
	struct offline_test *t = test->priv;

	t->isolated = max(t->isolated, t->owner.nr_isolated);
	return call_real(test, offline_pages_take_free(gfp, order, nid, 1,
						       stride, pfns));
}

/*
 * Who finds pages that are on their way in, while the next ones take their
 * time, has to see that somebody has them: memory offlining waits for those.
 */
static void alloc_bulk_slowly(struct kunit *test)
{
	struct offline_test *t = test->priv;
	/* In three steps or more. */
	unsigned long *pfns, nr = 2 * MAX_ORDER_NR_PAGES + 1;
	unsigned int flags;

	pfns = kunit_kcalloc(test, nr, sizeof(*pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	for (flags = 0; flags <= OFFLINE_PAGE_ISOLATED;
	     flags += OFFLINE_PAGE_ISOLATED) {
		t->isolated = 0;
		kunit_activate_static_stub(test, offline_pages_take_free,
					   stub_take_slowly);
		KUNIT_EXPECT_EQ(test, nr,
				alloc_offline_pages_bulk(&t->owner, nr,
							 TEST_GFP,
							 numa_mem_id(), flags,
							 pfns));
		kunit_deactivate_static_stub(test, offline_pages_take_free);
		/* At least all but those of one step. */
		KUNIT_EXPECT_GT(test, t->isolated, MAX_ORDER_NR_PAGES);
		if (flags)
			putback_offline_pages_bulk(&t->owner, nr, pfns);
		KUNIT_EXPECT_EQ(test, t->owner.nr_isolated, 0UL);
		expect_holds(test, &t->owner, nr);
		free_all(&t->owner);
		expect_all_back(test, &t->owner);
	}
}

/* Somebody else is faster. */
static unsigned long *stub_late_chunk(gfp_t gfp)
{
	struct kunit *test = kunit_get_current_test();
	struct offline_test *t = test->priv;
	int ret;

	t->calls++;
	ret = call_real(test, reserve_offline_page_range(&t->other, 0, 1,
							 GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, ret, 0);
	return call_real(test, offline_pages_alloc_chunk(gfp));
}

static void reserve_at_once(struct kunit *test)
{
	struct offline_test *t = test->priv;

	renew_other_owner(test);
	kunit_activate_static_stub(test, offline_pages_alloc_chunk,
				   stub_late_chunk);
	KUNIT_EXPECT_EQ(test, 0,
			reserve_offline_page_range(&t->other, 0, 1,
						   GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0,
			reserve_offline_page_range(&t->other, CHUNK_PAGES - 1,
						   1, GFP_KERNEL));
	kunit_deactivate_static_stub(test, offline_pages_alloc_chunk);
	KUNIT_EXPECT_EQ(test, t->calls, 1U);
	expect_holds(test, &t->other, 0UL);
}

/* After reserve_*, keep_* and adopt_* do not depend on memory any more. */
static void reserved_needs_no_memory(struct kunit *test)
{
	struct offline_test *t = test->priv;
	unsigned long pfn = get_fresh_pages(test, 2);
	struct page *page = get_page_in_use(test);

	KUNIT_ASSERT_EQ(test, 0,
			reserve_offline_page_range(&t->owner, pfn, 4,
						   GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, 0,
			reserve_offline_page_range(&t->owner, page_to_pfn(page),
						   1, GFP_KERNEL));
	t->fail_at = 0;
	kunit_activate_static_stub(test, offline_pages_alloc_chunk,
				   stub_alloc_chunk);
	KUNIT_EXPECT_EQ(test, 0,
			reserve_offline_page_range(&t->owner, pfn, 4,
						   GFP_KERNEL));
	keep_offline_page_range(&t->owner, pfn, 4, 0);
	KUNIT_EXPECT_EQ(test, 0, adopt_offline_page(&t->owner, page, 0));
	kunit_deactivate_static_stub(test, offline_pages_alloc_chunk);
	KUNIT_EXPECT_EQ(test, t->calls, 0u);

	fresh_pages_settled(test, pfn, 4);
	expect_held(test, &t->owner, pfn, 4, TEST_NEVER_ONLINED);
	expect_held(test, &t->owner, page_to_pfn(page), 1, 0);
	KUNIT_ASSERT_EQ(test, 0, lend_offline_page(&t->owner, page));
	put_page_in_use(test, page);
	free_offline_page_range(&t->owner, pfn, 4);
	expect_all_back(test, &t->owner);
}

#ifndef MODULE
/*
 * Who walks over page frames and reads their contents, as /proc/kcore does,
 * keeps pages from becoming offline meanwhile.
 */

struct waiter {
	struct offline_test *t;
	const struct fail_param *param;
	struct completion done;
	long ret;
};

static int run_waiter(void *arg)
{
	struct waiter *waiter = arg;

	waiter->ret = waiter->param->run(waiter->t);
	complete_all(&waiter->done);
	return 0;
}

static void wait_for_walkers(struct kunit *test)
{
	const struct fail_param *param = test->param_value;
	struct offline_test *t = test->priv;
	struct task_struct *task;
	struct waiter *waiter;

	if (param->run == fail_reserve)
		kunit_skip(test, "takes no pages");
	if (param->prepare)
		param->prepare(test);
	waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, waiter);
	*waiter = (struct waiter){
		.t = t,
		.param = param,
	};
	init_completion(&waiter->done);
	task = kthread_create(run_waiter, waiter, "offline_pages");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);

	page_offline_freeze();
	wake_up_process(task);
	KUNIT_EXPECT_EQ(test, 0UL,
			wait_for_completion_timeout(&waiter->done, HZ / 5));
	KUNIT_EXPECT_EQ(test, t->other.nr_pages, 0UL);
	if (t->pfn)
		KUNIT_EXPECT_FALSE(test, PageOffline(pfn_to_page(t->pfn)));
	page_offline_thaw();
	wait_for_completion(&waiter->done);

	KUNIT_EXPECT_GT(test, waiter->ret, 0L);
	expect_holds(test, &t->other, (unsigned long)waiter->ret);
	if (param->adopts) {
		KUNIT_ASSERT_EQ(test, 0,
				lend_offline_page(&t->other,
						  pfn_to_page(t->pfn)));
		put_page_in_use(test, pfn_to_page(t->pfn));
	} else {
		expect_accounting(test);
		free_all(&t->other);
	}
	expect_all_back(test, &t->other);
}
#endif

/*
 * What is known about a page.
 */

static void check_memdesc(struct kunit *test, struct page *page,
			  unsigned int flags)
{
	unsigned long section = 0;
	unsigned int order;

#ifdef SECTION_IN_PAGE_FLAGS
	section = pfn_to_section_nr(page_to_pfn(page));
#endif
	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		struct offline_page_state state = {};
		u64 memdesc = offline_page_memdesc(page, order);

		/* Type 0, subtype 5, not for user space, and the order. */
		KUNIT_EXPECT_EQ(test, memdesc & 0xfff, 5 << 4);
		KUNIT_EXPECT_EQ(test, memdesc >> 12 & 0x3f, order);
		KUNIT_ASSERT_TRUE(test,
				  offline_page_from_memdesc(memdesc, &state));
		KUNIT_EXPECT_EQ(test, state.order, order);
		KUNIT_EXPECT_EQ(test, state.zone, page_zonenum(page));
		KUNIT_EXPECT_EQ(test, state.nid, page_to_nid(page));
		KUNIT_EXPECT_EQ(test, state.section, section);
		KUNIT_EXPECT_EQ(test, state.never_onlined,
				!!(flags & TEST_NEVER_ONLINED));
		KUNIT_EXPECT_EQ(test, state.skippable,
				!!(flags & OFFLINE_PAGE_SKIPPABLE));
		KUNIT_EXPECT_EQ(test, state.movable,
				!!(flags & OFFLINE_PAGE_MOVABLE));
		KUNIT_EXPECT_EQ(test, state.hwpoison,
				!!(flags & TEST_POISONED));
	}
}

/* Everything about the page goes into one word and comes out of it again. */
static void memdesc_round_trip(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_DMA, GFP_DMA32, GFP_KERNEL, TEST_GFP };
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	unsigned int i;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		for (i = 0; i < ARRAY_SIZE(gfps); i++) {
			struct page *page;

			page = alloc_offline_page(&t->owner, gfps[i] |
						  __GFP_THISNODE | __GFP_NOWARN |
						  __GFP_NORETRY, nid, flags);
			/* Not every node has every zone. */
			if (!page)
				continue;
			check_memdesc(test, page, flags);
			set_never_onlined(page_to_pfn(page));
			check_memdesc(test, page, flags | TEST_NEVER_ONLINED);
			if (IS_ENABLED(CONFIG_MEMORY_FAILURE)) {
				SetPageHWPoison(page);
				check_memdesc(test, page, flags |
					      TEST_NEVER_ONLINED |
					      TEST_POISONED);
				set_bit(PG_offline_onlined,
					offline_page_flags(page));
				check_memdesc(test, page,
					      flags | TEST_POISONED);
				ClearPageHWPoison(page);
			}
			free_offline_page(&t->owner, page);
		}
	}
	KUNIT_EXPECT_GT(test, counted(t, OFFLINE_PAGES_ALLOCATED), 0UL);
	expect_all_back(test, &t->owner);
}

static void memdesc_of_other_pages(struct kunit *test)
{
	const u64 words[] = {
		0,
		1 | 5 << 4,	/* another type */
		4 << 4,		/* another subtype */
		6 << 4,
		(5 | 64) << 4,
		~0ULL,
	};
	struct page *page = get_page_in_use(test);
	struct offline_page_state state = { .order = 42 };
	unsigned int i;

	KUNIT_EXPECT_EQ(test, offline_page_memdesc(page, 0), 0ULL);
	put_page_in_use(test, page);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		KUNIT_EXPECT_FALSE_MSG(test,
				       offline_page_from_memdesc(words[i],
								 &state),
				       "%#llx", words[i]);
	KUNIT_EXPECT_EQ(test, state.order, 42u);
}

/* The flags are aliases: on other pages they mean nothing to us. */
static void flags_of_other_pages(struct kunit *test)
{
	struct page *page = get_page_in_use(test);
	unsigned long *flags = offline_page_flags(page);
	const unsigned long old = *flags;

	KUNIT_EXPECT_PTR_EQ(test, flags, (unsigned long *)&page->flags);
	clear_bit(PG_offline_onlined, flags);
	set_bit(PG_offline_skippable, flags);
	set_bit(PG_offline_movable, flags);
	KUNIT_EXPECT_FALSE(test, PageOfflineNeverOnlined(page));
	KUNIT_EXPECT_FALSE(test, PageOfflineSkippable(page));
	KUNIT_EXPECT_FALSE(test, PageMovableOffline(page));
	KUNIT_EXPECT_FALSE(test, offline_page_can_skip(page));
	KUNIT_EXPECT_FALSE(test, offline_page_can_move(page));
	*flags = old;

	/* All different, or setting one would change another. */
	KUNIT_EXPECT_EQ(test, 3,
			hweight_long(BIT(PG_offline_onlined) |
				     BIT(PG_offline_skippable) |
				     BIT(PG_offline_movable)));
	KUNIT_EXPECT_FALSE(test, PageHWPoison(page));
	put_page_in_use(test, page);
}

/*
 * Messages about pages, as they are printed: whoever prints runs this, so that
 * nothing of others is mistaken for it, and nothing is lost on its way.
 */
struct listener {
	struct task_struct *task;
	char wanted[2][100];
	bool heard[2];
};

static void listen_to_console(void *data, const char *text, size_t len)
{
	struct listener *l = data;
	unsigned int i;

	if (current != l->task || !in_task())
		return;
	for (i = 0; i < ARRAY_SIZE(l->wanted); i++)
		if (strnstr(text, l->wanted[i], len))
			l->heard[i] = true;
}

static void stop_listening(void *data)
{
	unregister_trace_console(listen_to_console, data);
	tracepoint_synchronize_unregister();
}

static struct listener *start_listening(struct kunit *test)
{
	struct listener *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, l);
	l->task = current;
	if (register_trace_console(listen_to_console, l))
		kunit_skip(test, "needs CONFIG_TRACEPOINTS");
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, stop_listening, l));
	return l;
}

/* What is said about the page names its kind, and its owner. */
static void __expect_named(struct kunit *test, struct listener *l,
			   struct page *page, const char *kind,
			   const char *owner, int line)
{
	unsigned int i;

	snprintf(l->wanted[0], sizeof(l->wanted[0]),
		 "offline page: %s, held by %s", kind, owner ?: "nobody known");
	snprintf(l->wanted[1], sizeof(l->wanted[1]),
		 "page %#lx is offline (%s), held by %s", page_to_pfn(page),
		 kind, owner ?: "nobody any more");
	memset(l->heard, 0, sizeof(l->heard));
	dump_page(page, "KUnit test");
	__report_offline_page(page, "KUnit test");
	for (i = 0; i < ARRAY_SIZE(l->wanted); i++)
		KUNIT_EXPECT_TRUE_MSG(test, l->heard[i], "\"%s\", line %d",
				      l->wanted[i], line);
}

#define expect_named(test, l, page, kind, owner) \
	__expect_named(test, l, page, kind, owner, __LINE__)

static void report_pages(struct kunit *test)
{
	static const char * const kinds[] = {
		"plain", "skippable", "plain, movable", "skippable, movable",
	};
	const struct flags_param *param = test->param_value;
	const char *kind = kinds[param - all_flags];
	struct listener *l = start_listening(test);
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	struct page *page = take_page(test, &t->owner, flags);
	struct page *in_use = get_page_in_use(test);
	unsigned long fresh = get_fresh_pages(test, 0);
	char never[64], poisoned[64];

	snprintf(never, sizeof(never), "%s, never onlined", kind);
	snprintf(poisoned, sizeof(poisoned), "%s, poisoned", kind);
	expect_named(test, l, page, kind, "kunit");
	if (IS_ENABLED(CONFIG_MEMORY_FAILURE)) {
		SetPageHWPoison(page);
		expect_named(test, l, page, poisoned, "kunit");
		ClearPageHWPoison(page);
	}
	set_never_onlined(page_to_pfn(page));
	expect_named(test, l, page, never, "kunit");
	expect_named(test, l, pfn_to_page(fresh), "plain, never onlined", NULL);

	/* It is not said of other pages. */
	strscpy(l->wanted[0], "offline page:");
	l->heard[0] = false;
	dump_page(in_use, "KUnit test");
	KUNIT_EXPECT_FALSE(test, l->heard[0]);
	put_page_in_use(test, in_use);
	kunit_release_action(test, stop_listening, l);
	set_bit(PG_offline_onlined, offline_page_flags(page));

	expect_held(test, &t->owner, page_to_pfn(page), 1, flags);
	free_offline_page(&t->owner, page);
	online_fresh_page(t, fresh);
	fresh_pages_settled(test, fresh, 1);
	expect_all_back(test, &t->owner);
}

/*
 * Nobody touches the dead words of struct page.
 */

struct word_param {
	const char *name;
	size_t offset;
};

static const struct word_param words[] = {
	{ "lru.next", offsetof(struct page, lru.next) },
	{ "lru.prev", offsetof(struct page, lru.prev) },
	{ "mapping", offsetof(struct page, mapping) },
	{ "index", offsetof(struct page, mapping) + sizeof(void *) },
	{ "private", offsetof(struct page, private) },
#ifdef CONFIG_MEMCG
	{ "memcg_data", offsetof(struct page, memcg_data) },
#endif
};

KUNIT_ARRAY_PARAM_DESC(word, words, name);

static unsigned long *page_word(struct page *page, unsigned int i)
{
	return (unsigned long *)((char *)page + words[i].offset);
}

static void need_canary(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_DEBUG_OFFLINE_PAGES))
		kunit_skip(test, "needs CONFIG_DEBUG_OFFLINE_PAGES");
}

static void damaged_word(struct kunit *test)
{
	const struct word_param *param = test->param_value;
	struct offline_test *t = test->priv;
	unsigned int w = param - words;
	unsigned long pfn;
	struct page *page;

	need_canary(test);

	/* Found when the page is freed. */
	pfn = take_block(test, &t->owner, 2, 0);
	*page_word(pfn_to_page(pfn + 2), w) += 16;
	expect_misuse(test, 0);
	free_offline_page_range(&t->owner, pfn, 4);
	expect_misuse(test, 1);
	expect_back(test, pfn, 4);
	expect_all_back(test, &t->owner);

	/* When it is onlined. */
	pfn = get_fresh_pages(test, 2);
	KUNIT_ASSERT_EQ(test, 0, reserve_offline_page_range(&t->owner, pfn, 4,
							    GFP_KERNEL));
	keep_offline_page_range(&t->owner, pfn, 4, 0);
	*page_word(pfn_to_page(pfn + 1), w) = 0;
	free_offline_page_range(&t->owner, pfn, 4);
	expect_misuse(test, 1);
	fresh_pages_settled(test, pfn, 4);
	expect_back(test, pfn, 4);
	expect_all_back(test, &t->owner);

	/* When it is used again, which must not notice. */
	page = get_page_in_use(test);
	KUNIT_ASSERT_EQ(test, 0, adopt_offline_page(&t->owner, page, 0));
	*page_word(page, w) ^= BIT(12);
	KUNIT_ASSERT_EQ(test, 0, lend_offline_page(&t->owner, page));
	expect_misuse(test, 1);
	KUNIT_EXPECT_EQ(test, *page_word(page, w), 0UL);
	put_page_in_use(test, page);
	expect_all_back(test, &t->owner);
}

static void canary_of_all_words(struct kunit *test)
{
	struct offline_test *t = test->priv;
	struct page *page;
	unsigned long pfn;
	unsigned int i;

	need_canary(test);
	pfn = take_block(test, &t->owner, 1, 0);
	page = pfn_to_page(pfn);
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		unsigned long word = *page_word(page, i);

		KUNIT_EXPECT_NE_MSG(test, word, 0UL, "%s", words[i].name);
		/* A word copied from the neighbour does not pass for its own. */
		KUNIT_EXPECT_NE_MSG(test, word, *page_word(page + 1, i), "%s",
				    words[i].name);
	}
	memcpy(page_word(page, 0), page_word(page + 1, 0),
	       5 * sizeof(unsigned long));
	free_offline_page_range(&t->owner, pfn, 2);
	expect_misuse(test, 5);
	expect_back(test, pfn, 2);
	expect_all_back(test, &t->owner);
}

/*
 * The rest of mm meets offline pages.
 */

static void contig_alloc_over_page(struct kunit *test)
{
#ifdef CONFIG_CONTIG_ALLOC
	struct offline_test *t = test->priv;
	unsigned int flags = param_flags(test);
	unsigned long base, pfn;
	unsigned int i;

	/*
	 * Movable or not: its owner does not let it go. One that does not move
	 * is seen at once, before anybody is asked for what stands before it.
	 */
	base = find_free_pages(test, 64, 0, 64);
	for (i = 0; i < 64; i += 21) {
		unsigned long first = base + (i ? 0 : 5), asked;

		pfn = base + i;
		KUNIT_ASSERT_EQ(test, 0, take_range(&t->other, first, 1,
						    OFFLINE_PAGE_MOVABLE));
		KUNIT_ASSERT_EQ(test, 0, take_range(&t->owner, pfn, 1, flags));
		asked = counted(t, OFFLINE_PAGES_MIGRATE_CALLS);
		KUNIT_EXPECT_EQ(test, -EBUSY,
				alloc_contig_range(base, base + 64,
						   ACR_FLAGS_NONE, TEST_GFP));
		KUNIT_EXPECT_EQ(test, -EBUSY,
				alloc_contig_range(pfn, pfn + 1,
						   ACR_FLAGS_NONE, TEST_GFP));
		KUNIT_EXPECT_EQ(test, !!(flags & OFFLINE_PAGE_MOVABLE),
				counted(t, OFFLINE_PAGES_MIGRATE_CALLS) > asked);
		expect_held(test, &t->owner, pfn, 1, flags);
		expect_held(test, &t->other, first, 1, OFFLINE_PAGE_MOVABLE);
		expect_holds(test, &t->owner, 1UL);
		expect_accounting(test);
		free_offline_page(&t->other, pfn_to_page(first));
		free_offline_page(&t->owner, pfn_to_page(pfn));
		expect_back(test, base, 64);
		expect_all_back(test, &t->owner);
	}
#else
	need_contig_alloc(test);
#endif
}

/* The first page that cannot be moved is named, unless nobody wants to know. */
static void contig_alloc_says_why(struct kunit *test)
{
#ifdef CONFIG_CONTIG_ALLOC
	struct offline_test *t = test->priv;
	struct listener *l = start_listening(test);
	unsigned long base = find_free_pages(test, 64, 0, 64);

	KUNIT_ASSERT_EQ(test, 0, take_range(&t->other, base + 5, 1,
					    OFFLINE_PAGE_MOVABLE));
	KUNIT_ASSERT_EQ(test, 0, take_range(&t->owner, base + 21, 2, 0));
	strscpy(l->wanted[0], "contiguous allocation failed");
	snprintf(l->wanted[1], sizeof(l->wanted[1]),
		 "contiguous allocation failed: page %#lx is offline (plain), held by kunit",
		 base + 21);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			alloc_contig_range(base, base + 64, ACR_FLAGS_NONE,
					   TEST_GFP));
	KUNIT_EXPECT_FALSE(test, l->heard[0]);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			alloc_contig_range(base, base + 64, ACR_FLAGS_NONE,
					   TEST_GFP & ~__GFP_NOWARN));
	KUNIT_EXPECT_TRUE(test, l->heard[1]);
	kunit_release_action(test, stop_listening, l);

	free_offline_page(&t->other, pfn_to_page(base + 5));
	free_offline_page_range(&t->owner, base + 21, 2);
	expect_back(test, base, 64);
	expect_all_back(test, &t->owner);
#else
	need_contig_alloc(test);
#endif
}

/*
 * Threads that work on pages of one owner, whose bits are in the same words,
 * while another one looks.
 */

#define HAMMER_PAGES 64

struct hammer {
	struct offline_page_owner *owner;
	unsigned long pfn;
	unsigned int cpu;		/* that it was on, if it says so */
	unsigned long rounds;
	unsigned long wrong;
};

static int hammer_alloc_free(void *arg)
{
	struct hammer *h = arg;
	unsigned long pfns[16], nr, i;

	while (!kthread_should_stop()) {
		nr = alloc_offline_pages_bulk(h->owner, ARRAY_SIZE(pfns),
					      TEST_GFP, NUMA_NO_NODE, 0, pfns);
		for (i = 0; i < nr; i++)
			if (!offline_page_held(h->owner, pfns[i]) ||
			    offline_page_wrong(pfn_to_page(pfns[i]), 0))
				h->wrong++;
		free_offline_pages_bulk(h->owner, nr / 2, pfns);
		for (i = nr / 2; i < nr; i++)
			free_offline_page(h->owner, pfn_to_page(pfns[i]));
		h->rounds += nr > 0;
		cond_resched();
	}
	return 0;
}

/* Every other page is this thread's, the rest are its neighbour's. */
static int hammer_lend_adopt(void *arg)
{
	struct hammer *h = arg;
	unsigned long i;

	while (!kthread_should_stop()) {
		for (i = 0; i < HAMMER_PAGES; i += 2) {
			struct page *page = pfn_to_page(h->pfn + i);

			if (lend_offline_page(h->owner, page) ||
			    PageOffline(page) || page_ref_count(page) != 1 ||
			    adopt_offline_page(h->owner, page, 0)) {
				/* Never mind the others. */
				h->wrong++;
				return 0;
			}
		}
		h->rounds++;
		cond_resched();
	}
	return 0;
}

static int hammer_look(void *arg)
{
	struct hammer *h = arg;
	struct page *page;
	char buf[16];

	while (!kthread_should_stop()) {
		unsigned long pfn = 0, nr = 0;

		while ((page = next_offline_page(h->owner, pfn))) {
			/* It may be gone by now, but not somebody else's. */
			pfn = page_to_pfn(page);
			if (!offline_page_owner_name(pfn, buf, sizeof(buf)) &&
			    strcmp(buf, h->owner->name))
				h->wrong++;
			pfn++;
			nr++;
		}
		h->rounds += nr > 0;
		cond_resched();
	}
	return 0;
}

static void run_hammers(struct kunit *test, struct offline_page_owner *owner,
			unsigned long pfn, int (* const fns[])(void *),
			unsigned int nr, unsigned int ms)
{
	struct task_struct **tasks;
	struct hammer *hammers;
	unsigned int i;

	hammers = kunit_kcalloc(test, nr, sizeof(*hammers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hammers);
	tasks = kunit_kcalloc(test, nr, sizeof(*tasks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tasks);
	for (i = 0; i < nr; i++) {
		hammers[i].owner = owner;
		hammers[i].pfn = pfn + i;
		tasks[i] = kthread_create(fns[i], &hammers[i],
					  "offline_pages/%u", i);
		if (!IS_ERR(tasks[i])) {
			/* One may end by itself. */
			get_task_struct(tasks[i]);
			wake_up_process(tasks[i]);
		}
	}
	msleep(ms);
	for (i = 0; i < nr; i++) {
		if (!IS_ERR(tasks[i])) {
			kthread_stop(tasks[i]);
			put_task_struct(tasks[i]);
		}
	}

	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_NOT_ERR_OR_NULL(test, tasks[i]);
		KUNIT_EXPECT_GT_MSG(test, hammers[i].rounds, 0UL, "thread %u",
				    i);
		KUNIT_EXPECT_EQ_MSG(test, hammers[i].wrong, 0UL, "thread %u",
				    i);
	}
}

static void concurrent(struct kunit *test)
{
	static int (* const fns[])(void *) = {
		hammer_lend_adopt, hammer_lend_adopt, hammer_alloc_free,
		hammer_look,
	};
	struct offline_test *t = test->priv;
	unsigned long pfn;

	pfn = take_block(test, &t->owner, ilog2(HAMMER_PAGES), 0);
	run_hammers(test, &t->owner, pfn, fns, ARRAY_SIZE(fns), 500);
	expect_held(test, &t->owner, pfn, HAMMER_PAGES, 0);
	expect_holds(test, &t->owner, HAMMER_PAGES);
	free_offline_page_range(&t->owner, pfn, HAMMER_PAGES);
	expect_back(test, pfn, HAMMER_PAGES);
	expect_all_back(test, &t->owner);
	KUNIT_EXPECT_EQ(test, counted(t, OFFLINE_PAGES_ALLOCATED),
			counted(t, OFFLINE_PAGES_FREED));
}

static bool page_gone;

/* Wherever the CPU is just now, the page leaves meanwhile, if it hurries. */
static void hold_up(void *unused)
{
	unsigned int i;

	for (i = 0; i < 10000 && !READ_ONCE(page_gone); i++)
		cpu_relax();
}

static void hold_up_cpu(unsigned int cpu)
{
	guard(preempt)();
	if (cpu != smp_processor_id())
		smp_call_function_single(cpu, hold_up, NULL, false);
}

/*
 * A page leaves and comes, and somebody asks whether its block can go offline.
 * Whenever it is there, it can. It leaves at any time, but comes back only when
 * the one who asks, which is the next thread, cannot have seen it go.
 */
static int hammer_come_and_go(void *arg)
{
	struct hammer *h = arg, *asker = h + 1;
	struct page *page = pfn_to_page(h->pfn);
	unsigned int flags = PageMovableOffline(page) ? OFFLINE_PAGE_MOVABLE :
							OFFLINE_PAGE_SKIPPABLE;
	unsigned long asked;
	bool stop = false;

	while (!stop) {
		WRITE_ONCE(page_gone, false);
		hold_up_cpu(READ_ONCE(asker->cpu));
		ndelay(get_random_u32_below(20000));
		if (lend_offline_page(h->owner, page)) {
			h->wrong++;
			break;
		}
		WRITE_ONCE(page_gone, true);
		asked = READ_ONCE(asker->rounds);
		do {
			cond_resched();
			stop = kthread_should_stop();
			/* It is stopped later, but may never have started. */
			if (stop && !asked)
				break;
		} while (READ_ONCE(asker->rounds) - asked < 2);
		smp_mb();	/* the asker is through; pairs with hammer_ask() */
		if (adopt_offline_page(h->owner, page, flags)) {
			h->wrong++;
			break;
		}
		h->rounds++;
	}
	return 0;
}

static int hammer_ask(void *arg)
{
	struct hammer *h = arg;
	struct page *page = pfn_to_page(h->pfn - 1);

	while (!kthread_should_stop()) {
		WRITE_ONCE(h->cpu, raw_smp_processor_id());
		if (PageOffline(page) && offline_page_stays(page, true))
			h->wrong++;
		smp_mb();	/* it is through with the page before it says so */
		WRITE_ONCE(h->rounds, h->rounds + 1);
		cond_resched();
	}
	return 0;
}

static void ask_while_leaving(struct kunit *test)
{
	static int (* const fns[])(void *) = {
		hammer_come_and_go, hammer_ask,
	};
	static const unsigned int flags[] = {
		OFFLINE_PAGE_MOVABLE, OFFLINE_PAGE_SKIPPABLE,
	};
	struct offline_test *t = test->priv;
	struct page *page;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		page = take_page(test, &t->owner, flags[i]);
		/* Compaction keeps off: it would have the page now and then. */
		t->owner.leaving = true;
		run_hammers(test, &t->owner, page_to_pfn(page), fns,
			    ARRAY_SIZE(fns), 500);
		t->owner.leaving = false;
		expect_held(test, &t->owner, page_to_pfn(page), 1, flags[i]);
		free_offline_page(&t->owner, page);
	}
	expect_all_back(test, &t->owner);
}

/*
 * Migration, of pages of a mock balloon.
 */

/* Not a result. */
#define MOCK_GARBAGE 0x5a

static const struct mock_kind mock_kinds[] = {
	{ "batches" },
	{ "batches of seven", .max_batch = 7 },
	{ "one by one", .one_by_one = true },
	{ "batches of seven that stay managed", .max_batch = 7,
	  .stays_managed = true },
	{ "one by one that stay managed", .one_by_one = true,
	  .stays_managed = true },
	{ "blocks in batches", .order = BLOCK_ORDER },
	{ "blocks in twos that stay managed", .order = BLOCK_ORDER, .max_batch = 2,
	  .stays_managed = true },
	{ "blocks one by one", .order = BLOCK_ORDER, .one_by_one = true },
};

KUNIT_ARRAY_PARAM_DESC(mock_kind, mock_kinds, name);

static const struct mock_script all_moved = {
	"all moved", { OFFLINE_PAGE_MOVED }, 1,
};

static const struct mock_script all_deflated = {
	"all deflated", { OFFLINE_PAGE_DEFLATED }, 1,
};

static const struct mock_script all_kept = {
	"all kept", { OFFLINE_PAGE_KEPT }, 1, -EBUSY,
};

static const struct mock_script mock_scripts[] = {
	{ "all moved", { OFFLINE_PAGE_MOVED }, 1 },
	{ "all kept", { OFFLINE_PAGE_KEPT }, 1, -EBUSY },
	{ "every other kept", { OFFLINE_PAGE_MOVED, OFFLINE_PAGE_KEPT }, 2,
	  -EBUSY },
	{ "kept without an error", { OFFLINE_PAGE_KEPT, OFFLINE_PAGE_MOVED,
	  OFFLINE_PAGE_MOVED }, 3 },
	{ "all deflated", { OFFLINE_PAGE_DEFLATED }, 1 },
	{ "some deflated", { OFFLINE_PAGE_MOVED, OFFLINE_PAGE_MOVED,
	  OFFLINE_PAGE_DEFLATED }, 3 },
	{ "everything at once", { OFFLINE_PAGE_KEPT, OFFLINE_PAGE_DEFLATED,
	  OFFLINE_PAGE_MOVED, OFFLINE_PAGE_MOVED }, 4, -EIO },
	{ "busy at first", { OFFLINE_PAGE_MOVED }, 1, .busy = 2 },
	{ "garbage", { OFFLINE_PAGE_MOVED, MOCK_GARBAGE }, 2 },
	{ "all added", { OFFLINE_PAGE_ADDED }, 1 },
	{ "some added", { OFFLINE_PAGE_ADDED, OFFLINE_PAGE_MOVED,
	  OFFLINE_PAGE_DEFLATED, OFFLINE_PAGE_KEPT }, 4, -EBUSY },
};

static u8 script_result(const struct mock_script *script, unsigned int i)
{
	return script->results[i % script->nr_results];
}

static void mock_wrong(struct mock *m, unsigned long pfn, const char *what)
{
	if (atomic_inc_return(&m->wrong) <= 10)
		pr_err("mock balloon: page %#lx %s\n", pfn, what);
}

static void mock_host_add(struct mock *m, unsigned long pfn)
{
	int ret;

	ret = xa_insert(&m->host, pfn, xa_mk_value(1),
			GFP_ATOMIC | __GFP_NOWARN);
	if (ret == -EBUSY)
		mock_wrong(m, pfn, "goes to the host, which has it already");
	else if (ret)
		mock_wrong(m, pfn, "cannot be remembered");
}

static void mock_host_remove(struct mock *m, unsigned long pfn)
{
	if (!xa_erase(&m->host, pfn))
		mock_wrong(m, pfn, "comes from the host, which does not have it");
}

/* Its pages are as it took them, but that some are poisoned. */
static const char *mock_page_wrong(const struct mock *m,
				   const struct page *page)
{
	unsigned int poisoned = PageHWPoison(page) ? TEST_POISONED : 0;

	return offline_page_wrong(page, m->flags | poisoned);
}

/* What it is asked to exchange nobody else may have a hand on. */
static void mock_check_alone(struct mock *m, unsigned long pfn)
{
	unsigned long i;

	if (!IS_ALIGNED(pfn, block_pages(m)))
		mock_wrong(m, pfn, "is no block");
	for (i = pfn; i < pfn + block_pages(m); i++) {
		const struct page *page = pfn_to_page(i);
		const char *wrong = mock_page_wrong(m, page);

		if (wrong)
			mock_wrong(m, i, wrong);
		if (offline_page_held(&m->owner, i))
			mock_wrong(m, i, "is not isolated");
	}
}

static u8 mock_exchange(struct mock *m, unsigned long dst, unsigned long src,
			enum migrate_mode mode)
{
	u8 result = script_result(m->script, m->asked++);

	if (mode != m->mode && !(m->breaks && mode == MIGRATE_SYNC_LIGHT))
		mock_wrong(m, src, "is migrated in another mode");
	mock_check_alone(m, src);
	mock_check_alone(m, dst);
	if (!xa_load(&m->host, src))
		mock_wrong(m, src, "is migrated, but the host does not have it");
	if (m->hook)
		m->hook(m, dst, src);
	if (result == OFFLINE_PAGE_MOVED || result == OFFLINE_PAGE_DEFLATED)
		mock_host_remove(m, src);
	if (result == OFFLINE_PAGE_MOVED || result == OFFLINE_PAGE_ADDED)
		mock_host_add(m, dst);
	return result;
}

/* With the lock held; false if it cannot be bothered now. */
static bool mock_call(struct mock *m, unsigned int nr)
{
	m->calls++;
	m->largest = max(m->largest, nr);
	if (!m->busy)
		return true;
	m->busy--;
	return false;
}

static int mock_migrate(struct offline_page_owner *owner, unsigned int nr,
			const unsigned long *dst, const unsigned long *src,
			u8 *result, enum migrate_mode mode)
{
	struct mock *m = mock_of(owner);
	unsigned int i;
	int ret = 0;

	might_sleep();
	if (!mutex_trylock(&m->lock))
		return -EAGAIN;
	if (!nr || (m->ops.max_batch && nr > m->ops.max_batch))
		mock_wrong(m, nr, "is a strange size of a batch");
	if (!mock_call(m, nr)) {
		mutex_unlock(&m->lock);
		return -EAGAIN;
	}
	for (i = 0; i < nr; i++) {
		if (result[i] != OFFLINE_PAGE_KEPT)
			mock_wrong(m, src[i], "was migrated already");
		result[i] = mock_exchange(m, dst[i], src[i], mode);
		if (result[i] == OFFLINE_PAGE_KEPT)
			ret = m->script->error;
	}
	mutex_unlock(&m->lock);
	return ret;
}

static int mock_migrate_one(struct offline_page_owner *owner, struct page *dst,
			    struct page *src, enum migrate_mode mode)
{
	struct mock *m = mock_of(owner);
	int ret = -EAGAIN;

	might_sleep();
	if (!mutex_trylock(&m->lock))
		return -EAGAIN;
	if (mock_call(m, 1)) {
		switch (mock_exchange(m, page_to_pfn(dst), page_to_pfn(src),
				      mode)) {
		case OFFLINE_PAGE_MOVED:
			ret = 0;
			break;
		case OFFLINE_PAGE_DEFLATED:
			ret = -ENOENT;
			break;
		case OFFLINE_PAGE_KEPT:
			ret = m->script->error ?: -EBUSY;
			break;
		default:
			/* No error that there is. */
			ret = 1;
		}
	}
	mutex_unlock(&m->lock);
	return ret;
}

static void mock_poisoned(struct offline_page_owner *owner, struct page *page)
{
	struct mock *m = mock_of(owner);
	unsigned long pfn = page_to_pfn(page);

	might_sleep();
	mutex_lock(&m->lock);
	m->nr_poisoned++;
	m->poisoned = page;
	if (m->owner.order || !PageHWPoison(page) || !PageOffline(page) ||
	    offline_page_held(owner, pfn))
		mock_wrong(m, pfn, "is said to be poisoned");
	mock_host_remove(m, pfn);
	mutex_unlock(&m->lock);
}

/*
 * Its driver. These do not need a test: threads use them as well.
 */

static unsigned long mock_inflate(struct mock *m, unsigned long nr, gfp_t gfp,
				  int nid, unsigned long *pfns)
{
	unsigned long i;

	nr = alloc_offline_pages_bulk(&m->owner, nr, gfp, nid,
				      OFFLINE_PAGE_MOVABLE |
				      OFFLINE_PAGE_ISOLATED, pfns);
	mutex_lock(&m->lock);
	for (i = 0; i < nr; i++)
		mock_host_add(m, pfns[i]);
	mutex_unlock(&m->lock);
	putback_offline_pages_bulk(&m->owner, nr, pfns);
	return nr;
}

static unsigned long mock_deflate(struct mock *m, unsigned long nr,
				  unsigned long *pfns)
{
	unsigned long i;

	nr = isolate_offline_pages_bulk(&m->owner, nr, pfns);
	mutex_lock(&m->lock);
	for (i = 0; i < nr; i++)
		mock_host_remove(m, pfns[i]);
	mutex_unlock(&m->lock);
	free_isolated_offline_pages_bulk(&m->owner, nr, pfns);
	return nr;
}

static void mock_deflate_all(struct mock *m)
{
	unsigned long pfns[32];

	while (mock_deflate(m, ARRAY_SIZE(pfns), pfns))
		cond_resched();
}

/* Inflate with given pages. */
static int mock_take_range(struct mock *m, unsigned long pfn,
			   unsigned long nr_pages)
{
	unsigned long end_pfn = pfn + nr_pages, pfns[32];
	unsigned int n;
	int ret;

	ret = take_range(&m->owner, pfn, nr_pages,
			 m->flags | OFFLINE_PAGE_ISOLATED);
	if (ret)
		return ret;
	while (pfn < end_pfn) {
		for (n = 0; n < ARRAY_SIZE(pfns) && pfn < end_pfn; n++) {
			mock_host_add(m, pfn);
			pfns[n] = pfn;
			pfn += block_pages(m);
		}
		putback_offline_pages_bulk(&m->owner, n, pfns);
	}
	return 0;
}

/* Nothing is left of it, whatever the test did. */
static void end_mock(void *arg)
{
	struct mock *m = arg;
	unsigned long pfn;
	void *entry;

	if (m->owner.registered) {
		mock_deflate_all(m);
		xa_for_each(&m->host, pfn, entry)
			free_isolated_offline_page(&m->owner, pfn_to_page(pfn));
		m->owner.nr_isolated = 0;
		unregister_offline_page_owner(&m->owner);
	}
	xa_destroy(&m->host);
	list_del(&m->list);
}

static struct mock *new_mock(struct kunit *test, const struct mock_kind *kind)
{
	struct offline_test *t = test->priv;
	struct mock *m;

	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	mutex_init(&m->lock);
	xa_init(&m->host);
	m->flags = OFFLINE_PAGE_MOVABLE;
	m->mode = MIGRATE_SYNC;
	m->script = &all_moved;
	if (kind->one_by_one)
		m->ops.migrate_one = mock_migrate_one;
	else
		m->ops.migrate = mock_migrate;
	m->ops.max_batch = kind->max_batch;
	m->ops.poisoned = mock_poisoned;
	init_offline_page_owner(&m->owner, "kunit-mock");
	m->owner.ops = &m->ops;
	m->owner.order = kind->order;
	m->owner.balloon = true;
	m->owner.stays_managed = kind->stays_managed;
	KUNIT_ASSERT_EQ(test, 0, register_offline_page_owner(&m->owner));
	list_add_tail(&m->list, &t->mocks);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_mock, m));
	return m;
}

static void set_script(struct mock *m, const struct mock_script *script)
{
	m->script = script;
	m->busy = script->busy;
	m->asked = 0;
	m->calls = 0;
	m->largest = 0;
}

/* What the host has is what the owner has, and it is in order. */
static void __expect_mock(struct kunit *test, struct mock *m,
			  unsigned long nr_blocks, int line)
{
	unsigned long pfn, i, nr = 0;
	void *entry;

	xa_for_each(&m->host, pfn, entry) {
		nr++;
		for (i = pfn; i < pfn + block_pages(m); i++) {
			const struct page *page = pfn_to_page(i);
			const char *wrong = mock_page_wrong(m, page);

			if (!wrong && !offline_page_held(&m->owner, i))
				wrong = "the host has it, and the guest lost it";
			if (wrong) {
				KUNIT_FAIL(test, "page %#lx: %s, line %d", i,
					   wrong, line);
				return;
			}
		}
		cond_resched();
	}
	KUNIT_EXPECT_EQ_MSG(test, nr, nr_blocks, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, m->owner.nr_pages, nr * block_pages(m),
			    "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, m->owner.nr_isolated, 0UL, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&m->wrong), 0, "line %d", line);
	__expect_accounting(test, line);
}

#define expect_mock(test, m, nr_blocks) \
	__expect_mock(test, m, nr_blocks, __LINE__)

/* Isolated or on its way: offline, movable, and in nobody's set. */
static void __expect_isolated(struct kunit *test, struct mock *m,
			      unsigned long pfn, unsigned long nr_pages,
			      int line)
{
	unsigned long end_pfn = pfn + nr_pages;
	char buf[8];

	for (; pfn < end_pfn; pfn++) {
		const char *wrong;

		wrong = offline_page_wrong(pfn_to_page(pfn), m->flags);
		if (!wrong && offline_page_held(&m->owner, pfn))
			wrong = "its owner holds it";
		if (!wrong && !offline_page_owner_name(pfn, buf, sizeof(buf)))
			wrong = "somebody holds it";
		if (wrong) {
			KUNIT_FAIL(test, "isolated page %#lx: %s, line %d", pfn,
				   wrong, line);
			return;
		}
	}
}

#define expect_isolated(test, m, pfn, nr_pages) \
	__expect_isolated(test, m, pfn, nr_pages, __LINE__)

/*
 * Destinations.
 */

struct test_targets {
	struct offline_page_targets ops;
	struct kunit *test;
	gfp_t gfp;
	int nid;
	/* So many and no more. */
	unsigned int limit;
	unsigned int allocated;
	unsigned int freed;
	unsigned long pfns[OFFLINE_PAGE_BATCH];
	/* Of the first one; see targets_free_beside(). */
	struct zone *zone, *elsewhere;
	unsigned long managed;
};

/* Where frozen pages go that are nothing but frozen. */
static void put_frozen_pages(struct page *page, unsigned int order)
{
	set_page_count(page, 1);
	__free_pages(page, order);
}

static struct page *targets_alloc(unsigned int order, void *private)
{
	struct test_targets *targets = private;
	struct page *page;

	if (targets->allocated >= min(targets->limit, OFFLINE_PAGE_BATCH))
		return NULL;
	page = offline_pages_alloc_frozen(targets->gfp, order, targets->nid);
	if (page)
		targets->pfns[targets->allocated++] = page_to_pfn(page);
	return page;
}

/* A few at a time. */
static unsigned long targets_alloc_bulk(struct offline_page_owner *owner,
					unsigned long nr, unsigned long *pfns,
					void *private)
{
	unsigned long got;

	for (got = 0; got < min(nr, 3UL); got++) {
		struct page *page = targets_alloc(owner->order, private);

		if (!page)
			break;
		pfns[got] = page_to_pfn(page);
	}
	return got;
}

/* It comes back as it went. */
static void targets_free(struct page *page, unsigned int order, void *private)
{
	struct test_targets *targets = private;
	unsigned long i, pfn = page_to_pfn(page);
	bool known = false;

	for (i = 0; i < targets->allocated; i++)
		known |= targets->pfns[i] == pfn;
	KUNIT_EXPECT_TRUE(targets->test, known);
	for (i = 0; i < 1UL << order; i++, page++) {
		KUNIT_EXPECT_FALSE(targets->test, page_has_type(page));
		KUNIT_EXPECT_EQ(targets->test, page_ref_count(page), 0);
		KUNIT_EXPECT_EQ(targets->test, 0UL, *offline_page_flags(page) &
				(BIT(PG_offline_onlined) |
				 BIT(PG_offline_skippable) |
				 BIT(PG_offline_movable)));
		KUNIT_EXPECT_PTR_EQ(targets->test, page->mapping, NULL);
	}
	targets->freed++;
	put_frozen_pages(pfn_to_page(pfn), order);
}

static void init_targets(struct kunit *test, struct test_targets *targets,
			 gfp_t gfp, int nid)
{
	*targets = (struct test_targets){
		.ops = {
			.alloc = targets_alloc,
			.free = targets_free,
			.private = targets,
		},
		.test = test,
		.gfp = gfp,
		.nid = nid,
		.limit = UINT_MAX,
	};
}

/* Fill an empty batch with what there is in a range. */
static void isolate_batch(struct kunit *test, struct offline_page_batch *batch,
			  unsigned long pfn, unsigned long end_pfn)
{
	long ret;

	memset(batch, 0, sizeof(*batch));
	while (pfn < end_pfn) {
		ret = isolate_offline_page_run(batch, pfn, end_pfn,
					       MAX_PAGE_ORDER);
		KUNIT_ASSERT_GT(test, ret, 0L);
		pfn += ret;
	}
}

/* Pages of the mock that follow each other, as many blocks. */
static unsigned long mock_range(struct kunit *test, struct mock *m,
				unsigned long nr_blocks)
{
	unsigned long pfn, nr_pages = nr_blocks * block_pages(m);

	need_contig_alloc(test);
	pfn = find_free_pages(test, max(pageblock_nr_pages, block_pages(m)), 0,
			      nr_pages);
	KUNIT_ASSERT_EQ(test, 0, mock_take_range(m, pfn, nr_pages));
	return pfn;
}

static void mock_inflate_deflate(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long nr = m->owner.order ? 6 : 40, block = block_pages(m);
	struct offline_page_batch batch = {};
	struct offline_test *t = test->priv;
	unsigned long *pfns, *got, i, n;
	struct page *page;
	char buf[8];

	pfns = kunit_kcalloc(test, nr, sizeof(*pfns), GFP_KERNEL);
	got = kunit_kcalloc(test, nr, sizeof(*got), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	KUNIT_ASSERT_NOT_NULL(test, got);

	/* In, before the host knows. */
	n = alloc_offline_pages_bulk(&m->owner, nr, TEST_GFP, NUMA_NO_NODE,
				     OFFLINE_PAGE_MOVABLE |
				     OFFLINE_PAGE_ISOLATED, pfns);
	if (n < nr) {
		free_isolated_offline_pages_bulk(&m->owner, n, pfns);
		KUNIT_ASSERT_GT(test, m->owner.order, 0U);
		kunit_skip(test, "no %lu free blocks", nr);
	}
	KUNIT_EXPECT_EQ(test, m->owner.nr_pages, 0UL);
	KUNIT_EXPECT_EQ(test, m->owner.nr_isolated, nr * block);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfns[i], block));
		expect_isolated(test, m, pfns[i], block);
		KUNIT_EXPECT_EQ(test, 0L,
				isolate_offline_page_run(&batch, pfns[i],
							 pfns[i] + 1,
							 MAX_PAGE_ORDER));
		mock_host_add(m, pfns[i]);
	}
	KUNIT_EXPECT_EQ(test, batch.nr, 0U);
	KUNIT_EXPECT_NULL(test, next_offline_page(&m->owner, 0));
	KUNIT_EXPECT_NULL(test, isolate_offline_page(&m->owner));
	KUNIT_EXPECT_EQ(test, 0UL, isolate_offline_pages_bulk(&m->owner, nr,
							      got));
	expect_accounting(test);
	expect_counted(test, OFFLINE_PAGES_ALLOCATED, nr * block);

	/* The host does not want one; the others are in. */
	sort(pfns, nr, sizeof(*pfns), cmp_pfn, NULL);
	mock_host_remove(m, pfns[0]);
	free_isolated_offline_page(&m->owner, pfn_to_page(pfns[0]));
	expect_back(test, pfns[0], block);
	KUNIT_EXPECT_EQ(test, m->owner.nr_isolated, (nr - 1) * block);
	putback_offline_page(&m->owner, pfn_to_page(pfns[2]));
	KUNIT_EXPECT_EQ(test, m->owner.nr_pages, block);
	expect_held(test, &m->owner, pfns[2], block, OFFLINE_PAGE_MOVABLE);
	putback_offline_pages_bulk(&m->owner, nr - 3, pfns + 3);
	putback_offline_pages_bulk(&m->owner, 1, pfns + 1);
	expect_mock(test, m, nr - 1);
	KUNIT_EXPECT_EQ(test, 0, offline_page_owner_name(pfns[1], buf,
							 sizeof(buf)));

	/* Out, from the lowest on. */
	for (i = 0; i < 2; i++) {
		page = isolate_offline_page(&m->owner);
		KUNIT_ASSERT_PTR_EQ(test, page, pfn_to_page(pfns[1]));
		expect_isolated(test, m, pfns[1], block);
		putback_offline_page(&m->owner, page);
	}
	n = isolate_offline_pages_bulk(&m->owner, 3, got);
	KUNIT_ASSERT_EQ(test, n, 3UL);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, got[i], pfns[1 + i]);
		expect_isolated(test, m, got[i], block);
	}
	KUNIT_EXPECT_EQ(test, m->owner.nr_pages, (nr - 4) * block);
	expect_accounting(test);
	mock_host_remove(m, got[0]);
	mock_host_remove(m, got[1]);
	free_isolated_offline_pages_bulk(&m->owner, 2, got);
	putback_offline_pages_bulk(&m->owner, 1, got + 2);
	expect_back(test, got[0], block);
	expect_back(test, got[1], block);
	expect_mock(test, m, nr - 3);
	expect_counted(test, OFFLINE_PAGES_FREED, 3 * block);

	/* More than there are. */
	n = isolate_offline_pages_bulk(&m->owner, nr, got);
	KUNIT_EXPECT_EQ(test, n, nr - 3);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, got[i], pfns[3 + i]);
	KUNIT_EXPECT_NULL(test, isolate_offline_page(&m->owner));
	putback_offline_pages_bulk(&m->owner, n, got);
	putback_offline_pages_bulk(&m->owner, 0, got);
	free_isolated_offline_pages_bulk(&m->owner, 0, got);
	expect_mock(test, m, nr - 3);
	KUNIT_EXPECT_EQ(test, nr - 3, mock_deflate(m, nr, got));
	expect_mock(test, m, 0);
	KUNIT_EXPECT_EQ(test, 0UL, mock_deflate(m, nr, got));
	expect_counted(test, OFFLINE_PAGES_ALLOCATED, nr * block);
	expect_counted(test, OFFLINE_PAGES_FREED, nr * block);
	KUNIT_EXPECT_EQ(test, m->calls, 0U);
	KUNIT_EXPECT_EQ(test, counted(t, OFFLINE_PAGES_MIGRATE_CALLS), 0UL);
}

/* /proc/vmstat tells what a balloon does. */
static void balloon_events(struct kunit *test)
{
#if defined(CONFIG_BALLOON_MIGRATION) && defined(CONFIG_VM_EVENT_COUNTERS)
	static const enum vm_event_item ids[] = {
		BALLOON_INFLATE, BALLOON_DEFLATE, BALLOON_MIGRATE,
	};
	static const struct mock_script script = {
		"some deflated", { OFFLINE_PAGE_MOVED, OFFLINE_PAGE_DEFLATED,
		OFFLINE_PAGE_KEPT, OFFLINE_PAGE_MOVED }, 4, -EBUSY,
	};
	struct mock *m = new_mock(test, test->param_value);
	struct offline_test *t = test->priv;
	unsigned long block = block_pages(m), expected[3], pfn, i;
	unsigned long *before, *after;
	struct offline_page_batch batch;
	struct test_targets targets;
	unsigned int succeeded = 0;
	struct page *page;

	before = kunit_kcalloc(test, 2 * NR_VM_EVENT_ITEMS, sizeof(*before),
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, before);
	after = before + NR_VM_EVENT_ITEMS;
	all_vm_events(before);
	pfn = mock_range(test, m, 8);
	isolate_batch(test, &batch, pfn, pfn + 8 * block);
	init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
	set_script(m, &script);
	KUNIT_EXPECT_EQ(test, (int)(2 * block),
			migrate_offline_page_batch(&batch, &targets.ops,
						   MIGRATE_SYNC, &succeeded));
	mock_deflate_all(m);
	/* Not a balloon: not counted. */
	page = take_page(test, &t->owner, 0);
	free_offline_page(&t->owner, page);
	all_vm_events(after);

	expected[0] = 8 * block;
	expected[1] = 8 * block;
	expected[2] = 4 * block;
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		KUNIT_EXPECT_EQ_MSG(test, after[ids[i]] - before[ids[i]],
				    expected[i], "event %lu", i);
	expect_mock(test, m, 0);
#else
	kunit_skip(test, "needs CONFIG_BALLOON_MIGRATION and CONFIG_VM_EVENT_COUNTERS");
#endif
}

/*
 * Isolation for migration.
 */

static void isolate_runs(struct kunit *test)
{
	struct mock *m = new_mock(test, &mock_kinds[0]);
	struct mock *other = new_mock(test, &mock_kinds[0]);
	struct offline_page_batch batch = {}, second = {};
	struct offline_test *t = test->priv;
	struct page *in_use = get_page_in_use(test);
	unsigned long pfn, other_pfn, i;

	pfn = mock_range(test, m, 100);
	other_pfn = mock_range(test, other, 4);

	/* No more than asked for. */
	KUNIT_EXPECT_EQ(test, 10L, isolate_offline_page_run(&batch, pfn,
							    pfn + 10, 0));
	KUNIT_EXPECT_PTR_EQ(test, batch.owner, &m->owner);
	KUNIT_EXPECT_EQ(test, batch.nr, 10U);
	expect_isolated(test, m, pfn, 10);
	expect_held(test, &m->owner, pfn + 10, 90, OFFLINE_PAGE_MOVABLE);
	KUNIT_EXPECT_EQ(test, m->owner.nr_pages, 90UL);
	KUNIT_EXPECT_EQ(test, m->owner.nr_isolated, 10UL);

	/* Somebody has them: neither this one nor that one gets them. */
	KUNIT_EXPECT_EQ(test, 0L, isolate_offline_page_run(&batch, pfn + 3,
							   pfn + 50, 0));
	KUNIT_EXPECT_EQ(test, 0L, isolate_offline_page_run(&second, pfn + 3,
							   pfn + 50, 0));
	KUNIT_EXPECT_EQ(test, second.nr, 0U);

	/* Pages that are nobody's, or cannot be moved, or do not exist. */
	KUNIT_EXPECT_EQ(test, 0L,
			isolate_offline_page_run(&batch, page_to_pfn(in_use),
						 page_to_pfn(in_use) + 1, 0));
	KUNIT_EXPECT_EQ(test, 0L,
			isolate_offline_page_run(&batch, missing_pfn(),
						 missing_pfn() + 1, 0));

	/* Another owner's do not go into the same batch. */
	KUNIT_EXPECT_EQ(test, (long)-EBUSY,
			isolate_offline_page_run(&batch, other_pfn,
						 other_pfn + 4, 0));
	expect_held(test, &other->owner, other_pfn, 4, OFFLINE_PAGE_MOVABLE);
	KUNIT_EXPECT_EQ(test, 4L,
			isolate_offline_page_run(&second, other_pfn,
						 other_pfn + 100, 0));

	/* Until it is full. */
	KUNIT_EXPECT_EQ(test, 22L, isolate_offline_page_run(&batch, pfn + 10,
							    pfn + 100, 0));
	KUNIT_EXPECT_EQ(test, batch.nr, (unsigned int)OFFLINE_PAGE_BATCH);
	KUNIT_EXPECT_EQ(test, (long)-EBUSY,
			isolate_offline_page_run(&batch, pfn + 32, pfn + 100,
						 0));
	KUNIT_EXPECT_EQ(test, batch.nr, (unsigned int)OFFLINE_PAGE_BATCH);
	for (i = 0; i < OFFLINE_PAGE_BATCH; i++)
		KUNIT_EXPECT_EQ(test, batch.pfns[i], pfn + i);
	expect_isolated(test, m, pfn, 32);
	expect_held(test, &m->owner, pfn + 32, 68, OFFLINE_PAGE_MOVABLE);
	expect_accounting(test);

	putback_offline_page_batch(&second);
	KUNIT_EXPECT_EQ(test, second.nr, 0U);
	expect_mock(test, other, 4);
	putback_offline_page_batch(&batch);
	KUNIT_EXPECT_EQ(test, batch.nr, 0U);
	expect_mock(test, m, 100);
	putback_offline_page_batch(&batch);
	expect_mock(test, m, 100);

	/* An emptied batch is as good as a new one. */
	KUNIT_EXPECT_EQ(test, 4L,
			isolate_offline_page_run(&batch, other_pfn,
						 other_pfn + 4, 0));
	putback_offline_page_batch(&batch);
	expect_mock(test, other, 4);

	mock_deflate_all(m);
	mock_deflate_all(other);
	put_page_in_use(test, in_use);
	expect_mock(test, m, 0);
	KUNIT_EXPECT_EQ(test, counted(t, OFFLINE_PAGES_MIGRATE_CALLS), 0UL);
	KUNIT_EXPECT_EQ(test, counted(t, OFFLINE_PAGES_MIGRATE_KEPT), 0UL);
}

/* Of one owner: movable, or not, or never onlined; the run ends before. */
static void isolate_movable_only(struct kunit *test)
{
	struct mock *m = new_mock(test, &mock_kinds[0]);
	struct offline_page_batch batch = {};
	struct offline_test *t = test->priv;
	unsigned long base, i;
	struct page *page;

	base = mock_range(test, m, 30);
	/* As if taken in another way: what does not move blocks the range. */
	for (i = base + 10; i < base + 13; i++) {
		clear_bit(PG_offline_movable, offline_page_flags(pfn_to_page(i)));
		mock_host_remove(m, i);
	}
	set_bit(PG_offline_skippable,
		offline_page_flags(pfn_to_page(base + 12)));
	set_never_onlined(base + 20);

	KUNIT_EXPECT_EQ(test, 5L, isolate_offline_page_run(&batch, base + 5,
							   base + 30, 0));
	for (i = 10; i < 13; i++)
		KUNIT_EXPECT_EQ(test, 0L,
				isolate_offline_page_run(&batch, base + i,
							 base + 30, 0));
	KUNIT_EXPECT_EQ(test, 7L, isolate_offline_page_run(&batch, base + 13,
							   base + 30, 0));
	KUNIT_EXPECT_EQ(test, 0L, isolate_offline_page_run(&batch, base + 20,
							   base + 30, 0));
	KUNIT_EXPECT_EQ(test, 9L, isolate_offline_page_run(&batch, base + 21,
							   base + 30, 0));
	KUNIT_EXPECT_EQ(test, batch.nr, 21U);
	expect_held(test, &m->owner, base + 10, 2, 0);
	expect_held(test, &m->owner, base + 12, 1, OFFLINE_PAGE_SKIPPABLE);
	expect_held(test, &m->owner, base + 20, 1, OFFLINE_PAGE_MOVABLE |
		    TEST_NEVER_ONLINED);
	putback_offline_page_batch(&batch);

	/* What does not move is no reason to wait, or to fail. */
	free_offline_page(&m->owner, pfn_to_page(base + 20));
	mock_host_remove(m, base + 20);
	KUNIT_EXPECT_EQ(test, 0,
			migrate_offline_page_range(base + 10, base + 13,
						   TEST_GFP, false));
	KUNIT_EXPECT_EQ(test, m->calls, 0U);
	KUNIT_EXPECT_EQ(test, counted(t, OFFLINE_PAGES_MIGRATE_CALLS), 0UL);
	free_offline_page_range(&m->owner, base + 10, 3);
	expect_mock(test, m, 26);
	mock_deflate_all(m);
	expect_mock(test, m, 0);

	/* Not even movable pages move without operations. */
	page = take_page(test, &t->owner, OFFLINE_PAGE_MOVABLE);
	base = page_to_pfn(page);
	t->owner.ops = NULL;
	KUNIT_EXPECT_EQ(test, 0L, isolate_offline_page_run(&batch, base,
							   base + 1, 0));
	KUNIT_EXPECT_EQ(test, 0, migrate_offline_page_range(base, base + 1,
							    TEST_GFP, false));
	t->owner.ops = &keep_ops;
	free_offline_page(&t->owner, page);
	expect_all_back(test, &t->owner);
}

static void isolate_across_chunks(struct kunit *test)
{
	struct mock *m = new_mock(test, &mock_kinds[0]);
	struct offline_page_batch batch = {};
	unsigned long pfn;

	need_contig_alloc(test);
	pfn = find_free_pages(test, CHUNK_PAGES, 16, 16) - 16;
	KUNIT_ASSERT_EQ(test, 0, mock_take_range(m, pfn, 32));
	isolate_batch(test, &batch, pfn + 1, pfn + 31);
	KUNIT_EXPECT_EQ(test, batch.nr, 30U);
	expect_isolated(test, m, pfn + 1, 30);
	putback_offline_page_batch(&batch);
	expect_mock(test, m, 32);
	KUNIT_EXPECT_EQ(test, 0, migrate_offline_page_range(pfn + 8, pfn + 24,
							    TEST_GFP, false));
	expect_mock(test, m, 32);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/* A block goes as a whole, wherever one looks at it. */
static void isolate_blocks(struct kunit *test)
{
	struct mock *m = new_mock(test, &mock_kinds[5]);
	unsigned long block = block_pages(m), pfn;
	struct offline_page_batch batch = {};

	KUNIT_ASSERT_EQ(test, m->owner.order, BLOCK_ORDER);
	pfn = mock_range(test, m, 4);

	KUNIT_EXPECT_EQ(test, 0L,
			isolate_offline_page_run(&batch, pfn, pfn + block,
						 BLOCK_ORDER - 1));
	KUNIT_EXPECT_EQ(test, (long)block - 5,
			isolate_offline_page_run(&batch, pfn + 5, pfn + 6,
						 BLOCK_ORDER));
	KUNIT_EXPECT_EQ(test, batch.nr, 1U);
	KUNIT_EXPECT_EQ(test, batch.pfns[0], pfn);
	expect_isolated(test, m, pfn, block);
	/* The end is in the middle of the second one from here. */
	KUNIT_EXPECT_EQ(test, 2 * (long)block - 100,
			isolate_offline_page_run(&batch, pfn + block + 100,
						 pfn + 2 * block + 1,
						 MAX_PAGE_ORDER));
	KUNIT_EXPECT_EQ(test, batch.nr, 3U);
	KUNIT_EXPECT_EQ(test, batch.pfns[1], pfn + block);
	KUNIT_EXPECT_EQ(test, batch.pfns[2], pfn + 2 * block);
	expect_isolated(test, m, pfn, 3 * block);
	expect_held(test, &m->owner, pfn + 3 * block, block,
		    OFFLINE_PAGE_MOVABLE);
	KUNIT_EXPECT_EQ(test, m->owner.nr_isolated, 3 * block);
	putback_offline_page_batch(&batch);
	expect_mock(test, m, 4);

	/* One page that must not move keeps all of them. */
	clear_bit(PG_offline_movable,
		  offline_page_flags(pfn_to_page(pfn + block + 7)));
	KUNIT_EXPECT_EQ(test, (long)block,
			isolate_offline_page_run(&batch, pfn, pfn + 4 * block,
						 BLOCK_ORDER));
	KUNIT_EXPECT_EQ(test, 0L,
			isolate_offline_page_run(&batch, pfn + block,
						 pfn + 4 * block,
						 BLOCK_ORDER));
	set_bit(PG_offline_movable,
		offline_page_flags(pfn_to_page(pfn + block + 7)));
	putback_offline_page_batch(&batch);
	expect_mock(test, m, 4);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/*
 * Batches.
 */

/* How many of the first @nr pages end up so. */
static unsigned int script_count(const struct mock_script *script,
				 unsigned int nr, u8 result)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr; i++)
		n += script_result(script, i) == result;
	return n;
}

struct migration_counts {
	unsigned long migrated;
	unsigned long deflated;
	unsigned long kept;
	unsigned long calls;
};

static void read_migration_counts(const struct offline_test *t,
				  struct migration_counts *counts)
{
	counts->migrated = counted(t, OFFLINE_PAGES_MIGRATED);
	counts->deflated = counted(t, OFFLINE_PAGES_MIGRATE_DEFLATED);
	counts->kept = counted(t, OFFLINE_PAGES_MIGRATE_KEPT);
	counts->calls = counted(t, OFFLINE_PAGES_MIGRATE_CALLS);
}

static void __expect_migration(struct kunit *test, struct migration_counts *was,
			       unsigned long migrated, unsigned long deflated,
			       unsigned long kept, unsigned long calls,
			       int line)
{
	struct migration_counts is;

	read_migration_counts(test->priv, &is);
	KUNIT_EXPECT_EQ_MSG(test, is.migrated - was->migrated, migrated,
			    "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, is.deflated - was->deflated, deflated,
			    "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, is.kept - was->kept, kept, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, is.calls - was->calls, calls, "line %d",
			    line);
	*was = is;
}

#define expect_migration(test, was, migrated, deflated, kept, calls) \
	__expect_migration(test, was, migrated, deflated, kept, calls, __LINE__)

static unsigned int calls_for(const struct mock *m, unsigned int nr)
{
	if (!m->ops.migrate)
		return nr;
	return m->ops.max_batch ? DIV_ROUND_UP(nr, m->ops.max_batch) : 1;
}

static void migrate_one_batch(struct kunit *test, struct mock *m,
			      const struct mock_script *script, unsigned long nr,
			      enum migrate_mode mode)
{
	unsigned int moved, deflated, added, kept, i, busy, succeeded = 3;
	unsigned long block = block_pages(m), pfn, allocated, freed;
	struct offline_test *t = test->priv;
	struct offline_page_batch batch;
	struct migration_counts counts;
	struct test_targets targets;
	int ret;

	deflated = script_count(script, nr, OFFLINE_PAGE_DEFLATED);
	moved = script_count(script, nr, OFFLINE_PAGE_MOVED);
	added = script_count(script, nr, OFFLINE_PAGE_ADDED);
	kept = nr - moved - deflated;
	set_script(m, script);
	m->mode = mode;
	pfn = mock_range(test, m, nr);
	allocated = counted(t, OFFLINE_PAGES_ALLOCATED);
	freed = counted(t, OFFLINE_PAGES_FREED);
	read_migration_counts(t, &counts);

	/* All have to come back as they were, each time that it is busy. */
	for (busy = script->busy; busy && mode == MIGRATE_ASYNC; busy--) {
		isolate_batch(test, &batch, pfn, pfn + nr * block);
		init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
		ret = migrate_offline_page_batch(&batch, &targets.ops, mode,
						 &succeeded);
		KUNIT_EXPECT_EQ(test, ret, (int)(nr * block));
		KUNIT_EXPECT_EQ(test, batch.nr, 0U);
		KUNIT_EXPECT_EQ(test, succeeded, 3U);
		KUNIT_EXPECT_EQ(test, targets.allocated, (unsigned int)nr);
		KUNIT_EXPECT_EQ(test, targets.freed, (unsigned int)nr);
		expect_held(test, &m->owner, pfn, nr * block, m->flags);
		expect_mock(test, m, nr);
		expect_migration(test, &counts, 0, 0, nr * block, 1);
	}

	m->largest = 0;
	isolate_batch(test, &batch, pfn, pfn + nr * block);
	init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
	ret = migrate_offline_page_batch(&batch, &targets.ops, mode,
					 &succeeded);
	KUNIT_EXPECT_EQ(test, ret, (int)(kept * block));
	KUNIT_EXPECT_EQ(test, batch.nr, 0U);
	KUNIT_EXPECT_EQ(test, succeeded,
			3U + (unsigned int)((moved + deflated) * block));
	KUNIT_EXPECT_EQ(test, targets.allocated, (unsigned int)nr);
	KUNIT_EXPECT_EQ(test, targets.freed, (unsigned int)nr - moved - added);
	KUNIT_EXPECT_EQ(test, m->asked, (unsigned int)nr);
	KUNIT_EXPECT_EQ(test, m->largest,
			m->ops.migrate ? min_not_zero(m->ops.max_batch,
						      (unsigned int)nr) : 1U);
	if (m->ops.migrate)
		expect_misuse(test, script_count(script, nr, MOCK_GARBAGE));

	for (i = 0; i < nr; i++) {
		switch (script_result(script, i)) {
		case OFFLINE_PAGE_MOVED:
			expect_held(test, &m->owner, targets.pfns[i], block,
				    m->flags);
			fallthrough;
		case OFFLINE_PAGE_DEFLATED:
			expect_back(test, pfn + i * block, block);
			break;
		case OFFLINE_PAGE_ADDED:
			expect_held(test, &m->owner, targets.pfns[i], block,
				    m->flags);
			fallthrough;
		default:
			expect_held(test, &m->owner, pfn + i * block, block,
				    m->flags);
		}
	}
	expect_mock(test, m, nr - deflated + added);
	/* Who can wait asks again. */
	expect_migration(test, &counts, moved * block, deflated * block,
			 kept * block, calls_for(m, nr) + busy);
	expect_counted(test, OFFLINE_PAGES_ALLOCATED,
		       allocated + (moved + added) * block);
	expect_counted(test, OFFLINE_PAGES_FREED,
		       freed + (moved + deflated) * block);

	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/* The owner has the first destination by now: its memory block may go. */
static void targets_free_beside(struct page *page, unsigned int order,
				void *private)
{
	struct test_targets *targets = private;
	struct page *first = pfn_to_page(targets->pfns[0]);

	targets->zone = page_zone(first);
	targets->elsewhere = targets->zone +
			     (page_zonenum(first) == ZONE_MOVABLE ? -1 : 1);
	targets->managed = zone_managed_pages(targets->elsewhere);
	set_page_zone(first, zone_idx(targets->elsewhere));
	targets_free(page, order, private);
}

/*
 * What a batch counts is counted where it happened, though the pages that it
 * happened to may be gone with their memory block before the batch is through.
 * Here, one is in another zone.
 */
static void migrate_counts_late(struct kunit *test)
{
	static const struct mock_script script = {
		"moved, kept", { OFFLINE_PAGE_MOVED, OFFLINE_PAGE_KEPT }, 2,
		-EBUSY,
	};
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), pfn;
	struct offline_page_batch batch;
	struct test_targets targets;
	unsigned int succeeded = 0;

	set_script(m, &script);
	m->mode = MIGRATE_SYNC;
	pfn = mock_range(test, m, 2);
	isolate_batch(test, &batch, pfn, pfn + 2 * block);
	init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
	targets.ops.free = targets_free_beside;
	KUNIT_EXPECT_EQ(test, (int)block,
			migrate_offline_page_batch(&batch, &targets.ops,
						   MIGRATE_SYNC, &succeeded));
	KUNIT_ASSERT_EQ(test, targets.freed, 1U);
	KUNIT_EXPECT_EQ(test, zone_managed_pages(targets.elsewhere),
			targets.managed);
	set_page_zone(pfn_to_page(targets.pfns[0]), zone_idx(targets.zone));
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

static void migrate_batches(struct kunit *test)
{
	const struct mock_kind *kind = test->param_value;
	struct mock *m = new_mock(test, kind);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mock_scripts); i++) {
		/* There is no way to say so for one page. */
		if (kind->one_by_one &&
		    script_count(&mock_scripts[i], 4, OFFLINE_PAGE_ADDED))
			continue;
		if (kind->order) {
			migrate_one_batch(test, m, &mock_scripts[i], 5,
					  MIGRATE_ASYNC);
			continue;
		}
		migrate_one_batch(test, m, &mock_scripts[i], OFFLINE_PAGE_BATCH,
				  MIGRATE_SYNC_LIGHT);
		migrate_one_batch(test, m, &mock_scripts[i], 1, MIGRATE_SYNC);
	}
	expect_counted(test, OFFLINE_PAGES_POISONED, 0UL);
	expect_counted(test, OFFLINE_PAGES_ALLOC_FAILED, 0UL);
}

/* From then on: once more, in the middle of the batch. */
static void busy_after_third(struct mock *m, unsigned long dst,
			     unsigned long src)
{
	if (m->asked == 3)
		m->busy = 1;
}

/* A busy owner is asked a few times more, but not where nobody may wait. */
static void migrate_again(struct kunit *test)
{
	static const enum migrate_mode modes[] = {
		MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC,
	};
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), nr = block > 1 ? 5 : 20, pfn;
	unsigned int i, calls = calls_for(m, nr), later = calls > 1;
	struct offline_page_batch batch;
	struct test_targets targets;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		bool again = modes[i] != MIGRATE_ASYNC;
		unsigned int succeeded = 0;

		pfn = mock_range(test, m, nr);
		m->mode = modes[i];

		/* Twice at first, and once later. */
		isolate_batch(test, &batch, pfn, pfn + nr * block);
		init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
		set_script(m, &all_moved);
		m->busy = 2;
		m->hook = busy_after_third;
		KUNIT_EXPECT_EQ(test, again ? 0 : (int)(nr * block),
				migrate_offline_page_batch(&batch, &targets.ops,
							   modes[i],
							   &succeeded));
		m->hook = NULL;
		KUNIT_EXPECT_EQ(test, m->calls, again ? calls + 2 + later : 1U);
		KUNIT_EXPECT_EQ(test, m->asked, again ? (unsigned int)nr : 0U);
		KUNIT_EXPECT_EQ(test, targets.allocated, (unsigned int)nr);
		KUNIT_EXPECT_EQ(test, succeeded,
				again ? (unsigned int)(nr * block) : 0U);
		expect_mock(test, m, nr);
		mock_deflate_all(m);

		/* Not for ever. */
		pfn = mock_range(test, m, nr);
		isolate_batch(test, &batch, pfn, pfn + nr * block);
		init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
		set_script(m, &all_moved);
		m->busy = UINT_MAX;
		KUNIT_EXPECT_EQ(test, (int)(nr * block),
				migrate_offline_page_batch(&batch, &targets.ops,
							   modes[i],
							   &succeeded));
		KUNIT_EXPECT_EQ(test, m->calls > 1, again);
		KUNIT_EXPECT_LT(test, m->calls, 20U);
		KUNIT_EXPECT_EQ(test, m->asked, 0U);
		KUNIT_EXPECT_EQ(test, targets.allocated, targets.freed);
		expect_held(test, &m->owner, pfn, nr * block, m->flags);
		expect_mock(test, m, nr);
		mock_deflate_all(m);
	}
	expect_mock(test, m, 0);
}

/* Pages from all over the place, in no order. */
static void migrate_scattered(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long nr = m->owner.order ? 6 : OFFLINE_PAGE_BATCH, i, n;
	unsigned long block = block_pages(m);
	struct offline_page_batch batch = {};
	struct test_targets targets;
	unsigned int succeeded = 0;
	unsigned long *pfns;

	pfns = kunit_kcalloc(test, 2 * nr, sizeof(*pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	n = mock_inflate(m, 2 * nr, TEST_GFP, NUMA_NO_NODE, pfns);
	if (n < 2 * nr) {
		mock_deflate_all(m);
		kunit_skip(test, "no %lu free blocks", 2 * nr);
	}
	set_script(m, &mock_scripts[6]);
	/* Every other one, falling. */
	sort(pfns, n, sizeof(*pfns), cmp_pfn, NULL);
	for (i = n; i; i -= 2)
		KUNIT_ASSERT_EQ(test, (long)block,
				isolate_offline_page_run(&batch, pfns[i - 2],
							 pfns[i - 2] + 1,
							 MAX_PAGE_ORDER));
	init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
	targets.ops.alloc_bulk = targets_alloc_bulk;
	KUNIT_EXPECT_EQ(test, (int)(script_count(m->script, nr,
						 OFFLINE_PAGE_KEPT) * block),
			migrate_offline_page_batch(&batch, &targets.ops,
						   MIGRATE_SYNC, &succeeded));
	expect_mock(test, m, 2 * nr - script_count(m->script, nr,
						   OFFLINE_PAGE_DEFLATED));
	for (i = 0; i < n; i += 2)
		if (script_result(m->script, (n - 2 - i) / 2) ==
		    OFFLINE_PAGE_KEPT)
			expect_held(test, &m->owner, pfns[i], block, m->flags);
	for (i = 1; i < n; i += 2)
		expect_held(test, &m->owner, pfns[i], block, m->flags);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

static void migrate_without_targets(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long nr = m->owner.order ? 4 : OFFLINE_PAGE_BATCH;
	unsigned long block = block_pages(m), pfn;
	struct offline_test *t = test->priv;
	struct offline_page_batch batch;
	struct migration_counts counts;
	struct test_targets targets;
	unsigned int i;

	read_migration_counts(t, &counts);
	for (i = 0; i < 6; i++) {
		unsigned int limit = i % 3 < 2 ? i % 3 : nr - 1, succeeded = 0;

		pfn = mock_range(test, m, nr);
		set_script(m, &all_moved);
		isolate_batch(test, &batch, pfn, pfn + nr * block);
		init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
		targets.limit = limit;
		if (i >= 3)
			targets.ops.alloc_bulk = targets_alloc_bulk;
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				migrate_offline_page_batch(&batch, &targets.ops,
							   MIGRATE_SYNC,
							   &succeeded));
		KUNIT_EXPECT_EQ(test, batch.nr, 0U);
		KUNIT_EXPECT_EQ(test, succeeded, (unsigned int)(limit * block));
		KUNIT_EXPECT_EQ(test, targets.freed, 0U);
		KUNIT_EXPECT_EQ(test, m->asked, limit);
		expect_migration(test, &counts, limit * block, 0,
				 (nr - limit) * block,
				 limit ? calls_for(m, limit) : 0);
		expect_back(test, pfn, limit * block);
		expect_held(test, &m->owner, pfn + limit * block,
			    (nr - limit) * block, m->flags);
		expect_mock(test, m, nr);
		mock_deflate_all(m);
	}
	expect_mock(test, m, 0);
}

/* Not now, and not later. */
static unsigned long *stub_no_chunk(gfp_t gfp)
{
	struct kunit *test = kunit_get_current_test();
	struct offline_test *t = test->priv;

	t->failed = FAIL_CHUNK;
	return NULL;
}

/* Whoever compacts for want of memory has access to the last of it. */
static unsigned long *stub_no_chunk_in_need(gfp_t gfp)
{
	struct kunit *test = kunit_get_current_test();

	KUNIT_EXPECT_TRUE(test, gfp & __GFP_NOMEMALLOC);
	return stub_no_chunk(gfp);
}

/*
 * The destinations are there, but not the bits to record them with. That is no
 * want of destinations: it may go better soon.
 */
static void migrate_without_chunk(struct kunit *test)
{
	struct mock *m = new_mock(test, &mock_kinds[0]);
	struct offline_test *t = test->priv;
	struct offline_page_batch batch;
	struct test_targets targets;
	unsigned long pfn;
	unsigned int i;
	int ret;

	/* One, or a few at once. */
	for (i = 1; i <= 3; i += 2) {
		unsigned int succeeded = 0;

		pfn = mock_range(test, m, 8);
		isolate_batch(test, &batch, pfn, pfn + 8);
		/* Hopefully somewhere else. */
		init_targets(test, &targets, GFP_KERNEL, NUMA_NO_NODE);
		if (i > 1)
			targets.ops.alloc_bulk = targets_alloc_bulk;
		t->failed = FAIL_NONE;
		kunit_activate_static_stub(test, offline_pages_alloc_chunk,
					   stub_no_chunk_in_need);
		ret = migrate_offline_page_batch(&batch, &targets.ops,
						 MIGRATE_SYNC, &succeeded);
		kunit_deactivate_static_stub(test, offline_pages_alloc_chunk);
		if (t->failed != FAIL_CHUNK) {
			mock_deflate_all(m);
			kunit_skip(test, "the destinations need no other bits");
		}
		KUNIT_EXPECT_EQ(test, ret, 8);
		KUNIT_EXPECT_EQ(test, succeeded, 0U);
		KUNIT_EXPECT_EQ(test, targets.allocated, i);
		KUNIT_EXPECT_EQ(test, targets.freed, i);
		KUNIT_EXPECT_EQ(test, m->calls, 0U);
		expect_held(test, &m->owner, pfn, 8, m->flags);
		expect_mock(test, m, 8);
		mock_deflate_all(m);
		expect_mock(test, m, 0);
	}
}

#ifndef MODULE
/*
 * Who reads memory by page frame number keeps pages from becoming offline, and
 * may wait for memory: migration does not wait.
 */
static void migrate_despite_walkers(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), pfn;
	struct offline_page_batch batch;
	struct test_targets targets;
	unsigned int succeeded = 0;

	pfn = mock_range(test, m, 4);
	isolate_batch(test, &batch, pfn, pfn + 4 * block);
	init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
	page_offline_freeze();
	KUNIT_EXPECT_EQ(test, (int)(4 * block),
			migrate_offline_page_batch(&batch, &targets.ops,
						   MIGRATE_SYNC, &succeeded));
	page_offline_thaw();
	KUNIT_EXPECT_GT(test, targets.allocated, 0U);
	KUNIT_EXPECT_EQ(test, targets.freed, targets.allocated);
	KUNIT_EXPECT_EQ(test, m->calls, 0U);
	expect_mock(test, m, 4);

	isolate_batch(test, &batch, pfn, pfn + 4 * block);
	init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, 0,
			migrate_offline_page_batch(&batch, &targets.ops,
						   MIGRATE_SYNC, &succeeded));
	expect_back(test, pfn, 4 * block);
	expect_mock(test, m, 4);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}
#endif

/* What the page is besides, it is afterwards. */
static void migrate_skippable(struct kunit *test)
{
	struct mock *m = new_mock(test, &mock_kinds[0]);
	struct offline_page_batch batch;
	struct test_targets targets;
	unsigned int succeeded = 0;
	unsigned long pfn;

	m->flags |= OFFLINE_PAGE_SKIPPABLE;
	pfn = mock_range(test, m, 20);
	set_script(m, &mock_scripts[2]);
	isolate_batch(test, &batch, pfn, pfn + 20);
	init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, 10,
			migrate_offline_page_batch(&batch, &targets.ops,
						   MIGRATE_SYNC, &succeeded));
	KUNIT_EXPECT_EQ(test, succeeded, 10U);
	expect_mock(test, m, 20);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/* Managed pages and the balloon's own count go along, wherever it goes. */
static void migrate_across(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	static const gfp_t gfps[] = { TEST_GFP, GFP_KERNEL | __GFP_NOWARN };
	unsigned long block = block_pages(m), nr = m->owner.order ? 3 : 20;
	unsigned long *pfns;
	unsigned int i, pairs = 0;
	int from, to;

	pfns = kunit_kcalloc(test, nr, sizeof(*pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	for_each_node_state(from, N_MEMORY) {
		for_each_node_state(to, N_MEMORY) {
			for (i = 0; i < 4; i++) {
				struct offline_page_batch batch = {};
				gfp_t out = gfps[i & 1] | __GFP_THISNODE;
				gfp_t in = gfps[i >> 1] | __GFP_THISNODE;
				struct test_targets targets;
				unsigned int succeeded = 0, deflated;
				unsigned long j, n;

				n = mock_inflate(m, nr, out, from, pfns);
				for (j = 0; j < n; j++)
					KUNIT_ASSERT_EQ(test, (long)block,
							isolate_offline_page_run(&batch,
										 pfns[j],
										 pfns[j] + 1,
										 9));
				init_targets(test, &targets, in, to);
				set_script(m, &mock_scripts[6]);
				migrate_offline_page_batch(&batch, &targets.ops,
							   MIGRATE_SYNC,
							   &succeeded);
				for (j = 0; j < targets.allocated; j++)
					KUNIT_EXPECT_EQ(test, to,
							page_to_nid(pfn_to_page(targets.pfns[j])));
				deflated = script_count(m->script,
							targets.allocated,
							OFFLINE_PAGE_DEFLATED);
				expect_mock(test, m, n - deflated);
				pairs += n == nr && targets.allocated == nr;
				mock_deflate_all(m);
				expect_mock(test, m, 0);
			}
		}
	}
	KUNIT_EXPECT_GT(test, pairs, 0U);
	kunit_info(test, "%u pairs of zones\n", pairs);
}

/*
 * Ranges.
 */

/* What lies in the range that is being emptied is no place to go to. */
static struct page *stub_alloc_target(gfp_t gfp, unsigned int order, int nid,
				      nodemask_t *nodes)
{
	struct kunit *test = kunit_get_current_test();
	struct offline_test *t = test->priv;
	unsigned long pfn;
	struct page *page;

	if (fail_now(t, FAIL_TARGET))
		return NULL;
	for (;;) {
		page = call_real(test, offline_pages_alloc_target(gfp, order,
								  nid, nodes));
		if (!page)
			return NULL;
		pfn = page_to_pfn(page);
		if (pfn < t->pfn || pfn >= t->pfn + t->nr_pages)
			return page;
		if (xa_err(xa_store(&t->rejects, pfn, xa_mk_value(order),
				    GFP_KERNEL)))
			KUNIT_FAIL(test, "page %#lx cannot be remembered", pfn);
	}
}

/* The same for those from the free lists. Where one is to fail, there are none. */
static unsigned long stub_take_target(gfp_t gfp, unsigned int order, int nid,
				      unsigned long nr, unsigned long stride,
				      unsigned long *pfns)
{
	struct kunit *test = kunit_get_current_test();
	struct offline_test *t = test->priv;
	unsigned long i, got, kept = 0;

	if (t->fail_at != UINT_MAX)
		return 0;
	got = call_real(test, offline_pages_take_free(gfp, order, nid, nr,
						      stride, pfns));
	for (i = 0; i < got; i++) {
		unsigned long pfn = pfns[i * stride];

		if (pfn + (1UL << order) <= t->pfn ||
		    pfn >= t->pfn + t->nr_pages)
			pfns[kept++ * stride] = pfn;
		else if (xa_err(xa_store(&t->rejects, pfn, xa_mk_value(order),
					 GFP_KERNEL)))
			KUNIT_FAIL(test, "page %#lx cannot be remembered", pfn);
	}
	t->taken += kept << order;
	return kept;
}

static int empty_range(struct kunit *test, unsigned long pfn,
		       unsigned long nr_pages, bool leave_node)
{
	struct offline_test *t = test->priv;
	unsigned long reject;
	void *entry;
	int ret;

	t->pfn = pfn;
	t->nr_pages = nr_pages;
	t->calls = 0;
	t->failed = FAIL_NONE;
	t->taken = 0;
	kunit_activate_static_stub(test, offline_pages_alloc_target,
				   stub_alloc_target);
	kunit_activate_static_stub(test, offline_pages_take_free,
				   stub_take_target);
	ret = migrate_offline_page_range(pfn, pfn + nr_pages, TEST_GFP,
					 leave_node);
	kunit_deactivate_static_stub(test, offline_pages_alloc_target);
	kunit_deactivate_static_stub(test, offline_pages_take_free);
	xa_for_each(&t->rejects, reject, entry) {
		xa_erase(&t->rejects, reject);
		put_frozen_pages(pfn_to_page(reject), xa_to_value(entry));
	}
	return ret;
}

static void migrate_range(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	const unsigned long sizes[] = {
		block_pages(m),
		pageblock_nr_pages,
		2 * MAX_ORDER_NR_PAGES,
		/* Page by page this takes a while: migrate_bench() does it. */
		m->owner.order ? CHUNK_PAGES : 5,
	};
	unsigned long block = block_pages(m), pfn;
	struct offline_test *t = test->priv;
	struct migration_counts counts;
	unsigned int i;

	need_contig_alloc(test);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long nr = sizes[i], nr_blocks = nr / block;

		pfn = __find_free_pages(max(nr, block), 0, nr);
		if (!pfn) {
			kunit_info(test, "no %lu free pages\n", nr);
			continue;
		}
		KUNIT_ASSERT_EQ(test, 0, mock_take_range(m, pfn, nr));
		set_script(m, &all_moved);
		read_migration_counts(t, &counts);
		KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, nr, false));
		expect_back(test, pfn, nr);
		expect_mock(test, m, nr_blocks);
		/* In large batches. */
		if (!m->ops.migrate)
			KUNIT_EXPECT_EQ(test, m->calls, nr_blocks);
		else if (m->ops.max_batch)
			KUNIT_EXPECT_LE(test, m->calls,
					DIV_ROUND_UP(nr_blocks, m->ops.max_batch) +
					DIV_ROUND_UP(nr_blocks, 512));
		else
			KUNIT_EXPECT_LE(test, m->calls,
					DIV_ROUND_UP(nr_blocks, 512));
		expect_migration(test, &counts, nr, 0, 0, m->calls);

		/* Nothing left: nobody is asked. */
		KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, nr, false));
		expect_migration(test, &counts, 0, 0, 0, 0);
		mock_deflate_all(m);
		expect_mock(test, m, 0);
	}
}

/* What lies outside stays, but for the rest of a block at the edge. */
static void migrate_part_of_range(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), pfn, start, end, nr, from, to;

	nr = m->owner.order ? 4 * block : pageblock_nr_pages;
	need_contig_alloc(test);
	pfn = find_free_pages(test, nr, 0, nr);
	KUNIT_ASSERT_EQ(test, 0, mock_take_range(m, pfn, nr));
	start = pfn + nr / 4 + 3;
	end = pfn + 3 * nr / 4 - 5;
	from = round_down(start, block);
	to = round_up(end, block);
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, start, end - start, false));
	expect_held(test, &m->owner, pfn, from - pfn, m->flags);
	expect_held(test, &m->owner, to, pfn + nr - to, m->flags);
	KUNIT_EXPECT_EQ(test, m->asked, (unsigned int)((to - from) / block));
	expect_mock(test, m, nr / block);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/* Two owners with movable pages, one with others, and holes between them. */
static void migrate_mixed_range(struct kunit *test)
{
	struct mock *a = new_mock(test, &mock_kinds[0]);
	struct mock *b = new_mock(test, &mock_kinds[4]);
	struct mock *c = new_mock(test, &mock_kinds[5]);
	unsigned long block = block_pages(c), pfn, nr = 100, i;
	struct offline_test *t = test->priv;
	unsigned long nr_a, nr_b = 0;

	need_contig_alloc(test);
	pfn = find_free_pages(test, block, 0, 3 * block);
	/* A block behind, and one before which another one follows. */
	KUNIT_ASSERT_EQ(test, 0, mock_take_range(c, pfn + 2 * block, block));
	KUNIT_ASSERT_EQ(test, 0, mock_take_range(c, pfn, block));
	KUNIT_ASSERT_EQ(test, 0, mock_take_range(a, pfn + block, nr));
	/* Holes, and pages of another balloon. */
	for (nr_a = nr, i = 2; i < nr; i += 5, nr_a--) {
		unsigned long hole = pfn + block + i;

		mock_host_remove(a, hole);
		free_offline_page(&a->owner, pfn_to_page(hole));
		if (i & 1) {
			KUNIT_ASSERT_EQ(test, 0, mock_take_range(b, hole, 1));
			nr_b++;
		}
	}
	/* Others' pages, which keep anybody else from taking single pages. */
	for (i = 4; i < nr; i += 5, nr_a--) {
		struct page *page = pfn_to_page(pfn + block + i);

		mock_host_remove(a, pfn + block + i);
		KUNIT_ASSERT_EQ(test, 0, lend_offline_page(&a->owner, page));
		KUNIT_ASSERT_EQ(test, 0,
				adopt_offline_page(&t->other, page,
						   OFFLINE_PAGE_SKIPPABLE));
	}
	KUNIT_ASSERT_GT(test, nr_b, 0UL);
	expect_mock(test, a, nr_a);
	expect_mock(test, b, nr_b);
	expect_mock(test, c, 2);

	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, 3 * block, false));
	for (i = pfn; i < pfn + 3 * block; i++) {
		if (offline_page_held(&t->other, i))
			expect_held(test, &t->other, i, 1,
				    OFFLINE_PAGE_SKIPPABLE);
		else
			expect_back(test, i, 1);
	}
	expect_mock(test, a, nr_a);
	expect_mock(test, b, nr_b);
	expect_mock(test, c, 2);
	free_all(&t->other);
	mock_deflate_all(a);
	mock_deflate_all(b);
	mock_deflate_all(c);
	expect_mock(test, a, 0);
}

static void migrate_busy_range(struct kunit *test)
{
	static const struct mock_script busy = {
		"busy", { OFFLINE_PAGE_MOVED }, 1, .busy = 3,
	};
	static const struct mock_script stubborn = {
		"stubborn", { OFFLINE_PAGE_KEPT }, 1,
	};
	struct mock *m = new_mock(test, test->param_value);
	unsigned long nr, pfn, block = block_pages(m);
	struct offline_test *t = test->priv;
	struct offline_page_batch batch;

	nr = 4 * block;
	pfn = mock_range(test, m, 4);

	/* The owner does not want to, with an error and without. */
	set_script(m, &all_kept);
	KUNIT_EXPECT_EQ(test, -EBUSY, empty_range(test, pfn, nr, false));
	KUNIT_EXPECT_GT(test, m->calls, 1U);
	expect_held(test, &m->owner, pfn, nr, m->flags);
	expect_mock(test, m, 4);
	set_script(m, &stubborn);
	KUNIT_EXPECT_EQ(test, -EBUSY, empty_range(test, pfn, nr, false));
	expect_held(test, &m->owner, pfn, nr, m->flags);
	expect_mock(test, m, 4);
	expect_counted(test, OFFLINE_PAGES_MIGRATED, 0UL);

	/* Not now. */
	set_script(m, &busy);
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, nr, false));
	KUNIT_EXPECT_EQ(test, m->busy, 0U);
	expect_back(test, pfn, nr);
	expect_mock(test, m, 4);
	mock_deflate_all(m);

	/* Somebody else has them, for too long. */
	pfn = mock_range(test, m, 4);
	isolate_batch(test, &batch, pfn, pfn + nr);
	set_script(m, &all_moved);
	KUNIT_EXPECT_EQ(test, -EBUSY, empty_range(test, pfn, nr, false));
	KUNIT_EXPECT_EQ(test, m->calls, 0U);
	expect_isolated(test, m, pfn, nr);
	putback_offline_page_batch(&batch);
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, nr, false));
	expect_back(test, pfn, nr);
	expect_mock(test, m, 4);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
	KUNIT_EXPECT_EQ(test, counted(t, OFFLINE_PAGES_MISUSE), 0UL);
}

/* The destinations run out, at each of them. */
static void migrate_range_no_memory(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long pfn, block = block_pages(m);
	struct offline_test *t = test->priv;
	unsigned int n;

	for (n = 0; n <= 4; n++) {
		pfn = mock_range(test, m, 4);
		set_script(m, &all_moved);
		t->fail_at = n;
		KUNIT_EXPECT_EQ(test, n < 4 ? -ENOMEM : 0,
				empty_range(test, pfn, 4 * block, false));
		KUNIT_EXPECT_EQ(test, t->failed == FAIL_TARGET, n < 4);
		KUNIT_EXPECT_EQ(test, m->asked, n);
		expect_back(test, pfn, n * block);
		expect_held(test, &m->owner, pfn + n * block, (4 - n) * block,
			    m->flags);
		expect_mock(test, m, 4);
		mock_deflate_all(m);
		expect_mock(test, m, 0);
	}
}

/* To other nodes if there are any, or else to the same one. */
static void migrate_range_off_node(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long pfn, dst, block = block_pages(m);
	struct offline_test *t = test->priv;
	void *entry;
	int nid;

	if (num_node_state(N_MEMORY) < 2)
		kunit_skip(test, "needs two nodes with memory");
	pfn = mock_range(test, m, 4);
	nid = page_to_nid(pfn_to_page(pfn));
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, 4 * block, true));
	xa_for_each(&m->host, dst, entry)
		KUNIT_EXPECT_NE(test, nid, page_to_nid(pfn_to_page(dst)));
	expect_mock(test, m, 4);
	mock_deflate_all(m);

	/* The other nodes are full when the first one is looked for. */
	pfn = mock_range(test, m, 1);
	t->fail_at = 0;
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, block, true));
	KUNIT_EXPECT_EQ(test, t->failed, FAIL_TARGET);
	KUNIT_EXPECT_EQ(test, t->calls, 2U);
	expect_back(test, pfn, block);
	expect_mock(test, m, 1);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/* Another node's pages are described elsewhere: no memory for that, yet. */
static void migrate_range_without_chunk(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long pfn, block = block_pages(m);
	int ret;

	if (num_node_state(N_MEMORY) < 2)
		kunit_skip(test, "needs two nodes with memory");
	pfn = mock_range(test, m, 4);
	kunit_activate_static_stub(test, offline_pages_alloc_chunk,
				   stub_no_chunk);
	ret = empty_range(test, pfn, 4 * block, true);
	kunit_deactivate_static_stub(test, offline_pages_alloc_chunk);
	if (!ret) {
		mock_deflate_all(m);
		kunit_skip(test, "the destinations need no other bits");
	}
	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, m->calls, 0U);
	expect_held(test, &m->owner, pfn, 4 * block, m->flags);
	expect_mock(test, m, 4);
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, 4 * block, true));
	expect_back(test, pfn, 4 * block);
	expect_mock(test, m, 4);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/* No memory to ask for many pages at a time. */
static void *stub_no_arrays(unsigned int nr, gfp_t gfp)
{
	struct kunit *test = kunit_get_current_test();
	struct offline_test *t = test->priv;

	t->failed = FAIL_ARRAYS;
	return NULL;
}

static void migrate_range_in_small_steps(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long nr = m->owner.order ? 4 : 2 * OFFLINE_PAGE_BATCH + 3;
	unsigned long block = block_pages(m), pfn = mock_range(test, m, nr);
	struct offline_test *t = test->priv;

	set_script(m, &all_moved);
	kunit_activate_static_stub(test, offline_pages_alloc_arrays,
				   stub_no_arrays);
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, nr * block, false));
	kunit_deactivate_static_stub(test, offline_pages_alloc_arrays);
	KUNIT_EXPECT_EQ(test, t->failed, FAIL_ARRAYS);
	KUNIT_EXPECT_LE(test, m->largest, OFFLINE_PAGE_BATCH);
	KUNIT_EXPECT_EQ(test, m->asked, (unsigned int)nr);
	expect_back(test, pfn, nr * block);
	expect_mock(test, m, nr);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/*
 * How often the host has to be asked. Say it in a form that can be searched
 * for.
 */
static void migrate_bench(struct kunit *test)
{
	struct mock *m = new_mock(test, &mock_kinds[0]);
	struct offline_test *t = test->priv;
	unsigned long nr, pfn = 0;

	need_contig_alloc(test);
	for (nr = SZ_128M / PAGE_SIZE; nr >= SZ_16M / PAGE_SIZE; nr /= 2) {
		pfn = __find_free_pages(nr, 0, nr);
		if (pfn)
			break;
	}
	if (!pfn)
		kunit_skip(test, "no 16 MiB of free pages");
	KUNIT_ASSERT_EQ(test, 0, mock_take_range(m, pfn, nr));
	set_script(m, &all_moved);
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, nr, false));
	expect_back(test, pfn, nr);
	expect_mock(test, m, nr);
	expect_counted(test, OFFLINE_PAGES_MIGRATED, nr);
	pr_info("bench mock: pages=%lu calls=%u\n", nr, m->calls);
	KUNIT_EXPECT_LE(test, m->calls, nr / 512);
	/* Not all of the destinations came one by one. */
	KUNIT_EXPECT_TRUE(test, t->taken || kasan_enabled() ||
			  IS_ENABLED(CONFIG_MEM_ALLOC_PROFILING));
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/*
 * Pages that break, or are about to.
 */

/* Nothing but its owner knows about blocks, so this is about pages. */
static const void *page_kind_gen_params(struct kunit *test, const void *prev,
					char *desc)
{
	const struct mock_kind *kind = mock_kind_gen_params(test, prev, desc);

	return kind && !kind->order ? kind : NULL;
}

static void __expect_lost(struct kunit *test, struct page *page,
			  unsigned int flags, int line)
{
	unsigned long pfn = page_to_pfn(page);
	const char *wrong;
	char buf[8];

	wrong = offline_page_wrong(page, lost_flags(flags));
	if (!wrong && !offline_page_owner_name(pfn, buf, sizeof(buf)))
		wrong = "it is still held";
	if (wrong)
		KUNIT_FAIL(test, "poisoned page %#lx: %s, line %d", pfn, wrong,
			   line);
	/* It is neither managed nor free from now on. */
	shift_managed(test->priv, pfn, -1);
}

#define expect_lost(test, page, flags) \
	__expect_lost(test, page, flags, __LINE__)

/* It is well again, and goes back. */
static void found_again(struct kunit *test, struct poison *poison)
{
	shift_managed(test->priv, page_to_pfn(poison->page), 1);
	kunit_release_action(test, unpoison, poison);
}

static void poison_held_page(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	struct poison *poison;
	struct page *page;
	unsigned long pfn;
	unsigned int i;

	need_memory_failure(test);
	pfn = mock_range(test, m, 6);
	page = pfn_to_page(pfn + 2);
	poison = poison_page(test, pfn + 2);
	expect_held(test, &m->owner, pfn + 2, 1, m->flags | TEST_POISONED);
	expect_counted(test, OFFLINE_PAGES_POISONED, 0UL);

	poison_offline_page(page);
	expect_lost(test, page, m->flags);
	/* Once, and once only. */
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, m->nr_poisoned, 1U);
		KUNIT_EXPECT_PTR_EQ(test, m->poisoned, page);
		expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
		expect_mock(test, m, 5);
		poison_offline_page(page);
	}

	/* Nobody looks at it again. */
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, 6, false));
	KUNIT_EXPECT_EQ(test, m->asked, 5U);
	KUNIT_EXPECT_TRUE(test, PageOffline(page));
	expect_back(test, pfn, 2);
	expect_back(test, pfn + 3, 3);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
	KUNIT_EXPECT_EQ(test, m->nr_poisoned, 1U);
	expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
	found_again(test, poison);
	expect_back(test, pfn, 6);
	expect_mock(test, m, 0);
}

/* Marked, but nobody took it out yet: it may be on its way before. */
static void poison_before_migration(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	struct poison *poison;
	unsigned long pfn;

	need_memory_failure(test);
	pfn = mock_range(test, m, 6);
	poison = poison_page(test, pfn + 3);
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, 6, false));
	expect_lost(test, poison->page, m->flags);
	/* It was exchanged like the others, so that its owner lost nothing. */
	KUNIT_EXPECT_EQ(test, m->asked, 6U);
	KUNIT_EXPECT_EQ(test, m->nr_poisoned, 0U);
	expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
	expect_mock(test, m, 6);
	poison_offline_page(poison->page);
	KUNIT_EXPECT_EQ(test, m->nr_poisoned, 0U);
	expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
	mock_deflate_all(m);
	found_again(test, poison);
	expect_back(test, pfn, 6);
	expect_mock(test, m, 0);
}

enum isolated_end {
	END_PUTBACK_BATCH,
	END_MOVED,
	END_KEPT,
	END_DEFLATED,
	END_OWNER_FREES,
	END_OWNER_PUTBACK,
	NR_ENDS,
};

/* What happens to isolated pages, one of which broke meanwhile. */
static void end_isolation(struct kunit *test, struct mock *m,
			  struct offline_page_batch *batch,
			  enum isolated_end end)
{
	struct test_targets targets;
	unsigned int i, succeeded = 0, nr = batch->nr;

	switch (end) {
	case END_PUTBACK_BATCH:
		putback_offline_page_batch(batch);
		return;
	case END_OWNER_FREES:
		for (i = 0; i < nr; i++)
			mock_host_remove(m, batch->pfns[i]);
		free_isolated_offline_pages_bulk(&m->owner, nr, batch->pfns);
		return;
	case END_OWNER_PUTBACK:
		putback_offline_pages_bulk(&m->owner, nr, batch->pfns);
		return;
	case END_KEPT:
		set_script(m, &all_kept);
		break;
	case END_DEFLATED:
		set_script(m, &all_deflated);
		break;
	default:
		set_script(m, &all_moved);
	}
	init_targets(test, &targets, TEST_GFP, NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, end == END_KEPT ? (int)(nr * block_pages(m)) : 0,
			migrate_offline_page_batch(batch, &targets.ops,
						   MIGRATE_SYNC, &succeeded));
}

static void poison_isolated_page(struct kunit *test)
{
	static const unsigned int left[NR_ENDS] = {
		[END_PUTBACK_BATCH] = 7,
		[END_MOVED] = 8,
		[END_KEPT] = 7,
		[END_DEFLATED] = 0,
		[END_OWNER_FREES] = 0,
		[END_OWNER_PUTBACK] = 8,
	};
	struct mock *m = new_mock(test, test->param_value);
	struct offline_page_batch batch;
	struct poison *poison;
	unsigned long pfn, nr_poisoned = 0;
	enum isolated_end end;

	need_memory_failure(test);
	for (end = 0; end < NR_ENDS; end++) {
		bool told = end == END_PUTBACK_BATCH || end == END_KEPT;

		pfn = mock_range(test, m, 8);
		isolate_batch(test, &batch, pfn, pfn + 8);
		m->nr_poisoned = 0;
		poison = poison_page(test, pfn + 5);
		/* It is up to who isolated it. */
		poison_offline_page(poison->page);
		KUNIT_EXPECT_EQ(test, m->nr_poisoned, 0U);
		expect_counted(test, OFFLINE_PAGES_POISONED, nr_poisoned);
		KUNIT_EXPECT_EQ(test, m->owner.nr_isolated, 8UL);
		/* Who has it may be writing to it: the block does not go. */
		KUNIT_EXPECT_FALSE(test, offline_page_can_skip(poison->page));
		KUNIT_EXPECT_TRUE(test, offline_page_can_move(poison->page));
		KUNIT_EXPECT_EQ(test, -EBUSY,
				empty_range(test, pfn + 5, 1, false));

		end_isolation(test, m, &batch, end);
		if (end == END_OWNER_PUTBACK) {
			/* It has not had the time to look at it. */
			expect_held(test, &m->owner, pfn + 5, 1,
				    m->flags | TEST_POISONED);
			expect_mock(test, m, 8);
			expect_counted(test, OFFLINE_PAGES_POISONED,
				       nr_poisoned);
			mock_deflate_all(m);
			expect_lost(test, poison->page, m->flags);
			expect_mock(test, m, 0);
		} else {
			expect_lost(test, poison->page, m->flags);
			expect_mock(test, m, left[end]);
		}
		expect_counted(test, OFFLINE_PAGES_POISONED, ++nr_poisoned);
		KUNIT_EXPECT_EQ_MSG(test, m->nr_poisoned, (unsigned int)told,
				    "end %u", end);
		poison_offline_page(poison->page);
		mock_deflate_all(m);
		KUNIT_EXPECT_EQ(test, m->nr_poisoned, (unsigned int)told);
		expect_counted(test, OFFLINE_PAGES_POISONED, nr_poisoned);
		expect_mock(test, m, 0);
		found_again(test, poison);
		expect_back(test, pfn, 8);
		expect_mock(test, m, 0);
	}
}

struct poison_dst {
	struct kunit *test;
	struct poison *poison;
	unsigned long dst;
};

static void poison_third_dst(struct mock *m, unsigned long dst,
			     unsigned long src)
{
	struct poison_dst *p = m->hook_data;

	if (m->asked != 3)
		return;
	p->dst = dst;
	p->poison = poison_page(p->test, dst + block_pages(m) / 2);
	/* Not there yet, as far as anybody knows. */
	poison_offline_page(p->poison->page);
}

/*
 * The third destination breaks on the way, or one page in the middle of it. If
 * it comes into use, it is its owner's; if not, the rest of it is free again.
 */
static void poison_destination(struct kunit *test)
{
	static const enum isolated_end ends[] = {
		END_MOVED, END_KEPT, END_DEFLATED,
	};
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), pfn, nr = block > 1 ? 3 : 8;
	struct poison_dst p = { .test = test };
	struct offline_page_batch batch;
	unsigned int i;

	need_memory_failure(test);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		bool used = ends[i] == END_MOVED;
		bool told = used && block == 1;

		pfn = mock_range(test, m, nr);
		isolate_batch(test, &batch, pfn, pfn + nr * block);
		m->nr_poisoned = 0;
		p.poison = NULL;
		m->hook_data = &p;
		m->hook = poison_third_dst;
		end_isolation(test, m, &batch, ends[i]);
		m->hook = NULL;
		KUNIT_ASSERT_NOT_NULL(test, p.poison);
		if (used)
			expect_back(test, pfn, nr * block);
		if (used && block > 1) {
			/* A block stays whole until it goes. */
			expect_counted(test, OFFLINE_PAGES_POISONED, i);
			expect_mock(test, m, nr);
			mock_deflate_all(m);
		}
		expect_lost(test, p.poison->page, 0);
		expect_back(test, p.dst, block / 2);
		expect_back(test, p.dst + block / 2 + 1, block - block / 2 - 1);
		KUNIT_EXPECT_EQ(test, m->nr_poisoned, (unsigned int)told);
		expect_counted(test, OFFLINE_PAGES_POISONED, i + 1UL);
		if (ends[i] == END_KEPT)
			expect_held(test, &m->owner, pfn, nr * block, m->flags);
		expect_accounting(test);
		mock_deflate_all(m);
		expect_counted(test, OFFLINE_PAGES_POISONED, i + 1UL);
		found_again(test, p.poison);
		expect_back(test, p.dst, block);
		expect_mock(test, m, 0);
	}
}

/* A block stays whole until it goes. */
static void poison_in_block(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), pfn, nr_poisoned = 0;
	struct offline_page_batch batch;
	struct poison *poison;
	enum isolated_end end;

	need_memory_failure(test);
	/* Its owner exchanges it at once, if that does not take long. */
	pfn = mock_range(test, m, 2);
	poison = poison_page(test, pfn + block - 1);
	m->mode = MIGRATE_SYNC_LIGHT;
	poison_offline_page(poison->page);
	m->mode = MIGRATE_SYNC;
	expect_lost(test, poison->page, m->flags);
	KUNIT_EXPECT_EQ(test, m->asked, 1U);
	expect_counted(test, OFFLINE_PAGES_POISONED, ++nr_poisoned);
	expect_back(test, pfn, block - 1);
	expect_mock(test, m, 2);
	mock_deflate_all(m);
	found_again(test, poison);
	expect_mock(test, m, 0);

	/* Or does not want to. */
	for (end = 0; end < NR_ENDS; end++) {
		pfn = mock_range(test, m, 2);
		poison = poison_page(test, pfn + block - 1);
		set_script(m, &all_kept);
		m->mode = MIGRATE_SYNC_LIGHT;
		poison_offline_page(poison->page);
		m->mode = MIGRATE_SYNC;
		KUNIT_EXPECT_GT(test, m->asked, 0U);
		expect_held(test, &m->owner, pfn, block - 1, m->flags);
		expect_held(test, &m->owner, pfn + block - 1, 1,
			    m->flags | TEST_POISONED);
		expect_counted(test, OFFLINE_PAGES_POISONED, nr_poisoned);
		expect_mock(test, m, 2);

		isolate_batch(test, &batch, pfn, pfn + block);
		end_isolation(test, m, &batch, end);
		if (offline_page_held(&m->owner, pfn)) {
			expect_mock(test, m, 2);
			expect_counted(test, OFFLINE_PAGES_POISONED,
				       nr_poisoned);
			KUNIT_EXPECT_EQ(test, 2UL,
					mock_deflate(m, 2, batch.pfns));
		}
		expect_lost(test, poison->page, m->flags);
		expect_counted(test, OFFLINE_PAGES_POISONED, ++nr_poisoned);
		KUNIT_EXPECT_EQ(test, m->nr_poisoned, 0U);
		expect_back(test, pfn, block - 1);
		expect_accounting(test);
		mock_deflate_all(m);
		expect_counted(test, OFFLINE_PAGES_POISONED, nr_poisoned);
		found_again(test, poison);
		expect_back(test, pfn, 2 * block);
		expect_mock(test, m, 0);
	}
}

static const void *block_kind_gen_params(struct kunit *test, const void *prev,
					 char *desc)
{
	const struct mock_kind *kind = prev;

	do {
		kind = mock_kind_gen_params(test, kind, desc);
	} while (kind && !kind->order);
	return kind;
}

/* To be undone like poison_page(), but somebody else marked the page. */
static struct poison *note_poison(struct kunit *test, struct page *page)
{
	KUNIT_EXPECT_TRUE(test, PageHWPoison(page));
	return poison_page(test, page_to_pfn(page));
}

static int soft_offline(struct kunit *test, struct mock *m, struct page *page)
{
	struct offline_test *t = test->priv;
	enum migrate_mode mode = m->mode;
	int ret;

	t->pfn = 0;
	t->nr_pages = 0;
	t->calls = 0;
	t->failed = FAIL_NONE;
	kunit_activate_static_stub(test, offline_pages_alloc_target,
				   stub_alloc_target);
	/* Other errors wait for it. */
	m->mode = MIGRATE_SYNC_LIGHT;
	ret = soft_offline_movable_page(page);
	m->mode = mode;
	kunit_deactivate_static_stub(test, offline_pages_alloc_target);
	return ret;
}

static void soft_offline_page_of_mock(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	struct offline_page_batch batch;
	struct offline_test *t = test->priv;
	unsigned long block = block_pages(m), pfn;
	struct poison *poison;
	struct page *page;

	need_memory_failure(test);
	pfn = mock_range(test, m, 3);
	/* Not the first one of a block. */
	page = pfn_to_page(pfn + 2 * block - 1);

	/* As it was, if its owner does not want to. */
	set_script(m, &all_kept);
	KUNIT_EXPECT_EQ(test, -EBUSY, soft_offline(test, m, page));
	KUNIT_EXPECT_FALSE(test, PageHWPoison(page));
	KUNIT_EXPECT_GT(test, m->calls, 0U);
	expect_held(test, &m->owner, pfn, 3 * block, m->flags);
	expect_mock(test, m, 3);

	/* If there is no other page. */
	set_script(m, &all_moved);
	t->fail_at = 0;
	KUNIT_EXPECT_EQ(test, -ENOMEM, soft_offline(test, m, page));
	t->fail_at = UINT_MAX;
	KUNIT_EXPECT_FALSE(test, PageHWPoison(page));
	KUNIT_EXPECT_EQ(test, m->calls, 0U);
	expect_held(test, &m->owner, pfn, 3 * block, m->flags);
	expect_mock(test, m, 3);

	/* If somebody else has got it. */
	isolate_batch(test, &batch, pfn, pfn + 3 * block);
	KUNIT_EXPECT_EQ(test, -EBUSY, soft_offline(test, m, page));
	KUNIT_EXPECT_FALSE(test, PageHWPoison(page));
	putback_offline_page_batch(&batch);
	expect_mock(test, m, 3);
	expect_counted(test, OFFLINE_PAGES_POISONED, 0UL);

	/* Its owner is busy, and then exchanges it. */
	set_script(m, &mock_scripts[7]);
	KUNIT_EXPECT_EQ(test, 0, soft_offline(test, m, page));
	poison = note_poison(test, page);
	expect_lost(test, page, m->flags);
	KUNIT_EXPECT_EQ(test, m->asked, 1U);
	expect_back(test, pfn + block, block - 1);
	expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
	expect_counted(test, OFFLINE_PAGES_MIGRATED, block);
	expect_mock(test, m, 3);
	KUNIT_EXPECT_EQ(test, -EBUSY, soft_offline(test, m, page));
	expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
	found_again(test, poison);
	expect_back(test, pfn + block, block);
	expect_mock(test, m, 3);

	/* Or does without. */
	page = pfn_to_page(pfn);
	set_script(m, &all_deflated);
	KUNIT_EXPECT_EQ(test, 0, soft_offline(test, m, page));
	poison = note_poison(test, page);
	expect_lost(test, page, m->flags);
	expect_back(test, pfn + 1, block - 1);
	expect_counted(test, OFFLINE_PAGES_POISONED, 2UL);
	expect_mock(test, m, 2);
	found_again(test, poison);
	KUNIT_EXPECT_EQ(test, m->nr_poisoned, 0U);
	mock_deflate_all(m);
	expect_mock(test, m, 0);
}

/* What is broken is not for use, and not for adopt_offline_page() either. */
static void lend_poisoned(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	struct poison *poison;
	unsigned long pfn;

	need_memory_failure(test);
	pfn = mock_range(test, m, 3);
	poison = poison_page(test, pfn + 1);
	KUNIT_EXPECT_EQ(test, -EHWPOISON,
			lend_offline_page(&m->owner, poison->page));
	mock_host_remove(m, pfn + 1);
	expect_lost(test, poison->page, m->flags);
	KUNIT_EXPECT_EQ(test, page_ref_count(poison->page), 0);
	expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
	expect_counted(test, OFFLINE_PAGES_LENT, 0UL);
	/* It has been told. */
	KUNIT_EXPECT_EQ(test, m->nr_poisoned, 0U);
	expect_mock(test, m, 2);

	/* Nobody has it to lend it again. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			lend_offline_page(&m->owner, poison->page));
	expect_misuse(test, 1);
	expect_counted(test, OFFLINE_PAGES_POISONED, 1UL);
	mock_deflate_all(m);
	found_again(test, poison);
	expect_back(test, pfn, 3);
	expect_mock(test, m, 0);
}

#ifndef MODULE
struct walker {
	struct completion walks;
	struct completion gone;
};

static int run_walker(void *arg)
{
	struct walker *walker = arg;

	page_offline_freeze();
	complete(&walker->walks);
	msleep(150);
	page_offline_thaw();
	complete_all(&walker->gone);
	return 0;
}

/* Somebody reads for longer than an owner is ever waited for. */
static struct walker *start_walker(struct kunit *test)
{
	struct walker *walker;
	struct task_struct *task;

	walker = kunit_kzalloc(test, sizeof(*walker), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, walker);
	init_completion(&walker->walks);
	init_completion(&walker->gone);
	task = kthread_run(run_walker, walker, "offline_pages");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	wait_for_completion(&walker->walks);
	return walker;
}

/* Who empties a range, or saves a page, does wait for them. */
static void migrate_after_walkers(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), pfn;
	struct poison *poison;
	struct walker *walker;

	pfn = mock_range(test, m, 4);
	walker = start_walker(test);
	KUNIT_EXPECT_EQ(test, 0, empty_range(test, pfn, 4 * block, false));
	wait_for_completion(&walker->gone);
	KUNIT_EXPECT_EQ(test, m->asked, 4U);
	expect_back(test, pfn, 4 * block);
	expect_mock(test, m, 4);
	mock_deflate_all(m);
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		return;

	pfn = mock_range(test, m, 1);
	walker = start_walker(test);
	KUNIT_EXPECT_EQ(test, 0, soft_offline(test, m, pfn_to_page(pfn)));
	wait_for_completion(&walker->gone);
	poison = note_poison(test, pfn_to_page(pfn));
	expect_lost(test, poison->page, m->flags);
	expect_mock(test, m, 1);
	mock_deflate_all(m);
	found_again(test, poison);
	expect_mock(test, m, 0);
}
#endif

#if !defined(MODULE) && defined(CONFIG_TRACEPOINTS)
struct poison_leaving {
	unsigned long pfn;
	bool marked;
};

static void poison_at_event(void *data, const struct offline_page_owner *owner,
			    unsigned long pfn, unsigned long nr_pages,
			    unsigned int flags)
{
	struct poison_leaving *p = data;

	if (p->marked || p->pfn < pfn || p->pfn >= pfn + nr_pages)
		return;
	SetPageHWPoison(pfn_to_page(p->pfn));
	p->marked = true;
}

/*
 * It was found sound, and breaks before it leaves. The event is sent in
 * between.
 */
static void poison_leaving_page(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), pfn, nr = block > 1 ? block : 8;
	unsigned long pfns[1], n, i, bad;
	struct poison_leaving p;
	struct poison *poison;
	unsigned int round;

	need_memory_failure(test);
	for (round = 0; round < 3; round++) {
		bad = round == 2 ? 3 : 0;
		pfn = mock_range(test, m, nr / block);
		p.pfn = pfn + bad;
		p.marked = false;
		KUNIT_ASSERT_EQ(test, 0,
				register_trace_offline_page_free(poison_at_event,
								 &p));
		switch (round) {
		case 0:
			/* By itself, if it is one page. */
			n = isolate_offline_pages_bulk(&m->owner, 1, pfns);
			mock_host_remove(m, pfns[0]);
			free_isolated_offline_pages_bulk(&m->owner, n, pfns);
			mock_deflate_all(m);
			break;
		case 1:
			mock_deflate_all(m);
			break;
		default:
			for (i = 0; i < nr; i += block)
				mock_host_remove(m, pfn + i);
			free_offline_page_range(&m->owner, pfn, nr);
		}
		unregister_trace_offline_page_free(poison_at_event, &p);
		tracepoint_synchronize_unregister();
		KUNIT_ASSERT_TRUE(test, p.marked);
		poison = note_poison(test, pfn_to_page(p.pfn));
		expect_lost(test, poison->page, 0);
		expect_back(test, pfn, bad);
		expect_back(test, pfn + bad + 1, nr - bad - 1);
		expect_counted(test, OFFLINE_PAGES_POISONED, round + 1UL);
		expect_mock(test, m, 0);
		found_again(test, poison);
		expect_back(test, pfn, nr);
		expect_mock(test, m, 0);
	}
	KUNIT_EXPECT_EQ(test, m->nr_poisoned, 0U);
}
#endif

/*
 * Owners that leave.
 */

struct leaver {
	struct offline_page_owner *owner;
	struct completion done;
};

static int run_leaver(void *arg)
{
	struct leaver *leaver = arg;

	unregister_offline_page_owner(leaver->owner);
	complete_all(&leaver->done);
	return 0;
}

struct leave_param {
	const char *name;
	enum isolated_end end;
};

static const struct leave_param leave_params[] = {
	{ "migration puts them back", END_PUTBACK_BATCH },
	{ "migration moves them", END_MOVED },
	{ "migration leaves them", END_KEPT },
	{ "migration finds them deflated", END_DEFLATED },
	{ "their owner frees them", END_OWNER_FREES },
	{ "their owner puts them back", END_OWNER_PUTBACK },
};

KUNIT_ARRAY_PARAM_DESC(leave, leave_params, name);

/* Pages that their owner left behind come back to those who watch. */
static void rescue_left_behind(struct kunit *test, struct mock *m)
{
	struct offline_test *t = test->priv;
	unsigned long pfn, pfns[8], i, block = block_pages(m);
	unsigned int n, nr = 0;
	void *entry;

	xa_for_each(&m->host, pfn, entry) {
		for (i = pfn; i < pfn + block; i++) {
			const char *wrong;

			wrong = offline_page_wrong(pfn_to_page(i), 0);
			KUNIT_EXPECT_NULL_MSG(test, wrong, "page %#lx: %s", i,
					      wrong);
		}
		shift_managed(t, pfn, -(long)block);
		mock_host_remove(m, pfn);
		pfns[nr++] = pfn;
		if (nr == ARRAY_SIZE(pfns))
			break;
	}
	/* What is nobody's is in no balloon, and not managed. */
	expect_accounting(test);
	for (n = 0; n < nr; n++) {
		shift_managed(t, pfns[n], block);
		for (i = 0; i < block; i++)
			rescue_page(t, pfn_to_page(pfns[n] + i));
		expect_back(test, pfns[n], block);
	}
}

static struct leaver *new_leaver(struct kunit *test, struct mock *m,
				 struct task_struct **task)
{
	struct leaver *leaver;

	leaver = kunit_kzalloc(test, sizeof(*leaver), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, leaver);
	leaver->owner = &m->owner;
	init_completion(&leaver->done);
	*task = kthread_create(run_leaver, leaver, "offline_pages");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, *task);
	return leaver;
}

/* No page of it is isolated by mm from now on. */
static void wait_until_leaving(struct mock *m)
{
	unsigned int tries;

	for (tries = 0; tries < 5000 && !READ_ONCE(m->owner.leaving); tries++)
		fsleep(1000);
}

static void unregister_one_kind(struct kunit *test, struct mock *m,
				enum isolated_end end)
{
	unsigned long block = block_pages(m), pfn, last, pfns[8];
	unsigned int nr = block > 1 ? 2 : 8, rest = block > 1 ? 1 : 4, calls;
	struct offline_page_batch batch, second = {};
	struct task_struct *task;
	struct leaver *leaver;

	pfn = mock_range(test, m, nr + rest);
	last = pfn + nr * block;
	isolate_batch(test, &batch, pfn, last);
	leaver = new_leaver(test, m, &task);
	wake_up_process(task);
	wait_until_leaving(m);
	KUNIT_EXPECT_EQ(test, 0UL,
			wait_for_completion_timeout(&leaver->done, HZ / 20));

	/* Nobody new gets any page but the owner itself. */
	KUNIT_EXPECT_EQ(test, 0L,
			isolate_offline_page_run(&second, last,
						 last + rest * block,
						 MAX_PAGE_ORDER));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			empty_range(test, last, rest * block, false));
	KUNIT_EXPECT_EQ(test, -EBUSY, soft_offline(test, m, pfn_to_page(last)));
	KUNIT_EXPECT_EQ(test, m->calls, 0U);
	expect_held(test, &m->owner, last, rest * block, m->flags);
	KUNIT_EXPECT_EQ(test, (unsigned long)rest, mock_deflate(m, 8, pfns));
	expect_back(test, last, rest * block);
	expect_isolated(test, m, pfn, nr * block);
	expect_accounting(test);
	KUNIT_EXPECT_FALSE(test, completion_done(&leaver->done));

	/* It is still there to be asked, but not when the last one is back. */
	end_isolation(test, m, &batch, end);
	calls = m->calls;
	KUNIT_EXPECT_GT(test,
			wait_for_completion_timeout(&leaver->done, 5 * HZ), 0UL);
	/* Whatever it takes. */
	wait_for_completion(&leaver->done);
	KUNIT_EXPECT_FALSE(test, m->owner.registered);
	KUNIT_EXPECT_EQ(test, m->calls, calls);
	rescue_left_behind(test, m);
	expect_accounting(test);
}

static void unregister_waits(struct kunit *test)
{
	const struct leave_param *param = test->param_value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mock_kinds); i++)
		unregister_one_kind(test, new_mock(test, &mock_kinds[i]),
				    param->end);
}

#if !defined(MODULE) && defined(CONFIG_MEMORY_HOTPLUG)
/*
 * Memory offlining goes through a range until nothing in it can move, with
 * memory hotplug held off: what an owner leaves behind must not make it wait
 * for the owner, which waits for it.
 */
static void unregister_beside_hotplug(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), pfn, i;
	struct task_struct *task;
	struct leaver *leaver;
	unsigned int tries;
	int ret = -EBUSY;

	pfn = mock_range(test, m, 3);
	leaver = new_leaver(test, m, &task);
	mem_hotplug_begin();
	wake_up_process(task);
	wait_until_leaving(m);
	for (tries = 0; tries < 50 && ret == -EBUSY; tries++)
		ret = migrate_offline_page_range(pfn, pfn + 3 * block, TEST_GFP,
						 false);
	KUNIT_EXPECT_EQ(test, ret, 0);
	for (i = 0; i < 3 * block; i++)
		if (offline_page_can_move(pfn_to_page(pfn + i)))
			break;
	KUNIT_EXPECT_EQ(test, i, 3 * block);
	/* It may not go yet: the block would go offline without its pages. */
	KUNIT_EXPECT_FALSE(test, completion_done(&leaver->done));
	mem_hotplug_done();

	wait_for_completion(&leaver->done);
	KUNIT_EXPECT_EQ(test, m->calls, 0U);
	rescue_left_behind(test, m);
	expect_accounting(test);
}
#endif

/* The same without anybody in the way, for balloons. */
static void unregister_with_balloon(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);

	mock_range(test, m, 8);
	expect_mock(test, m, 8);
	unregister_offline_page_owner(&m->owner);
	rescue_left_behind(test, m);
	expect_accounting(test);
}

/*
 * Who looks for a block without a lock may see one that comes in or goes out in
 * part, and that another one follows.
 */
static void isolate_block_seen_in_part(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), pfn, taken;

	pfn = mock_range(test, m, 2);
	scoped_guard(spinlock_irqsave, &m->owner.lock)
		m->owner.lowest = pfn + block / 2;
	KUNIT_ASSERT_EQ(test, 1UL,
			isolate_offline_pages_bulk(&m->owner, 1, &taken));
	KUNIT_EXPECT_EQ(test, taken, pfn);
	expect_held(test, &m->owner, pfn + block, block, m->flags);
	putback_offline_page(&m->owner, pfn_to_page(taken));
	expect_held(test, &m->owner, pfn, 2 * block, m->flags);
	expect_mock(test, m, 2);
	mock_deflate_all(m);
	expect_back(test, pfn, 2 * block);
}

/*
 * More misuse.
 */

static void misuse_isolated(struct kunit *test)
{
	struct mock *m = new_mock(test, &mock_kinds[0]);
	struct offline_test *t = test->priv;
	struct page *in_use = get_page_in_use(test);
	unsigned long pfn, pfns[3], got[2];
	struct page *page;

	pfn = mock_range(test, m, 8);
	page = pfn_to_page(pfn);

	/* Not isolated: in its set, and somebody else's. */
	free_isolated_offline_page(&m->owner, page);
	putback_offline_page(&m->owner, page);
	free_isolated_offline_page(&t->other, page);
	putback_offline_page(&t->other, page);
	expect_misuse(test, 4);
	expect_mock(test, m, 8);
	expect_holds(test, &t->other, 0UL);

	/* Not offline. */
	free_isolated_offline_page(&m->owner, in_use);
	putback_offline_page(&m->owner, in_use);
	expect_misuse(test, 2);
	KUNIT_EXPECT_EQ(test, page_ref_count(in_use), 1);
	expect_mock(test, m, 8);

	/* Twice. */
	KUNIT_ASSERT_PTR_EQ(test, page, isolate_offline_page(&m->owner));
	putback_offline_page(&m->owner, page);
	putback_offline_page(&m->owner, page);
	expect_misuse(test, 1);
	expect_mock(test, m, 8);
	KUNIT_ASSERT_PTR_EQ(test, page, isolate_offline_page(&m->owner));
	mock_host_remove(m, pfn);
	free_isolated_offline_page(&m->owner, page);
	free_isolated_offline_page(&m->owner, page);
	expect_misuse(test, 1);
	expect_back(test, pfn, 1);
	expect_mock(test, m, 7);

	/* One that is not, between two that are. */
	KUNIT_ASSERT_EQ(test, 2UL,
			isolate_offline_pages_bulk(&m->owner, 2, got));
	pfns[0] = got[0];
	pfns[1] = pfn + 5;
	pfns[2] = got[1];
	putback_offline_pages_bulk(&m->owner, 3, pfns);
	expect_misuse(test, 1);
	expect_mock(test, m, 7);
	/* One that is not, next to two that are. */
	KUNIT_ASSERT_EQ(test, 2UL,
			isolate_offline_pages_bulk(&m->owner, 2, pfns));
	KUNIT_EXPECT_EQ(test, 0, memcmp(got, pfns, sizeof(got)));
	pfns[2] = got[1] + 1;
	mock_host_remove(m, got[0]);
	mock_host_remove(m, got[1]);
	free_isolated_offline_pages_bulk(&m->owner, 3, pfns);
	expect_misuse(test, 1);
	expect_back(test, got[0], 1);
	expect_back(test, got[1], 1);
	expect_mock(test, m, 5);

	/* Isolated pages are not to be had in any other way. */
	page = isolate_offline_page(&m->owner);
	KUNIT_ASSERT_NOT_NULL(test, page);
	pfn = page_to_pfn(page);
	free_offline_page(&m->owner, page);
	KUNIT_EXPECT_EQ(test, -EINVAL, lend_offline_page(&m->owner, page));
	keep_offline_page_range(&m->owner, pfn, 1, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, adopt_offline_page(&m->owner, page, 0));
	expect_misuse(test, 4);
	expect_isolated(test, m, pfn, 1);
	putback_offline_page(&m->owner, page);
	expect_mock(test, m, 5);

	/* By nobody that we know. */
	mock_deflate_all(m);
	unregister_offline_page_owner(&m->owner);
	KUNIT_EXPECT_NULL(test, isolate_offline_page(&m->owner));
	free_isolated_offline_page(&m->owner, in_use);
	putback_offline_page(&m->owner, in_use);
	expect_misuse(test, 3);
	put_page_in_use(test, in_use);
	expect_accounting(test);
}

/*
 * Pages that do not exist are put back instead of those that were isolated: the
 * others are counted until somebody knows better.
 */
static void misuse_missing(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	unsigned long pfn, gone, got[4], given[2], block = block_pages(m);

	pfn = mock_range(test, m, 4);
	gone = ALIGN(missing_pfn(), block);
	KUNIT_ASSERT_EQ(test, 4UL,
			isolate_offline_pages_bulk(&m->owner, 4, got));
	given[0] = got[0];
	given[1] = gone;
	putback_offline_pages_bulk(&m->owner, 2, given);
	expect_misuse(test, 1);
	KUNIT_EXPECT_EQ(test, m->owner.nr_isolated, 3 * block);
	given[0] = gone + block;
	given[1] = got[3];
	putback_offline_pages_bulk(&m->owner, 2, given);
	expect_misuse(test, 1);
	KUNIT_EXPECT_EQ(test, m->owner.nr_isolated, 2 * block);
	putback_offline_pages_bulk(&m->owner, 2, got + 1);
	expect_misuse(test, 0);
	KUNIT_EXPECT_EQ(test, m->owner.nr_isolated, 0UL);
	KUNIT_EXPECT_EQ(test, m->owner.nr_pages, 4 * block);
	expect_mock(test, m, 4);
	mock_deflate_all(m);
	expect_back(test, pfn, 4 * block);
	expect_mock(test, m, 0);
}

/*
 * Pages that were never managed, or that nobody looks at while their block is
 * offline, do not go with what an owner counts.
 */
static void misuse_counted(struct kunit *test)
{
	struct mock *m = new_mock(test, test->param_value);
	const unsigned int flags = OFFLINE_PAGE_SKIPPABLE;
	struct page *in_use = get_page_in_use(test);
	struct offline_test *t = test->priv;
	unsigned long fresh, pfn, pfns[2];

	fresh = get_fresh_pages(test, 3);
	KUNIT_ASSERT_EQ(test, 0, reserve_offline_page_range(&m->owner, fresh, 8,
							    GFP_KERNEL));
	keep_offline_page_range(&m->owner, fresh, 8, 0);
	keep_offline_page_range(&m->owner, fresh, 8, flags);
	expect_misuse(test, 2);
	expect_counted(test, OFFLINE_PAGES_KEPT, 0UL);
	expect_mock(test, m, 0);

	if (m->owner.stays_managed) {
		pfn = find_free_pages(test, 1, 0, 1);
		KUNIT_EXPECT_NULL(test,
				  alloc_offline_page(&m->owner, TEST_GFP,
						     NUMA_NO_NODE, flags));
		KUNIT_EXPECT_EQ(test, 0UL,
				alloc_offline_pages_bulk(&m->owner, 2, TEST_GFP,
							 NUMA_NO_NODE, flags,
							 pfns));
		KUNIT_EXPECT_NULL(test,
				  alloc_offline_pages_contig(&m->owner, 1,
							     TEST_GFP,
							     numa_mem_id(),
							     flags));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				alloc_offline_page_range(&m->owner, pfn, 1,
							 TEST_GFP, flags));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				adopt_offline_page(&m->owner, in_use, flags));
		expect_misuse(test, 5);
		expect_mock(test, m, 0);
	}

	put_page_in_use(test, in_use);
	for (pfn = fresh; pfn < fresh + 8; pfn++)
		online_fresh_page(t, pfn);
	fresh_pages_settled(test, fresh, 8);
	expect_all_back(test, &t->owner);
}

/* A block that the host refused goes on as small pages. */
static void pass_isolated(struct kunit *test)
{
	struct mock *big = new_mock(test, &mock_kinds[5]);
	struct mock *small = new_mock(test, &mock_kinds[0]);
	struct mock *unlike = new_mock(test, &mock_kinds[3]);
	unsigned long i, pfn, block = block_pages(big);
	struct offline_test *t = test->priv;

	pfn = mock_range(test, big, 2);
	mock_host_remove(big, pfn);
	KUNIT_ASSERT_PTR_EQ(test, isolate_offline_page(&big->owner),
			    pfn_to_page(pfn));

	/* Not isolated, not a block, not from a block, not alike. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			pass_isolated_offline_pages(&big->owner, &small->owner,
						    pfn + block, block,
						    GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			pass_isolated_offline_pages(&big->owner, &small->owner,
						    pfn, block - 1,
						    GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			pass_isolated_offline_pages(&small->owner, &big->owner,
						    pfn + 1, 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			pass_isolated_offline_pages(&big->owner, &unlike->owner,
						    pfn, block, GFP_KERNEL));
	expect_misuse(test, 4);

	/* No memory for the new owner's bits. */
	t->fail_at = 0;
	kunit_activate_static_stub(test, offline_pages_alloc_chunk,
				   stub_alloc_chunk);
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			pass_isolated_offline_pages(&big->owner, &small->owner,
						    pfn, block, GFP_KERNEL));
	kunit_deactivate_static_stub(test, offline_pages_alloc_chunk);
	KUNIT_EXPECT_EQ(test, big->owner.nr_isolated, block);
	KUNIT_EXPECT_EQ(test, small->owner.nr_isolated, 0UL);

	KUNIT_ASSERT_EQ(test, 0,
			pass_isolated_offline_pages(&big->owner, &small->owner,
						    pfn, block, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, big->owner.nr_isolated, 0UL);
	KUNIT_EXPECT_EQ(test, small->owner.nr_isolated, block);
	KUNIT_EXPECT_EQ(test, big->owner.nr_pages, block);
	mock_deflate_all(big);

	/* One page goes back to Linux, the others are the new owner's. */
	free_isolated_offline_page(&small->owner, pfn_to_page(pfn));
	expect_back(test, pfn, 1);
	for (i = 1; i < block; i++) {
		mock_host_add(small, pfn + i);
		putback_offline_page(&small->owner, pfn_to_page(pfn + i));
	}
	expect_mock(test, small, block - 1);
	mock_deflate_all(small);
	expect_mock(test, small, 0);
	expect_mock(test, big, 0);
}

static void misuse_blocks(struct kunit *test)
{
	struct mock *m = new_mock(test, &mock_kinds[5]);
	unsigned long block = block_pages(m), pfn, pfns[1], i;
	struct offline_test *t = test->priv;
	struct page *in_use = get_page_in_use(test);
	unsigned long fresh = get_fresh_pages(test, 0);
	struct page *page;

	/* Less than a block, or parts of blocks. */
	KUNIT_EXPECT_NULL(test, alloc_offline_pages(&m->owner,
						    m->owner.order - 1,
						    TEST_GFP, NUMA_NO_NODE, 0));
	KUNIT_EXPECT_NULL(test, alloc_offline_pages(&m->owner, 0, TEST_GFP,
						    NUMA_NO_NODE, 0));
	KUNIT_EXPECT_NULL(test, alloc_offline_pages_contig(&m->owner, block + 1,
							   TEST_GFP,
							   numa_mem_id(), 0));
	expect_misuse(test, 3);
	expect_mock(test, m, 0);

	pfn = mock_range(test, m, 3);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			alloc_offline_page_range(&m->owner, pfn + 1, block,
						 TEST_GFP, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			alloc_offline_page_range(&m->owner, pfn, block - 1,
						 TEST_GFP, 0));
	expect_misuse(test, 2);
	free_offline_page(&m->owner, pfn_to_page(pfn + 1));
	free_offline_page_range(&m->owner, pfn + block, block - 1);
	free_offline_page_range(&m->owner, pfn + 1, block);
	pfns[0] = pfn + 1;
	free_offline_pages_bulk(&m->owner, 1, pfns);
	expect_misuse(test, 4);
	expect_mock(test, m, 3);

	/* Single pages neither come nor go. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			lend_offline_page(&m->owner, pfn_to_page(pfn)));
	KUNIT_EXPECT_EQ(test, -EINVAL, adopt_offline_page(&m->owner, in_use, 0));
	KUNIT_ASSERT_EQ(test, 0, reserve_offline_page_range(&m->owner, fresh, 1,
							    GFP_KERNEL));
	keep_offline_page_range(&m->owner, fresh, 1, 0);
	expect_misuse(test, 3);
	KUNIT_EXPECT_EQ(test, page_ref_count(in_use), 1);
	expect_mock(test, m, 3);

	/* The second page of an isolated block. */
	page = isolate_offline_page(&m->owner);
	KUNIT_ASSERT_PTR_EQ(test, page, pfn_to_page(pfn));
	putback_offline_page(&m->owner, page + 1);
	free_isolated_offline_page(&m->owner, page + 1);
	expect_misuse(test, 2);
	expect_isolated(test, m, pfn, block);
	putback_offline_page(&m->owner, page);
	expect_mock(test, m, 3);

	/* Whole blocks may also go without being isolated. */
	for (i = 0; i < 3; i++) {
		mock_host_remove(m, pfn);
		pfns[0] = pfn;
		if (i == 0)
			free_offline_page_range(&m->owner, pfn, block);
		else if (i == 1)
			free_offline_page(&m->owner, pfn_to_page(pfn));
		else
			free_offline_pages_bulk(&m->owner, 1, pfns);
		expect_back(test, pfn, block);
		expect_mock(test, m, 2 - i);
		pfn += block;
	}

	/* Two at once are no misuse. */
	page = alloc_offline_pages(&m->owner, m->owner.order + 1, TEST_GFP,
				   NUMA_NO_NODE, m->flags);
	if (page) {
		mock_host_add(m, page_to_pfn(page));
		mock_host_add(m, page_to_pfn(page) + block);
		expect_mock(test, m, 2);
		mock_deflate_all(m);
	}
	put_page_in_use(test, in_use);
	online_fresh_page(t, fresh);
	fresh_pages_settled(test, fresh, 1);
	expect_mock(test, m, 0);
}

static void misuse_movable(struct kunit *test)
{
	static const struct offline_page_ops no_ops = {
		.poisoned = mock_poisoned,
	};
	const unsigned int flags = OFFLINE_PAGE_MOVABLE;
	struct page *in_use = get_page_in_use(test);
	struct offline_test *t = test->priv;
	unsigned long pfn, pfns[2];
	unsigned int i;

	pfn = find_free_pages(test, 1, 0, 1);
	for (i = 0; i < 2; i++) {
		t->owner.ops = i ? &no_ops : NULL;
		KUNIT_EXPECT_NULL(test,
				  alloc_offline_page(&t->owner, TEST_GFP,
						     NUMA_NO_NODE, flags));
		KUNIT_EXPECT_NULL(test,
				  alloc_offline_pages(&t->owner, 1, TEST_GFP,
						      NUMA_NO_NODE, flags));
		KUNIT_EXPECT_EQ(test, 0UL,
				alloc_offline_pages_bulk(&t->owner, 2, TEST_GFP,
							 NUMA_NO_NODE, flags,
							 pfns));
		KUNIT_EXPECT_NULL(test,
				  alloc_offline_pages_contig(&t->owner, 1,
							     TEST_GFP,
							     numa_mem_id(),
							     flags));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				alloc_offline_page_range(&t->owner, pfn, 1,
							 TEST_GFP, flags));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				adopt_offline_page(&t->owner, in_use, flags));
		expect_misuse(test, 6);
		expect_holds(test, &t->owner, 0UL);
	}
	t->owner.ops = &keep_ops;
	put_page_in_use(test, in_use);
	expect_all_back(test, &t->owner);
}

/*
 * Everybody at once.
 */

#define RACE_PAGES 24

struct race {
	struct offline_test *t;
	/* Pages that broke. */
	struct xarray broken;
	/* One is not mended and told of at the same time. */
	struct mutex lock;
	unsigned int nr_broken;
	/* Where pages were of an owner that comes and goes. */
	unsigned long pfns[RACE_PAGES];
};

/*
 * A page breaks that the mock has alone at the moment: nobody can give it to
 * the page allocator before that is seen. It is told of later, if at all.
 */
static void race_break(struct mock *m, unsigned long dst, unsigned long src)
{
	struct race *race = m->hook_data;
	unsigned long pfn = (get_random_u32_below(2) ? dst : src) +
			    get_random_u32_below(block_pages(m));
	struct page *page = pfn_to_page(pfn);

	if (race->nr_broken == 50 || get_random_u32_below(32) ||
	    PageHWPoison(page))
		return;
	SetPageHWPoison(page);
	if (xa_err(xa_store(&race->broken, pfn, xa_mk_value(1),
			    GFP_ATOMIC | __GFP_NOWARN)))
		ClearPageHWPoison(page);
	else
		race->nr_broken++;
}

/* What memory_failure() does about them, again and again. */
static int race_tell(void *arg)
{
	struct hammer *h = arg;
	struct race *race = mock_of(h->owner)->hook_data;
	unsigned long pfn;
	void *entry;

	while (!kthread_should_stop()) {
		xa_for_each(&race->broken, pfn, entry) {
			mutex_lock(&race->lock);
			if (xa_load(&race->broken, pfn))
				poison_offline_page(pfn_to_page(pfn));
			mutex_unlock(&race->lock);
			cond_resched();
		}
		h->rounds++;
		usleep_range(100, 1000);
	}
	return 0;
}

static struct race *start_race(struct kunit *test, struct mock *m)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->t = test->priv;
	xa_init(&race->broken);
	mutex_init(&race->lock);
	m->hook_data = race;
	if (IS_ENABLED(CONFIG_MEMORY_FAILURE))
		m->hook = race_break;
	return race;
}

/* Those that are nobody's by now are neither managed nor free. */
static unsigned long race_lost(struct kunit *test, struct race *race)
{
	unsigned long pfn, nr = 0;
	char buf[8];
	void *entry;

	xa_for_each(&race->broken, pfn, entry) {
		if (!offline_page_owner_name(pfn, buf, sizeof(buf)))
			continue;
		nr++;
		if (xa_to_value(entry) == 1)
			expect_lost(test, pfn_to_page(pfn), 0);
		xa_store(&race->broken, pfn, xa_mk_value(2), GFP_KERNEL);
	}
	return nr;
}

/* All are well again. */
static void end_race(struct kunit *test, struct mock *m, struct race *race)
{
	unsigned long pfn, nr = 0;
	void *entry;

	KUNIT_EXPECT_EQ(test, race_lost(test, race),
			counted(race->t, OFFLINE_PAGES_POISONED));
	expect_mock(test, m, 0);
	xa_for_each(&race->broken, pfn, entry) {
		shift_managed(race->t, pfn, 1);
		ClearPageHWPoison(pfn_to_page(pfn));
		rescue_page(race->t, pfn_to_page(pfn));
		nr++;
	}
	kunit_info(test, "%u broke, %lu of them were lost\n", race->nr_broken,
		   nr);
	xa_destroy(&race->broken);
	m->hook = NULL;
	expect_mock(test, m, 0);
}

static struct page *race_target_alloc(unsigned int order, void *private)
{
	return offline_pages_alloc_frozen(TEST_GFP | __GFP_NORETRY, order,
					  NUMA_NO_NODE);
}

static void race_target_free(struct page *page, unsigned int order,
			     void *private)
{
	put_frozen_pages(page, order);
}

/* It breathes in and out. */
static int race_balloon(void *arg)
{
	struct hammer *h = arg;
	struct mock *m = mock_of(h->owner);
	unsigned long limit = m->owner.order ? 16 : 400, pfns[24];

	while (!kthread_should_stop()) {
		unsigned int nr = get_random_u32_below(ARRAY_SIZE(pfns)) + 1;

		if (m->owner.order)
			nr = nr % 4 + 1;
		if (READ_ONCE(m->owner.nr_pages) < limit * block_pages(m) &&
		    get_random_u32_below(4))
			h->rounds += mock_inflate(m, nr, TEST_GFP |
						  __GFP_NORETRY, NUMA_NO_NODE,
						  pfns) > 0;
		else
			mock_deflate(m, nr, pfns);
		cond_resched();
	}
	return 0;
}

/* What compaction does. */
static int race_batches(void *arg)
{
	const struct offline_page_targets targets = {
		.alloc = race_target_alloc,
		.free = race_target_free,
	};
	struct hammer *h = arg;
	struct offline_page_batch batch = {};
	unsigned long pfn = 0;

	while (!kthread_should_stop()) {
		struct page *page = next_offline_page(h->owner, pfn);
		unsigned int succeeded = 0, nr;
		long ret = -EBUSY;

		pfn = 0;
		if (page) {
			pfn = page_to_pfn(page);
			ret = isolate_offline_page_run(&batch, pfn, pfn +
						       get_random_u32_below(40) + 1,
						       MAX_PAGE_ORDER);
			if (ret >= 0)
				pfn += max(ret, 1L);
			else if (ret != -EBUSY || !batch.nr)
				h->wrong++;
		}
		if (ret != -EBUSY && get_random_u32_below(4)) {
			cond_resched();
			continue;
		}
		nr = batch.nr << h->owner->order;
		if (get_random_u32_below(3)) {
			ret = migrate_offline_page_batch(&batch, &targets,
							 MIGRATE_SYNC,
							 &succeeded);
			if (ret >= 0 && ret + succeeded != nr)
				h->wrong++;
			h->rounds += succeeded > 0;
		} else {
			putback_offline_page_batch(&batch);
		}
		if (batch.nr)
			h->wrong++;
		cond_resched();
	}
	putback_offline_page_batch(&batch);
	return 0;
}

/* What memory offlining does, but that pages may come back. */
static int race_ranges(void *arg)
{
	struct hammer *h = arg;
	unsigned long pfn = 0;

	while (!kthread_should_stop()) {
		struct page *page = next_offline_page(h->owner, pfn);
		int ret;

		if (!page) {
			pfn = 0;
			cond_resched();
			continue;
		}
		pfn = ALIGN_DOWN(page_to_pfn(page), pageblock_nr_pages);
		ret = migrate_offline_page_range(pfn, pfn + pageblock_nr_pages,
						 TEST_GFP | __GFP_NORETRY,
						 h->rounds & 1);
		if (ret && ret != -EBUSY && ret != -ENOMEM)
			h->wrong++;
		pfn += pageblock_nr_pages;
		h->rounds++;
		cond_resched();
	}
	return 0;
}

static const struct mock_script race_script = {
	"race", { OFFLINE_PAGE_MOVED, OFFLINE_PAGE_MOVED, OFFLINE_PAGE_KEPT,
	OFFLINE_PAGE_DEFLATED }, 4, -EBUSY,
};

static void race_all(struct kunit *test)
{
	static int (* const fns[])(void *) = {
		race_balloon, race_balloon, race_batches, race_batches,
		race_ranges, race_tell, hammer_look,
	};
	struct mock *m = new_mock(test, test->param_value);
	struct race *race = start_race(test, m);
	struct offline_test *t = test->priv;
	unsigned long nr, lost, gone;

	m->breaks = true;
	set_script(m, &race_script);
	run_hammers(test, &m->owner, 0, fns, ARRAY_SIZE(fns), 1000);

	nr = m->owner.nr_pages;
	lost = race_lost(test, race);
	expect_mock(test, m, nr / block_pages(m));
	KUNIT_EXPECT_EQ(test, counted(t, OFFLINE_PAGES_POISONED), lost);
	/* A destination that broke unused never came in. */
	gone = counted(t, OFFLINE_PAGES_ALLOCATED) -
	       counted(t, OFFLINE_PAGES_FREED) - nr;
	KUNIT_EXPECT_LE(test, gone, lost);
	KUNIT_EXPECT_GT(test, counted(t, OFFLINE_PAGES_MIGRATED), 0UL);
	kunit_info(test, "%lu allocated, %lu migrated, %lu deflated, %lu kept\n",
		   counted(t, OFFLINE_PAGES_ALLOCATED),
		   counted(t, OFFLINE_PAGES_MIGRATED),
		   counted(t, OFFLINE_PAGES_MIGRATE_DEFLATED),
		   counted(t, OFFLINE_PAGES_MIGRATE_KEPT));
	mock_deflate_all(m);
	end_race(test, m, race);
}

/* What its owner left behind is free again, broken or not. */
static void race_rescue(struct race *race, struct mock *m)
{
	unsigned long block = block_pages(m), first, pfn;
	void *entry;

	xa_for_each(&m->host, first, entry) {
		mock_host_remove(m, first);
		for (pfn = first; pfn < first + block; pfn++) {
			mutex_lock(&race->lock);
			if (xa_erase(&race->broken, pfn))
				ClearPageHWPoison(pfn_to_page(pfn));
			mutex_unlock(&race->lock);
			rescue_page(race->t, pfn_to_page(pfn));
		}
	}
}

/* An owner that comes and goes, whatever the others do with its pages. */
static int race_come_and_go(void *arg)
{
	struct hammer *h = arg;
	struct mock *m = mock_of(h->owner);
	struct race *race = m->hook_data;
	unsigned long pfns[RACE_PAGES], nr, i;

	while (!kthread_should_stop()) {
		if (register_offline_page_owner(&m->owner)) {
			h->wrong++;
			break;
		}
		nr = mock_inflate(m, m->owner.order ? 3 : RACE_PAGES,
				  TEST_GFP | __GFP_NORETRY, NUMA_NO_NODE, pfns);
		for (i = 0; i < RACE_PAGES; i++)
			WRITE_ONCE(race->pfns[i], nr ? pfns[i % nr] : 0);
		usleep_range(500, 2000);
		mock_deflate(m, get_random_u32_below(nr + 1), pfns);
		unregister_offline_page_owner(&m->owner);
		race_rescue(race, m);
		h->rounds += nr > 0;
	}
	return 0;
}

/* Others do not know the owner, only where it had pages. */
static int race_by_pfn(void *arg)
{
	const struct offline_page_targets targets = {
		.alloc = race_target_alloc,
		.free = race_target_free,
	};
	struct hammer *h = arg;
	struct race *race = mock_of(h->owner)->hook_data;
	struct offline_page_batch batch = {};
	unsigned int succeeded = 0;

	while (!kthread_should_stop()) {
		unsigned int i = get_random_u32_below(RACE_PAGES);
		unsigned long pfn = READ_ONCE(race->pfns[i]);

		cond_resched();
		h->rounds++;
		if (!pfn)
			continue;
		if (i & 1) {
			pfn = ALIGN_DOWN(pfn, pageblock_nr_pages);
			migrate_offline_page_range(pfn, pfn + pageblock_nr_pages,
						   TEST_GFP | __GFP_NORETRY,
						   i & 2);
			continue;
		}
		isolate_offline_page_run(&batch, pfn, pfn + 8, MAX_PAGE_ORDER);
		if (get_random_u32_below(4))
			migrate_offline_page_batch(&batch, &targets,
						   MIGRATE_SYNC, &succeeded);
		else
			putback_offline_page_batch(&batch);
	}
	return 0;
}

static void race_leaving(struct kunit *test)
{
	static int (* const fns[])(void *) = {
		race_come_and_go, race_by_pfn, race_by_pfn, race_tell,
	};
	struct mock *m = new_mock(test, test->param_value);
	struct race *race = start_race(test, m);
	struct offline_test *t = test->priv;
	unsigned int i;

	m->breaks = true;
	unregister_offline_page_owner(&m->owner);
	set_script(m, &race_script);
	/* How far they get in half a second is up to the machine. */
	for (i = 0; i < 20 && !counted(t, OFFLINE_PAGES_MIGRATED); i++)
		run_hammers(test, &m->owner, 0, fns, ARRAY_SIZE(fns), 500);
	KUNIT_EXPECT_FALSE(test, m->owner.registered);
	KUNIT_EXPECT_GT(test, counted(t, OFFLINE_PAGES_MIGRATED), 0UL);
	end_race(test, m, race);
}

/* Whoever wants the range gets it, if the owners agree. */
static void contig_alloc_moves(struct kunit *test)
{
#ifdef CONFIG_CONTIG_ALLOC
	struct mock *m = new_mock(test, test->param_value);
	unsigned long block = block_pages(m), nr_blocks, nr, pfn, start, i;
	struct offline_test *t = test->priv;

	nr_blocks = block > 1 ? 1 : 40;
	nr = nr_blocks * block;
	pfn = mock_range(test, m, 3 * nr_blocks);
	start = pfn + nr;

	set_script(m, &all_kept);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			alloc_contig_range(start, start + nr, ACR_FLAGS_NONE,
					   TEST_GFP));
	expect_held(test, &m->owner, pfn, 3 * nr, m->flags);
	expect_mock(test, m, 3 * nr_blocks);

	set_script(m, &all_moved);
	KUNIT_ASSERT_EQ(test, 0,
			alloc_contig_range(start, start + nr, ACR_FLAGS_NONE,
					   TEST_GFP));
	for (i = start; i < start + nr; i++) {
		KUNIT_EXPECT_FALSE(test, PageOffline(pfn_to_page(i)));
		KUNIT_EXPECT_EQ(test, page_ref_count(pfn_to_page(i)), 1);
	}
	t->in_use[page_zone_nr(pfn_to_page(start))] += nr;
	/* The neighbours stayed. */
	expect_held(test, &m->owner, pfn, nr, m->flags);
	expect_held(test, &m->owner, start + nr, nr, m->flags);
	expect_mock(test, m, 3 * nr_blocks);
	KUNIT_EXPECT_EQ(test, m->asked, (unsigned int)nr_blocks);
	free_contig_range(start, nr);
	t->in_use[page_zone_nr(pfn_to_page(start))] -= nr;
	mock_deflate_all(m);
	expect_mock(test, m, 0);
#else
	need_contig_alloc(test);
#endif
}

static struct kunit_case offline_pages_test_cases[] = {
	KUNIT_CASE_PARAM(alloc_one_page, flags_gen_params),
	KUNIT_CASE_PARAM(alloc_all_orders, flags_gen_params),
	KUNIT_CASE_PARAM(free_in_parts, split_gen_params),
	KUNIT_CASE_PARAM(alloc_bulk, flags_gen_params),
	KUNIT_CASE_PARAM(alloc_contiguous, flags_gen_params),
	KUNIT_CASE(take_free_blocks),
	KUNIT_CASE(take_isolated_pages),
	KUNIT_CASE(alloc_bulk_in_blocks),
	KUNIT_CASE(alloc_on_node),
	KUNIT_CASE(alloc_zeroed),
	KUNIT_CASE(free_in_atomic_context),
	KUNIT_CASE_PARAM(claim_range, range_gen_params),
	KUNIT_CASE(claim_across_sections),
	KUNIT_CASE(claim_across_chunks),
	KUNIT_CASE(claim_across_zones),
	KUNIT_CASE(claim_busy_range),
	KUNIT_CASE(claim_invalid_range),
	KUNIT_CASE_PARAM(free_mixed_range, mix_gen_params),
	KUNIT_CASE(online_whole_block),
	KUNIT_CASE_PARAM(keep_pages, keep_flags_gen_params),
	KUNIT_CASE(keep_misuse),
	KUNIT_CASE(hotplug_edges),
	KUNIT_CASE_PARAM(free_poisoned, poison_mix_gen_params),
	KUNIT_CASE(free_poisoned_alone),
	KUNIT_CASE_PARAM(isolated_lists, list_gen_params),
	KUNIT_CASE_PARAM(adopt_and_lend, flags_gen_params),
	KUNIT_CASE_PARAM(lend_and_adopt, flags_gen_params),
	KUNIT_CASE(adopt_reserved),
	KUNIT_CASE(adopt_with_flags),
	KUNIT_CASE(adopt_busy),
	KUNIT_CASE(adopt_misuse),
#ifndef MODULE
	KUNIT_CASE(kexec_page),
#endif
	KUNIT_CASE(walk_pages),
	KUNIT_CASE(owner_name),
	KUNIT_CASE(two_owners),
	KUNIT_CASE(register_owner),
	KUNIT_CASE(unregistered_owner),
	KUNIT_CASE(unregister_with_pages),
	KUNIT_CASE(misuse_double_free),
	KUNIT_CASE(misuse_foreign_page),
	KUNIT_CASE(misuse_other_page),
	KUNIT_CASE(misuse_behind_owners_back),
	KUNIT_CASE(misuse_flags),
	KUNIT_CASE_PARAM(fail_each_allocation, fail_gen_params),
	KUNIT_CASE(fail_chunk_of_listed),
	KUNIT_CASE(alloc_bulk_slowly),
	KUNIT_CASE(reserve_at_once),
	KUNIT_CASE(reserved_needs_no_memory),
#ifndef MODULE
	KUNIT_CASE_PARAM(wait_for_walkers, fail_gen_params),
#endif
	KUNIT_CASE_PARAM(memdesc_round_trip, flags_gen_params),
	KUNIT_CASE(memdesc_of_other_pages),
	KUNIT_CASE(flags_of_other_pages),
	KUNIT_CASE_PARAM(report_pages, flags_gen_params),
	KUNIT_CASE_PARAM(damaged_word, word_gen_params),
	KUNIT_CASE(canary_of_all_words),
	KUNIT_CASE_PARAM(contig_alloc_over_page, flags_gen_params),
	KUNIT_CASE(contig_alloc_says_why),
	KUNIT_CASE(concurrent),
	KUNIT_CASE(ask_while_leaving),
	KUNIT_CASE_PARAM(mock_inflate_deflate, mock_kind_gen_params),
	KUNIT_CASE_PARAM(isolate_block_seen_in_part, mock_kind_gen_params),
	KUNIT_CASE_PARAM(balloon_events, mock_kind_gen_params),
	KUNIT_CASE(isolate_runs),
	KUNIT_CASE(isolate_movable_only),
	KUNIT_CASE(isolate_across_chunks),
	KUNIT_CASE(isolate_blocks),
	KUNIT_CASE_PARAM(migrate_batches, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_counts_late, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_again, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_scattered, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_without_targets, mock_kind_gen_params),
	KUNIT_CASE(migrate_without_chunk),
#ifndef MODULE
	KUNIT_CASE_PARAM(migrate_despite_walkers, mock_kind_gen_params),
#endif
	KUNIT_CASE(migrate_skippable),
	KUNIT_CASE_PARAM(migrate_across, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_range, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_part_of_range, mock_kind_gen_params),
	KUNIT_CASE(migrate_mixed_range),
	KUNIT_CASE_PARAM(migrate_busy_range, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_range_no_memory, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_range_off_node, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_range_without_chunk, mock_kind_gen_params),
	KUNIT_CASE_PARAM(migrate_range_in_small_steps, mock_kind_gen_params),
	KUNIT_CASE(migrate_bench),
	KUNIT_CASE_PARAM(poison_held_page, page_kind_gen_params),
	KUNIT_CASE_PARAM(poison_before_migration, page_kind_gen_params),
	KUNIT_CASE_PARAM(poison_isolated_page, page_kind_gen_params),
	KUNIT_CASE_PARAM(poison_destination, mock_kind_gen_params),
	KUNIT_CASE_PARAM(poison_in_block, block_kind_gen_params),
	KUNIT_CASE_PARAM(lend_poisoned, page_kind_gen_params),
#if !defined(MODULE) && defined(CONFIG_TRACEPOINTS)
	KUNIT_CASE_PARAM(poison_leaving_page, mock_kind_gen_params),
#endif
	KUNIT_CASE_PARAM(soft_offline_page_of_mock, mock_kind_gen_params),
#ifndef MODULE
	KUNIT_CASE_PARAM(migrate_after_walkers, mock_kind_gen_params),
#endif
	KUNIT_CASE_PARAM(unregister_waits, leave_gen_params),
#if !defined(MODULE) && defined(CONFIG_MEMORY_HOTPLUG)
	KUNIT_CASE_PARAM(unregister_beside_hotplug, mock_kind_gen_params),
#endif
	KUNIT_CASE_PARAM(unregister_with_balloon, mock_kind_gen_params),
	KUNIT_CASE(misuse_isolated),
	KUNIT_CASE_PARAM(misuse_missing, mock_kind_gen_params),
	KUNIT_CASE_PARAM(misuse_counted, page_kind_gen_params),
	KUNIT_CASE(pass_isolated),
	KUNIT_CASE(misuse_blocks),
	KUNIT_CASE(misuse_movable),
	KUNIT_CASE_PARAM(contig_alloc_moves, mock_kind_gen_params),
	KUNIT_CASE_PARAM(race_all, mock_kind_gen_params),
	KUNIT_CASE_PARAM(race_leaving, mock_kind_gen_params),
	{}
};

static struct kunit_suite offline_pages_test_suite = {
	.name = "offline_pages",
	.init = offline_pages_test_init,
	.exit = offline_pages_test_exit,
	.test_cases = offline_pages_test_cases,
};

kunit_test_suite(offline_pages_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit tests for offline pages");
MODULE_LICENSE("GPL");
