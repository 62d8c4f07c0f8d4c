// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>

unsigned long __offline_isolated_pages(unsigned long pfn, unsigned long end)
{
	unsigned long unmanaged = 0;

	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);

		if (unlikely(!PageBuddy(page) && PageHWPoison(page))) {
			pfn++;
			continue;
		}
		if (PageOffline(page)) {
			BUG_ON(page_count(page));
			BUG_ON(PageBuddy(page));
			unmanaged++;
			pfn++;
			continue;
		}
		BUG_ON(page_count(page));
		BUG_ON(!PageBuddy(page));
		pfn += 1 << buddy_order(page);
	}
	return unmanaged;
}

static void somebody_else(struct page *page)
{
	if (PageOffline(page)) {
		BUG_ON(page_count(page));
		BUG_ON(PageBuddy(page));
	}
}
