// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>

static u64 get_kpage_count(const struct page *page)
{
	struct page_snapshot copy;

	snapshot_page(&copy, page);

	return mapcount_of(&copy.folio_snapshot);
}

u64 stable_page_flags(const struct page *page)
{
	struct page_snapshot copy;
	u64 u = 0;

	if (!page)
		return BIT_ULL(KPF_NOPAGE);

	snapshot_page(&copy, page);
	if (folio_mapped(&copy.folio_snapshot))
		u |= BIT_ULL(KPF_MMAP);
	return u;
}

static u64 another_reader(const struct page *page)
{
	struct page_snapshot copy;

	snapshot_page(&copy, page);
	return copy.pfn;
}
