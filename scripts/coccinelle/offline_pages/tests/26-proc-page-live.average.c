// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/proc_fs.h>

static void kpagecount_read(unsigned long pfn, u64 *out)
{
	struct page *page = pfn_to_online_page(pfn);
	u64 mapcount = 0;

	if (page) {
		struct folio *folio = page_folio(page);

		if (IS_ENABLED(CONFIG_PAGE_MAPCOUNT))
			mapcount = folio_precise_page_mapcount(folio, page);
		else
			mapcount = folio_average_page_mapcount(folio);
	}
	*out = mapcount;
}

u64 stable_page_flags(const struct page *page)
{
	u64 u = 0;

	if (!page)
		return 1 << KPF_NOPAGE;
	if (PageOffline(page))
		u |= 1 << KPF_OFFLINE;
	return u;
}
