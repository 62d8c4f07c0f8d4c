// SPDX-License-Identifier: GPL-2.0
/*
 * Offline pages: memory the guest holds and does not touch.
 *
 * This is the one place that turns pages offline and back. A page comes in
 * frozen from the page allocator (alloc_*), straight from memmap
 * initialisation (keep_*), or from somebody who used it (adopt_*). It leaves
 * to the page allocator (free_*), through generic onlining when it was never
 * there before, or into use again (lend_*). Its refcount is 0 all the time.
 *
 * Who holds a page is known from the owner's bitmaps, one page of bits for
 * each PAGE_SIZE * 8 pages, not from struct page. The bit is the lock: whoever
 * clears it holds that page alone, and sets it again or sees to it that the
 * page leaves. Such a page is isolated. The owner only counts it, so that it
 * does not go away meanwhile.
 *
 * Locking, outermost first:
 *
 *   mem_hotplug_lock		(readers: unregister, the debugfs view)
 *     owners_mutex		register, unregister, the debugfs view
 *     page_offline_rwsem	while pages become PageOffline(); see
 *				page_offline_begin()
 *       owner->lock		the owner's bits; irqsave, taken by the online
 *				callbacks that run with interrupts off
 *
 * Migration runs without any of them but for moments, and in any context that
 * may sleep: it may be what an allocation is waiting for. It is never waited
 * for with a lock held, but by unregister_offline_page_owner().
 *
 * The list of owners and their chunks are read under RCU. A chunk is added
 * before it is needed, by code that may sleep and fail, and goes when its
 * owner is unregistered.
 */
#define pr_fmt(fmt) "offline_pages: " fmt

#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/cpuset.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fault-inject.h>
#include <linux/kasan.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mutex.h>
#include <linux/offline_pages.h>
#include <linux/page_owner.h>
#include <linux/page_table_check.h>
#include <linux/pgalloc_tag.h>
#include <linux/nodemask.h>
#include <linux/ratelimit.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/vmstat.h>
#include <linux/wait_bit.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include "internal.h"
#include "page_alloc.h"

#define CREATE_TRACE_POINTS
#include <trace/events/offline_pages.h>

#define CHUNK_SHIFT		(PAGE_SHIFT + 3)
#define CHUNK_PAGES		BIT(CHUNK_SHIFT)

/* What a page can be; what it can be asked for with, too. */
#define OFFLINE_PAGE_FLAGS	(OFFLINE_PAGE_SKIPPABLE | OFFLINE_PAGE_MOVABLE)
#define OFFLINE_ALLOC_FLAGS	(OFFLINE_PAGE_FLAGS | OFFLINE_PAGE_ISOLATED)

/* How many pages a range is migrated in at a time. */
#define RANGE_BATCH		1024

/* How often a range is gone through before what is left counts as stuck. */
#define RANGE_TRIES		10

/* How often the owner of a batch, who is busy, is asked again. */
#define BATCH_TRIES		5

/* How long to wait for a reader of memory by PFN, in milliseconds. */
#define WALKERS_MS		1000

/* Of the caller's allocation flags, those that also suit a chunk of bits. */
#define CHUNK_GFP_MASK		(__GFP_RECLAIM | __GFP_IO | __GFP_FS | \
				 __GFP_NORETRY | __GFP_RETRY_MAYFAIL | \
				 __GFP_NOMEMALLOC | __GFP_NOWARN)

static LIST_HEAD(owners);
static DEFINE_MUTEX(owners_mutex);

static const char * const counter_names[OFFLINE_PAGES_NR_COUNTERS] = {
	[OFFLINE_PAGES_ALLOCATED] = "allocated",
	[OFFLINE_PAGES_FREED] = "freed",
	[OFFLINE_PAGES_ONLINED] = "onlined",
	[OFFLINE_PAGES_KEPT] = "kept",
	[OFFLINE_PAGES_ADOPTED] = "adopted",
	[OFFLINE_PAGES_LENT] = "lent",
	[OFFLINE_PAGES_ALLOC_FAILED] = "alloc_failed",
	[OFFLINE_PAGES_POISONED] = "poisoned",
	[OFFLINE_PAGES_MIGRATED] = "migrated",
	[OFFLINE_PAGES_MIGRATE_DEFLATED] = "migrate_deflated",
	[OFFLINE_PAGES_MIGRATE_KEPT] = "migrate_kept",
	[OFFLINE_PAGES_MIGRATE_CALLS] = "migrate_calls",
	[OFFLINE_PAGES_MISUSE] = "misuse",
};

static atomic_long_t counters[OFFLINE_PAGES_NR_COUNTERS];

static void count_pages(enum offline_pages_counter_id id, unsigned long nr)
{
	atomic_long_add(nr, &counters[id]);
}

/* Somebody got it wrong: say so, loudly but not for ever, and go on. */
static noinline __cold void report_misuse(const struct offline_page_owner *owner,
					  unsigned long pfn, const char *what)
{
	static DEFINE_RATELIMIT_STATE(rs, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	count_pages(OFFLINE_PAGES_MISUSE, 1);
	if (!__ratelimit(&rs))
		return;
	pr_err("misuse by %s: page %#lx %s\n",
	       owner ? owner->name : "nobody known", pfn, what);
	dump_stack();
}

#ifdef CONFIG_DEBUG_OFFLINE_PAGES
/*
 * The low bits of the first two words must stay clear: they would make a tail
 * page or an anonymous page of it. Bit 0 of memcg_data is set: it tells
 * page_memcg_check() that there is no memory cgroup behind it.
 */
static const struct {
	const char *name;
	size_t offset;
	unsigned long low;
} dead_words[] = {
	{ "lru.next", offsetof(struct page, lru.next), 0 },
	{ "lru.prev", offsetof(struct page, lru.prev), 0 },
	{ "mapping", offsetof(struct page, mapping), 0 },
	{ "index", offsetof(struct page, mapping) + sizeof(long), 0 },
	{ "private", offsetof(struct page, private), 0 },
#ifdef CONFIG_MEMCG
	{ "memcg_data", offsetof(struct page, memcg_data), 1 },
#endif
};

static_assert(offsetof(struct page, private) ==
	      offsetof(struct page, mapping) + 2 * sizeof(long));

/* Not an address anywhere, and different for neighbours. */
static unsigned long canary_of(const struct page *page, unsigned long low)
{
#ifdef CONFIG_64BIT
	return (0xdead0ff1UL << 32) | ((page_to_pfn(page) & 0xffffff) << 4) | low;
#else
	return 0xdead0000UL | ((page_to_pfn(page) & 0xfff) << 4) | low;
#endif
}

static unsigned long *dead_word(struct page *page, unsigned int i)
{
	return (unsigned long *)((char *)page + dead_words[i].offset);
}

/**
 * offline_page_set_canary - fill the dead words of a page that goes offline
 * @page: the page
 *
 * Context: any; the caller holds the page alone.
 */
void offline_page_set_canary(struct page *page)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dead_words); i++)
		*dead_word(page, i) = canary_of(page, dead_words[i].low);
}
EXPORT_SYMBOL_IF_KUNIT(offline_page_set_canary);

/**
 * offline_page_check_canary - check the dead words of a page
 * @page: an offline page
 * @owner: who holds the page, or held it until now; NULL if that is not known
 *
 * Reports each word that changed while the page was offline, and repairs it.
 *
 * Context: any; the caller holds the page alone.
 */
void offline_page_check_canary(struct page *page,
			       const struct offline_page_owner *owner)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dead_words); i++) {
		unsigned long *word = dead_word(page, i);
		unsigned long canary = canary_of(page, dead_words[i].low);

		if (likely(*word == canary))
			continue;
		pr_err("page->%s was written while offline: %#lx\n",
		       dead_words[i].name, *word);
		report_misuse(owner, page_to_pfn(page),
			      "has a damaged struct page");
		*word = canary;
	}
}
EXPORT_SYMBOL_IF_KUNIT(offline_page_check_canary);

/**
 * offline_page_end_canary - empty the dead words of a page that comes back
 * @page: the page
 *
 * Checks them first. Leaves them as the page allocator expects them.
 *
 * Context: any; the caller holds the page alone.
 */
void offline_page_end_canary(struct page *page)
{
	unsigned int i;

	offline_page_check_canary(page, NULL);
	for (i = 0; i < ARRAY_SIZE(dead_words); i++)
		*dead_word(page, i) = 0;
}
EXPORT_SYMBOL_IF_KUNIT(offline_page_end_canary);
#endif /* CONFIG_DEBUG_OFFLINE_PAGES */

/*
 * The edges to the page allocator. KUnit lets each of them fail.
 */

VISIBLE_IF_KUNIT unsigned long *offline_pages_alloc_chunk(gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(offline_pages_alloc_chunk, gfp);
	return (unsigned long *)get_zeroed_page(gfp);
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_alloc_chunk);

VISIBLE_IF_KUNIT void *offline_pages_store_chunk(struct xarray *chunks,
						 unsigned long index,
						 unsigned long *bits, gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(offline_pages_store_chunk, chunks, index,
				   bits, gfp);
	return xa_cmpxchg(chunks, index, NULL, bits, gfp);
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_store_chunk);

/**
 * split_offline_page_block - have each page of a block stand for itself
 * @page: first page of a block that is about to be offline; no compound page
 * @order: its order, or 0
 *
 * Who counts allocations counted it as one. It may be freed page by page.
 *
 * Context: any; the caller holds the block alone.
 */
void split_offline_page_block(struct page *page, unsigned int order)
{
	if (!order)
		return;
	split_page_owner(page, order, 0);
	pgalloc_tag_split(page_folio(page), order, 0);
}

/* No compound page, and no memcg. */
static struct page *alloc_frozen_block(gfp_t gfp, unsigned int order, int nid,
				       nodemask_t *nodes)
{
	struct page *page;

	page = __alloc_frozen_pages(gfp & ~(__GFP_COMP | __GFP_ACCOUNT), order,
				    nid, nodes, ALLOC_DEFAULT);
	if (page)
		split_offline_page_block(page, order);
	return page;
}

VISIBLE_IF_KUNIT struct page *offline_pages_alloc_frozen(gfp_t gfp,
							 unsigned int order,
							 int nid)
{
	KUNIT_STATIC_STUB_REDIRECT(offline_pages_alloc_frozen, gfp, order, nid);

	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	return alloc_frozen_block(gfp, order, nid, NULL);
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_alloc_frozen);

VISIBLE_IF_KUNIT struct page *offline_pages_alloc_target(gfp_t gfp,
							 unsigned int order,
							 int nid,
							 nodemask_t *nodes)
{
	KUNIT_STATIC_STUB_REDIRECT(offline_pages_alloc_target, gfp, order, nid,
				   nodes);
	return alloc_frozen_block(gfp, order, nid, nodes);
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_alloc_target);

VISIBLE_IF_KUNIT int offline_pages_alloc_contig(unsigned long start_pfn,
						unsigned long end_pfn,
						gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(offline_pages_alloc_contig, start_pfn,
				   end_pfn, gfp);
#ifdef CONFIG_CONTIG_ALLOC
	return alloc_contig_frozen_range(start_pfn, end_pfn, ACR_FLAGS_NONE,
					 gfp & ~__GFP_COMP);
#else
	return -EOPNOTSUPP;
#endif
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_alloc_contig);

VISIBLE_IF_KUNIT struct page *offline_pages_find_contig(unsigned long nr_pages,
							gfp_t gfp, int nid)
{
	KUNIT_STATIC_STUB_REDIRECT(offline_pages_find_contig, nr_pages, gfp,
				   nid);
#ifdef CONFIG_CONTIG_ALLOC
	return alloc_contig_frozen_pages(nr_pages, gfp & ~__GFP_COMP, nid, NULL);
#else
	return NULL;
#endif
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_find_contig);

/* What cannot be left out for a block that was taken as it was, free. */
static void prepare_taken(struct page *page, unsigned int order, gfp_t gfp)
{
	arch_alloc_page(page, order);
	debug_pagealloc_map_pages(page, 1 << order);
	set_page_owner(page, order, gfp);
	split_page_owner(page, order, 0);
	page_table_check_alloc(page, order);
}

#ifdef CONFIG_CMA
/*
 * Whether movable memory comes from the areas for contiguous allocations: as in
 * the page allocator, while they have more than half of what is free. What lies
 * outside of them is all that there is for the kernel itself.
 */
static bool take_from_cma(struct zone *zone, struct free_area *area,
			  const struct list_head *list)
{
	if (list_empty(&area->free_list[MIGRATE_CMA]))
		return false;
	return list_empty(list) ||
	       zone_page_state(zone, NR_FREE_CMA_PAGES) >
	       zone_page_state(zone, NR_FREE_PAGES) / 2;
}
#endif

/* Most pages that are taken off a free list under one hold of its lock. */
#define TAKE_FREE_BATCH		128UL

/*
 * Up to @nr free blocks of exactly 2^@order pages of a node, straight off the
 * free lists that @gfp would be served from first, as free page reporting takes
 * them. Nobody is going to look at what is in the pages, so it is not worth the
 * work of preparing them: they are not zeroed, and poison is not checked. All of
 * them are from one zone. @pfns gets the first page of each, @stride apart.
 *
 * No more than the page allocator would give without waking up kswapd. Whoever
 * gets nothing asks the page allocator.
 */
VISIBLE_IF_KUNIT unsigned long offline_pages_take_free(gfp_t gfp,
						       unsigned int order,
						       int nid,
						       unsigned long nr,
						       unsigned long stride,
						       unsigned long *pfns)
{
	int mt = gfp_migratetype(gfp), i = gfp_zone(gfp);
	unsigned int alloc_flags = 0;
	unsigned long got = 0, n;

	KUNIT_STATIC_STUB_REDIRECT(offline_pages_take_free, gfp, order, nid, nr,
				   stride, pfns);

	/* What else is prepared with the pages cannot be left out then. */
	if ((gfp & __GFP_ZERO) || kasan_enabled() ||
	    mem_alloc_profiling_enabled())
		return 0;
	/* A pageblock that is taken so is one for movable pages from then on. */
	if (mt != MIGRATE_MOVABLE && order + 1 >= pageblock_order)
		return 0;
	/* As the page allocator, for fail_page_alloc. */
	if (should_fail_alloc_page(gfp, order))
		return 0;
	if (IS_ENABLED(CONFIG_CMA) && mt == MIGRATE_MOVABLE)
		alloc_flags |= ALLOC_CMA;

	for (nr = clamp(TAKE_FREE_BATCH >> order, 1UL, nr); i >= 0 && !got; i--) {
		struct zone *zone = NODE_DATA(nid)->node_zones + i;
		struct free_area *area = zone->free_area + order;
		struct list_head *list = area->free_list + mt;

#ifdef CONFIG_CMA
		if (alloc_flags && take_from_cma(zone, area, list))
			list = area->free_list + MIGRATE_CMA;
#endif
		if (list_empty(list) || !managed_zone(zone) ||
		    (cpusets_enabled() && !__cpuset_zone_allowed(zone, gfp)) ||
		    !zone_watermark_ok(zone, 0, low_wmark_pages(zone) +
				       (nr << order), gfp_zone(gfp),
				       alloc_flags))
			continue;

		guard(spinlock_irqsave)(&zone->lock);
		for (; got < nr; got++) {
			struct page *page;

			page = list_first_entry_or_null(list, struct page, lru);
			if (!page || !__isolate_free_page(page, order))
				break;
			pfns[got * stride] = page_to_pfn(page);
		}
		__count_zid_vm_events(PGALLOC, i, got << order);
	}

	for (n = 0; n < got; n++)
		prepare_taken(pfn_to_page(pfns[n * stride]), order, gfp);
	return got;
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_take_free);

/* The largest block that begins with @pfn and has not more than so many pages. */
static unsigned int block_order(unsigned long pfn, unsigned long nr_pages,
				unsigned int max)
{
	unsigned int order = min_t(unsigned int, ilog2(nr_pages), max);

	return pfn ? min_t(unsigned int, order, __ffs(pfn)) : order;
}

/*
 * How many pages from @pfn on lie in the same largest block, in which all pages
 * exist, and follow each other as structures, too.
 */
static unsigned long left_in_block(unsigned long pfn)
{
	return MAX_ORDER_NR_PAGES - pfn % MAX_ORDER_NR_PAGES;
}

/* Most blocks that go onto the free lists under one hold of their lock. */
#define FREE_BATCH		64

/*
 * What is done once for all pages of a zone in a batch. Each adjustment of
 * managed pages recomputes the reserves of all zones.
 */
struct zone_batch {
	/*
	 * Not a page, but what the flags of all pages of that zone say about it.
	 * The pages themselves may be free, or anybody's, by the time that this
	 * is looked at, and gone with their memory block.
	 */
	struct page like;
	long nr_managed;
	long nr_balloon;
	unsigned long nr_freed;		/* pages, yet to be counted */
	struct list_head free;		/* blocks, prepared to be free */
	unsigned int nr_free;
};

/*
 * Straight to the end of the free lists, as free page reporting does: the host
 * has just given these pages, most of them without memory behind them. Those
 * that have it should be used first, and nobody needs to report these.
 */
static void zone_batch_flush_free(struct zone_batch *batch)
{
	struct zone *zone = page_zone(&batch->like);
	unsigned long nr = 0, block = ULONG_MAX;
	struct page *page, *next;
	int mt = 0;

	guard(spinlock_irqsave)(&zone->lock);
	list_for_each_entry_safe(page, next, &batch->free, lru) {
		unsigned int order = page_private(page);

		set_page_private(page, 0);
		/* The lock keeps the types of pageblocks as they are. */
		if (block != page_to_pfn(page) >> pageblock_order) {
			block = page_to_pfn(page) >> pageblock_order;
			mt = get_pageblock_migratetype(page);
		}
		__putback_isolated_page(page, order, mt);
		nr += 1UL << order;
	}
	__count_vm_events(PGFREE, nr);
	batch->nr_free = 0;
}

static void zone_batch_flush(struct zone_batch *batch)
{
	if (batch->nr_free)
		zone_batch_flush_free(batch);
	if (batch->nr_managed)
		adjust_managed_page_count(&batch->like, batch->nr_managed);
	if (batch->nr_balloon)
		mod_node_page_state(page_pgdat(&batch->like), NR_BALLOON_PAGES,
				    batch->nr_balloon);
	if (batch->nr_freed)
		count_pages(OFFLINE_PAGES_FREED, batch->nr_freed);
	batch->nr_managed = 0;
	batch->nr_balloon = 0;
	batch->nr_freed = 0;
}

static void zone_batch_add(struct zone_batch *batch, struct page *page,
			   long nr_managed, long nr_balloon)
{
	if (page_zone_id(&batch->like) != page_zone_id(page))
		zone_batch_flush(batch);
	/* The flags that may change are not those that count. */
	*offline_page_flags(&batch->like) = data_race(*offline_page_flags(page));
	batch->nr_managed += nr_managed;
	batch->nr_balloon += nr_balloon;
}

/* A frozen block whose zone the batch has, which is not offline (any more). */
static __always_inline void zone_batch_free_block(struct zone_batch *batch,
						  struct page *page,
						  unsigned int order)
{
	if (!free_pages_prepare(page, order))
		return;
	set_page_private(page, order);
	if (!batch->nr_free++)
		INIT_LIST_HEAD(&batch->free);
	list_add_tail(&page->lru, &batch->free);
	if (batch->nr_free == FREE_BATCH)
		zone_batch_flush_free(batch);
}

/*
 * Frozen pages of one zone, which are not offline (any more), go to the buddy,
 * in blocks as large as can be: unless somebody keeps books about each page.
 */
static void zone_batch_free(struct zone_batch *batch, unsigned long pfn,
			    unsigned long nr_pages)
{
	/* A larger block may have pageblocks of different types. */
	unsigned int order, max = min(pageblock_order, MAX_PAGE_ORDER);

	if (mem_alloc_profiling_enabled())
		max = 0;
#ifdef CONFIG_PAGE_OWNER
	if (static_branch_unlikely(&page_owner_inited))
		max = 0;
#endif
	zone_batch_add(batch, pfn_to_page(pfn), 0, 0);
	for (; nr_pages; pfn += 1UL << order, nr_pages -= 1UL << order) {
		order = block_order(pfn, nr_pages, max);
		zone_batch_free_block(batch, pfn_to_page(pfn), order);
	}
}

static void free_frozen_run(unsigned long pfn, unsigned long nr_pages)
{
	struct zone_batch batch = {};

	zone_batch_free(&batch, pfn, nr_pages);
	zone_batch_flush(&batch);
}

/* The part of [pfn, pfn + nr_pages) that lies in the zone of its first page. */
static unsigned long zone_run(unsigned long pfn, unsigned long nr_pages)
{
	const struct zone *zone = page_zone(pfn_to_page(pfn));
	unsigned long nr;

	for (nr = 1; nr < nr_pages; nr++)
		if (page_zone(pfn_to_page(pfn + nr)) != zone)
			break;
	return nr;
}

/*
 * So many pages of one zone went offline; if it is less than 0, came back. A
 * page's part of a zone's managed pages follows it, for most owners.
 */
static void account_offline(const struct offline_page_owner *owner,
			    struct page *page, long nr_pages,
			    struct zone_batch *batch)
{
	zone_batch_add(batch, page, owner->stays_managed ? 0 : -nr_pages,
		       owner->balloon ? nr_pages : 0);
}

static void account_balloon(const struct offline_page_owner *owner,
			    struct page *page, long nr_pages)
{
	if (owner->balloon)
		mod_node_page_state(page_pgdat(page), NR_BALLOON_PAGES,
				    nr_pages);
}

/* The others' pages have been subtracted since they went offline. */
static void account_lost(const struct offline_page_owner *owner,
			 struct page *page, struct zone_batch *batch)
{
	zone_batch_add(batch, page, owner->stays_managed ? -1 : 0,
		       owner->balloon ? -1 : 0);
}

static void count_inflated(const struct offline_page_owner *owner,
			   unsigned long nr_pages)
{
#ifdef CONFIG_BALLOON
	if (owner->balloon)
		count_vm_events(BALLOON_INFLATE, nr_pages);
#endif
}

static void count_deflated(const struct offline_page_owner *owner,
			   unsigned long nr_pages)
{
#ifdef CONFIG_BALLOON
	if (owner->balloon)
		count_vm_events(BALLOON_DEFLATE, nr_pages);
#endif
}

/* A poisoned page is nobody's from now on: memory offlining steps over it. */
static void set_lost(struct page *page)
{
	set_bit(PG_offline_skippable, offline_page_flags(page));
	clear_bit(PG_offline_movable, offline_page_flags(page));
}

/*
 * A poisoned page that its owner held, in its set or isolated, is nobody's from
 * now on. It stays offline, and what it stood for is subtracted, once.
 */
static void lose_page(const struct offline_page_owner *owner, struct page *page,
		      struct zone_batch *batch)
{
	account_lost(owner, page, batch);
	/* Its memory block may go from now on, and its memory map with that. */
	set_lost(page);
	count_pages(OFFLINE_PAGES_POISONED, 1);
}

/* The same for a page that was in its owner's set: the owner hears of it. */
static void lose_held_page(struct offline_page_owner *owner, struct page *page)
{
	struct zone_batch batch = {};

	lose_page(owner, page, &batch);
	zone_batch_flush(&batch);
	count_deflated(owner, 1);
	/* A block leaves as a whole: the owner gives it back itself. */
	if (!owner->order && owner->ops && owner->ops->poisoned)
		owner->ops->poisoned(owner, page);
}

/*
 * Owners and their bits.
 */

static unsigned long *owner_chunk(struct offline_page_owner *owner,
				  unsigned long pfn)
{
	return xa_load(&owner->chunks, pfn >> CHUNK_SHIFT);
}

/* The part of [pfn, pfn + nr_pages) that lies in the chunk of @pfn. */
static unsigned long chunk_run(unsigned long pfn, unsigned long nr_pages)
{
	return min(nr_pages, CHUNK_PAGES - (pfn & (CHUNK_PAGES - 1)));
}

/*
 * Where the last look-up was. For lists of pages, which mostly are near each
 * other.
 */
struct cursor {
	unsigned long chunk;		/* its number, and one */
	unsigned long *bits;
	unsigned long valid;		/* likewise: this largest block exists */
};

/* The owner is registered, so that no chunk goes. */
static unsigned long *cursor_chunk(struct offline_page_owner *owner,
				   unsigned long pfn, struct cursor *cursor)
{
	if (cursor->chunk != (pfn >> CHUNK_SHIFT) + 1) {
		cursor->chunk = (pfn >> CHUNK_SHIFT) + 1;
		cursor->bits = owner_chunk(owner, pfn);
	}
	return cursor->bits;
}

/* How many at the start of the list are neighbours, in rising order. */
static unsigned long pfn_run(const unsigned long *pfns, unsigned long nr,
			     unsigned int order)
{
	unsigned long run;

	for (run = 1; run < nr; run++)
		if (pfns[run] != pfns[0] + (run << order))
			break;
	return run;
}

/*
 * What comes after the i-th page of a list. Where memory is fragmented, mostly no
 * neighbour; such single pages are worth a way of their own, for what is looked
 * up once for a largest block.
 */
static __always_inline unsigned long pfn_after(const unsigned long *pfns,
					       unsigned long i, unsigned long nr)
{
	return i + 1 < nr ? pfns[i + 1] : ULONG_MAX;
}

static unsigned long count_bits(const unsigned long *bits, unsigned long start,
				unsigned long end)
{
	unsigned long nr = 0, from = start, to;

	for_each_set_bitrange_from(from, to, bits, end)
		nr += to - from;
	return nr;
}

/* Returns how many bits were not set before; the chunks must be there. */
static unsigned long __owner_set_bits(struct offline_page_owner *owner,
				      unsigned long start_pfn,
				      unsigned long nr_pages,
				      struct cursor *cursor)
{
	unsigned long added = 0, pfn = start_pfn;

	lockdep_assert_held(&owner->lock);
	while (nr_pages) {
		unsigned long first = pfn & (CHUNK_PAGES - 1);
		unsigned long nr = chunk_run(pfn, nr_pages);
		unsigned long *bits = cursor_chunk(owner, pfn, cursor);

		if (likely(bits)) {
			added += nr - count_bits(bits, first, first + nr);
			bitmap_set(bits, first, nr);
		} else {
			report_misuse(owner, pfn, "was not reserved");
		}
		pfn += nr;
		nr_pages -= nr;
	}
	owner->nr_pages += added;
	owner->lowest = min(owner->lowest, start_pfn);
	owner->nr_added++;
	return added;
}

/* The same, for runs that may be short. */
static __always_inline unsigned long owner_set_run(struct offline_page_owner *owner,
						   unsigned long pfn,
						   unsigned long nr_pages,
						   struct cursor *cursor)
{
	unsigned long *bits = cursor_chunk(owner, pfn, cursor);

	if (nr_pages > 1 || unlikely(!bits))
		return __owner_set_bits(owner, pfn, nr_pages, cursor);
	if (__test_and_set_bit(pfn & (CHUNK_PAGES - 1), bits))
		return 0;
	owner->nr_pages++;
	owner->lowest = min(owner->lowest, pfn);
	owner->nr_added++;
	return 1;
}

static unsigned long owner_set_bits(struct offline_page_owner *owner,
				    unsigned long start_pfn,
				    unsigned long nr_pages)
{
	struct cursor cursor = {};

	guard(spinlock_irqsave)(&owner->lock);
	return __owner_set_bits(owner, start_pfn, nr_pages, &cursor);
}

/*
 * Take the pages at @pfn whose bit is alike, up to @nr_pages of them, out of
 * the owner's set. Returns their number; *held says whether they were in it.
 */
static unsigned long owner_take_run(struct offline_page_owner *owner,
				    unsigned long pfn, unsigned long nr_pages,
				    bool *held)
{
	unsigned long first = pfn & (CHUNK_PAGES - 1);
	unsigned long nr = chunk_run(pfn, nr_pages);
	unsigned long *bits;

	guard(spinlock_irqsave)(&owner->lock);
	bits = owner_chunk(owner, pfn);
	*held = bits && test_bit(first, bits);
	if (!bits)
		return nr;
	if (!*held)
		return find_next_bit(bits, first + nr, first) - first;

	nr = find_next_zero_bit(bits, first + nr, first) - first;
	bitmap_clear(bits, first, nr);
	owner->nr_pages -= nr;
	return nr;
}

/* How the pages are meant that owner_isolate_run() takes. */
enum isolate_for {
	ISOLATE_ANY,		/* by the owner */
	ISOLATE_POISONED,	/* by mm, while the owner stays */
	ISOLATE_TO_MOVE,	/* likewise, and only movable ones */
};

static bool isolate_allowed(unsigned long pfn, unsigned long nr_pages)
{
	for (; nr_pages--; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (!PageMovableOffline(page) || PageOfflineNeverOnlined(page))
			return false;
	}
	return true;
}

/*
 * Take pages out of the owner's set that stay offline and the owner's: up to
 * @nr_pages from @pfn on, in whole blocks. Returns their number.
 */
static unsigned long owner_isolate_run(struct offline_page_owner *owner,
				       unsigned long pfn,
				       unsigned long nr_pages,
				       enum isolate_for what)
{
	unsigned long first = pfn & (CHUNK_PAGES - 1);
	unsigned long block = 1UL << owner->order;
	unsigned long *bits, nr, end;

	nr_pages = chunk_run(pfn, nr_pages);

	guard(spinlock_irqsave)(&owner->lock);
	bits = owner_chunk(owner, pfn);
	if (!bits || (what != ISOLATE_ANY && owner->leaving))
		return 0;
	end = find_next_zero_bit(bits, first + nr_pages, first);
	for (nr = 0; first + nr + block <= end; nr += block)
		if (what == ISOLATE_TO_MOVE && !isolate_allowed(pfn + nr, block))
			break;
	bitmap_clear(bits, first, nr);
	owner->nr_pages -= nr;
	owner->nr_isolated += nr;
	return nr;
}

/* The same, with the first page of each block in @pfns. */
static unsigned long owner_isolate_blocks(struct offline_page_owner *owner,
					  unsigned long pfn,
					  unsigned long nr_pages,
					  enum isolate_for what,
					  unsigned long *pfns)
{
	unsigned long i, nr;

	nr = owner_isolate_run(owner, pfn, nr_pages, what);
	if (!nr)
		return 0;
	for (i = 0; i < nr; i += 1UL << owner->order)
		*pfns++ = pfn + i;
	trace_offline_page_isolate(owner, pfn, nr, what == ISOLATE_TO_MOVE ?
				   OFFLINE_PAGE_MOVABLE : 0);
	return nr;
}

/* Bits that are isolated under one hold of the lock. */
#define ISOLATE_BATCH		1024UL

/*
 * Take the first pages out of the set of an owner of single pages: not more
 * than @nr, and not many. *got is their number. Returns false if that was all.
 */
static bool owner_isolate_first(struct offline_page_owner *owner,
				unsigned long nr, unsigned long *pfns,
				unsigned long *got)
{
	unsigned long index, bit, *bits, n = 0;

	*got = 0;
	guard(spinlock_irqsave)(&owner->lock);
	index = owner->lowest >> CHUNK_SHIFT;
	bits = xa_find(&owner->chunks, &index, ULONG_MAX, XA_PRESENT);
	if (!bits) {
		owner->lowest = ULONG_MAX;
		return false;
	}
	bit = max(owner->lowest, index << CHUNK_SHIFT) & (CHUNK_PAGES - 1);
	for (nr = min(nr, ISOLATE_BATCH); n < nr; bit += BITS_PER_LONG) {
		unsigned long word, pfn, end;

		bit = find_next_bit(bits, CHUNK_PAGES, bit);
		if (bit >= CHUNK_PAGES)
			break;
		bit = round_down(bit, BITS_PER_LONG);
		pfn = (index << CHUNK_SHIFT) + bit;
		word = bits[bit / BITS_PER_LONG];
		end = n + BITS_PER_LONG;
		if (word == ~0UL && end <= nr) {
			word = 0;
			for (; n < end; n++, pfn++)
				pfns[n] = pfn;
		}
		for (; word && n < nr; word &= word - 1)
			pfns[n++] = pfn + __ffs(word);
		WRITE_ONCE(bits[bit / BITS_PER_LONG], word);
		if (word)
			break;
	}
	/* A chunk that is empty is passed over when this is called again. */
	owner->lowest = (index << CHUNK_SHIFT) + bit;
	owner->nr_pages -= n;
	owner->nr_isolated += n;
	*got = n;
	return true;
}

/* An event for each run, as for all others. */
static void trace_isolated(const struct offline_page_owner *owner,
			   unsigned long nr, const unsigned long *pfns)
{
	unsigned long i, run;

	if (!trace_offline_page_isolate_enabled())
		return;
	for (i = 0; i < nr; i += run) {
		run = pfn_run(pfns + i, nr - i, 0);
		trace_offline_page_isolate(owner, pfns[i], run, 0);
	}
}

/* Pages of the owner that never were in its set, or not yet. */
static void owner_add_isolated(struct offline_page_owner *owner,
			       unsigned long nr_pages)
{
	guard(spinlock_irqsave)(&owner->lock);
	owner->nr_isolated += nr_pages;
}

/* Isolated pages went where they belong. The owner may be gone after this. */
static void owner_end_isolated(struct offline_page_owner *owner,
			       unsigned long nr_pages)
{
	bool last;

	scoped_guard(spinlock_irqsave, &owner->lock) {
		if (owner->nr_isolated < nr_pages) {
			report_misuse(owner, 0, "and others were not isolated");
			nr_pages = owner->nr_isolated;
		}
		owner->nr_isolated -= nr_pages;
		last = !owner->nr_isolated;
	}
	if (last) {
		smp_mb();	/* pairs with prepare_to_wait_event() */
		/* Only its address counts. */
		wake_up_var(&owner->nr_isolated);
	}
}

static void __owner_settle(struct offline_page_owner *owner, unsigned long nr,
			   const unsigned long *pfns)
{
	struct cursor cursor = {};
	unsigned long i, run;

	lockdep_assert_held(&owner->lock);
	for (i = 0; i < nr; i += run) {
		run = pfn_run(pfns + i, nr - i, owner->order);
		owner_set_run(owner, pfns[i], run << owner->order, &cursor);
	}
}

/*
 * Pages that the caller holds alone go into the owner's set, where others may
 * find them at once. The chunks are there.
 */
static void owner_settle(struct offline_page_owner *owner, unsigned long nr,
			 const unsigned long *pfns)
{
	guard(spinlock_irqsave)(&owner->lock);
	__owner_settle(owner, nr, pfns);
}

/* Under RCU. */
static struct offline_page_owner *find_owner(unsigned long pfn)
{
	struct offline_page_owner *owner;

	list_for_each_entry_rcu(owner, &owners, list)
		if (offline_page_held(owner, pfn))
			return owner;
	return NULL;
}

static bool owned_by_anybody(unsigned long pfn)
{
	guard(rcu)();
	return find_owner(pfn);
}

static bool owner_can_move(const struct offline_page_owner *owner)
{
	return owner->ops && (owner->ops->migrate || owner->ops->migrate_one);
}

/**
 * register_offline_page_owner - make an owner known
 * @owner: from DEFINE_OFFLINE_PAGE_OWNER() or init_offline_page_owner()
 *
 * To be called before any other function that takes the owner.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if it has no name, or takes blocks that the page
 * allocator does not have; -EEXIST if it is registered already.
 */
int register_offline_page_owner(struct offline_page_owner *owner)
{
	if (WARN_ON_ONCE(!owner->name || !*owner->name ||
			 owner->order > MAX_PAGE_ORDER))
		return -EINVAL;

	guard(mutex)(&owners_mutex);
	if (owner->registered)
		return -EEXIST;
	xa_init(&owner->chunks);
	spin_lock_init(&owner->lock);
	owner->nr_pages = 0;
	owner->nr_isolated = 0;
	owner->lowest = ULONG_MAX;
	owner->leaving = false;
	owner->registered = true;
	list_add_tail_rcu(&owner->list, &owners);
	return 0;
}
EXPORT_SYMBOL_GPL(register_offline_page_owner);

/* Nobody starts to migrate the owner's pages after this, or still does it. */
static void wait_for_isolated(struct offline_page_owner *owner)
{
	scoped_guard(spinlock_irqsave, &owner->lock)
		owner->leaving = true;

	while (!wait_var_event_timeout(&owner->nr_isolated,
				       !READ_ONCE(owner->nr_isolated), 10 * HZ))
		pr_warn("%s cannot leave yet: %lu pages are being migrated, or were isolated and never put back or freed\n",
			owner->name, READ_ONCE(owner->nr_isolated));

	/* The last one may be about to let go of the lock. */
	spin_lock_irq(&owner->lock);
	spin_unlock_irq(&owner->lock);
}

static void clear_flags(struct page *page)
{
	clear_bit(PG_offline_skippable, offline_page_flags(page));
	clear_bit(PG_offline_movable, offline_page_flags(page));
}

/*
 * Nobody is left to move these pages. That has to show before we wait for memory
 * hotplug: memory offlining would try to migrate them until it is interrupted,
 * and we would wait for that. A page whose bit is set under the lock is there:
 * memory that goes offline takes the bits first.
 */
static void end_movable(struct offline_page_owner *owner)
{
	unsigned long index, bit, end, *bits;

	if (!READ_ONCE(owner->nr_pages))
		return;
	xa_for_each(&owner->chunks, index, bits) {
		cond_resched();
		for (end = 0; end < CHUNK_PAGES; ) {
			guard(spinlock_irqsave)(&owner->lock);
			bit = end;
			end += ISOLATE_BATCH;
			for_each_set_bit_from(bit, bits, end) {
				struct page *page;

				page = pfn_to_page((index << CHUNK_SHIFT) + bit);
				clear_bit(PG_offline_movable,
					  offline_page_flags(page));
			}
		}
	}
}

/**
 * retire_offline_page_owner - an owner is about to be unregistered
 * @owner: registered or not
 *
 * Nobody starts to migrate its pages any more, or still does. Unregistration
 * begins with this; who has several owners does it for all of them first. While
 * one waits there for memory offlining to end, that tries to migrate what the
 * others hold as long as it looks as if that could be done, and nobody does it.
 *
 * Context: may sleep, and must not hold a lock that the owner's operations
 * take.
 */
void retire_offline_page_owner(struct offline_page_owner *owner)
{
	scoped_guard(mutex, &owners_mutex)
		if (!owner->registered)
			return;
	/* Not with memory hotplug held off: offlining may be what we wait for. */
	wait_for_isolated(owner);
	end_movable(owner);
}
EXPORT_SYMBOL_GPL(retire_offline_page_owner);

/**
 * unregister_offline_page_owner - forget an owner
 * @owner: registered or not
 *
 * An owner gives its pages back first. Pages that it still holds stay offline,
 * held by nobody: memory the host may have taken away cannot be given to
 * Linux. They are plain then: nobody is left to move them, or to hold them back
 * when their memory block comes online again. Poisoned ones are skippable.
 *
 * Waits for migrations that have already isolated pages, so that the owner's
 * operations may be called until this returns, and not later.
 *
 * Context: may sleep, and must not hold a lock that the owner's operations
 * take. Takes the lock of memory hotplug for reading: not from its notifiers,
 * nor with hotplug held off. The caller makes sure that nothing else uses the owner any more; the
 * owner may be freed afterwards.
 */
void unregister_offline_page_owner(struct offline_page_owner *owner)
{
	struct zone_batch batch = {};
	unsigned long index, *bits;

	retire_offline_page_owner(owner);

	/* Memory that goes offline needs the owner, or its pages are gone. */
	get_online_mems();
	scoped_guard(mutex, &owners_mutex) {
		if (!owner->registered) {
			put_online_mems();
			return;
		}
		owner->registered = false;
		list_del_rcu(&owner->list);
	}
	/* Look-ups by PFN are over after this. */
	synchronize_rcu();

	if (owner->nr_pages)
		pr_warn("%s leaves %lu pages offline behind\n", owner->name,
			owner->nr_pages);
	xa_for_each(&owner->chunks, index, bits) {
		unsigned long bit;

		cond_resched();
		for_each_set_bit(bit, bits, CHUNK_PAGES) {
			struct page *page;

			page = pfn_to_page((index << CHUNK_SHIFT) + bit);
			if (PageHWPoison(page))
				set_lost(page);
			else
				clear_flags(page);
			/* They are lost, as poisoned pages are. */
			account_lost(owner, page, &batch);
		}
		free_page((unsigned long)bits);
	}
	zone_batch_flush(&batch);
	put_online_mems();
	xa_destroy(&owner->chunks);
	owner->nr_pages = 0;
}
EXPORT_SYMBOL_GPL(unregister_offline_page_owner);

/**
 * reserve_offline_page_range - make sure that pages can be recorded later
 * @owner: registered owner
 * @start_pfn: first page
 * @nr_pages: number of pages
 * @gfp: how hard to try
 *
 * Afterwards keep_offline_page_range() for these pages cannot fail, from
 * whatever context. Needs a page of memory for each PAGE_SIZE * 8 pages (4 KiB
 * for 128 MiB), which the owner keeps until it is unregistered. A hotplug
 * driver calls this when it is told MEM_GOING_ONLINE.
 *
 * Context: may sleep if @gfp allows it.
 * Return: 0; -ENOMEM; -EINVAL if the owner is not registered.
 */
int reserve_offline_page_range(struct offline_page_owner *owner,
			       unsigned long start_pfn, unsigned long nr_pages,
			       gfp_t gfp)
{
	unsigned long pfn = start_pfn, end_pfn = start_pfn + nr_pages;

	if (!owner->registered) {
		report_misuse(owner, start_pfn, "is for an unregistered owner");
		return -EINVAL;
	}

	for (; pfn < end_pfn; pfn += chunk_run(pfn, end_pfn - pfn)) {
		unsigned long *bits;
		void *old;

		if (owner_chunk(owner, pfn))
			continue;
		bits = offline_pages_alloc_chunk(gfp & CHUNK_GFP_MASK);
		if (!bits)
			return -ENOMEM;
		old = offline_pages_store_chunk(&owner->chunks,
						pfn >> CHUNK_SHIFT, bits,
						gfp & CHUNK_GFP_MASK);
		if (old)
			free_page((unsigned long)bits);
		if (xa_is_err(old))
			return xa_err(old);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(reserve_offline_page_range);

/**
 * offline_page_held - does this owner hold that page?
 * @owner: registered owner
 * @pfn: the page
 *
 * Context: any. Stale at once, unless the caller keeps the owner from
 * changing its pages.
 * Return: true if the page is in the owner's set.
 */
bool offline_page_held(struct offline_page_owner *owner, unsigned long pfn)
{
	unsigned long *bits;

	guard(rcu)();
	bits = owner_chunk(owner, pfn);
	return bits && test_bit(pfn & (CHUNK_PAGES - 1), bits);
}
EXPORT_SYMBOL_GPL(offline_page_held);

static bool page_is_sound(const struct page *page)
{
	return !PageHWPoison(page);
}

/*
 * The first page in a range that the owner holds and that @fits, if given. Does
 * not keep the owner from changing its bits meanwhile.
 */
static struct page *find_page(struct offline_page_owner *owner,
			      unsigned long pfn, unsigned long end_pfn,
			      bool (*fits)(const struct page *page))
{
	unsigned long index, *bits;

	if (pfn >= end_pfn)
		return NULL;

	guard(rcu)();
	xa_for_each_range(&owner->chunks, index, bits, pfn >> CHUNK_SHIFT,
			  (end_pfn - 1) >> CHUNK_SHIFT) {
		unsigned long start = index << CHUNK_SHIFT;
		unsigned long bit = pfn > start ? pfn - start : 0;
		unsigned long end = min(end_pfn - start, CHUNK_PAGES);

		for (;; bit++) {
			struct page *page;

			/* What is found may be stale at once, here as well. */
			bit = data_race(find_next_bit(bits, end, bit));
			if (bit >= end)
				break;
			page = pfn_to_page(start + bit);
			if (!fits || fits(page))
				return page;
		}
	}
	return NULL;
}

/* The first page that the owner holds, poisoned or not. */
static struct page *first_page(struct offline_page_owner *owner)
{
	unsigned long lowest, nr_added;
	struct page *page;

	scoped_guard(spinlock_irqsave, &owner->lock) {
		lowest = owner->lowest;
		nr_added = owner->nr_added;
	}
	page = find_page(owner, lowest, ULONG_MAX, NULL);

	/* Unless a page came in meanwhile, there is none below. */
	scoped_guard(spinlock_irqsave, &owner->lock)
		if (nr_added == owner->nr_added)
			owner->lowest = page ? page_to_pfn(page) : ULONG_MAX;
	return page;
}

/**
 * next_offline_page - walk an owner's pages in the order of their PFNs
 * @owner: registered owner
 * @pfn: where to start
 *
 * Poisoned pages are passed over: nobody can use them again. Taking the first
 * page again and again is cheap: the owner remembers below which page it has
 * none.
 *
 * Context: any. The caller keeps the owner from changing its pages; otherwise
 * the answer is stale at once.
 * Return: the first page held at @pfn or above; NULL if there is none.
 */
struct page *next_offline_page(struct offline_page_owner *owner,
			       unsigned long pfn)
{
	struct page *page;

	if (!owner->registered)
		return NULL;

	page = first_page(owner);
	if (!page)
		return NULL;
	return find_page(owner, max(pfn, page_to_pfn(page)), ULONG_MAX,
			 page_is_sound);
}
EXPORT_SYMBOL_GPL(next_offline_page);

/**
 * offline_page_owner_name - who holds this page?
 * @pfn: the page
 * @buf: where to put the name
 * @size: size of @buf
 *
 * Context: any.
 * Return: 0; -ENOENT if nobody does, and @buf is as it was.
 */
int offline_page_owner_name(unsigned long pfn, char *buf, size_t size)
{
	struct offline_page_owner *owner;

	guard(rcu)();
	owner = find_owner(pfn);
	if (!owner)
		return -ENOENT;
	strscpy(buf, owner->name, size);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(offline_page_owner_name);

/*
 * Pages in.
 */

static bool args_valid(const struct offline_page_owner *owner,
		       unsigned long pfn, unsigned int flags,
		       unsigned int allowed)
{
	if (!owner->registered)
		report_misuse(owner, pfn, "is for an unregistered owner");
	else if (flags & ~allowed)
		report_misuse(owner, pfn, "is asked for with flags that do not fit");
	else if ((flags & OFFLINE_PAGE_MOVABLE) && !owner_can_move(owner))
		report_misuse(owner, pfn, "is to be movable, but its owner cannot migrate");
	else if ((flags & OFFLINE_PAGE_SKIPPABLE) && owner->stays_managed)
		report_misuse(owner, pfn, "would go offline, but stay managed");
	else
		return true;
	return false;
}

static bool whole_blocks(const struct offline_page_owner *owner,
			 unsigned long pfn, unsigned long nr_pages)
{
	if (IS_ALIGNED(pfn | nr_pages, 1UL << owner->order))
		return true;
	report_misuse(owner, pfn, "and others are not whole blocks");
	return false;
}

/* The page flags that stand for OFFLINE_PAGE_*. */
static __always_inline unsigned long flag_bits(unsigned int flags)
{
	unsigned long bits = 0;

	if (flags & OFFLINE_PAGE_SKIPPABLE)
		bits |= BIT(PG_offline_skippable);
	if ((flags & OFFLINE_PAGE_MOVABLE) && IS_ENABLED(CONFIG_MIGRATION))
		bits |= BIT(PG_offline_movable);
	return bits;
}

/* All at once, and atomically: memory_failure() may come at any time. */
static __always_inline void set_flag_bits(struct page *page, unsigned long bits)
{
	atomic_long_or(bits, (atomic_long_t *)offline_page_flags(page));
}

/* Whoever finds it offline finds its flags. */
static __always_inline void set_page_offline(struct page *page,
					     unsigned long bits)
{
	set_flag_bits(page, bits);
	smp_wmb();	/* pairs with offline_page_stays() */
	__SetPageOffline(page);
	offline_page_set_canary(page);
}

/*
 * Pages that were the page allocator's and lie in one largest block. Between
 * page_offline_begin() and page_offline_end().
 */
static __always_inline void __set_pages_offline(struct page *page,
						unsigned long nr_pages,
						unsigned int flags)
{
	const unsigned long bits = BIT(PG_offline_onlined) | flag_bits(flags);
	struct page *end = page + nr_pages;

	for (; page < end; page++) {
		VM_WARN_ON_ONCE_PAGE(page_ref_count(page), page);
		set_page_offline(page, bits);
	}
}

static noinline void set_pages_offline(struct page *page, unsigned long nr_pages,
				       unsigned int flags)
{
	__set_pages_offline(page, nr_pages, flags);
}

/*
 * Frozen pages of one zone, whose chunks are reserved, become the owner's. The
 * caller puts them into its set, or counts them as isolated.
 */
static void enter_run(struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags,
		      struct zone_batch *batch)
{
	unsigned long done, nr;

	for (done = 0; done < nr_pages; done += nr) {
		nr = min(nr_pages - done, left_in_block(pfn + done));
		set_pages_offline(pfn_to_page(pfn + done), nr, flags);
	}
	account_offline(owner, pfn_to_page(pfn), nr_pages, batch);
	trace_offline_page_alloc(owner, pfn, nr_pages, flags);
}

/*
 * Frozen pages fresh from the allocator. Gives them back if their metadata
 * cannot be had: nothing is done by halves.
 */
static int enter_range(struct offline_page_owner *owner, unsigned long pfn,
		       unsigned long nr_pages, unsigned int flags, gfp_t gfp)
{
	struct zone_batch batch = {};
	unsigned long nr, done;
	int ret;

	ret = reserve_offline_page_range(owner, pfn, nr_pages, gfp);
	if (ret) {
		for (done = 0; done < nr_pages; done += nr) {
			nr = zone_run(pfn + done, nr_pages - done);
			free_frozen_run(pfn + done, nr);
		}
		return ret;
	}

	/* Who finds them before they are in the set waits for that. */
	owner_add_isolated(owner, nr_pages);
	page_offline_begin();
	for (done = 0; done < nr_pages; done += nr) {
		nr = zone_run(pfn + done, nr_pages - done);
		enter_run(owner, pfn + done, nr, flags, &batch);
	}
	page_offline_end();
	zone_batch_flush(&batch);
	if (!(flags & OFFLINE_PAGE_ISOLATED)) {
		owner_set_bits(owner, pfn, nr_pages);
		owner_end_isolated(owner, nr_pages);
	}
	count_inflated(owner, nr_pages);
	count_pages(OFFLINE_PAGES_ALLOCATED, nr_pages);
	return 0;
}

/**
 * alloc_offline_pages - take a block of pages from the page allocator
 * @owner: registered owner
 * @order: 2^order pages, naturally aligned
 * @gfp: as for alloc_pages()
 * @nid: node to prefer, or NUMA_NO_NODE
 * @flags: OFFLINE_PAGE_*
 *
 * The pages are offline, frozen and no longer managed; each stands for itself
 * and can be freed alone or together with others, unless the owner takes
 * blocks: then they are one or more of these. With __GFP_ZERO the contents are
 * zero. Without it the contents are whatever was there.
 *
 * With OFFLINE_PAGE_ISOLATED nobody else can find the pages yet. They end up in
 * putback_offline_page() or in free_isolated_offline_page().
 *
 * Context: sleeps.
 * Return: the first page; NULL if there is no memory.
 */
struct page *alloc_offline_pages(struct offline_page_owner *owner,
				 unsigned int order, gfp_t gfp, int nid,
				 unsigned int flags)
{
	struct page *page;

	might_sleep();
	if (!args_valid(owner, 0, flags, OFFLINE_ALLOC_FLAGS))
		return NULL;
	if (order < owner->order) {
		report_misuse(owner, 0, "and others are less than a block");
		return NULL;
	}

	page = offline_pages_alloc_frozen(gfp, order, nid);
	if (!page || enter_range(owner, page_to_pfn(page), 1UL << order, flags,
				 gfp)) {
		count_pages(OFFLINE_PAGES_ALLOC_FAILED, 1);
		return NULL;
	}
	return page;
}
EXPORT_SYMBOL_GPL(alloc_offline_pages);

/**
 * alloc_offline_page - take one page, or one block, from the page allocator
 * @owner: registered owner
 * @gfp: as for alloc_pages()
 * @nid: node to prefer, or NUMA_NO_NODE
 * @flags: OFFLINE_PAGE_*
 *
 * See alloc_offline_pages(); for many pages use alloc_offline_pages_bulk().
 *
 * Context: sleeps.
 * Return: the page; NULL if there is no memory.
 */
struct page *alloc_offline_page(struct offline_page_owner *owner, gfp_t gfp,
				int nid, unsigned int flags)
{
	return alloc_offline_pages(owner, owner->order, gfp, nid, flags);
}
EXPORT_SYMBOL_GPL(alloc_offline_page);

/* So many pages or blocks are asked of the page allocator in one go. */
#define ALLOC_BATCH		32UL

/* How a large number of pages is taken. */
struct bulk {
	struct offline_page_owner *owner;
	gfp_t gfp;
	int nid;
	bool more;			/* worth going on */
	/* From the page allocator, which may have listed large ones, too. */
	bool relist;
	unsigned int order;		/* of blocks: from the largest on */
	struct cursor cursor;		/* of a chunk that is there */
};

/* Afterwards the bits can be set; otherwise the block is free again. */
static bool bulk_reserve(struct bulk *b, unsigned long pfn, unsigned int order)
{
	if (b->more) {
		if (cursor_chunk(b->owner, pfn, &b->cursor))
			return true;
		b->cursor.chunk = 0;
		if (!reserve_offline_page_range(b->owner, pfn, 1UL << order,
						b->gfp))
			return true;
		b->more = false;
	}
	free_frozen_run(pfn, 1UL << order);
	return false;
}

/* From the free lists: blocks that are not too large, the largest ones first. */
static unsigned long bulk_take_listed(struct bulk *b, int nid, unsigned long nr,
				      unsigned long *pfns)
{
	unsigned long keep = 0, got = 0, chunk = ULONG_MAX, stride;

	for (;; b->order--) {
		stride = 1UL << (b->order - b->owner->order);
		if (nr >= stride)
			got = offline_pages_take_free(b->gfp, b->order, nid,
						      nr / stride, stride, pfns);
		if (got || b->order == b->owner->order)
			break;
	}
	for (; keep < got; keep++, pfns += stride) {
		/* It is there for all that lie in it. */
		if (*pfns >> CHUNK_SHIFT == chunk)
			continue;
		if (!bulk_reserve(b, *pfns, b->order))
			break;
		chunk = *pfns >> CHUNK_SHIFT;
	}
	/* There is no more: the others go the same way. */
	for (; keep + 1 < got; got--) {
		pfns += stride;
		bulk_reserve(b, *pfns, b->order);
	}
	return keep;
}

/* Part of a block that is larger; the smallest that there is. */
static unsigned long bulk_take_part(struct bulk *b, int nid, unsigned long nr,
				    unsigned long *pfns)
{
	unsigned int order = b->owner->order;
	unsigned long i, end, used;

	while (++order <= MAX_PAGE_ORDER)
		if (offline_pages_take_free(b->gfp, order, nid, 1, 1, pfns))
			break;
	if (order > MAX_PAGE_ORDER || !bulk_reserve(b, pfns[0], order))
		return 0;
	end = pfns[0] + (1UL << order);
	nr = min(nr, 1UL << (order - b->owner->order));
	used = nr << b->owner->order;
	for (i = 1; i < nr; i++)
		pfns[i] = pfns[0] + (i << b->owner->order);
	if (pfns[0] + used < end)
		free_frozen_run(pfns[0] + used, end - pfns[0] - used);
	return nr;
}

/*
 * Up to @nr of the owner's pages or blocks, frozen, in blocks of 2^order pages.
 * What the free lists do not have, the page allocator may have: it can make
 * room, and can fill them from elsewhere. @pfns gets the first page of each
 * block, with room for its other ones. Returns the number of blocks.
 */
static unsigned long bulk_take(struct bulk *b, unsigned long nr,
			       unsigned long *pfns)
{
	int nid = b->nid == NUMA_NO_NODE ? numa_mem_id() : b->nid;
	unsigned long got;

	if (b->relist)
		b->order = MAX_PAGE_ORDER;
	b->relist = false;
	got = bulk_take_listed(b, nid, nr, pfns);
	if (!got && b->more)
		got = bulk_take_part(b, nid, nr, pfns);
	if (got || !b->more)
		return got;

	b->relist = true;
	for (nr = min(nr, ALLOC_BATCH); got < nr; got++) {
		struct page *page;

		page = offline_pages_alloc_frozen(b->gfp, b->order, b->nid);
		if (!page)
			b->more = false;
		if (!page || !bulk_reserve(b, page_to_pfn(page), b->order))
			break;
		pfns[got] = page_to_pfn(page);
	}
	return got;
}

/* What was taken becomes offline. The pages or blocks in between are filled in. */
static void bulk_enter(const struct bulk *b, unsigned long got,
		       unsigned long stride, unsigned int flags,
		       unsigned long *pfns)
{
	const unsigned long block = 1UL << b->owner->order;
	unsigned long *next, *end = pfns + got * stride, pfn;

	if (!b->order) {
		for (; pfns < end; pfns++) {
			__set_pages_offline(pfn_to_page(*pfns), 1, flags);
			trace_offline_page_alloc(b->owner, *pfns, 1, flags);
		}
		return;
	}
	for (; pfns < end; pfns = next) {
		pfn = *pfns;
		next = pfns + stride;
		set_pages_offline(pfn_to_page(pfn), 1UL << b->order, flags);
		trace_offline_page_alloc(b->owner, pfn, 1UL << b->order, flags);
		while (++pfns < next)
			*pfns = pfn += block;
	}
}

static void bulk_account(const struct bulk *b, unsigned long got,
			 unsigned long stride, const unsigned long *pfns,
			 struct zone_batch *batch)
{
	long nr_pages = 1L << b->order;

	/* What is from the free lists is of one zone. */
	if (got && !b->relist) {
		nr_pages *= got;
		got = 1;
	}
	for (; got--; pfns += stride)
		account_offline(b->owner, pfn_to_page(*pfns), nr_pages, batch);
}

/**
 * alloc_offline_pages_bulk - take many pages or blocks from the page allocator
 * @owner: registered owner
 * @nr_pages: how many; of blocks, if the owner takes blocks
 * @gfp: as for alloc_pages()
 * @nid: node to prefer, or NUMA_NO_NODE
 * @flags: OFFLINE_PAGE_*
 * @pfns: gets the page frame numbers, of the first page of each block; room for
 *	@nr_pages
 *
 * Like alloc_offline_page() for each, but takes the locks and adjusts managed
 * pages once for the batch. As far as they are to be had, the pages come in large
 * blocks, the largest ones first, so that those that are left stay whole; and
 * straight from the free lists, as they are: even with init_on_alloc=1 they are
 * zero only with __GFP_ZERO.
 *
 * Context: sleeps.
 * Return: how many it got, from 0 to @nr_pages.
 */
unsigned long alloc_offline_pages_bulk(struct offline_page_owner *owner,
				       unsigned long nr_pages, gfp_t gfp,
				       int nid, unsigned int flags,
				       unsigned long *pfns)
{
	struct zone_batch batch = {};
	unsigned long got, stride, nr = 0;
	const unsigned long block = 1UL << owner->order;
	struct bulk b = {
		.owner = owner,
		.gfp = gfp,
		.nid = nid,
		.more = true,
		.relist = true,
	};

	might_sleep();
	if (!args_valid(owner, 0, flags, OFFLINE_ALLOC_FLAGS))
		return 0;

	while (nr < nr_pages && b.more) {
		got = bulk_take(&b, nr_pages - nr, pfns + nr);
		stride = 1UL << (b.order - owner->order);
		/* As in enter_range(); and the next ones may take long. */
		owner_add_isolated(owner, got * stride * block);
		page_offline_begin();
		bulk_enter(&b, got, stride, flags, pfns + nr);
		page_offline_end();
		bulk_account(&b, got, stride, pfns + nr, &batch);
		nr += got * stride;
	}
	if (nr < nr_pages)
		count_pages(OFFLINE_PAGES_ALLOC_FAILED, 1);
	if (!nr)
		return 0;

	zone_batch_flush(&batch);
	if (!(flags & OFFLINE_PAGE_ISOLATED)) {
		owner_settle(owner, nr, pfns);
		owner_end_isolated(owner, nr * block);
	}
	count_inflated(owner, nr * block);
	count_pages(OFFLINE_PAGES_ALLOCATED, nr * block);
	return nr;
}
EXPORT_SYMBOL_GPL(alloc_offline_pages_bulk);

/**
 * alloc_offline_pages_contig - find and take a contiguous range of pages
 * @owner: registered owner
 * @nr_pages: how many; a power of two comes naturally aligned
 * @gfp: as for alloc_contig_pages()
 * @nid: node to prefer; __GFP_THISNODE makes it the only one
 * @flags: OFFLINE_PAGE_*
 *
 * For more pages than the page allocator has in one block. Moves what is in
 * the way.
 *
 * Context: sleeps, and may take long.
 * Return: the first page; NULL if there is no such range, or the kernel is
 * built without CONFIG_CONTIG_ALLOC.
 */
struct page *alloc_offline_pages_contig(struct offline_page_owner *owner,
					unsigned long nr_pages, gfp_t gfp,
					int nid, unsigned int flags)
{
	struct page *page;

	might_sleep();
	if (!args_valid(owner, 0, flags, OFFLINE_ALLOC_FLAGS) || !nr_pages)
		return NULL;
	if (!whole_blocks(owner, 0, nr_pages))
		return NULL;

	page = offline_pages_find_contig(nr_pages, gfp, nid);
	if (!page ||
	    enter_range(owner, page_to_pfn(page), nr_pages, flags, gfp)) {
		count_pages(OFFLINE_PAGES_ALLOC_FAILED, 1);
		return NULL;
	}
	return page;
}
EXPORT_SYMBOL_GPL(alloc_offline_pages_contig);

/* Every page there, online, and nothing but memory. */
static bool range_valid(unsigned long start_pfn, unsigned long nr_pages)
{
	unsigned long pfn, end_pfn = start_pfn + nr_pages;

	if (!nr_pages || end_pfn < start_pfn)
		return false;
	for (pfn = start_pfn; pfn < end_pfn;
	     pfn = min(end_pfn, pageblock_end_pfn(pfn)))
		if (!pfn_to_online_page(pfn))
			return false;
	return pfn_to_online_page(end_pfn - 1);
}

/**
 * alloc_offline_page_range - claim given pages out of the page allocator
 * @owner: registered owner
 * @start_pfn: first page
 * @nr_pages: number of pages
 * @gfp: as for alloc_contig_range()
 * @flags: OFFLINE_PAGE_*
 *
 * Moves what is in the way. The range may span zones. It gets all of the pages
 * or none.
 *
 * Context: sleeps, and may take long. The caller makes sure that the memory is
 * not unplugged at the same time.
 * Return: 0; -EBUSY if a page cannot be moved (try again where pages are
 * movable); -ENOMEM; -EINTR; -EINVAL if it is not all online memory, or not
 * whole blocks of an owner that takes blocks;
 * -EOPNOTSUPP if the kernel is built without CONFIG_CONTIG_ALLOC.
 */
int alloc_offline_page_range(struct offline_page_owner *owner,
			     unsigned long start_pfn, unsigned long nr_pages,
			     gfp_t gfp, unsigned int flags)
{
	unsigned long done, nr;
	int ret = 0;

	might_sleep();
	if (!args_valid(owner, start_pfn, flags, OFFLINE_ALLOC_FLAGS) ||
	    !range_valid(start_pfn, nr_pages) ||
	    !whole_blocks(owner, start_pfn, nr_pages))
		return -EINVAL;

	for (done = 0; done < nr_pages; done += nr) {
		nr = zone_run(start_pfn + done, nr_pages - done);
		ret = offline_pages_alloc_contig(start_pfn + done,
						 start_pfn + done + nr, gfp);
		if (ret)
			break;
	}
	if (!ret) {
		ret = enter_range(owner, start_pfn, nr_pages, flags, gfp);
	} else {
		nr_pages = done;
		for (done = 0; done < nr_pages; done += nr) {
			nr = zone_run(start_pfn + done, nr_pages - done);
			free_frozen_run(start_pfn + done, nr);
		}
	}
	if (ret)
		count_pages(OFFLINE_PAGES_ALLOC_FAILED, 1);
	return ret;
}
EXPORT_SYMBOL_GPL(alloc_offline_page_range);

/**
 * keep_offline_page_range - do not online these pages now
 * @owner: registered owner
 * @start_pfn: first page
 * @nr_pages: number of pages; all never onlined
 * @flags: OFFLINE_PAGE_SKIPPABLE or 0; such pages do not move
 *
 * For online_page_callback_t: instead of calling generic_online_page(), the
 * owner keeps the pages, and may free them, that is online them, later. Doing
 * it twice is harmless. Not for the owner of a balloon, or of pages that stay
 * managed: these never were part of what it counts.
 *
 * Context: any. reserve_offline_page_range() was called for the range.
 */
void keep_offline_page_range(struct offline_page_owner *owner,
			     unsigned long start_pfn, unsigned long nr_pages,
			     unsigned int flags)
{
	unsigned long pfn, nr = 0, kept = 0, end_pfn = start_pfn + nr_pages;
	const unsigned long bits = flag_bits(flags);

	if (!args_valid(owner, start_pfn, flags, OFFLINE_PAGE_SKIPPABLE) ||
	    !whole_blocks(owner, start_pfn, nr_pages))
		return;
	if (owner->balloon || owner->stays_managed) {
		report_misuse(owner, start_pfn, "was never managed, as its other pages were");
		return;
	}

	for (pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (likely(PageOfflineNeverOnlined(page) &&
			   (offline_page_held(owner, pfn) ||
			    !owned_by_anybody(pfn)))) {
			if (bits)
				set_flag_bits(page, bits);
			nr++;
			continue;
		}
		report_misuse(owner, pfn, "is no longer waiting to be onlined");
		if (nr)
			kept += owner_set_bits(owner, pfn - nr, nr);
		nr = 0;
	}
	if (nr)
		kept += owner_set_bits(owner, end_pfn - nr, nr);
	count_pages(OFFLINE_PAGES_KEPT, kept);
	trace_offline_page_keep(owner, start_pfn, nr_pages, flags);
}
EXPORT_SYMBOL_GPL(keep_offline_page_range);

/**
 * adopt_offline_page - turn a page in use into an offline page
 * @owner: registered owner
 * @page: a single page to which only the caller has a reference
 * @flags: OFFLINE_PAGE_*
 *
 * Takes over the caller's reference. The page may be reserved (memory the
 * page allocator never got). Managed pages are not adjusted: such a page is
 * not managed, like one that came from lend_offline_page(). Whoever allocated
 * it subtracts it before, with adjust_managed_page_count(): free_offline_page()
 * adds it again.
 *
 * Context: sleeps.
 * Return: 0; -EBUSY if somebody else has a reference; -EINVAL if it is not
 * such a page; -ENOMEM. The page is as it was if it fails.
 */
int adopt_offline_page(struct offline_page_owner *owner, struct page *page,
		       unsigned int flags)
{
	unsigned long pfn = page_to_pfn(page);
	int ret;

	might_sleep();
	if (!args_valid(owner, pfn, flags, OFFLINE_PAGE_FLAGS) ||
	    !whole_blocks(owner, pfn, 1))
		return -EINVAL;
	if (PageCompound(page) || page_has_type(page) || PageLRU(page)) {
		report_misuse(owner, pfn, "is in use for something else");
		return -EINVAL;
	}

	ret = reserve_offline_page_range(owner, pfn, 1, GFP_KERNEL);
	if (ret)
		return ret;
	if (!page_ref_freeze(page, 1))
		return -EBUSY;

	/* What its user left behind would have a meaning here, or when it leaves. */
	set_page_private(page, 0);
	set_mask_bits(offline_page_flags(page), PAGE_FLAGS_CHECK_AT_PREP, 0);
	page_offline_begin();
	set_pages_offline(page, 1, flags);
	page_offline_end();
	account_balloon(owner, page, 1);
	trace_offline_page_alloc(owner, pfn, 1, flags);
	owner_set_bits(owner, pfn, 1);
	count_pages(OFFLINE_PAGES_ADOPTED, 1);
	return 0;
}
EXPORT_SYMBOL_GPL(adopt_offline_page);

/**
 * mark_kexec_page_offline - tell dump tools to leave a page alone
 * @page: a page in use that hardware will not let the next kernel read
 *
 * There is no way back: this kernel ends. Takes no lock and looks at nothing,
 * for it may run in a crash.
 *
 * Context: kexec and crash, when this CPU is the only one left.
 */
void mark_kexec_page_offline(struct page *page)
{
	set_page_count(page, 0);
	set_mask_bits(offline_page_flags(page), PAGE_FLAGS_CHECK_AT_PREP,
		      BIT(PG_offline_onlined));
	__SetPageOffline(page);
}

/*
 * Pages out.
 */

enum way_out {
	WAY_OUT_NONE,		/* stays as it is */
	WAY_OUT_FREE,		/* back to the buddy */
	WAY_OUT_ONLINE,		/* to the buddy for the first time */
};

/*
 * Which way an owner's page goes that leaves. @held: it was in the owner's set
 * until now, or was isolated.
 */
static enum way_out way_out(const struct offline_page_owner *owner,
			    unsigned long pfn, bool held,
			    struct zone_batch *batch)
{
	struct page *page;

	if (!held && !pfn_valid(pfn)) {
		report_misuse(owner, pfn, "does not exist");
		return WAY_OUT_NONE;
	}
	page = pfn_to_page(pfn);
	if (!PageOffline(page)) {
		report_misuse(owner, pfn, "is not offline");
		return WAY_OUT_NONE;
	}
	if (PageHWPoison(page)) {
		if (held)
			lose_page(owner, page, batch);
		return WAY_OUT_NONE;
	}
	if (!held) {
		report_misuse(owner, pfn, "is not held by it");
		return WAY_OUT_NONE;
	}
	if (page_ref_count(page)) {
		report_misuse(owner, pfn, "has references");
		return WAY_OUT_NONE;
	}
	return PageOfflineNeverOnlined(page) ? WAY_OUT_ONLINE : WAY_OUT_FREE;
}

static void online_run(unsigned long pfn, unsigned long nr_pages)
{
#ifdef CONFIG_MEMORY_HOTPLUG
	unsigned int order;

	for (; nr_pages; pfn += 1UL << order, nr_pages -= 1UL << order) {
		order = block_order(pfn, nr_pages, MAX_PAGE_ORDER);
		generic_online_page(pfn_to_page(pfn), order);
	}
#endif
}

static void free_leaving_run(const struct offline_page_owner *owner,
			     unsigned long pfn, unsigned long nr_pages,
			     struct zone_batch *batch)
{
	if (!nr_pages)
		return;
	account_offline(owner, pfn_to_page(pfn), -(long)nr_pages, batch);
	zone_batch_free(batch, pfn, nr_pages);
	count_pages(OFFLINE_PAGES_FREED, nr_pages);
}

/* A page that was to leave turns out to be poisoned: it stays offline. */
static noinline __cold void stay_poisoned(struct offline_page_owner *owner,
					  struct page *page,
					  struct zone_batch *batch)
{
	lose_page(owner, page, batch);
	__SetPageOffline(page);
	offline_page_set_canary(page);
}

/*
 * A run of pages of one zone that all go the same way, and lie in one largest
 * block.
 */
static void leave_run(struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, enum way_out way,
		      struct zone_batch *batch)
{
	struct page *page, *first = pfn_to_page(pfn), *end = first + nr_pages;
	unsigned long done = 0;

	if (IS_ENABLED(CONFIG_DEBUG_OFFLINE_PAGES))
		for (page = first; page < end; page++)
			offline_page_check_canary(page, owner);

	if (way == WAY_OUT_ONLINE && IS_ENABLED(CONFIG_MEMORY_HOTPLUG)) {
		trace_offline_page_online(owner, pfn, nr_pages, 0);
		account_balloon(owner, first, -(long)nr_pages);
		online_run(pfn, nr_pages);
		count_pages(OFFLINE_PAGES_ONLINED, nr_pages);
		return;
	}

	trace_offline_page_free(owner, pfn, nr_pages, 0);
	/* They were found to be offline; the page allocator clears the flags. */
	for (page = first; page < end; page++) {
		offline_page_end_canary(page);
		page->page_type = UINT_MAX;
	}
	/*
	 * memory_failure() marks a page poisoned and then looks at its type.
	 * Whatever it found offline is seen to be poisoned here. And the flags
	 * go later than the type; see offline_page_stays().
	 */
	smp_mb();
	for (page = first; page < end; page++) {
		if (likely(!PageHWPoison(page)))
			continue;
		stay_poisoned(owner, page, batch);
		free_leaving_run(owner, pfn + done, page - first - done, batch);
		done = page - first + 1;
	}
	free_leaving_run(owner, pfn + done, nr_pages - done, batch);
}

/*
 * Whether a page is of the same zone as another and can go the same way, which
 * is an offline page, sound, and without references.
 */
static __always_inline bool page_alike(const struct page *page,
				       unsigned long flags)
{
	const unsigned long mask = ZONEID_MASK << ZONEID_PGSHIFT |
				   __PG_HWPOISON | BIT(PG_offline_onlined);

	flags ^= *offline_page_flags(page);
	return PageOffline(page) && !((flags & mask) | page_ref_count(page));
}

/* Pages whose bits are alike, or that are all isolated. */
static void free_run(struct offline_page_owner *owner, unsigned long pfn,
		     unsigned long nr_pages, bool held,
		     struct zone_batch *batch)
{
	unsigned long nr, flags, max;

	for (; nr_pages; pfn += nr, nr_pages -= nr) {
		enum way_out way = way_out(owner, pfn, held, batch);

		nr = 1;
		if (way == WAY_OUT_NONE)
			continue;
		flags = *offline_page_flags(pfn_to_page(pfn));
		max = min(nr_pages, left_in_block(pfn));
		while (nr < max && page_alike(pfn_to_page(pfn + nr), flags))
			nr++;
		leave_run(owner, pfn, nr, way, batch);
	}
}

static void free_range(struct offline_page_owner *owner,
		       unsigned long start_pfn, unsigned long nr_pages,
		       struct zone_batch *batch)
{
	unsigned long pfn = start_pfn, end_pfn = start_pfn + nr_pages, nr;
	bool held;

	if (!args_valid(owner, pfn, 0, 0) ||
	    !whole_blocks(owner, start_pfn, nr_pages))
		return;

	for (; pfn < end_pfn; pfn += nr) {
		nr = owner_take_run(owner, pfn, end_pfn - pfn, &held);
		free_run(owner, pfn, nr, held, batch);
		if (held)
			count_deflated(owner, nr);
	}
}

/**
 * free_offline_page_range - give pages back to Linux
 * @owner: registered owner that holds the pages
 * @start_pfn: first page
 * @nr_pages: number of pages
 *
 * Each page goes where it belongs: back to the page allocator, or through
 * generic onlining if it was never there. Managed pages are adjusted. A
 * poisoned page stays offline for ever, held by nobody. The range may mix all
 * of these, and may span zones.
 *
 * A page that the owner does not hold is reported and left alone.
 *
 * Context: any but NMI and hard interrupts. Skippable pages must not be freed
 * while their memory block is going offline, from MEM_GOING_OFFLINE to
 * MEM_OFFLINE or MEM_CANCEL_OFFLINE: nobody looks at them again meanwhile.
 */
void free_offline_page_range(struct offline_page_owner *owner,
			     unsigned long start_pfn, unsigned long nr_pages)
{
	struct zone_batch batch = {};

	free_range(owner, start_pfn, nr_pages, &batch);
	zone_batch_flush(&batch);
}
EXPORT_SYMBOL_GPL(free_offline_page_range);

/**
 * free_offline_page - give one page, or one block, back to Linux
 * @owner: registered owner that holds the page
 * @page: the page; the first one of a block, if the owner takes blocks
 *
 * See free_offline_page_range().
 *
 * Context: any but NMI and hard interrupts.
 */
void free_offline_page(struct offline_page_owner *owner, struct page *page)
{
	free_offline_page_range(owner, page_to_pfn(page), 1UL << owner->order);
}
EXPORT_SYMBOL_GPL(free_offline_page);

/**
 * free_offline_pages_bulk - give many pages back to Linux
 * @owner: registered owner that holds the pages
 * @nr_pages: how many; of blocks, if the owner takes blocks
 * @pfns: their page frame numbers, of the first page of each block
 *
 * See free_offline_page_range(). Neighbours that follow each other in rising
 * order are freed as runs.
 *
 * Context: any but NMI and hard interrupts.
 */
void free_offline_pages_bulk(struct offline_page_owner *owner,
			     unsigned long nr_pages, unsigned long *pfns)
{
	struct zone_batch batch = {};
	unsigned long i, nr;

	for (i = 0; i < nr_pages; i += nr) {
		nr = pfn_run(pfns + i, nr_pages - i, owner->order);
		free_range(owner, pfns[i], nr << owner->order, &batch);
	}
	zone_batch_flush(&batch);
}
EXPORT_SYMBOL_GPL(free_offline_pages_bulk);

/*
 * Pages that their owner takes out of its set, to give them back or to talk to
 * the host about them.
 */

/**
 * isolate_offline_pages_bulk - take pages out of the owner's set
 * @owner: registered owner
 * @nr: how many; of blocks, if the owner takes blocks
 * @pfns: gets the page frame numbers, rising; room for @nr
 *
 * Nobody else finds these pages until they are put back. There may be a poisoned
 * one among them: give it up like the others, it does not come back. They end up
 * in putback_offline_pages_bulk() or in free_isolated_offline_pages_bulk(). Pages
 * that are being migrated cannot be had at the moment.
 *
 * Context: any.
 * Return: how many it got, from 0 to @nr.
 */
unsigned long isolate_offline_pages_bulk(struct offline_page_owner *owner,
					 unsigned long nr, unsigned long *pfns)
{
	unsigned long run, got = 0;

	if (!args_valid(owner, 0, 0, 0))
		return 0;

	while (!owner->order && got < nr &&
	       owner_isolate_first(owner, nr - got, pfns + got, &run)) {
		trace_isolated(owner, run, pfns + got);
		got += run;
	}
	while (owner->order && got < nr) {
		struct page *page = first_page(owner);
		unsigned long pfn;

		if (!page)
			break;
		/* It may be of a block that is only coming in or going out. */
		pfn = round_down(page_to_pfn(page), 1UL << owner->order);
		run = owner_isolate_blocks(owner, pfn,
					   (nr - got) << owner->order,
					   ISOLATE_ANY, pfns + got);
		got += run >> owner->order;
	}
	return got;
}
EXPORT_SYMBOL_GPL(isolate_offline_pages_bulk);

/**
 * isolate_offline_page - take one page, or one block, out of the owner's set
 * @owner: registered owner
 *
 * See isolate_offline_pages_bulk().
 *
 * Context: any.
 * Return: the page; NULL if there is none that is not isolated already.
 */
struct page *isolate_offline_page(struct offline_page_owner *owner)
{
	unsigned long pfn;

	if (!isolate_offline_pages_bulk(owner, 1, &pfn))
		return NULL;
	return pfn_to_page(pfn);
}
EXPORT_SYMBOL_GPL(isolate_offline_page);

/* Is there memory at all? */
static __always_inline bool block_valid(unsigned long pfn, struct cursor *cursor)
{
	unsigned long block = (pfn >> MAX_PAGE_ORDER) + 1;

	if (unlikely(cursor->valid != block) && pfn_valid(pfn))
		cursor->valid = block;
	return cursor->valid == block;
}

/* In a set, and so not isolated? Only a debug kernel looks. */
static __always_inline bool seen_in_set(unsigned long pfn)
{
	return IS_ENABLED(CONFIG_DEBUG_OFFLINE_PAGES) && owned_by_anybody(pfn);
}

/* A page that somebody claims to have isolated. */
static __always_inline bool isolated_valid(struct offline_page_owner *owner,
					   unsigned int order,
					   unsigned long pfn,
					   struct cursor *cursor)
{
	if (!block_valid(pfn, cursor) || !PageOffline(pfn_to_page(pfn)) ||
	    (order && !IS_ALIGNED(pfn, 1UL << order))) {
		report_misuse(owner, pfn, "is no offline page of it");
		return false;
	}
	if (seen_in_set(pfn)) {
		report_misuse(owner, pfn, "is not isolated");
		return false;
	}
	return true;
}

/*
 * How many pages or blocks at the start of the list are neighbours, in rising
 * order, and can be isolated ones; not more than the largest block has. 0 if
 * the first cannot be, which was reported. @alike: they can go the same way, if
 * the first can go; for single pages.
 */
static __always_inline unsigned long isolated_run(struct offline_page_owner *owner,
						  unsigned int order,
						  unsigned long nr,
						  const unsigned long *pfns,
						  struct cursor *cursor,
						  bool alike)
{
	unsigned long pfn = *pfns, block = 1UL << order, i, flags;
	const struct page *page = pfn_to_page(pfn);

	if (!isolated_valid(owner, order, pfn, cursor))
		return 0;
	flags = *offline_page_flags(page);
	nr = min(nr, left_in_block(pfn) >> order);
	for (i = 1; i < nr; i++) {
		pfn += block;
		page += block;
		if (pfns[i] != pfn ||
		    !(alike ? page_alike(page, flags) : PageOffline(page)) ||
		    seen_in_set(pfn))
			break;
	}
	return i;
}

/*
 * The owner's set has none of these pages. Otherwise, how many there are before
 * the first that it has; 0 is reported. They are of one chunk.
 */
static __always_inline unsigned long unheld_run(struct offline_page_owner *owner,
						unsigned long pfn,
						unsigned long nr_pages,
						struct cursor *cursor)
{
	unsigned long first = pfn & (CHUNK_PAGES - 1), nr;
	unsigned long *bits = cursor_chunk(owner, pfn, cursor);

	if (!bits)
		return nr_pages;
	if (nr_pages == 1) {
		nr = !test_bit(first, bits);
	} else {
		/* Without the lock: bits beside these change, these do not. */
		nr = data_race(find_next_bit(bits, first + nr_pages, first));
		nr -= first;
	}
	if (!nr)
		report_misuse(owner, pfn, "is not isolated");
	return nr;
}

/*
 * The bits of the largest block from @first on; NULL if there are none, or the
 * list does not begin with such a page.
 */
static unsigned long *singles_bits(struct offline_page_owner *owner,
				   unsigned long first, unsigned long nr,
				   const unsigned long *pfns,
				   struct cursor *cursor)
{
	unsigned long *bits;

	/* Where pages are very large, a word is of more than one block. */
	if (MAX_ORDER_NR_PAGES % BITS_PER_LONG ||
	    pfn_after(pfns, 0, nr) == pfns[0] + 1 || !block_valid(first, cursor))
		return NULL;
	bits = cursor_chunk(owner, first, cursor);
	return bits ? bits + (first & (CHUNK_PAGES - 1)) / BITS_PER_LONG : NULL;
}

/*
 * Isolated pages that have no neighbours on the list and go to the buddy leave.
 * Returns how many they are, from the start of the list; whatever ends that is
 * left to somebody who looks closer. See leave_run().
 */
static unsigned long leave_singles(struct offline_page_owner *owner,
				   unsigned long nr, const unsigned long *pfns,
				   struct cursor *cursor,
				   struct zone_batch *batch)
{
	unsigned long first = round_down(pfns[0], MAX_ORDER_NR_PAGES);
	unsigned long i, pfn, next, flags, *bits, lost = 0;
	struct page *page;

	bits = singles_bits(owner, first, nr, pfns, cursor);
	if (!bits)
		return 0;
	page = pfn_to_page(pfns[0]);
	zone_batch_add(batch, page, 0, 0);
	flags = *offline_page_flags(page) & ~__PG_HWPOISON;
	flags |= BIT(PG_offline_onlined);
	for (i = 0, pfn = pfns[0]; pfn - first < MAX_ORDER_NR_PAGES;
	     i++, pfn = next) {
		next = pfn_after(pfns, i, nr);
		if (next == pfn + 1)
			break;
		page = pfn_to_page(pfn);
		if (!page_alike(page, flags) || test_bit(pfn - first, bits) ||
		    seen_in_set(pfn))
			break;
		if (IS_ENABLED(CONFIG_DEBUG_OFFLINE_PAGES))
			offline_page_check_canary(page, owner);
		trace_offline_page_free(owner, pfn, 1, 0);
		offline_page_end_canary(page);
		page->page_type = UINT_MAX;
		smp_mb();	/* as in leave_run() */
		if (unlikely(PageHWPoison(page))) {
			stay_poisoned(owner, page, batch);
			lost++;
			continue;
		}
		zone_batch_free_block(batch, page, 0);
	}
	account_offline(owner, &batch->like, lost - i, batch);
	batch->nr_freed += i - lost;
	return i;
}

/*
 * Isolated pages or blocks leave; the owner's set has none of them. Those that
 * are not what they should be are reported. Returns how many pages it counts no
 * more.
 */
static unsigned long leave_isolated(struct offline_page_owner *owner,
				    unsigned long nr, const unsigned long *pfns,
				    struct zone_batch *batch)
{
	unsigned int order = owner->order;
	unsigned long i, run, done = 0;
	struct cursor cursor = {};

	for (i = 0; i < nr; i += run ?: 1) {
		enum way_out way;

		run = order ? 0 : leave_singles(owner, nr - i, pfns + i,
						&cursor, batch);
		if (run) {
			done += run;
			continue;
		}
		run = order ? isolated_valid(owner, order, pfns[i], &cursor) :
			      isolated_run(owner, 0, nr - i, pfns + i,
					   &cursor, true);
		if (run)
			run = unheld_run(owner, pfns[i], run << order,
					 &cursor) >> order;
		if (!run)
			continue;
		if (order) {
			free_run(owner, pfns[i], run << order, true, batch);
			done += run << order;
			continue;
		}
		way = way_out(owner, pfns[i], true, batch);
		if (way == WAY_OUT_NONE)
			run = 1;
		else
			leave_run(owner, pfns[i], run, way, batch);
		done += run;
	}
	return done;
}

/*
 * Isolated pages that have no neighbours on the list are put back. Returns how
 * many they are, from the start of the list, like leave_singles().
 */
static unsigned long putback_singles(struct offline_page_owner *owner,
				     unsigned long nr,
				     const unsigned long *pfns,
				     struct cursor *cursor)
{
	unsigned long first = round_down(pfns[0], MAX_ORDER_NR_PAGES);
	unsigned long i, pfn, next, *bits;
	const struct page *page;

	lockdep_assert_held(&owner->lock);
	bits = singles_bits(owner, first, nr, pfns, cursor);
	if (!bits)
		return 0;
	page = pfn_to_page(first);
	for (i = 0, pfn = pfns[0]; pfn - first < MAX_ORDER_NR_PAGES;
	     i++, pfn = next) {
		next = pfn_after(pfns, i, nr);
		if (next == pfn + 1)
			break;
		if (!PageOffline(page + (pfn - first)) || seen_in_set(pfn) ||
		    __test_and_set_bit(pfn - first, bits))
			break;
		trace_offline_page_putback(owner, pfn, 1, 0);
	}
	/* It only says that there is none below. */
	owner->lowest = min(owner->lowest, first);
	owner->nr_pages += i;
	owner->nr_added += i;
	return i;
}

/* Pages or blocks that are put back under one hold of the lock. */
#define PUTBACK_BATCH		1024

/**
 * putback_offline_pages_bulk - let isolated pages be found again
 * @owner: registered owner that the pages belong to
 * @nr: how many; of blocks, if the owner takes blocks
 * @pfns: page frame numbers, of the first page of each block
 *
 * The pages were isolated, or allocated with OFFLINE_PAGE_ISOLATED. They may be
 * migrated as soon as this is called, even before it returns.
 *
 * Context: any.
 */
void putback_offline_pages_bulk(struct offline_page_owner *owner,
				unsigned long nr, const unsigned long *pfns)
{
	unsigned long i, run, end, added, done = 0;
	struct cursor cursor = {};

	if (!args_valid(owner, 0, 0, 0))
		return;
	for (i = 0; i < nr; ) {
		guard(spinlock_irqsave)(&owner->lock);
		for (end = min(nr, i + PUTBACK_BATCH); i < end; i += run ?: 1) {
			run = owner->order ? 0 :
			      putback_singles(owner, end - i, pfns + i, &cursor);
			if (run) {
				done += run;
				continue;
			}
			run = isolated_run(owner, owner->order, end - i,
					   pfns + i, &cursor, false);
			if (!run)
				continue;
			trace_offline_page_putback(owner, pfns[i],
						   run << owner->order, 0);
			added = owner_set_run(owner, pfns[i],
					      run << owner->order, &cursor);
			if (unlikely(added != run << owner->order))
				report_misuse(owner, pfns[i],
					      "and others are not isolated");
			done += added;
		}
	}
	if (done)
		owner_end_isolated(owner, done);
}
EXPORT_SYMBOL_GPL(putback_offline_pages_bulk);

/**
 * putback_offline_page - let an isolated page, or block, be found again
 * @owner: registered owner that the page belongs to
 * @page: the page
 *
 * See putback_offline_pages_bulk().
 *
 * Context: any.
 */
void putback_offline_page(struct offline_page_owner *owner, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	putback_offline_pages_bulk(owner, 1, &pfn);
}
EXPORT_SYMBOL_GPL(putback_offline_page);

/**
 * free_isolated_offline_pages_bulk - give isolated pages back to Linux
 * @owner: registered owner that the pages belong to
 * @nr: how many; of blocks, if the owner takes blocks
 * @pfns: page frame numbers, of the first page of each block
 *
 * Like free_offline_pages_bulk(), for pages that were isolated, or allocated
 * with OFFLINE_PAGE_ISOLATED.
 *
 * Context: any but NMI and hard interrupts.
 */
void free_isolated_offline_pages_bulk(struct offline_page_owner *owner,
				      unsigned long nr,
				      const unsigned long *pfns)
{
	struct zone_batch batch = {};
	unsigned long done;

	if (!args_valid(owner, 0, 0, 0))
		return;
	done = leave_isolated(owner, nr, pfns, &batch);
	zone_batch_flush(&batch);
	count_deflated(owner, done);
	if (done)
		owner_end_isolated(owner, done);
}
EXPORT_SYMBOL_GPL(free_isolated_offline_pages_bulk);

/**
 * free_isolated_offline_page - give an isolated page, or block, back to Linux
 * @owner: registered owner that the page belongs to
 * @page: the page
 *
 * See free_isolated_offline_pages_bulk().
 *
 * Context: any but NMI and hard interrupts.
 */
void free_isolated_offline_page(struct offline_page_owner *owner,
				struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	free_isolated_offline_pages_bulk(owner, 1, &pfn);
}
EXPORT_SYMBOL_GPL(free_isolated_offline_page);

/**
 * pass_isolated_offline_pages - let isolated pages change their owner
 * @from: registered owner that the pages belong to
 * @to: registered owner that they belong to afterwards
 * @start_pfn: first page
 * @nr_pages: number of pages; whole blocks of both owners
 * @gfp: how hard to try to get memory for bits
 *
 * For a balloon with several sizes: a block that the host refused may be welcome
 * page by page. The pages stay isolated. Owners that do not count their pages
 * in the same way cannot pass them on.
 *
 * Context: may sleep if @gfp allows it.
 * Return: 0; -EINVAL if the pages or the owners do not fit; -ENOMEM. The pages
 * are still those of @from if it fails.
 */
int pass_isolated_offline_pages(struct offline_page_owner *from,
				struct offline_page_owner *to,
				unsigned long start_pfn, unsigned long nr_pages,
				gfp_t gfp)
{
	struct cursor cursor = {};
	unsigned long i;
	int ret;

	if (!args_valid(from, start_pfn, 0, 0) ||
	    !whole_blocks(from, start_pfn, nr_pages) ||
	    !whole_blocks(to, start_pfn, nr_pages))
		return -EINVAL;
	for (i = 0; i < nr_pages; i += 1UL << from->order)
		if (!isolated_valid(from, from->order, start_pfn + i, &cursor) ||
		    !unheld_run(from, start_pfn + i, 1, &cursor))
			return -EINVAL;
	if (from->balloon != to->balloon ||
	    from->stays_managed != to->stays_managed ||
	    (PageMovableOffline(pfn_to_page(start_pfn)) && !owner_can_move(to))) {
		report_misuse(to, start_pfn, "is from an owner unlike it");
		return -EINVAL;
	}
	ret = reserve_offline_page_range(to, start_pfn, nr_pages, gfp);
	if (ret)
		return ret;
	owner_add_isolated(to, nr_pages);
	owner_end_isolated(from, nr_pages);
	return 0;
}
EXPORT_SYMBOL_GPL(pass_isolated_offline_pages);

/**
 * lend_offline_page - turn an offline page into a page in use
 * @owner: registered owner that holds the page
 * @page: the page
 *
 * The caller gets the only reference. The page is not managed: it must not be
 * freed, but come back through adopt_offline_page(). A poisoned page is not
 * lent: it stays offline for ever, held by nobody.
 *
 * Context: any but NMI and hard interrupts.
 * Return: 0; -EHWPOISON if it is poisoned; -EINVAL if the owner does not hold it.
 */
int lend_offline_page(struct offline_page_owner *owner, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	struct zone_batch batch = {};
	bool held;

	if (!args_valid(owner, pfn, 0, 0) || !whole_blocks(owner, pfn, 1))
		return -EINVAL;
	owner_take_run(owner, pfn, 1, &held);
	if (!held || !PageOffline(page)) {
		report_misuse(owner, pfn, "is not held by it");
		return -EINVAL;
	}
	offline_page_check_canary(page, owner);
	online_offline_page(page);
	smp_mb();	/* as in leave_run() */
	if (unlikely(PageHWPoison(page))) {
		stay_poisoned(owner, page, &batch);
		zone_batch_flush(&batch);
		return -EHWPOISON;
	}
	trace_offline_page_lend(owner, pfn, 1, 0);
	offline_page_forget_flags(page);
	account_balloon(owner, page, -1);
	set_page_count(page, 1);
	count_pages(OFFLINE_PAGES_LENT, 1);
	return 0;
}
EXPORT_SYMBOL_GPL(lend_offline_page);

/*
 * Migration: pages of one owner are isolated, exchanged for others by their
 * owner, and freed. Pages that the owner kept are put back.
 */
#ifdef CONFIG_MIGRATION
struct migration {
	struct offline_page_owner *owner;
	unsigned int nr;		/* pages, or blocks; as in the arrays */
	unsigned long *src;
	unsigned long *dst;
	u8 *result;
	struct page *broken;		/* not to be used again if it leaves */
	/*
	 * Whoever reads memory by PFN keeps us from marking pages. It may wait
	 * for somebody who waits for us: on s390, for CPU hotplug, which needs
	 * memory. So we do not wait for ever; in milliseconds.
	 */
	unsigned int wait_for_walkers;
	unsigned int busy_tries;	/* how often a busy owner is asked again */
};

/*
 * A poisoned page of the owner's set, from the *i-th of a list on, is taken out
 * of it. A page whose bit is set is there as long as the lock is held.
 */
static struct page *take_poisoned(struct offline_page_owner *owner,
				  unsigned long nr, const unsigned long *pfns,
				  unsigned long *i)
{
	struct cursor cursor = {};

	guard(spinlock_irqsave)(&owner->lock);
	while (*i < nr) {
		unsigned long pfn = pfns[(*i)++];
		unsigned long *bits = cursor_chunk(owner, pfn, &cursor);

		if (!bits || !test_bit(pfn & (CHUNK_PAGES - 1), bits) ||
		    !PageHWPoison(pfn_to_page(pfn)))
			continue;
		__clear_bit(pfn & (CHUNK_PAGES - 1), bits);
		owner->nr_pages--;
		return pfn_to_page(pfn);
	}
	return NULL;
}

/*
 * What was isolated goes into the owner's set, as owner_settle() has it.
 *
 * memory_failure() marks a page and then takes it out of its owner's set. If it
 * came before the page was there, it is up to who put it there. In blocks a
 * poisoned page stays until the block leaves.
 *
 * Not for pages that the owner puts back itself: it may hold locks that it
 * takes when it is told.
 */
static void settle_or_lose(struct offline_page_owner *owner, unsigned long nr,
			   const unsigned long *pfns)
{
	bool poisoned = false;
	struct page *page;
	unsigned long i;

	scoped_guard(spinlock_irqsave, &owner->lock) {
		__owner_settle(owner, nr, pfns);
		smp_mb();	/* pairs with the atomic operation that sets the flag */
		for (i = 0; i < nr; i++)
			poisoned |= PageHWPoison(pfn_to_page(pfns[i]));
	}
	if (likely(!poisoned) || owner->order)
		return;
	i = 0;
	while ((page = take_poisoned(owner, nr, pfns, &i)))
		lose_held_page(owner, page);
}

/* Destinations from the i-th on are not needed after all. */
static void free_targets(const struct migration *m, unsigned int i,
			 unsigned int end,
			 const struct offline_page_targets *targets)
{
	for (; i < end; i++)
		targets->free(pfn_to_page(m->dst[i]), m->owner->order,
			      targets->private);
}

/*
 * Returns how many destinations there are, ready to be the owner's. Why there
 * are not more is in *err: no memory, or, which says nothing about that, no chunk
 * for bits at the moment.
 */
static unsigned int get_targets(const struct migration *m,
				const struct offline_page_targets *targets,
				int *err)
{
	struct offline_page_owner *owner = m->owner;
	unsigned long block = 1UL << owner->order;
	unsigned int i = 0, end = 0;
	struct cursor cursor = {};

	while (i < m->nr) {
		if (targets->alloc_bulk)
			end += targets->alloc_bulk(owner, m->nr - i, m->dst + i,
						   targets->private);
		if (i == end) {
			struct page *page = targets->alloc(owner->order,
							   targets->private);

			if (!page) {
				*err = -ENOMEM;
				break;
			}
			m->dst[end++] = page_to_pfn(page);
		}
		for (; i < end; i++) {
			if (likely(cursor_chunk(owner, m->dst[i], &cursor)))
				continue;
			cursor.chunk = 0;	/* of which there is none yet */
			/* Whoever compacts for want of memory would get the last of it. */
			if (reserve_offline_page_range(owner, m->dst[i], block,
						       GFP_NOWAIT |
						       __GFP_NOMEMALLOC |
						       __GFP_NOWARN)) {
				free_targets(m, i, end, targets);
				*err = -EAGAIN;
				return i;
			}
		}
	}
	return i;
}

/* As page_offline_begin(), but does not wait for ever. */
static bool targets_may_enter(const struct migration *m)
{
	unsigned int tries = m->wait_for_walkers;

	while (!page_offline_trybegin()) {
		if (!tries-- || fatal_signal_pending(current))
			return false;
		fsleep(1000);
	}
	return true;
}

/* A destination is like its source, but that it was online before. */
static void targets_enter(const struct migration *m, unsigned int nr)
{
	unsigned long block = 1UL << m->owner->order;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unsigned int flags = OFFLINE_PAGE_MOVABLE;

		if (PageOfflineSkippable(pfn_to_page(m->src[i])))
			flags |= OFFLINE_PAGE_SKIPPABLE;
		__set_pages_offline(pfn_to_page(m->dst[i]), block, flags);
	}
}

/*
 * A destination that was not used, and that has poisoned pages. They were found
 * to be offline, and stay so; nobody has counted them as gone yet. The others
 * are free, and do not go back to where the destination came from.
 */
static noinline __cold void target_leave_poisoned(unsigned long pfn,
						  unsigned long nr_pages)
{
	struct zone_batch batch = {};

	for (; nr_pages--; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (!PageHWPoison(page)) {
			zone_batch_free(&batch, pfn, 1);
			continue;
		}
		zone_batch_add(&batch, page, -1, 0);
		set_page_offline(page, BIT(PG_offline_onlined) |
				       BIT(PG_offline_skippable));
		count_pages(OFFLINE_PAGES_POISONED, 1);
	}
	zone_batch_flush(&batch);
}

static void target_leave(const struct migration *m, unsigned int i,
			 const struct offline_page_targets *targets)
{
	struct page *page, *first = pfn_to_page(m->dst[i]);
	struct page *end = first + (1UL << m->owner->order);

	for (page = first; page < end; page++)
		__offline_page_leave(page);
	smp_mb();	/* as in leave_run() */
	for (page = first; page < end; page++) {
		if (likely(!PageHWPoison(page)))
			continue;
		target_leave_poisoned(m->dst[i], end - first);
		return;
	}
	targets->free(first, m->owner->order, targets->private);
}

/* How long to leave a busy owner alone before it is asked again. */
#define BUSY_SLEEP_US		500

static bool ask_again(unsigned int *tries)
{
	if (!*tries || fatal_signal_pending(current))
		return false;
	--*tries;
	fsleep(BUSY_SLEEP_US);
	return true;
}

static bool all_kept(const u8 *result, unsigned int nr)
{
	return !memchr_inv(result, OFFLINE_PAGE_KEPT, nr);
}

/* For owners that do one at a time. Stops when the owner is busy. */
static int migrate_each(const struct migration *m, unsigned int nr,
			enum migrate_mode mode)
{
	unsigned int i, tries = m->busy_tries;
	int err, ret = 0;

	for (i = 0; i < nr; i++) {
		do {
			count_pages(OFFLINE_PAGES_MIGRATE_CALLS, 1);
			err = m->owner->ops->migrate_one(m->owner,
							 pfn_to_page(m->dst[i]),
							 pfn_to_page(m->src[i]),
							 mode);
		} while (err == -EAGAIN && ask_again(&tries));
		if (!err)
			m->result[i] = OFFLINE_PAGE_MOVED;
		else if (err == -ENOENT)
			m->result[i] = OFFLINE_PAGE_DEFLATED;
		else
			ret = err;
		if (err == -EAGAIN)
			break;
	}
	return ret;
}

static int ask_owner(const struct migration *m, unsigned int nr,
		     enum migrate_mode mode)
{
	const struct offline_page_ops *ops = m->owner->ops;
	unsigned int done, n, tries = m->busy_tries;
	int err, ret = 0;

	if (!ops->migrate)
		return migrate_each(m, nr, mode);

	for (done = 0; done < nr; done += n) {
		n = nr - done;
		if (ops->max_batch)
			n = min(n, ops->max_batch);
		do {
			count_pages(OFFLINE_PAGES_MIGRATE_CALLS, 1);
			err = ops->migrate(m->owner, n, m->dst + done,
					   m->src + done, m->result + done,
					   mode);
		} while (err == -EAGAIN && all_kept(m->result + done, n) &&
			 ask_again(&tries));
		if (err)
			ret = err;
		if (err == -EAGAIN)
			break;
	}
	return ret;
}

/* How many pages or blocks from the i-th on ended up alike. */
static unsigned int result_run(const struct migration *m, unsigned int i)
{
	unsigned int n;

	for (n = 1; i + n < m->nr; n++)
		if (m->result[i + n] != m->result[i])
			break;
	return n;
}

/* These destinations are the owner's now. */
static void targets_join(const struct migration *m, unsigned int i,
			 unsigned int nr, struct zone_batch *batch)
{
	unsigned long block = 1UL << m->owner->order;
	unsigned int j, run;

	for (j = i; j < i + nr; j += run) {
		struct page *page = pfn_to_page(m->dst[j]);

		for (run = 1; j + run < i + nr; run++)
			if (page_zone_id(pfn_to_page(m->dst[j + run])) !=
			    page_zone_id(page))
				break;
		account_offline(m->owner, page, run * block, batch);
	}
	settle_or_lose(m->owner, nr, m->dst + i);
	count_pages(OFFLINE_PAGES_ALLOCATED, nr * block);
}

/* These destinations took the place of their sources. */
static void targets_stay(const struct migration *m, unsigned int i,
			 unsigned int nr, struct zone_batch *batch)
{
	unsigned long block = 1UL << m->owner->order;
	unsigned int j;

	if (trace_offline_page_migrate_enabled())
		for (j = i; j < i + nr; j++)
			trace_offline_page_migrate(m->owner, m->src[j],
						   m->dst[j], block);
	targets_join(m, i, nr, batch);
	count_pages(OFFLINE_PAGES_MIGRATED, nr * block);
#ifdef CONFIG_BALLOON_MIGRATION
	if (m->owner->balloon)
		count_vm_events(BALLOON_MIGRATE, nr * block);
#endif
}

/* Blocks that leave in one go: with init_on_free=, they are zeroed. */
#define LEAVE_BATCH		16U

static void sources_leave(const struct migration *m, unsigned int i,
			  unsigned int nr, struct zone_batch *batch)
{
	unsigned int n;

	if (m->broken)
		SetPageHWPoison(m->broken);
	for (; nr; i += n, nr -= n) {
		n = m->owner->order ? min(nr, LEAVE_BATCH) : nr;
		leave_isolated(m->owner, n, m->src + i, batch);
		cond_resched();
	}
}

static void putback_kept(const struct migration *m, unsigned int i,
			 unsigned int nr)
{
	unsigned int j, run;

	if (trace_offline_page_putback_enabled())
		for (j = i; j < i + nr; j += run) {
			run = pfn_run(m->src + j, i + nr - j, m->owner->order);
			trace_offline_page_putback(m->owner, m->src[j],
						   (unsigned long)run << m->owner->order,
						   OFFLINE_PAGE_MOVABLE);
		}
	settle_or_lose(m->owner, nr, m->src + i);
}

/*
 * Where both counts change in the same zone, as in most migrations, managed
 * pages are left alone.
 */
static void zone_batches_flush(struct zone_batch *a, struct zone_batch *b)
{
	if (a->nr_managed && b->nr_managed &&
	    page_zone(&a->like) == page_zone(&b->like)) {
		a->nr_managed += b->nr_managed;
		b->nr_managed = 0;
	}
	zone_batch_flush(a);
	zone_batch_flush(b);
}

/*
 * Exchange isolated pages. Afterwards none of them is isolated any more, and
 * the owner may be gone. Returns 0 if all went well; -ENOMEM if there were not
 * enough destinations; -EAGAIN if it may go better soon; or what the owner said.
 * *nr_kept counts what it still holds, in pages.
 */
static int migrate_isolated(const struct migration *m,
			    const struct offline_page_targets *targets,
			    enum migrate_mode mode, unsigned long *nr_kept)
{
	struct zone_batch out = {}, in = {};
	struct offline_page_owner *owner = m->owner;
	unsigned long block = 1UL << owner->order, kept = 0;
	unsigned int i, n, nr_dst;
	int err, ret = 0;

	memset(m->result, OFFLINE_PAGE_KEPT, m->nr * sizeof(*m->result));

	nr_dst = get_targets(m, targets, &ret);
	if (nr_dst && !targets_may_enter(m)) {
		free_targets(m, 0, nr_dst, targets);
		nr_dst = 0;
		ret = -EAGAIN;
	}
	if (nr_dst) {
		targets_enter(m, nr_dst);
		page_offline_end();
		err = ask_owner(m, nr_dst, mode);
		if (err && !ret)
			ret = err;
	}

	for (i = 0; i < m->nr; i += n) {
		unsigned int j;

		n = result_run(m, i);
		if (m->result[i] == OFFLINE_PAGE_MOVED) {
			targets_stay(m, i, n, &in);
			sources_leave(m, i, n, &out);
			continue;
		}
		if (m->result[i] == OFFLINE_PAGE_ADDED) {
			count_inflated(owner, n * block);
			targets_join(m, i, n, &in);
			putback_kept(m, i, n);
			count_pages(OFFLINE_PAGES_MIGRATE_KEPT, n * block);
			kept += n * block;
			continue;
		}
		for (j = i; j < min(i + n, nr_dst); j++)
			target_leave(m, j, targets);
		if (m->result[i] == OFFLINE_PAGE_DEFLATED) {
			sources_leave(m, i, n, &out);
			count_deflated(owner, n * block);
			count_pages(OFFLINE_PAGES_MIGRATE_DEFLATED, n * block);
			continue;
		}
		if (m->result[i] != OFFLINE_PAGE_KEPT)
			report_misuse(owner, m->src[i],
				      "has met with something unknown in migration");
		putback_kept(m, i, n);
		count_pages(OFFLINE_PAGES_MIGRATE_KEPT, n * block);
		kept += n * block;
	}
	zone_batches_flush(&out, &in);

	count_vm_events(PGMIGRATE_SUCCESS, m->nr * block - kept);
	count_vm_events(PGMIGRATE_FAIL, kept);
	owner_end_isolated(owner, m->nr * block);
	*nr_kept = kept;
	return ret;
}

/*
 * Up to @max pages or blocks from the block of @pfn on. A block is taken as a
 * whole, even if it reaches out of the range. Returns where they end; *nr is
 * their number.
 */
static unsigned long isolate_to_move(struct offline_page_owner *owner,
				     unsigned long pfn, unsigned long end_pfn,
				     unsigned int max, unsigned long *pfns,
				     unsigned int *nr)
{
	unsigned long block = 1UL << owner->order;
	unsigned long head = round_down(pfn, block);
	unsigned long nr_pages;

	nr_pages = owner_isolate_blocks(owner, head,
					min(max * block,
					    round_up(end_pfn, block) - head),
					ISOLATE_TO_MOVE, pfns);
	*nr = nr_pages >> owner->order;
	return head + nr_pages;
}

/*
 * The same for single pages of the owner that the batch has some of already, so
 * that it does not go away, nor do its chunks. Returns how many were added.
 */
static unsigned int isolate_more(struct offline_page_batch *batch,
				 unsigned long pfn, unsigned long end_pfn)
{
	struct offline_page_owner *owner = batch->owner;
	unsigned long *bits, nr = chunk_run(pfn, end_pfn - pfn), n = 0;

	if (batch->chunk != (pfn >> CHUNK_SHIFT) + 1) {
		batch->chunk = (pfn >> CHUNK_SHIFT) + 1;
		batch->bits = owner_chunk(owner, pfn);
	}
	bits = batch->bits;
	if (!bits)
		return 0;
	nr = min(nr, OFFLINE_PAGE_BATCH - batch->nr);
	scoped_guard(spinlock_irqsave, &owner->lock) {
		if (owner->leaving)
			return 0;
		for (; n < nr; n++) {
			unsigned long bit = (pfn + n) & (CHUNK_PAGES - 1);

			if (!test_bit(bit, bits) || !isolate_allowed(pfn + n, 1))
				break;
			__clear_bit(bit, bits);
			batch->pfns[batch->nr++] = pfn + n;
		}
		owner->nr_pages -= n;
		owner->nr_isolated += n;
	}
	if (n)
		trace_offline_page_isolate(owner, pfn, n, OFFLINE_PAGE_MOVABLE);
	return n;
}

/**
 * isolate_offline_page_run - isolate movable pages for migration
 * @batch: they are added to this
 * @pfn: the first page, found to be PageMovableOffline()
 * @end_pfn: end of what the caller wants to have
 * @max_order: leave larger blocks alone
 *
 * Takes as many pages as follow each other and have room. A block is taken as a
 * whole, even if it reaches out of the range.
 *
 * Context: any; takes a spinlock. Pages that a migration moves to must not be
 * in the way of its sources.
 * Return: number of pages from @pfn on that were isolated; 0 if @pfn cannot be
 * isolated now; -EBUSY if the batch has no room for it and must be migrated or
 * put back first.
 */
long isolate_offline_page_run(struct offline_page_batch *batch,
			      unsigned long pfn, unsigned long end_pfn,
			      unsigned int max_order)
{
	struct offline_page_owner *owner;
	unsigned long stop_pfn;
	unsigned int nr;

	/* Mostly it goes on with pages of the same owner. */
	if (batch->nr && !batch->owner->order) {
		nr = isolate_more(batch, pfn, end_pfn);
		if (nr)
			return nr;
	}

	guard(rcu)();
	owner = find_owner(pfn);
	if (!owner || !owner_can_move(owner) || owner->order > max_order)
		return 0;
	if (batch->nr && (batch->owner != owner ||
			  batch->nr == OFFLINE_PAGE_BATCH))
		return -EBUSY;

	stop_pfn = isolate_to_move(owner, pfn, end_pfn,
				   OFFLINE_PAGE_BATCH - batch->nr,
				   batch->pfns + batch->nr, &nr);
	if (!nr)
		return 0;
	if (!batch->nr)
		batch->chunk = 0;
	batch->owner = owner;
	batch->nr += nr;
	return stop_pfn - pfn;
}
EXPORT_SYMBOL_IF_KUNIT(isolate_offline_page_run);

/**
 * putback_offline_page_batch - do not migrate isolated pages after all
 * @batch: as isolate_offline_page_run() left it; empty afterwards
 *
 * Context: sleeps.
 */
void putback_offline_page_batch(struct offline_page_batch *batch)
{
	struct migration m = {
		.owner = batch->owner,
		.nr = batch->nr,
		.src = batch->pfns,
	};

	if (!batch->nr)
		return;
	putback_kept(&m, 0, m.nr);
	owner_end_isolated(m.owner, (unsigned long)m.nr << m.owner->order);
	batch->nr = 0;
}
EXPORT_SYMBOL_IF_KUNIT(putback_offline_page_batch);

/**
 * take_isolated_free_pages - use free pages that were isolated as targets
 * @list: single pages from __isolate_free_page(), linked by their lru
 * @nr: how many
 * @pfns: gets the page frame numbers
 *
 * They are taken off the list, frozen and as they are, like those from
 * offline_pages_take_free().
 *
 * Context: any.
 * Return: how many it got, from 0 to @nr.
 */
unsigned long take_isolated_free_pages(struct list_head *list, unsigned long nr,
				       unsigned long *pfns)
{
	unsigned long got;

	if (kasan_enabled() || mem_alloc_profiling_enabled())
		return 0;
	for (got = 0; got < nr && !list_empty(list); got++) {
		struct page *page = list_first_entry(list, struct page, lru);

		list_del(&page->lru);
		pfns[got] = page_to_pfn(page);
		prepare_taken(page, 0, __GFP_MOVABLE);
	}
	return got;
}
EXPORT_SYMBOL_IF_KUNIT(take_isolated_free_pages);

/**
 * migrate_offline_page_batch - migrate isolated pages
 * @batch: as isolate_offline_page_run() left it; empty afterwards
 * @targets: where to get destinations
 * @mode: passed to the owner
 * @nr_succeeded: the number of pages that moved, or were deflated, is added
 *
 * The sources go to the page allocator. Pages that do not move go back to their
 * owner.
 *
 * Context: sleeps.
 * Return: number of pages that did not move; -ENOMEM if that was for want of
 * destinations.
 */
int migrate_offline_page_batch(struct offline_page_batch *batch,
			       const struct offline_page_targets *targets,
			       enum migrate_mode mode,
			       unsigned int *nr_succeeded)
{
	unsigned long dst[OFFLINE_PAGE_BATCH], nr_pages, kept;
	u8 result[OFFLINE_PAGE_BATCH];
	struct migration m = {
		.owner = batch->owner,
		.nr = batch->nr,
		.src = batch->pfns,
		.dst = dst,
		.result = result,
	};
	int ret;

	if (!batch->nr)
		return 0;
	/* Somebody who is busy for long keeps nobody waiting for long. */
	if (mode != MIGRATE_ASYNC && !batch->in_vain)
		m.busy_tries = BATCH_TRIES;
	nr_pages = (unsigned long)m.nr << m.owner->order;
	ret = migrate_isolated(&m, targets, mode, &kept);
	batch->in_vain = ret == -EAGAIN;
	batch->nr = 0;
	*nr_succeeded += nr_pages - kept;
	return ret == -ENOMEM ? ret : kept;
}
EXPORT_SYMBOL_IF_KUNIT(migrate_offline_page_batch);

/* Destinations from anywhere, for pages that have to make room. */
struct any_target {
	gfp_t gfp;
	int nid;
	bool leave_node;
};

static struct page *any_target_alloc(unsigned int order, void *private)
{
	const struct any_target *any = private;
	struct page *page;
	gfp_t gfp = any->gfp;

	if (order)
		gfp = (gfp & ~__GFP_RECLAIM) | GFP_TRANSHUGE;
	if (any->leave_node && num_node_state(N_MEMORY) > 1) {
		nodemask_t others = node_states[N_MEMORY];

		node_clear(any->nid, others);
		page = offline_pages_alloc_target(gfp | __GFP_NOWARN, order,
						  any->nid, &others);
		if (page)
			return page;
	}
	return offline_pages_alloc_target(gfp, order, any->nid, NULL);
}

/*
 * The node that any_target_alloc() tries first. Of several others, the one that
 * is nearest.
 */
static int any_target_nid(const struct any_target *any)
{
	nodemask_t others = node_states[N_MEMORY];
	struct zoneref *ref;

	node_clear(any->nid, others);
	if (!any->leave_node || nodes_empty(others))
		return any->nid;
	ref = first_zones_zonelist(node_zonelist(any->nid, any->gfp),
				   gfp_zone(any->gfp), &others);
	return zonelist_zone(ref) ? zonelist_node_idx(ref) : any->nid;
}

/* From the free lists of one node, in blocks as large as they have them. */
static unsigned long any_target_alloc_bulk(struct offline_page_owner *owner,
					   unsigned long nr, unsigned long *pfns,
					   void *private)
{
	const struct any_target *any = private;
	unsigned long i, j, stride, got;
	struct bulk b = {
		.owner = owner,
		.gfp = any->gfp | __GFP_NOWARN,
		.more = true,
		.order = MAX_PAGE_ORDER,
	};

	got = bulk_take_listed(&b, any_target_nid(any), nr, pfns);
	stride = 1UL << (b.order - owner->order);
	for (i = 0; i < got * stride; i += stride)
		for (j = 1; j < stride; j++)
			pfns[i + j] = pfns[i] + (j << owner->order);
	return got * stride;
}

static void any_target_free(struct page *page, unsigned int order,
			    void *private)
{
	free_frozen_run(page_to_pfn(page), 1UL << order);
}

/* The first page at @pfn or above that an owner could move, and its owner. */
static struct offline_page_owner *next_movable(unsigned long *pfn,
					       unsigned long end_pfn)
{
	struct offline_page_owner *owner, *first = NULL;
	unsigned long first_pfn = end_pfn;

	list_for_each_entry_rcu(owner, &owners, list) {
		struct page *page;

		if (!owner_can_move(owner) || READ_ONCE(owner->leaving))
			continue;
		page = find_page(owner, *pfn, first_pfn, offline_page_can_move);
		if (page) {
			first = owner;
			first_pfn = page_to_pfn(page);
		}
	}
	*pfn = first_pfn;
	return first;
}

/*
 * Isolate pages of one owner from *pfn on, up to @max pages or blocks. *pfn is
 * where to go on.
 */
static void isolate_range(struct migration *m, unsigned long *pfn,
			  unsigned long end_pfn, unsigned int max)
{
	struct offline_page_owner *owner;
	unsigned long stop_pfn;
	unsigned int nr;

	m->nr = 0;
	guard(rcu)();
	while (m->nr < max) {
		owner = next_movable(pfn, end_pfn);
		if (!owner || (m->nr && owner != m->owner))
			return;
		stop_pfn = isolate_to_move(owner, *pfn, end_pfn, max - m->nr,
					   m->src + m->nr, &nr);
		if (nr)
			m->owner = owner;
		else
			stop_pfn += 1UL << owner->order;
		m->nr += nr;
		*pfn = stop_pfn;
	}
}

/* Whether anything is in the range that somebody moves, or might move. */
static bool range_has_movable(unsigned long pfn, unsigned long end_pfn)
{
	struct offline_page_owner *owner;
	bool isolated = false;

	scoped_guard(rcu) {
		list_for_each_entry_rcu(owner, &owners, list) {
			if (!owner_can_move(owner))
				continue;
			if (find_page(owner, pfn, end_pfn, offline_page_can_move))
				return true;
			isolated |= READ_ONCE(owner->nr_isolated);
		}
	}
	if (!isolated)
		return false;

	/* They could be anywhere. */
	for (; pfn < end_pfn; pfn++) {
		if (!(pfn % MAX_ORDER_NR_PAGES))
			cond_resched();
		if (offline_page_can_move(pfn_to_page(pfn)))
			return true;
	}
	return false;
}

/* Say whose page it is that does not move. */
static void report_stuck(unsigned long pfn, unsigned long end_pfn)
{
	for (; pfn < end_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (offline_page_can_move(page) && owned_by_anybody(pfn)) {
			report_offline_page(page, "migration");
			return;
		}
	}
}

/* For @nr pages or blocks: sources, destinations and results. */
VISIBLE_IF_KUNIT void *offline_pages_alloc_arrays(unsigned int nr, gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(offline_pages_alloc_arrays, nr, gfp);
	return kvmalloc_array(nr, 2 * sizeof(unsigned long) + sizeof(u8),
			      (gfp & (__GFP_RECLAIM | __GFP_IO | __GFP_FS)) |
			      __GFP_NORETRY | __GFP_NOWARN);
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_alloc_arrays);

/**
 * migrate_offline_page_range - migrate all movable offline pages of a range
 * @start_pfn: first page
 * @end_pfn: end of the range, which lies in one zone
 * @gfp: for the destinations
 * @leave_node: take destinations of other nodes, if there are any to be had
 *
 * Their owners get them in large batches. Pages of the range that are being
 * migrated by somebody else at the moment are waited for, a short while.
 *
 * Context: sleeps, and may take long. The page allocator was told not to take
 * pages of the range.
 * Return: 0 if none is left; -EBUSY if owners did not part with their pages;
 * -ENOMEM; -EINTR if the task is being killed. A poisoned page does not count,
 * once its owner let go of it.
 */
int migrate_offline_page_range(unsigned long start_pfn, unsigned long end_pfn,
			       gfp_t gfp, bool leave_node)
{
	unsigned long few_src[OFFLINE_PAGE_BATCH], few_dst[OFFLINE_PAGE_BATCH];
	u8 few_result[OFFLINE_PAGE_BATCH];
	struct any_target any = {
		.gfp = gfp | __GFP_MOVABLE,
		.nid = page_to_nid(pfn_to_page(start_pfn)),
		.leave_node = leave_node,
	};
	const struct offline_page_targets targets = {
		.alloc = any_target_alloc,
		.alloc_bulk = any_target_alloc_bulk,
		.free = any_target_free,
		.private = &any,
	};
	struct migration m = {
		.src = few_src,
		.dst = few_dst,
		.result = few_result,
	};
	unsigned int max = OFFLINE_PAGE_BATCH, tries = 0;
	void *arrays = NULL;
	int ret = 0;

	if (!range_has_movable(start_pfn, end_pfn))
		return 0;

	/* Or whoever reads may wait for I/O that waits for us. */
	if ((gfp & GFP_KERNEL) == GFP_KERNEL)
		m.wait_for_walkers = WALKERS_MS;

	/* Where their sources are, destinations can be. */
	if (is_highmem_idx(page_zonenum(pfn_to_page(start_pfn))) ||
	    page_zonenum(pfn_to_page(start_pfn)) == ZONE_MOVABLE)
		any.gfp |= __GFP_HIGHMEM;

	/* Without the memory, it takes smaller steps. */
	arrays = offline_pages_alloc_arrays(RANGE_BATCH, gfp);
	if (arrays) {
		m.src = arrays;
		m.dst = m.src + RANGE_BATCH;
		m.result = (u8 *)(m.dst + RANGE_BATCH);
		max = RANGE_BATCH;
	}

	do {
		unsigned long pfn = start_pfn, kept = 0, moved = 0, nr;

		while (pfn < end_pfn) {
			if (fatal_signal_pending(current)) {
				ret = -EINTR;
				goto out;
			}
			cond_resched();
			isolate_range(&m, &pfn, end_pfn, max);
			if (!m.nr)
				continue;
			nr = (unsigned long)m.nr << m.owner->order;
			ret = migrate_isolated(&m, &targets, MIGRATE_SYNC,
					       &kept);
			moved += nr - kept;
			if (ret == -ENOMEM)
				goto out;
		}
		ret = 0;
		if (!range_has_movable(start_pfn, end_pfn))
			break;
		ret = -EBUSY;
		/* Owners are busy, or pages are on their way. */
		if (!moved)
			fsleep(1000);
	} while (++tries < RANGE_TRIES);
	if (ret && !(gfp & __GFP_NOWARN))
		report_stuck(start_pfn, end_pfn);
out:
	kvfree(arrays);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(migrate_offline_page_range);

/*
 * Have the owner of a page exchange it, or the block that it is part of, for
 * another one. If that goes well, @broken is not used again. Whoever handles
 * memory errors keeps others from doing so, and must not wait for a host for
 * long.
 */
static int exchange_page(struct page *page, struct page *broken)
{
	struct any_target any = {
		.gfp = GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL,
		.nid = page_to_nid(page),
	};
	const struct offline_page_targets targets = {
		.alloc = any_target_alloc,
		.free = any_target_free,
		.private = &any,
	};
	unsigned long src, dst, kept, pfn = page_to_pfn(page);
	u8 result;
	struct migration m = {
		.src = &src,
		.dst = &dst,
		.result = &result,
		.broken = broken,
		.wait_for_walkers = WALKERS_MS,
	};
	unsigned int tries;
	int ret;

	for (tries = 0; tries < RANGE_TRIES; tries++) {
		unsigned long next = pfn;

		isolate_range(&m, &next, pfn + 1, 1);
		if (m.nr) {
			ret = migrate_isolated(&m, &targets,
					       MIGRATE_SYNC_LIGHT, &kept);
			if (!kept)
				return 0;
			if (ret == -ENOMEM)
				return ret;
		}
		/* Its owner is busy, or it is on its way. */
		fsleep(1000);
	}
	return -EBUSY;
}

/**
 * soft_offline_movable_page - exchange a page that is about to break
 * @page: found to be PageMovableOffline()
 *
 * Afterwards the page is marked poisoned, offline, and nobody's. Its owner
 * holds another one.
 *
 * Context: sleeps. The caller keeps others from marking pages poisoned.
 * Return: 0; -EBUSY if its owner did not part with it; -ENOMEM. The page is as
 * it was if it fails.
 */
int soft_offline_movable_page(struct page *page)
{
	return exchange_page(page, page);
}
EXPORT_SYMBOL_IF_KUNIT(soft_offline_movable_page);
#else
static int exchange_page(struct page *page, struct page *broken)
{
	return -EBUSY;
}
#endif /* CONFIG_MIGRATION */

/**
 * poison_offline_page - an offline page was found to be broken
 * @page: an offline page that is marked poisoned
 *
 * Takes the page from its owner: it stays offline for ever, and nobody looks at
 * it again. The owner is told if it wants to know. An owner of blocks is asked
 * to exchange the whole block; if it does not, the page stays in it until the
 * block leaves.
 *
 * A page that somebody holds alone at the moment is left to them: migration
 * sees that it is poisoned when it is done with it. An owner that puts it back
 * gets it once more when it gives pages back, and somebody who wants the memory
 * has it migrated. It stays offline then, as if freed.
 *
 * Context: sleeps.
 */
void poison_offline_page(struct page *page)
{
	unsigned long pfn = page_to_pfn(page), nr = 0;
	struct offline_page_owner *owner;
	bool block = false;

	might_sleep();
	scoped_guard(rcu) {
		owner = find_owner(pfn);
		if (owner && owner->order)
			block = owner_can_move(owner);
		else if (owner)
			nr = owner_isolate_run(owner, pfn, 1, ISOLATE_POISONED);
	}
	if (block)
		exchange_page(page, NULL);
	if (!nr)
		return;
	lose_held_page(owner, page);
	owner_end_isolated(owner, nr);
}
EXPORT_SYMBOL_IF_KUNIT(poison_offline_page);

/*
 * What is known about a page, as a word and in words.
 */

/**
 * offline_page_memdesc - all that is known about an offline page, in one word
 * @page: the page
 * @order: the page stands for 2^order pages that are alike
 *
 * Shows that an offline page needs nothing of struct page but a 64-bit word:
 * type (4 bits), subtype (7), mappable (1), order (6), flags, and from the top
 * zone, node and section.
 *
 * Context: any; the caller keeps the page from changing.
 * Return: the word; 0 if the page is not an offline page.
 */
u64 offline_page_memdesc(const struct page *page, unsigned int order)
{
	u64 memdesc;

	if (!PageOffline(page))
		return 0;

	memdesc = FIELD_PREP(OFFLINE_MEMDESC_TYPE, OFFLINE_MEMDESC_TYPE_MISC) |
		  FIELD_PREP(OFFLINE_MEMDESC_SUBTYPE,
			     OFFLINE_MEMDESC_SUBTYPE_OFFLINE) |
		  FIELD_PREP(OFFLINE_MEMDESC_ORDER, order);
	if (PageOfflineNeverOnlined(page))
		memdesc |= OFFLINE_MEMDESC_NEVER_ONLINED;
	if (PageOfflineSkippable(page))
		memdesc |= OFFLINE_MEMDESC_SKIPPABLE;
	if (PageMovableOffline(page))
		memdesc |= OFFLINE_MEMDESC_MOVABLE;
	if (PageHWPoison(page))
		memdesc |= OFFLINE_MEMDESC_HWPOISON;

	/* A width of 0 leaves nothing to shift, not even by 64. */
	if (ZONES_WIDTH)
		memdesc |= (u64)page_zonenum(page) <<
			   (OFFLINE_MEMDESC_ZONE_SHIFT & 63);
	if (NODES_SHIFT)
		memdesc |= (u64)page_to_nid(page) <<
			   (OFFLINE_MEMDESC_NODE_SHIFT & 63);
#ifdef SECTION_IN_PAGE_FLAGS
	memdesc |= (u64)pfn_to_section_nr(page_to_pfn(page)) <<
		   OFFLINE_MEMDESC_SECTION_SHIFT;
#endif
	return memdesc;
}
EXPORT_SYMBOL_IF_KUNIT(offline_page_memdesc);

/**
 * offline_page_from_memdesc - read what offline_page_memdesc() wrote
 * @memdesc: the word
 * @state: gets what it says
 *
 * Context: any.
 * Return: false if the word does not describe an offline page.
 */
bool offline_page_from_memdesc(u64 memdesc, struct offline_page_state *state)
{
	if (FIELD_GET(OFFLINE_MEMDESC_TYPE, memdesc) !=
	    OFFLINE_MEMDESC_TYPE_MISC ||
	    FIELD_GET(OFFLINE_MEMDESC_SUBTYPE, memdesc) !=
	    OFFLINE_MEMDESC_SUBTYPE_OFFLINE)
		return false;

	*state = (struct offline_page_state) {
		.order = FIELD_GET(OFFLINE_MEMDESC_ORDER, memdesc),
		.never_onlined = memdesc & OFFLINE_MEMDESC_NEVER_ONLINED,
		.skippable = memdesc & OFFLINE_MEMDESC_SKIPPABLE,
		.movable = memdesc & OFFLINE_MEMDESC_MOVABLE,
		.hwpoison = memdesc & OFFLINE_MEMDESC_HWPOISON,
	};
	if (ZONES_WIDTH)
		state->zone = memdesc >> (OFFLINE_MEMDESC_ZONE_SHIFT & 63);
	if (NODES_SHIFT)
		state->nid = (memdesc >> (OFFLINE_MEMDESC_NODE_SHIFT & 63)) &
			     ((1UL << NODES_SHIFT) - 1);
#ifdef SECTION_IN_PAGE_FLAGS
	state->section = (memdesc >> OFFLINE_MEMDESC_SECTION_SHIFT) &
			 ((1UL << SECTIONS_WIDTH) - 1);
#endif
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(offline_page_from_memdesc);

struct page_kind {
	char text[64];
};

static const char *kind_of(const struct page *page, struct page_kind *kind)
{
	snprintf(kind->text, sizeof(kind->text), "%s%s%s%s",
		 PageOfflineSkippable(page) ? "skippable" : "plain",
		 PageMovableOffline(page) ? ", movable" : "",
		 PageOfflineNeverOnlined(page) ? ", never onlined" : "",
		 PageHWPoison(page) ? ", poisoned" : "");
	return kind->text;
}

/* Is any page out of its owner's set? It could be whoever's. */
static bool any_isolated(void)
{
	struct offline_page_owner *owner;

	guard(rcu)();
	list_for_each_entry_rcu(owner, &owners, list)
		if (READ_ONCE(owner->nr_isolated))
			return true;
	return false;
}

/**
 * __report_offline_page - say why an offline page is in the way
 * @page: the page
 * @what: what it is in the way of
 *
 * For report_offline_page(), which limits the rate of each of its callers.
 *
 * Context: any but NMI; not with the zone lock held.
 */
void __report_offline_page(const struct page *page, const char *what)
{
	const char *mend = "have its owner release it first";
	char owner[32] = "nobody any more";
	struct page_kind kind;

	if (offline_page_owner_name(page_to_pfn(page), owner, sizeof(owner))) {
		mend = "it stays until the next boot";
		if (!PageHWPoison(page) && any_isolated()) {
			strscpy(owner, "somebody for the moment");
			mend = "try again";
		}
	}
	pr_warn("%s failed: page %#lx is offline (%s), held by %s, and cannot be moved; %s\n",
		what, page_to_pfn(page), kind_of(page, &kind), owner, mend);
}
EXPORT_SYMBOL_IF_KUNIT(__report_offline_page);

/**
 * report_offline_page_range - say which offline page is in the way, if any is
 * @start_pfn: first page
 * @end_pfn: end of the range
 * @what: what it is in the way of
 *
 * Names the first one that cannot be moved. That something else in the range
 * cannot either, this does not know.
 *
 * Context: sleeps.
 */
void report_offline_page_range(unsigned long start_pfn, unsigned long end_pfn,
			       const char *what)
{
	unsigned long pfn;

	for (pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!(pfn % MAX_ORDER_NR_PAGES))
			cond_resched();
		if (!page || !PageOffline(page) || offline_page_can_move(page))
			continue;
		report_offline_page(page, what);
		return;
	}
}
EXPORT_SYMBOL_IF_KUNIT(report_offline_page_range);

/**
 * dump_offline_page - what dump_page() says about an offline page
 * @page: the page, or a snapshot of it
 * @pfn: the page
 *
 * Context: any.
 */
void dump_offline_page(const struct page *page, unsigned long pfn)
{
	char owner[32] = "nobody known";
	struct page_kind kind;

	offline_page_owner_name(pfn, owner, sizeof(owner));
	pr_warn("offline page: %s, held by %s\n", kind_of(page, &kind), owner);
}

#if IS_ENABLED(CONFIG_KUNIT)
unsigned long offline_pages_counter(enum offline_pages_counter_id id)
{
	return atomic_long_read(&counters[id]);
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_counter);
#endif

/*
 * A memory block that goes offline takes its pages with it. When it comes
 * back, they are never onlined and nobody's again.
 */
#ifdef CONFIG_MEMORY_HOTPLUG
static void forget_run(struct offline_page_owner *owner, unsigned long pfn,
		       unsigned long nr_pages)
{
	for (; nr_pages--; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (unlikely(PageHWPoison(page))) {
			lose_held_page(owner, page);
			continue;
		}
		account_balloon(owner, page, -1);
		count_deflated(owner, 1);
	}
}

static int offline_pages_memory_cb(struct notifier_block *nb,
				   unsigned long action, void *arg)
{
	const struct memory_notify *mem = arg;
	unsigned long pfn, nr, end_pfn = mem->start_pfn + mem->nr_pages;
	struct offline_page_owner *owner;
	bool held;

	if (action != MEM_OFFLINE)
		return NOTIFY_DONE;

	guard(mutex)(&owners_mutex);
	list_for_each_entry(owner, &owners, list) {
		for (pfn = mem->start_pfn; pfn < end_pfn; pfn += nr) {
			nr = owner_take_run(owner, pfn, end_pfn - pfn, &held);
			if (held)
				forget_run(owner, pfn, nr);
		}
	}
	return NOTIFY_OK;
}
#endif

/*
 * debugfs: what is there, page by page. Looks at every page, so that it shows
 * what is, not what somebody counted.
 */
#ifdef CONFIG_DEBUG_FS
struct page_stats {
	unsigned long never_onlined;
	unsigned long skippable;
	unsigned long movable;
	unsigned long plain;
	unsigned long poisoned;
	unsigned long refs;
	bool any;
};

static void stats_add_page(struct page_stats *stats, const struct page *page)
{
	stats->any = true;
	stats->poisoned += PageHWPoison(page);
	stats->never_onlined += PageOfflineNeverOnlined(page);
	stats->skippable += PageOfflineSkippable(page);
	stats->movable += PageMovableOffline(page);
	stats->plain += !PageOfflineSkippable(page) && !PageMovableOffline(page);
	stats->refs += !!page_ref_count(page);
}

static void stats_add(struct page_stats *sum, const struct page_stats *stats)
{
	sum->never_onlined += stats->never_onlined;
	sum->skippable += stats->skippable;
	sum->movable += stats->movable;
	sum->plain += stats->plain;
	sum->poisoned += stats->poisoned;
	sum->refs += stats->refs;
}

static void stats_show(struct seq_file *m, const struct page_stats *stats)
{
	seq_printf(m, " %lu %lu %lu %lu %lu %lu\n", stats->never_onlined,
		   stats->skippable, stats->movable, stats->plain,
		   stats->poisoned, stats->refs);
}

/* One line for each owner with pages in this zone, and one for no owner. */
static void zone_show(struct seq_file *m, struct zone *zone,
		      struct page_stats *stats, struct page_stats *total)
{
	unsigned long pfn, end_pfn = zone_end_pfn(zone);
	struct offline_page_owner *owner;
	unsigned int i;

	for (pfn = zone->zone_start_pfn; pfn < end_pfn; pfn++) {
		struct page *page;

		if (!(pfn % MAX_ORDER_NR_PAGES)) {
			cond_resched();
			if (!pfn_to_online_page(pfn)) {
				pfn += MAX_ORDER_NR_PAGES - 1;
				continue;
			}
		}
		page = pfn_to_online_page(pfn);
		if (!page || page_zone(page) != zone || !PageOffline(page))
			continue;
		i = 0;
		list_for_each_entry(owner, &owners, list) {
			if (offline_page_held(owner, pfn))
				break;
			i++;
		}
		stats_add_page(&stats[i], page);
	}

	i = 0;
	list_for_each_entry(owner, &owners, list) {
		if (stats[i].any) {
			seq_printf(m, "%d %s %s", zone_to_nid(zone), zone->name,
				   owner->name);
			stats_show(m, &stats[i]);
			stats_add(total, &stats[i]);
		}
		i++;
	}
	if (stats[i].any) {
		seq_printf(m, "%d %s -", zone_to_nid(zone), zone->name);
		stats_show(m, &stats[i]);
		stats_add(total, &stats[i]);
	}
}

static int pages_show(struct seq_file *m, void *unused)
{
	struct page_stats total = {};
	struct page_stats *stats;
	struct zone *zone;
	size_t nr;
	int ret = 0;

	if (get_online_mems_killable())
		return -EINTR;
	mutex_lock(&owners_mutex);
	nr = list_count_nodes(&owners) + 1;
	stats = kcalloc(nr, sizeof(*stats), GFP_KERNEL);
	if (!stats) {
		ret = -ENOMEM;
		goto out;
	}
	seq_puts(m, "node zone owner never_onlined skippable movable plain poisoned refs\n");
	for_each_populated_zone(zone) {
		memset(stats, 0, nr * sizeof(*stats));
		zone_show(m, zone, stats, &total);
	}
	seq_puts(m, "total - -");
	stats_show(m, &total);
	kfree(stats);
out:
	mutex_unlock(&owners_mutex);
	put_online_mems();
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(pages);

static int counters_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < OFFLINE_PAGES_NR_COUNTERS; i++)
		seq_printf(m, "%s %lu\n", counter_names[i],
			   atomic_long_read(&counters[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);
#endif /* CONFIG_DEBUG_FS */

static int __init offline_pages_init(void)
{
#ifdef CONFIG_DEBUG_FS
	struct dentry *dir = debugfs_create_dir("offline_pages", NULL);

	debugfs_create_file("pages", 0400, dir, NULL, &pages_fops);
	debugfs_create_file("counters", 0400, dir, NULL, &counters_fops);
#endif
#ifdef CONFIG_MEMORY_HOTPLUG
	hotplug_memory_notifier(offline_pages_memory_cb, DEFAULT_CALLBACK_PRI);
#endif
	return 0;
}
postcore_initcall(offline_pages_init);
