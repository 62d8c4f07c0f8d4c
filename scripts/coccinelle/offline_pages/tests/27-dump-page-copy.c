// SPDX-License-Identifier: GPL-2.0-only
#include <linux/migrate.h>
#include <linux/page_owner.h>

static void __dump_page(const struct page *page)
{
	struct folio *foliop;
	struct page precise;
	unsigned long pfn = page_to_pfn(page), idx = 0;

	memcpy(&precise, page, sizeof(*page));
	foliop = (struct folio *)&precise;
	if (!folio_test_large(foliop))
		goto dump;
	idx = 1;
dump:
	__dump_folio(foliop, &precise, pfn, idx);
}
