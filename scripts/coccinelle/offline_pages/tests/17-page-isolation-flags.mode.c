// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memory.h>
#include <linux/hugetlb.h>

static struct page *has_unmovable_pages(unsigned long start_pfn, unsigned long end_pfn,
					enum pb_isolate_mode mode)
{
	unsigned long pfn;

	for (pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (PageReserved(page))
			return page;

		if (!page_ref_count(page))
			continue;

		if ((mode == PB_ISOLATE_MODE_MEM_OFFLINE) && PageOffline(page))
			continue;

		if (PageLRU(page) || page_has_movable_ops(page))
			continue;
		return page;
	}
	return NULL;
}

static int set_migratetype_isolate(struct page *page, enum pb_isolate_mode mode,
				   unsigned long start_pfn)
{
	struct page *culprit = has_unmovable_pages(start_pfn, start_pfn + 1, mode);

	if (!culprit)
		return 0;
	if (mode == PB_ISOLATE_MODE_MEM_OFFLINE) {
		dump_page(culprit, "unmovable page");
	}

	return -EBUSY;
}

static unsigned long test(unsigned long pfn, unsigned long end_pfn, enum pb_isolate_mode mode)
{
	while (pfn < end_pfn) {
		struct page *page = pfn_to_page(pfn);

		if (PageBuddy(page))
			pfn += 1 << buddy_order(page);
		else if ((mode == PB_ISOLATE_MODE_MEM_OFFLINE) &&
			 PageHWPoison(page))
			/* not a free one */
			pfn++;
		else if ((mode == PB_ISOLATE_MODE_MEM_OFFLINE) &&
			 PageOffline(page) && !page_count(page))
			/* its driver dropped the reference */
			pfn++;
		else
			break;
	}
	return pfn;
}
