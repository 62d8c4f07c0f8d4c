// SPDX-License-Identifier: GPL-2.0-only
#include <linux/migrate.h>

static void __dump_page(const struct page *page)
{
	struct page_snapshot copy;

	snapshot_page(&copy, page);
	if (!snapshot_page_is_faithful(&copy))
		pr_warn("it changed meanwhile\n");

	__dump_folio(&copy.folio_snapshot, &copy.page_snapshot, copy.pfn, copy.idx);
}

static void dump_another(const struct page *page)
{
	struct page_snapshot copy;

	snapshot_page(&copy, page);
	__dump_folio(&copy.folio_snapshot, &copy.page_snapshot, copy.pfn, 0);
}
