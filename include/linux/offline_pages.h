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
 * Who owns a page is kept outside struct page, in a bitmap per owner.
 * Documentation/mm/offline_pages.rst has the states and the allowed actions;
 * the functions are described where they are defined, in mm/offline_pages.c.
 */
#ifndef _LINUX_OFFLINE_PAGES_H
#define _LINUX_OFFLINE_PAGES_H

#include <linux/bitfield.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

/*
 * Aliases of page flags that mean something else, or nothing, on other pages.
 * Only look at them through the tests below: they check the type first.
 */
enum offline_pageflags {
	/* Never given to the buddy: leaves through generic_online_page(). */
	PG_offline_never_onlined = PG_owner_2,
	/* Memory offlining may step over it; the owner handles re-onlining. */
	PG_offline_skippable = PG_referenced,
	/* The owner can exchange it for another page (not used by mm yet). */
	PG_offline_movable = PG_swapbacked,
	/* Old form: the owner still holds the page by reference and list. */
	PG_offline_in_use = PG_workingset,
};

/* What an owner says about the pages it takes; may be combined. */
#define OFFLINE_PAGE_SKIPPABLE	BIT(0)
#define OFFLINE_PAGE_MOVABLE	BIT(1)

/**
 * struct offline_page_owner - somebody who holds offline pages
 * @name: shown in messages, tracepoints and debugfs; must outlive the owner
 *
 * An owner is usually one device or one driver. Set it up with
 * DEFINE_OFFLINE_PAGE_OWNER() or init_offline_page_owner(), and register it
 * before its first page.
 */
struct offline_page_owner {
	const char *name;
	/* private: mm/offline_pages.c, from registration on */
	struct list_head list;
	struct xarray chunks;		/* chunk number -> bitmap of PFNs */
	spinlock_t lock;		/* the bits and what is below */
	unsigned long nr_pages;
	unsigned long lowest;		/* no sound page is held below */
	unsigned long nr_added;		/* how often pages came in */
	bool registered;
};

#define DEFINE_OFFLINE_PAGE_OWNER(_owner, _name)	\
	struct offline_page_owner _owner = { .name = (_name) }

static inline void init_offline_page_owner(struct offline_page_owner *owner,
					   const char *name)
{
	*owner = (struct offline_page_owner) { .name = name };
}

int register_offline_page_owner(struct offline_page_owner *owner);
void unregister_offline_page_owner(struct offline_page_owner *owner);
int reserve_offline_page_range(struct offline_page_owner *owner,
			       unsigned long start_pfn, unsigned long nr_pages,
			       gfp_t gfp);

struct page *alloc_offline_page(struct offline_page_owner *owner, gfp_t gfp,
				int nid, unsigned int flags);
struct page *alloc_offline_pages(struct offline_page_owner *owner,
				 unsigned int order, gfp_t gfp, int nid,
				 unsigned int flags);
unsigned long alloc_offline_pages_bulk(struct offline_page_owner *owner,
				       unsigned long nr_pages, gfp_t gfp,
				       int nid, unsigned int flags,
				       unsigned long *pfns);
struct page *alloc_offline_pages_contig(struct offline_page_owner *owner,
					unsigned long nr_pages, gfp_t gfp,
					int nid, unsigned int flags);
int alloc_offline_page_range(struct offline_page_owner *owner,
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

int adopt_offline_page(struct offline_page_owner *owner, struct page *page,
		       unsigned int flags);
void lend_offline_page(struct offline_page_owner *owner, struct page *page);
void mark_kexec_page_offline(struct page *page);

bool offline_page_held(struct offline_page_owner *owner, unsigned long pfn);
struct page *next_offline_page(struct offline_page_owner *owner,
			       unsigned long pfn);
int offline_page_owner_name(unsigned long pfn, char *buf, size_t size);

#ifdef CONFIG_OFFLINE_PAGES
void report_offline_page(const struct page *page, const char *what);
void dump_offline_page(const struct page *page, unsigned long pfn);
#else
static inline void report_offline_page(const struct page *page,
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

/* PageOffline(), and not in the old form that still has a reference. */
static inline bool PageOfflineFrozen(const struct page *page)
{
	return PageOffline(page) &&
	       !test_bit(PG_offline_in_use, offline_page_flags(page));
}

/* PageOffline(), but its owner still holds it by reference and list. */
static inline bool PageOfflineInUse(const struct page *page)
{
	return PageOffline(page) &&
	       test_bit(PG_offline_in_use, offline_page_flags(page));
}

/* Never given to the buddy: it must be onlined, it cannot just be freed. */
static inline bool PageOfflineNeverOnlined(const struct page *page)
{
	return PageOffline(page) &&
	       test_bit(PG_offline_never_onlined, offline_page_flags(page));
}

/* Memory offlining may step over this page. */
static inline bool PageOfflineSkippable(const struct page *page)
{
	return PageOffline(page) &&
	       test_bit(PG_offline_skippable, offline_page_flags(page));
}

/* The owner of this page can exchange it for another one. */
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
 * block comes back. A poisoned page stays where it is for ever, with nothing on
 * it to save. In the old form it does not count as such: its owner still has it
 * on a list, threaded through the memmap that goes with the block.
 *
 * Context: any; the answer may be stale unless the zone lock is held and the
 * page's pageblock is isolated.
 * Return: true if the page needs no attention before the block goes offline.
 */
static inline bool offline_page_can_skip(const struct page *page)
{
	return PageOfflineFrozen(page) &&
	       (test_bit(PG_offline_skippable, offline_page_flags(page)) ||
		PageHWPoison(page));
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
	__set_bit(PG_offline_never_onlined, offline_page_flags(page));
	__SetPageOffline(page);
	offline_page_set_canary(page);
}

/*
 * Forget type and flags. The page is frozen, and nobody's until its next use.
 * The type goes first, or the page would look plain for a moment.
 */
static inline void __offline_page_leave(struct page *page)
{
	offline_page_end_canary(page);
	__ClearPageOffline(page);
	clear_bit(PG_offline_never_onlined, offline_page_flags(page));
	clear_bit(PG_offline_skippable, offline_page_flags(page));
	clear_bit(PG_offline_movable, offline_page_flags(page));
}

/**
 * online_offline_page - end a never onlined page's life as an offline page
 * @page: a page that generic onlining gives to the buddy for the first time
 *
 * The page stays frozen: it goes to the buddy as it is.
 *
 * Context: the caller holds the page alone. Does not sleep.
 */
static inline void online_offline_page(struct page *page)
{
	VM_WARN_ON_ONCE_PAGE(page_ref_count(page), page);
	__offline_page_leave(page);
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
	online_offline_page(page);
	set_page_count(page, 1);
}

/**
 * set_page_offline_in_use - mark a page offline that stays referenced
 * @page: a page its owner allocated and keeps by reference
 *
 * The old form of balloon pages (mm/balloon.c): type PageOffline, but with
 * reference, list and page lock in use. Freeing the last reference ends it.
 *
 * Context: any; the caller owns the page.
 */
static inline void set_page_offline_in_use(struct page *page)
{
	set_bit(PG_offline_in_use, offline_page_flags(page));
	__SetPageOffline(page);
}

/**
 * clear_page_offline_in_use - undo set_page_offline_in_use()
 * @page: a page that was marked with it
 *
 * Context: any; the caller owns the page.
 */
static inline void clear_page_offline_in_use(struct page *page)
{
	__ClearPageOffline(page);
	clear_bit(PG_offline_in_use, offline_page_flags(page));
}

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

/* What debugfs counts, in pages (alloc_failed and misuse: in events). */
enum offline_pages_counter_id {
	OFFLINE_PAGES_ALLOCATED,
	OFFLINE_PAGES_FREED,
	OFFLINE_PAGES_ONLINED,
	OFFLINE_PAGES_KEPT,
	OFFLINE_PAGES_ADOPTED,
	OFFLINE_PAGES_LENT,
	OFFLINE_PAGES_ALLOC_FAILED,
	OFFLINE_PAGES_POISONED,
	OFFLINE_PAGES_MISUSE,
	OFFLINE_PAGES_NR_COUNTERS,
};

#if IS_ENABLED(CONFIG_KUNIT)
unsigned long offline_pages_counter(enum offline_pages_counter_id id);
unsigned long *offline_pages_alloc_chunk(gfp_t gfp);
struct page *offline_pages_alloc_frozen(gfp_t gfp, unsigned int order, int nid);
int offline_pages_alloc_contig(unsigned long start_pfn, unsigned long end_pfn,
			       gfp_t gfp);
#endif

u64 offline_page_memdesc(const struct page *page, unsigned int order);
bool offline_page_from_memdesc(u64 memdesc, struct offline_page_state *state);

#endif /* _LINUX_OFFLINE_PAGES_H */
