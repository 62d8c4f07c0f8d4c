// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>

void __free_pages_core(struct page *block, unsigned int order, int hotplug)
{
	struct page *end = block + (1 << order), *p;

	for (p = block; p < end; p++) {
		if (hotplug) {
			__ClearPageOffline(p);
			set_page_count(p, 0);
		} else {
			/* Boot memory is reserved, not offline. */
			__ClearPageReserved(p);
			set_page_count(p, 0);
		}
	}
}

static void somebody_else(struct page *page)
{
	__ClearPageOffline(page);
	set_page_count(page, 0);
}
