/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Offline pages: memory the guest holds and does not touch.
 *
 * The hypervisor took the page back (a balloon), the page was never given to
 * the page allocator (hotplug), or its owner took it away from Linux. All that
 * is known about such a page is its type, three flags and who owns it:
 *
 *   page_type		exactly PGTY_offline << 24
 *   flags		zone, node, section; PG_hwpoison; the three flags below
 *   _refcount		0, from memmap initialisation until the page is free
 *   all other words	dead, see CONFIG_DEBUG_OFFLINE_PAGES
 *
 * Who owns a page is kept outside struct page, in a bitmap per owner. Whoever
 * clears a page's bit there holds that page alone, until the bit is set again
 * or the page is freed: this is how pages are isolated, for migration as well
 * as for giving them back.
 * Documentation/mm/offline_pages.rst has the states and the allowed actions;
 * the functions are described where they are defined, in mm/offline_pages.c.
 */
#ifndef _LINUX_OFFLINE_PAGES_H
#define _LINUX_OFFLINE_PAGES_H

#include <linux/bitfield.h>
#include <linux/gfp.h>
#include <linux/migrate_mode.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

/*
 * Aliases of page flags that mean something else, or nothing, on other pages.
 * Only look at them through the tests below: they check the type first.
 */
enum offline_pageflags {
	/*
	 * The buddy had it: it can just be freed. All others were never
	 * onlined, as every page of new memory starts.
	 */
	PG_offline_onlined = PG_owner_2,
	/* Memory offlining may step over it; the owner handles re-onlining. */
	PG_offline_skippable = PG_referenced,
	/* Its owner can exchange it for another page. */
	PG_offline_movable = PG_swapbacked,
};

/* What an owner says about the pages it takes; may be combined. */
#define OFFLINE_PAGE_SKIPPABLE	BIT(0)
#define OFFLINE_PAGE_MOVABLE	BIT(1)
/* The caller holds them alone until putback_offline_page(), or frees them. */
#define OFFLINE_PAGE_ISOLATED	BIT(2)

struct offline_page_owner;

/* What an owner did with a page that it was asked to migrate. */
enum offline_page_moved {
	/* Nothing, or nothing that lasted: it holds the source as before. */
	OFFLINE_PAGE_KEPT,
	/* It holds the destination instead of the source. */
	OFFLINE_PAGE_MOVED,
	/* It gave up the source, and did not take the destination. */
	OFFLINE_PAGE_DEFLATED,
	/* It holds both: the host took the one, and did not give the other. */
	OFFLINE_PAGE_ADDED,
};

/**
 * struct offline_page_ops - what an owner can do with its movable pages
 *
 * An owner of movable pages has @migrate or @migrate_one, or both, and then
 * @migrate is used. Both are called without a lock, with pages that are
 * isolated; they may sleep, but must not allocate memory in a way that needs
 * reclaim: compaction may be waiting for them. They run at the same time as
 * each other and as everything else the owner does, so that they take the
 * owner's own lock. If that could mean waiting for somebody who allocates
 * memory, they try to take it, and return -EAGAIN.
 *
 * For an owner of blocks (see struct offline_page_owner), a page is the first
 * page of a block.
 */
struct offline_page_ops {
	/**
	 * @migrate: exchange @nr pages. @src and @dst are page frame numbers;
	 * both pages are offline. @result is OFFLINE_PAGE_KEPT for each page
	 * at the start; what it says at the end counts. Returns 0, or an error
	 * if pages were kept: -EAGAIN if it may go better soon.
	 */
	int (*migrate)(struct offline_page_owner *owner, unsigned int nr,
		       const unsigned long *dst, const unsigned long *src,
		       u8 *result, enum migrate_mode mode);

	/**
	 * @migrate_one: exchange one page. Returns 0 if it was moved; -ENOENT
	 * if it was deflated without a replacement; any other error if it was
	 * kept: -EAGAIN if it may go better soon.
	 */
	int (*migrate_one)(struct offline_page_owner *owner, struct page *dst,
			   struct page *src, enum migrate_mode mode);

	/**
	 * @poisoned: a page that was not isolated broke, and is the owner's no
	 * more: it stays offline for ever. Optional. May sleep, but must not
	 * wait for somebody who allocates memory, as @migrate: it may be called
	 * after a migration that compaction asked for. Memory hotplug may be
	 * held off; it must not register or unregister an owner.
	 */
	void (*poisoned)(struct offline_page_owner *owner, struct page *page);

	/** @max_batch: most pages that @migrate gets at once; 0: any number */
	unsigned int max_batch;
};

/**
 * struct offline_page_owner - somebody who holds offline pages
 * @name: shown in messages, tracepoints and debugfs; must outlive the owner
 * @ops: what can be done with its movable pages; NULL if it has none
 * @order: it takes and gives naturally aligned blocks of 2^order pages, and
 *	migrates them as a whole; usually 0
 * @balloon: its pages are a balloon: counted in NR_BALLOON_PAGES, and by the
 *	balloon events of /proc/vmstat
 * @stays_managed: its pages remain part of the zone's managed pages and of
 *	MemTotal, for the guest gets them back when it needs them
 *
 * An owner is usually one device or one driver, or one block size of it. Set
 * it up with DEFINE_OFFLINE_PAGE_OWNER() or init_offline_page_owner(), set the
 * other fields if need be, and register it before its first page.
 */
struct offline_page_owner {
	const char *name;
	const struct offline_page_ops *ops;
	unsigned int order;
	bool balloon;
	bool stays_managed;
	/* private: mm/offline_pages.c, from registration on */
	bool registered;
	bool leaving;			/* no new isolation by mm */
	struct list_head list;
	struct xarray chunks;		/* chunk number -> bitmap of PFNs */
	spinlock_t lock;		/* the bits and what is below */
	unsigned long nr_pages;
	unsigned long nr_isolated;	/* offline, the owner's, but not in the set */
	unsigned long lowest;		/* no page is held below */
	unsigned long nr_added;		/* how often pages came in */
};

#define DEFINE_OFFLINE_PAGE_OWNER(_owner, _name)	\
	struct offline_page_owner _owner = { .name = (_name) }

static inline void init_offline_page_owner(struct offline_page_owner *owner,
					   const char *name)
{
	*owner = (struct offline_page_owner) { .name = name };
}

int __must_check register_offline_page_owner(struct offline_page_owner *owner);
void retire_offline_page_owner(struct offline_page_owner *owner);
void unregister_offline_page_owner(struct offline_page_owner *owner);
int __must_check
reserve_offline_page_range(struct offline_page_owner *owner,
			   unsigned long start_pfn, unsigned long nr_pages,
			   gfp_t gfp);

struct page * __must_check
alloc_offline_page(struct offline_page_owner *owner, gfp_t gfp, int nid,
		   unsigned int flags);
struct page * __must_check
alloc_offline_pages(struct offline_page_owner *owner, unsigned int order,
		    gfp_t gfp, int nid, unsigned int flags);
unsigned long __must_check
alloc_offline_pages_bulk(struct offline_page_owner *owner,
			 unsigned long nr_pages, gfp_t gfp, int nid,
			 unsigned int flags, unsigned long *pfns);
struct page * __must_check
alloc_offline_pages_contig(struct offline_page_owner *owner,
			   unsigned long nr_pages, gfp_t gfp, int nid,
			   unsigned int flags);
int __must_check
alloc_offline_page_range(struct offline_page_owner *owner,
			 unsigned long start_pfn, unsigned long nr_pages,
			 gfp_t gfp, unsigned int flags);
void keep_offline_page_range(struct offline_page_owner *owner,
			     unsigned long start_pfn, unsigned long nr_pages,
			     unsigned int flags);
void free_offline_page(struct offline_page_owner *owner, struct page *page);
void free_offline_page_range(struct offline_page_owner *owner,
			     unsigned long start_pfn, unsigned long nr_pages);
void free_offline_pages_bulk(struct offline_page_owner *owner,
			     unsigned long nr_pages, unsigned long *pfns);

struct page * __must_check
isolate_offline_page(struct offline_page_owner *owner);
unsigned long __must_check
isolate_offline_pages_bulk(struct offline_page_owner *owner, unsigned long nr,
			   unsigned long *pfns);
void putback_offline_page(struct offline_page_owner *owner, struct page *page);
void putback_offline_pages_bulk(struct offline_page_owner *owner,
				unsigned long nr, const unsigned long *pfns);
void free_isolated_offline_page(struct offline_page_owner *owner,
				struct page *page);
void free_isolated_offline_pages_bulk(struct offline_page_owner *owner,
				      unsigned long nr,
				      const unsigned long *pfns);
int __must_check
pass_isolated_offline_pages(struct offline_page_owner *from,
			    struct offline_page_owner *to,
			    unsigned long start_pfn, unsigned long nr_pages,
			    gfp_t gfp);

int __must_check
adopt_offline_page(struct offline_page_owner *owner, struct page *page,
		   unsigned int flags);
int __must_check
lend_offline_page(struct offline_page_owner *owner, struct page *page);
void mark_kexec_page_offline(struct page *page);

bool offline_page_held(struct offline_page_owner *owner, unsigned long pfn);
struct page *next_offline_page(struct offline_page_owner *owner,
			       unsigned long pfn);
int offline_page_owner_name(unsigned long pfn, char *buf, size_t size);

#ifdef CONFIG_OFFLINE_PAGES
/* Each place has a limit of its own, so that none keeps another one silent. */
#define report_offline_page(_page, _what)				\
do {									\
	static DEFINE_RATELIMIT_STATE(_rs, DEFAULT_RATELIMIT_INTERVAL,	\
				      DEFAULT_RATELIMIT_BURST);		\
									\
	if (__ratelimit(&_rs))						\
		__report_offline_page(_page, _what);			\
} while (0)

void __report_offline_page(const struct page *page, const char *what);
void report_offline_page_range(unsigned long start_pfn, unsigned long end_pfn,
			       const char *what);
void dump_offline_page(const struct page *page, unsigned long pfn);
#else
static inline void report_offline_page(const struct page *page,
				       const char *what)
{
}

static inline void report_offline_page_range(unsigned long start_pfn,
					     unsigned long end_pfn,
					     const char *what)
{
}

static inline void dump_offline_page(const struct page *page,
				     unsigned long pfn)
{
}
#endif

/* The flags word, under the one name that the flag aliases are used with. */
static inline unsigned long *offline_page_flags(const struct page *page)
{
	return (unsigned long *)&page->flags;
}

/* Never given to the buddy: it must be onlined, it cannot just be freed. */
static inline bool PageOfflineNeverOnlined(const struct page *page)
{
	return PageOffline(page) &&
	       !test_bit(PG_offline_onlined, offline_page_flags(page));
}

/* Memory offlining may step over this page. */
static inline bool PageOfflineSkippable(const struct page *page)
{
	return PageOffline(page) &&
	       test_bit(PG_offline_skippable, offline_page_flags(page));
}

/*
 * The owner of this page can exchange it for another one. True from allocation
 * to free: a page on its way in, out or across is worth another try.
 */
static inline bool PageMovableOffline(const struct page *page)
{
	return PageOffline(page) &&
	       test_bit(PG_offline_movable, offline_page_flags(page));
}

/**
 * offline_page_can_skip - may memory offlining step over this page?
 * @page: a page of the memory block that goes offline
 *
 * Nobody looks at a skippable page again until its owner is asked when the
 * block comes back. A poisoned page that is nobody's any more is skippable, too;
 * as long as somebody has it, he would miss it. A movable one is not stepped
 * over: it may be on its way to somewhere else just now.
 *
 * Context: any; the answer may be stale unless the zone lock is held and the
 * page's pageblock is isolated.
 * Return: true if the page needs no attention before the block goes offline.
 */
static inline bool offline_page_can_skip(const struct page *page)
{
	return PageOfflineSkippable(page) && !PageMovableOffline(page);
}

/**
 * offline_page_can_move - can this page be migrated?
 * @page: any page
 *
 * A poisoned page can: its owner takes another one for it. As soon as it is the
 * owner's no more, it is not movable any more either.
 *
 * Context: any; the answer may be stale.
 * Return: true if migrating it is worth a try.
 */
static inline bool offline_page_can_move(const struct page *page)
{
	return PageMovableOffline(page);
}

/**
 * offline_page_stays - does an offline page keep its memory where it is?
 * @page: a page that was found to be offline, and without a reference
 * @can_skip: its block goes offline, so that it may be stepped over
 *
 * A page on its way in has its flags before its type, and one on its way out
 * has them longer. So what is offline, has no flag that helps, and is offline
 * still, was so in between as well, unless it left and came back meanwhile.
 *
 * Context: any. No lock keeps a page from coming and going.
 * Return: true if neither migrating nor stepping over it helps; false if one of
 * them does, or it has just left its owner.
 */
static inline bool offline_page_stays(const struct page *page, bool can_skip)
{
	smp_rmb();	/* pairs with set_page_offline() */
	if (offline_page_can_move(page) ||
	    (can_skip && offline_page_can_skip(page)))
		return false;
	smp_rmb();	/* pairs with leave_run(), online_offline_page() */
	return PageOffline(page);
}

/*
 * The words of struct page that are dead while a page is offline. A debug
 * kernel fills them with a canary on the way in and checks it on the way out.
 */
#ifdef CONFIG_DEBUG_OFFLINE_PAGES
void offline_page_set_canary(struct page *page);
void offline_page_check_canary(struct page *page,
			       const struct offline_page_owner *owner);
void offline_page_end_canary(struct page *page);
#else
static inline void offline_page_set_canary(struct page *page)
{
}

static inline void
offline_page_check_canary(struct page *page,
			  const struct offline_page_owner *owner)
{
}

static inline void offline_page_end_canary(struct page *page)
{
}
#endif

/*
 * For mm only: the edges of the life of an offline page that lie outside
 * mm/offline_pages.c. Drivers have no business here; see
 * scripts/coccinelle/offline_pages/check/.
 */

/**
 * init_offline_page - start a hotplugged page's life as an offline page
 * @page: a page whose memmap was just initialised, not yet visible
 *
 * Context: memmap initialisation of a range that is being onlined.
 */
static inline void init_offline_page(struct page *page)
{
	set_page_count(page, 0);
	__SetPageOffline(page);
	offline_page_set_canary(page);
}

/**
 * online_offline_page - end a never onlined page's life as an offline page
 * @page: a page that generic onlining gives to the buddy for the first time
 *
 * The page stays frozen: it goes to the buddy as it is, which clears the flags.
 * Memory hotplug does this for every page there is: what is known to be there
 * is not asked for again, as __ClearPageOffline() does.
 *
 * Context: the caller holds the page alone. Does not sleep.
 */
static inline void online_offline_page(struct page *page)
{
	VM_WARN_ON_ONCE_PAGE(page_ref_count(page), page);
	VM_WARN_ON_ONCE_PAGE(!PageOffline(page), page);
	offline_page_end_canary(page);
	page->page_type = UINT_MAX;
	smp_wmb();	/* the flags go later; pairs with offline_page_stays() */
}

static inline void offline_page_forget_flags(struct page *page)
{
	set_mask_bits(offline_page_flags(page), BIT(PG_offline_onlined) |
		      BIT(PG_offline_skippable) | BIT(PG_offline_movable), 0);
}

/*
 * Forget type and flags. The page is frozen, and nobody's until its next use.
 * The type goes first, or the page would look plain for a moment.
 */
static inline void __offline_page_leave(struct page *page)
{
	online_offline_page(page);
	offline_page_forget_flags(page);
}

/**
 * offline_page_to_memmap - use a never onlined page for the memmap itself
 * @page: a page of the range that describes its own memory block
 *
 * Such pages are ordinary pages in use, with a reference, and never free.
 *
 * Context: memory hotplug, before the block is online. Does not sleep.
 */
static inline void offline_page_to_memmap(struct page *page)
{
	__offline_page_leave(page);
	set_page_count(page, 1);
}

/*
 * Migration, for mm only.
 */

/* As many pages as compaction isolates before it migrates them. */
#define OFFLINE_PAGE_BATCH	32

/**
 * struct offline_page_batch - pages that are isolated for migration
 * @owner: whose they are
 * @nr: how many
 * @pfns: page frame numbers; of the first page of each, for an owner of blocks
 *
 * Empty if @nr is 0. Not locked: it is somebody's own.
 */
struct offline_page_batch {
	struct offline_page_owner *owner;
	unsigned int nr;
	/* private: an owner was busy for too long; where its last bits were */
	bool in_vain;
	unsigned long chunk;
	unsigned long *bits;
	/* public: */
	unsigned long pfns[OFFLINE_PAGE_BATCH];
};

/**
 * struct offline_page_targets - where migration gets its destinations from
 * @alloc: 2^order frozen pages, each for itself; or NULL
 * @alloc_bulk: up to @nr of the pages or blocks that @owner takes, as far as they
 *	are at hand, like @alloc; optional, @alloc is asked when it returns 0
 * @free: takes back what was not used
 * @private: passed to all
 */
struct offline_page_targets {
	struct page *(*alloc)(unsigned int order, void *private);
	unsigned long (*alloc_bulk)(struct offline_page_owner *owner,
				    unsigned long nr, unsigned long *pfns,
				    void *private);
	void (*free)(struct page *page, unsigned int order, void *private);
	void *private;
};

#if defined(CONFIG_OFFLINE_PAGES) && defined(CONFIG_MIGRATION)
long isolate_offline_page_run(struct offline_page_batch *batch,
			      unsigned long pfn, unsigned long end_pfn,
			      unsigned int max_order);
void putback_offline_page_batch(struct offline_page_batch *batch);
unsigned long take_isolated_free_pages(struct list_head *list, unsigned long nr,
				       unsigned long *pfns);
int migrate_offline_page_batch(struct offline_page_batch *batch,
			       const struct offline_page_targets *targets,
			       enum migrate_mode mode,
			       unsigned int *nr_succeeded);
int migrate_offline_page_range(unsigned long start_pfn, unsigned long end_pfn,
			       gfp_t gfp, bool leave_node);
int soft_offline_movable_page(struct page *page);
#else
static inline long isolate_offline_page_run(struct offline_page_batch *batch,
					    unsigned long pfn,
					    unsigned long end_pfn,
					    unsigned int max_order)
{
	return 0;
}

static inline void putback_offline_page_batch(struct offline_page_batch *batch)
{
}

static inline unsigned long take_isolated_free_pages(struct list_head *list,
						     unsigned long nr,
						     unsigned long *pfns)
{
	return 0;
}

static inline int
migrate_offline_page_batch(struct offline_page_batch *batch,
			   const struct offline_page_targets *targets,
			   enum migrate_mode mode, unsigned int *nr_succeeded)
{
	return 0;
}

static inline int migrate_offline_page_range(unsigned long start_pfn,
					     unsigned long end_pfn, gfp_t gfp,
					     bool leave_node)
{
	return 0;
}

static inline int soft_offline_movable_page(struct page *page)
{
	return -EBUSY;
}
#endif

#ifdef CONFIG_OFFLINE_PAGES
void split_offline_page_block(struct page *page, unsigned int order);
void poison_offline_page(struct page *page);
#else
static inline void poison_offline_page(struct page *page)
{
}

static inline void split_offline_page_block(struct page *page,
					    unsigned int order)
{
}
#endif

/*
 * The 64-bit word that would describe an offline page if struct page were no
 * more (the memdesc of a page that is neither folio nor slab): type and
 * subtype, whether user space may map it, order, flags, and where it is.
 */
#define OFFLINE_MEMDESC_TYPE		GENMASK_ULL(3, 0)
#define OFFLINE_MEMDESC_SUBTYPE		GENMASK_ULL(10, 4)
#define OFFLINE_MEMDESC_MAPPABLE	BIT_ULL(11)
#define OFFLINE_MEMDESC_ORDER		GENMASK_ULL(17, 12)
#define OFFLINE_MEMDESC_NEVER_ONLINED	BIT_ULL(18)
#define OFFLINE_MEMDESC_SKIPPABLE	BIT_ULL(19)
#define OFFLINE_MEMDESC_MOVABLE		BIT_ULL(20)
#define OFFLINE_MEMDESC_HWPOISON	BIT_ULL(21)
#define OFFLINE_MEMDESC_FLAGS_END	25

#define OFFLINE_MEMDESC_TYPE_MISC	0
#define OFFLINE_MEMDESC_SUBTYPE_OFFLINE	5

#define OFFLINE_MEMDESC_ZONE_SHIFT	(64 - ZONES_WIDTH)
#define OFFLINE_MEMDESC_NODE_SHIFT	(OFFLINE_MEMDESC_ZONE_SHIFT - NODES_SHIFT)
#ifdef SECTION_IN_PAGE_FLAGS
#define OFFLINE_MEMDESC_SECTION_SHIFT	(OFFLINE_MEMDESC_NODE_SHIFT - SECTIONS_WIDTH)
#else
#define OFFLINE_MEMDESC_SECTION_SHIFT	OFFLINE_MEMDESC_NODE_SHIFT
#endif

static_assert(OFFLINE_MEMDESC_SECTION_SHIFT >= OFFLINE_MEMDESC_FLAGS_END,
	      "an offline page does not fit into its memdesc");

/**
 * struct offline_page_state - all there is to know about an offline page
 * @order: the page and its following 2^order - 1 pages are alike
 * @zone: zone index
 * @nid: NUMA node
 * @section: section number; 0 where the memory model needs none
 * @never_onlined: PageOfflineNeverOnlined()
 * @skippable: PageOfflineSkippable()
 * @movable: PageMovableOffline()
 * @hwpoison: PageHWPoison()
 */
struct offline_page_state {
	unsigned int order;
	unsigned int zone;
	int nid;
	unsigned long section;
	bool never_onlined;
	bool skippable;
	bool movable;
	bool hwpoison;
};

/* What debugfs counts, in pages (alloc_failed, calls and misuse: in events). */
enum offline_pages_counter_id {
	OFFLINE_PAGES_ALLOCATED,
	OFFLINE_PAGES_FREED,
	OFFLINE_PAGES_ONLINED,
	OFFLINE_PAGES_KEPT,
	OFFLINE_PAGES_ADOPTED,
	OFFLINE_PAGES_LENT,
	OFFLINE_PAGES_ALLOC_FAILED,
	OFFLINE_PAGES_POISONED,
	OFFLINE_PAGES_MIGRATED,
	OFFLINE_PAGES_MIGRATE_DEFLATED,
	OFFLINE_PAGES_MIGRATE_KEPT,
	OFFLINE_PAGES_MIGRATE_CALLS,
	OFFLINE_PAGES_MISUSE,
	OFFLINE_PAGES_NR_COUNTERS,
};

#if IS_ENABLED(CONFIG_KUNIT)
unsigned long offline_pages_counter(enum offline_pages_counter_id id);
unsigned long *offline_pages_alloc_chunk(gfp_t gfp);
void *offline_pages_store_chunk(struct xarray *chunks, unsigned long index,
				unsigned long *bits, gfp_t gfp);
struct page *offline_pages_alloc_frozen(gfp_t gfp, unsigned int order, int nid);
unsigned long offline_pages_take_free(gfp_t gfp, unsigned int order, int nid,
				      unsigned long nr, unsigned long stride,
				      unsigned long *pfns);
int offline_pages_alloc_contig(unsigned long start_pfn, unsigned long end_pfn,
			       gfp_t gfp);
struct page *offline_pages_find_contig(unsigned long nr_pages, gfp_t gfp,
				       int nid);
void *offline_pages_alloc_arrays(unsigned int nr, gfp_t gfp);
struct page *offline_pages_alloc_target(gfp_t gfp, unsigned int order, int nid,
					nodemask_t *nodes);
#endif

u64 offline_page_memdesc(const struct page *page, unsigned int order);
bool offline_page_from_memdesc(u64 memdesc, struct offline_page_state *state);

#endif /* _LINUX_OFFLINE_PAGES_H */
