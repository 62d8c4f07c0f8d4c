// SPDX-License-Identifier: GPL-2.0-only
#include <linux/migrate.h>
#include <linux/offline_pages.h>

static bool skip_isolation_on_order(int order, int target_order)
{
	return order >= target_order;
}

static int isolate_migratepages_block(struct compact_control *cc,
				      unsigned long pfn, unsigned long last,
				      int mode)
{
	unsigned long nr_isolated = 0, nr_scanned = 0;

	for (; pfn < last; pfn++) {
		struct page *page = pfn_to_page(pfn);

		nr_scanned++;
		if (PageOffline(page) && !page_ref_count(page))
			goto isolate_fail;
		if (PageHuge(page)) {
			pfn += skip_huge(page);
			goto isolate_fail;
		}
		nr_isolated++;
		continue;
isolate_fail:
		if (nr_isolated)
			putback_movable_pages(&cc->migratepages);
	}
	return nr_isolated + nr_scanned;
}

static struct folio *compaction_alloc_noprof(struct folio *src, unsigned long data)
{
	struct compact_control *cc = (struct compact_control *)data;
	struct folio *dst;
	int order = folio_order(src);
	struct page *found;

	found = find_free(cc, order);
	if (!found)
		return NULL;
	dst = (struct folio *)found;

	post_alloc_hook(&dst->page, order, __GFP_MOVABLE);
	set_page_refcounted(&dst->page);
	if (order)
		prep_compound_page(&dst->page, order);
	count_taken(cc, order);
	return page_rmappable_folio(&dst->page);
}

static int compact_zone(struct compact_control *cc)
{
	unsigned int moved = 0;
	int err;

	if (isolate(cc)) {
		putback_movable_pages(&cc->migratepages);
		return 0;
	}
	err = migrate_pages(&cc->migratepages, compaction_alloc,
			    compaction_free, (unsigned long)cc, cc->mode,
			    MR_COMPACTION, &moved);
	return err ? err : moved;
}
