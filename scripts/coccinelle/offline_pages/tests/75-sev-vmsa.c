// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>

static void hide(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	if (page && !PageOffline(page))
		__SetPageOffline(page);
}

static void lock_away(struct page *page)
{
	SetPageReserved(page);
}
