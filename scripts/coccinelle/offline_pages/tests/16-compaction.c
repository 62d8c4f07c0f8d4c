// SPDX-License-Identifier: GPL-2.0-only
#include <linux/migrate.h>

static int isolate_migratepages_block(unsigned long pfn, unsigned long end)
{
	struct page *page, *valid_page = NULL;

	for (; pfn < end; pfn++) {
		page = pfn_to_page(pfn);
		if (!valid_page && pageblock_aligned(pfn)) {
			if (!isolation_suitable(page))
				goto abort;
			valid_page = page;
		}

		if (PageHuge(page)) {
			/* One more look at a huge page. */
			if (PageHuge(page))
				count_huge();
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
abort:
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
