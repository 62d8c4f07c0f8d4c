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
 * clears it holds that page alone.
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
 * The list of owners and their chunks are read under RCU. A chunk is added
 * before it is needed, by code that may sleep and fail, and goes when its
 * owner is unregistered.
 */
#define pr_fmt(fmt) "offline_pages: " fmt

#include <linux/bitmap.h>
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mutex.h>
#include <linux/offline_pages.h>
#include <linux/page_owner.h>
#include <linux/pgalloc_tag.h>
#include <linux/ratelimit.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include "internal.h"
#include "page_alloc.h"

#define CREATE_TRACE_POINTS
#include <trace/events/offline_pages.h>

#define CHUNK_SHIFT		(PAGE_SHIFT + 3)
#define CHUNK_PAGES		BIT(CHUNK_SHIFT)

#define OFFLINE_PAGE_FLAGS	(OFFLINE_PAGE_SKIPPABLE | OFFLINE_PAGE_MOVABLE)

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
	[OFFLINE_PAGES_MISUSE] = "misuse",
};

static atomic_long_t counters[OFFLINE_PAGES_NR_COUNTERS];

static void count_pages(enum offline_pages_counter_id id, unsigned long nr)
{
	atomic_long_add(nr, &counters[id]);
}

/* Somebody got it wrong: say so, loudly but not for ever, and go on. */
static void report_misuse(const struct offline_page_owner *owner,
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

VISIBLE_IF_KUNIT struct page *offline_pages_alloc_frozen(gfp_t gfp,
							 unsigned int order,
							 int nid)
{
	struct page *page;

	KUNIT_STATIC_STUB_REDIRECT(offline_pages_alloc_frozen, gfp, order, nid);

	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	/* Each page stands for itself: no compound page, and no memcg. */
	page = __alloc_frozen_pages(gfp & ~(__GFP_COMP | __GFP_ACCOUNT), order,
				    nid, NULL, ALLOC_DEFAULT);
	if (page && order) {
		split_page_owner(page, order, 0);
		pgalloc_tag_split(page_folio(page), order, 0);
	}
	return page;
}
EXPORT_SYMBOL_IF_KUNIT(offline_pages_alloc_frozen);

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

/* Frozen pages that are not offline (any more) go to the buddy as a run. */
static void free_frozen_run(unsigned long pfn, unsigned long nr_pages)
{
#ifdef CONFIG_CONTIG_ALLOC
	free_contig_frozen_range(pfn, nr_pages);
#else
	for (; nr_pages--; pfn++)
		free_frozen_pages(pfn_to_page(pfn), 0);
#endif
}

/*
 * Managed pages are adjusted once for all pages of a zone: each adjustment
 * recomputes the reserves of all zones.
 */
struct managed_batch {
	struct page *page;
	long nr_pages;
};

static void managed_batch_flush(struct managed_batch *batch)
{
	if (batch->nr_pages)
		adjust_managed_page_count(batch->page, batch->nr_pages);
	batch->nr_pages = 0;
}

static void managed_batch_add(struct managed_batch *batch, struct page *page,
			      long nr_pages)
{
	if (batch->nr_pages && page_zone(batch->page) != page_zone(page))
		managed_batch_flush(batch);
	batch->page = page;
	batch->nr_pages += nr_pages;
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

static unsigned long count_bits(const unsigned long *bits, unsigned long start,
				unsigned long end)
{
	unsigned long nr = 0, from = start, to;

	for_each_set_bitrange_from(from, to, bits, end)
		nr += to - from;
	return nr;
}

/* Returns how many bits were not set before; the chunks must be there. */
static unsigned long owner_set_bits(struct offline_page_owner *owner,
				    unsigned long start_pfn,
				    unsigned long nr_pages)
{
	unsigned long added = 0, pfn = start_pfn;

	guard(spinlock_irqsave)(&owner->lock);
	while (nr_pages) {
		unsigned long first = pfn & (CHUNK_PAGES - 1);
		unsigned long nr = chunk_run(pfn, nr_pages);
		unsigned long *bits = owner_chunk(owner, pfn);

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

/**
 * register_offline_page_owner - make an owner known
 * @owner: from DEFINE_OFFLINE_PAGE_OWNER() or init_offline_page_owner()
 *
 * To be called before any other function that takes the owner.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if it has no name; -EEXIST if it is registered already.
 */
int register_offline_page_owner(struct offline_page_owner *owner)
{
	if (WARN_ON_ONCE(!owner->name || !*owner->name))
		return -EINVAL;

	guard(mutex)(&owners_mutex);
	if (owner->registered)
		return -EEXIST;
	xa_init(&owner->chunks);
	spin_lock_init(&owner->lock);
	owner->nr_pages = 0;
	owner->lowest = ULONG_MAX;
	owner->registered = true;
	list_add_tail_rcu(&owner->list, &owners);
	return 0;
}
EXPORT_SYMBOL_GPL(register_offline_page_owner);

/**
 * unregister_offline_page_owner - forget an owner
 * @owner: registered or not
 *
 * An owner gives its pages back first. Pages that it still holds stay offline,
 * held by nobody: memory the host may have taken away cannot be given to
 * Linux. They are plain then: nobody is left to move them, or to hold them back
 * when their memory block comes online again.
 *
 * Context: may sleep. The caller makes sure that nothing else uses the owner
 * any more; the owner may be freed afterwards.
 */
void unregister_offline_page_owner(struct offline_page_owner *owner)
{
	unsigned long index, *bits;

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

		for_each_set_bit(bit, bits, CHUNK_PAGES) {
			struct page *page;

			page = pfn_to_page((index << CHUNK_SHIFT) + bit);
			clear_bit(PG_offline_skippable, offline_page_flags(page));
			clear_bit(PG_offline_movable, offline_page_flags(page));
		}
		free_page((unsigned long)bits);
	}
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
		old = xa_cmpxchg(&owner->chunks, pfn >> CHUNK_SHIFT, NULL, bits,
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

static struct page *find_page(struct offline_page_owner *owner,
			      unsigned long pfn)
{
	unsigned long index = pfn >> CHUNK_SHIFT;
	unsigned long *bits;

	guard(rcu)();
	xa_for_each_start(&owner->chunks, index, bits, index) {
		unsigned long bit = 0;

		if (index == pfn >> CHUNK_SHIFT)
			bit = pfn & (CHUNK_PAGES - 1);
		for_each_set_bit_from(bit, bits, CHUNK_PAGES) {
			struct page *page;

			page = pfn_to_page((index << CHUNK_SHIFT) + bit);
			if (!PageHWPoison(page))
				return page;
		}
	}
	return NULL;
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
	unsigned long lowest, nr_added;
	struct page *page;

	if (!owner->registered)
		return NULL;

	scoped_guard(spinlock_irqsave, &owner->lock) {
		lowest = owner->lowest;
		nr_added = owner->nr_added;
	}
	page = find_page(owner, max(pfn, lowest));
	if (pfn > lowest)
		return page;

	/* Unless a page came in meanwhile, there is none below. */
	scoped_guard(spinlock_irqsave, &owner->lock)
		if (nr_added == owner->nr_added)
			owner->lowest = page ? page_to_pfn(page) : ULONG_MAX;
	return page;
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
		       unsigned long pfn, unsigned int flags)
{
	if (!owner->registered)
		report_misuse(owner, pfn, "is for an unregistered owner");
	else if (flags & ~OFFLINE_PAGE_FLAGS)
		report_misuse(owner, pfn, "is asked for with unknown flags");
	else
		return true;
	return false;
}

static void set_flags(struct page *page, unsigned int flags)
{
	if (flags & OFFLINE_PAGE_SKIPPABLE)
		set_bit(PG_offline_skippable, offline_page_flags(page));
	if (flags & OFFLINE_PAGE_MOVABLE)
		set_bit(PG_offline_movable, offline_page_flags(page));
}

/* Between page_offline_begin() and page_offline_end(). */
static void set_page_offline(struct page *page, unsigned int flags)
{
	VM_WARN_ON_ONCE_PAGE(page_ref_count(page), page);
	set_flags(page, flags);
	__SetPageOffline(page);
	offline_page_set_canary(page);
}

/*
 * Frozen pages, whose chunks are reserved, become the owner's. The bit comes
 * last: from then on others may find the page and take it.
 */
static void enter_run(struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, unsigned int flags,
		      struct managed_batch *batch)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++)
		set_page_offline(pfn_to_page(pfn + i), flags);
	owner_set_bits(owner, pfn, nr_pages);
	if (batch)
		managed_batch_add(batch, pfn_to_page(pfn), -(long)nr_pages);
	trace_offline_page_alloc(owner, pfn, nr_pages, flags);
}

/*
 * Frozen pages fresh from the allocator. Gives them back if their metadata
 * cannot be had: nothing is done by halves.
 */
static int enter_range(struct offline_page_owner *owner, unsigned long pfn,
		       unsigned long nr_pages, unsigned int flags, gfp_t gfp)
{
	struct managed_batch batch = {};
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

	page_offline_begin();
	for (done = 0; done < nr_pages; done += nr) {
		nr = zone_run(pfn + done, nr_pages - done);
		enter_run(owner, pfn + done, nr, flags, &batch);
	}
	page_offline_end();
	managed_batch_flush(&batch);
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
 * and can be freed alone or together with others. With __GFP_ZERO the contents
 * are zero. Without it the contents are whatever was there.
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
	if (!args_valid(owner, 0, flags))
		return NULL;

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
 * alloc_offline_page - take one page from the page allocator
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
	return alloc_offline_pages(owner, 0, gfp, nid, flags);
}
EXPORT_SYMBOL_GPL(alloc_offline_page);

/**
 * alloc_offline_pages_bulk - take many single pages from the page allocator
 * @owner: registered owner
 * @nr_pages: how many
 * @gfp: as for alloc_pages()
 * @nid: node to prefer, or NUMA_NO_NODE
 * @flags: OFFLINE_PAGE_*
 * @pfns: gets the page frame numbers, room for @nr_pages
 *
 * Like alloc_offline_page() for each, but takes the lock against PFN walkers
 * and adjusts managed pages once for the batch.
 *
 * Context: sleeps.
 * Return: how many pages it got, from 0 to @nr_pages.
 */
unsigned long alloc_offline_pages_bulk(struct offline_page_owner *owner,
				       unsigned long nr_pages, gfp_t gfp,
				       int nid, unsigned int flags,
				       unsigned long *pfns)
{
	struct managed_batch batch = {};
	unsigned long i, nr;

	might_sleep();
	if (!args_valid(owner, 0, flags))
		return 0;

	for (nr = 0; nr < nr_pages; nr++) {
		struct page *page = offline_pages_alloc_frozen(gfp, 0, nid);

		if (!page)
			break;
		pfns[nr] = page_to_pfn(page);
		if (reserve_offline_page_range(owner, pfns[nr], 1, gfp)) {
			free_frozen_run(pfns[nr], 1);
			break;
		}
	}
	if (nr < nr_pages)
		count_pages(OFFLINE_PAGES_ALLOC_FAILED, 1);
	if (!nr)
		return 0;

	page_offline_begin();
	for (i = 0; i < nr; i++)
		enter_run(owner, pfns[i], 1, flags, &batch);
	page_offline_end();
	managed_batch_flush(&batch);
	count_pages(OFFLINE_PAGES_ALLOCATED, nr);
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
	struct page *page = NULL;

	might_sleep();
	if (!args_valid(owner, 0, flags) || !nr_pages)
		return NULL;

#ifdef CONFIG_CONTIG_ALLOC
	page = alloc_contig_frozen_pages(nr_pages, gfp & ~__GFP_COMP, nid, NULL);
#endif
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
 * movable); -ENOMEM; -EINTR; -EINVAL if it is not all online memory;
 * -EOPNOTSUPP if the kernel is built without CONFIG_CONTIG_ALLOC.
 */
int alloc_offline_page_range(struct offline_page_owner *owner,
			     unsigned long start_pfn, unsigned long nr_pages,
			     gfp_t gfp, unsigned int flags)
{
	unsigned long done, nr;
	int ret = 0;

	might_sleep();
	if (!args_valid(owner, start_pfn, flags) ||
	    !range_valid(start_pfn, nr_pages))
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
 * @flags: OFFLINE_PAGE_*
 *
 * For online_page_callback_t: instead of calling generic_online_page(), the
 * owner keeps the pages, and may free them, that is online them, later. Doing
 * it twice is harmless.
 *
 * Context: any. reserve_offline_page_range() was called for the range.
 */
void keep_offline_page_range(struct offline_page_owner *owner,
			     unsigned long start_pfn, unsigned long nr_pages,
			     unsigned int flags)
{
	unsigned long pfn, nr = 0, kept = 0, end_pfn = start_pfn + nr_pages;

	if (!args_valid(owner, start_pfn, flags))
		return;

	for (pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (likely(PageOfflineFrozen(page) &&
			   PageOfflineNeverOnlined(page) &&
			   (offline_page_held(owner, pfn) ||
			    !owned_by_anybody(pfn)))) {
			set_flags(page, flags);
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
 * not managed, like one that came from lend_offline_page().
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
	if (!args_valid(owner, pfn, flags))
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

	/* What its user left behind would have a meaning here. */
	set_mask_bits(offline_page_flags(page), PAGE_FLAGS_CHECK_AT_PREP, 0);
	page_offline_begin();
	enter_run(owner, pfn, 1, flags, NULL);
	page_offline_end();
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
	set_mask_bits(offline_page_flags(page), PAGE_FLAGS_CHECK_AT_PREP, 0);
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

static enum way_out way_out(const struct offline_page_owner *owner,
			    unsigned long pfn, bool held)
{
	struct page *page;

	if (!pfn_valid(pfn)) {
		report_misuse(owner, pfn, "does not exist");
		return WAY_OUT_NONE;
	}
	page = pfn_to_page(pfn);
	if (!PageOfflineFrozen(page)) {
		report_misuse(owner, pfn, "is not offline");
		return WAY_OUT_NONE;
	}
	if (PageHWPoison(page)) {
		count_pages(OFFLINE_PAGES_POISONED, held);
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
	while (nr_pages) {
		unsigned int order = min(ilog2(nr_pages), MAX_PAGE_ORDER);

		if (pfn)
			order = min_t(unsigned int, order, __ffs(pfn));
		generic_online_page(pfn_to_page(pfn), order);
		pfn += 1UL << order;
		nr_pages -= 1UL << order;
	}
#endif
}

static void free_leaving_run(unsigned long pfn, unsigned long nr_pages,
			     struct managed_batch *batch)
{
	if (!nr_pages)
		return;
	free_frozen_run(pfn, nr_pages);
	managed_batch_add(batch, pfn_to_page(pfn), nr_pages);
	count_pages(OFFLINE_PAGES_FREED, nr_pages);
}

/* A run of pages of one zone that all go the same way. */
static void leave_run(struct offline_page_owner *owner, unsigned long pfn,
		      unsigned long nr_pages, enum way_out way,
		      struct managed_batch *batch)
{
	unsigned long i, done = 0;

	if (!nr_pages || way == WAY_OUT_NONE)
		return;

	for (i = 0; i < nr_pages; i++)
		offline_page_check_canary(pfn_to_page(pfn + i), owner);

	if (way == WAY_OUT_ONLINE && IS_ENABLED(CONFIG_MEMORY_HOTPLUG)) {
		trace_offline_page_online(owner, pfn, nr_pages, 0);
		online_run(pfn, nr_pages);
		count_pages(OFFLINE_PAGES_ONLINED, nr_pages);
		return;
	}

	trace_offline_page_free(owner, pfn, nr_pages, 0);
	for (i = 0; i < nr_pages; i++)
		__offline_page_leave(pfn_to_page(pfn + i));
	/*
	 * memory_failure() marks a page poisoned and then looks at its type.
	 * Whatever it found offline is seen to be poisoned here.
	 */
	smp_mb();
	for (i = 0; i < nr_pages; i++) {
		struct page *page = pfn_to_page(pfn + i);

		if (likely(!PageHWPoison(page)))
			continue;
		__SetPageOffline(page);
		offline_page_set_canary(page);
		count_pages(OFFLINE_PAGES_POISONED, 1);
		free_leaving_run(pfn + done, i - done, batch);
		done = i + 1;
	}
	free_leaving_run(pfn + done, nr_pages - done, batch);
}

static void free_range(struct offline_page_owner *owner,
		       unsigned long start_pfn, unsigned long nr_pages,
		       struct managed_batch *batch)
{
	unsigned long pfn = start_pfn, end_pfn = start_pfn + nr_pages;

	if (!args_valid(owner, pfn, 0))
		return;

	while (pfn < end_pfn) {
		enum way_out way, run_way = WAY_OUT_NONE;
		const struct zone *zone, *run_zone = NULL;
		unsigned long run_pfn = pfn, stop_pfn;
		bool held;

		stop_pfn = pfn + owner_take_run(owner, pfn, end_pfn - pfn,
						&held);
		for (; pfn < stop_pfn; pfn++) {
			way = way_out(owner, pfn, held);
			zone = NULL;
			if (way != WAY_OUT_NONE)
				zone = page_zone(pfn_to_page(pfn));
			if (way == run_way && zone == run_zone)
				continue;
			leave_run(owner, run_pfn, pfn - run_pfn, run_way, batch);
			run_pfn = pfn;
			run_way = way;
			run_zone = zone;
		}
		leave_run(owner, run_pfn, pfn - run_pfn, run_way, batch);
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
	struct managed_batch batch = {};

	free_range(owner, start_pfn, nr_pages, &batch);
	managed_batch_flush(&batch);
}
EXPORT_SYMBOL_GPL(free_offline_page_range);

/**
 * free_offline_page - give one page back to Linux
 * @owner: registered owner that holds the page
 * @page: the page
 *
 * See free_offline_page_range().
 *
 * Context: any but NMI and hard interrupts.
 */
void free_offline_page(struct offline_page_owner *owner, struct page *page)
{
	free_offline_page_range(owner, page_to_pfn(page), 1);
}
EXPORT_SYMBOL_GPL(free_offline_page);

/**
 * free_offline_pages_bulk - give many pages back to Linux
 * @owner: registered owner that holds the pages
 * @nr_pages: how many
 * @pfns: their page frame numbers
 *
 * See free_offline_page_range(). Neighbours that follow each other in rising
 * order are freed as runs.
 *
 * Context: any but NMI and hard interrupts.
 */
void free_offline_pages_bulk(struct offline_page_owner *owner,
			     unsigned long nr_pages, unsigned long *pfns)
{
	struct managed_batch batch = {};
	unsigned long i, nr;

	for (i = 0; i < nr_pages; i += nr) {
		for (nr = 1; i + nr < nr_pages; nr++)
			if (pfns[i + nr] != pfns[i] + nr)
				break;
		free_range(owner, pfns[i], nr, &batch);
	}
	managed_batch_flush(&batch);
}
EXPORT_SYMBOL_GPL(free_offline_pages_bulk);

/**
 * lend_offline_page - turn an offline page into a page in use
 * @owner: registered owner that holds the page
 * @page: the page
 *
 * The caller gets the only reference. The page is not managed: it must not be
 * freed, but come back through adopt_offline_page().
 *
 * Context: any.
 */
void lend_offline_page(struct offline_page_owner *owner, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	bool held;

	if (!args_valid(owner, pfn, 0))
		return;
	owner_take_run(owner, pfn, 1, &held);
	if (!held || !PageOfflineFrozen(page)) {
		report_misuse(owner, pfn, "is not held by it");
		return;
	}
	offline_page_check_canary(page, owner);
	__offline_page_leave(page);
	set_page_count(page, 1);
	count_pages(OFFLINE_PAGES_LENT, 1);
}
EXPORT_SYMBOL_GPL(lend_offline_page);

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
 * Return: the word; 0 if the page is not a frozen offline page.
 */
u64 offline_page_memdesc(const struct page *page, unsigned int order)
{
	u64 memdesc;

	if (!PageOfflineFrozen(page))
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
	memdesc |= (u64)memdesc_section(&page->flags) <<
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
	if (PageOfflineInUse(page))
		return "in use by its owner";
	snprintf(kind->text, sizeof(kind->text), "%s%s%s%s",
		 PageOfflineSkippable(page) ? "skippable" : "plain",
		 PageMovableOffline(page) ? ", movable" : "",
		 PageOfflineNeverOnlined(page) ? ", never onlined" : "",
		 PageHWPoison(page) ? ", poisoned" : "");
	return kind->text;
}

/**
 * report_offline_page - say why an offline page is in the way
 * @page: the page
 * @what: what it is in the way of
 *
 * Context: any but NMI; not with the zone lock held. Rate limited.
 */
void report_offline_page(const struct page *page, const char *what)
{
	static DEFINE_RATELIMIT_STATE(rs, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);
	char owner[32] = "an unregistered owner";
	struct page_kind kind;

	if (!__ratelimit(&rs))
		return;
	offline_page_owner_name(page_to_pfn(page), owner, sizeof(owner));
	pr_warn("%s failed: page %#lx is offline (%s), held by %s, and cannot be moved; have its owner release it first\n",
		what, page_to_pfn(page), kind_of(page, &kind), owner);
}
EXPORT_SYMBOL_IF_KUNIT(report_offline_page);

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
static int offline_pages_memory_cb(struct notifier_block *nb,
				   unsigned long action, void *arg)
{
	const struct memory_notify *mem = arg;
	struct offline_page_owner *owner;
	unsigned long pfn, end_pfn;
	bool held;

	if (action != MEM_OFFLINE)
		return NOTIFY_DONE;

	guard(rcu)();
	list_for_each_entry_rcu(owner, &owners, list) {
		pfn = mem->start_pfn;
		end_pfn = pfn + mem->nr_pages;
		while (pfn < end_pfn)
			pfn += owner_take_run(owner, pfn, end_pfn - pfn, &held);
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
	unsigned long in_use;
	unsigned long poisoned;
	unsigned long refs;
	bool any;
};

static void stats_add_page(struct page_stats *stats, const struct page *page)
{
	stats->any = true;
	stats->poisoned += PageHWPoison(page);
	if (PageOfflineInUse(page)) {
		stats->in_use++;
		return;
	}
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
	sum->in_use += stats->in_use;
	sum->poisoned += stats->poisoned;
	sum->refs += stats->refs;
}

static void stats_show(struct seq_file *m, const struct page_stats *stats)
{
	seq_printf(m, " %lu %lu %lu %lu %lu %lu %lu\n", stats->never_onlined,
		   stats->skippable, stats->movable, stats->plain,
		   stats->in_use, stats->poisoned, stats->refs);
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

	get_online_mems();
	mutex_lock(&owners_mutex);
	nr = list_count_nodes(&owners) + 1;
	stats = kcalloc(nr, sizeof(*stats), GFP_KERNEL);
	if (!stats) {
		ret = -ENOMEM;
		goto out;
	}
	seq_puts(m, "node zone owner never_onlined skippable movable plain in_use poisoned refs\n");
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
