// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memory.h>

bool page_is_unmovable(struct zone *z, struct page *p,
		       enum pb_isolate_mode how, unsigned long *step)
{
	if (PageReserved(p))
		return true;

	/* The zone decides. */
	if (zone_idx(z) == ZONE_MOVABLE)
		return false;

	if (how == PB_ISOLATE_MODE_MEM_OFFLINE && PageHWPoison(p))
		return false;

	/* The driver drops a reference later on. */
	if ((how == PB_ISOLATE_MODE_MEM_OFFLINE) && PageOffline(p))
		return false;

	return !PageLRU(p);
}

static int set_migratetype_isolate(struct page *page, enum pb_isolate_mode how)
{
	struct page *bad;

	scoped_guard(spinlock, &lock) {
		bad = find_bad_page(page, how);
		if (!bad)
			return 0;
	}
	if (how == PB_ISOLATE_MODE_MEM_OFFLINE) {
		/* Not under the lock. */
		dump_page(bad, "does not move");
	}
	return -EBUSY;
}

static unsigned long all_free(unsigned long pfn, unsigned long end,
			      enum pb_isolate_mode how)
{
	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);

		if (PageBuddy(page))
			pfn += 1 << buddy_order(page);
		else if ((how == PB_ISOLATE_MODE_MEM_OFFLINE) &&
			 PageHWPoison(page))
			pfn++;
		else if ((how == PB_ISOLATE_MODE_MEM_OFFLINE) &&
			 PageOffline(page) && !page_count(page))
			/* It has no reference any more. */
			pfn++;
		else
			break;
	}
	return pfn;
}

/* Nothing to do with offline pages. */
static int other_isolation(struct page *page, enum pb_isolate_mode how)
{
	if (PageReserved(page))
		return true;
	if (how == PB_ISOLATE_MODE_MEM_OFFLINE) {
		dump_page(page, "another reason");
	}
	return false;
}
