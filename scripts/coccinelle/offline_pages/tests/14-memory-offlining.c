// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memory_hotplug.h>

static int scan_movable_pages(unsigned long pfn, unsigned long end,
			      unsigned long *where)
{
	for (; pfn < end; pfn++) {
		struct page *page;

		page = pfn_to_page(pfn);
		if (PageLRU(page) || page_has_movable_ops(page))
			goto one;

		/* Nobody dropped its reference. */
		if (PageOffline(page) && page_count(page))
			return -EBUSY;

		if (page_test_hugetlb(page))
			goto one;
	}
	return -ENOENT;
one:
	*where = pfn;
	return 0;
}

static int another_scan(struct page *page)
{
	if (PageOffline(page) && page_count(page))
		return -EBUSY;
	return 0;
}

static void do_migrate_range(unsigned long first, unsigned long end)
{
	unsigned long pfn;
	LIST_HEAD(moving);

	for (pfn = first; pfn < end; pfn++) {
		struct folio *folio = pfn_folio(pfn);

		if (folio_try_get(folio))
			list_add(&folio->lru, &moving);
	}
	migrate_pages(&moving);
}
