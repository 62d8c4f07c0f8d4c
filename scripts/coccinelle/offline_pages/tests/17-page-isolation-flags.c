// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memory.h>
#include <linux/hugetlb.h>

static struct page *has_unmovable_pages(unsigned long start_pfn, unsigned long end_pfn,
					int migratetype, int flags)
{
	unsigned long pfn;

	for (pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (PageReserved(page))
			return page;

		if (!page_ref_count(page))
			continue;

		/* A driver may let go of it. */
		if ((flags & MEMORY_OFFLINE) && PageOffline(page))
			continue;

		if (page_has_movable_ops(page) || PageLRU(page))
			continue;
		return page;
	}
	return NULL;
}

static int set_migratetype_isolate(struct page *page, int migratetype, int isol_flags,
				   unsigned long start_pfn)
{
	struct page *unmovable = has_unmovable_pages(start_pfn, start_pfn + 1,
						     migratetype, isol_flags);

	if (!unmovable)
		return 0;
	if (isol_flags & REPORT_FAILURE) {
		/* not under the lock */
		dump_page(unmovable, "unmovable page");
	}

	return -EBUSY;
}

static unsigned long test(unsigned long pfn, unsigned long end_pfn, int flags)
{
	while (pfn < end_pfn) {
		struct page *page = pfn_to_page(pfn);

		if (PageBuddy(page))
			pfn += 1 << buddy_order(page);
		else if ((flags & MEMORY_OFFLINE) && PageHWPoison(page))
			/* not a free one */
			pfn++;
		else if ((flags & MEMORY_OFFLINE) && PageOffline(page) &&
			 !page_count(page))
			/* its driver dropped the reference */
			pfn++;
		else
			break;
	}
	return pfn;
}
