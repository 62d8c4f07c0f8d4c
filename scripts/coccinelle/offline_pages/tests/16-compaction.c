// SPDX-License-Identifier: GPL-2.0-only
#include <linux/migrate.h>

static int isolate_migratepages_block(unsigned long pfn, unsigned long end)
{
	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (PageHuge(page)) {
			pfn += skip_huge(page);
			goto isolate_fail;
		}
		if (!PageLRU(page))
			goto isolate_fail;
		take(page);
		continue;
isolate_fail:
		count_failure();
	}
	return 0;
}

/* Looks for free pages: offline ones are none. */
static int isolate_freepages_block(struct page *page)
{
	if (PageHuge(page))
		goto isolate_fail;
	return 1;
isolate_fail:
	return 0;
}
