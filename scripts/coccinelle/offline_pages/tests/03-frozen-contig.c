// SPDX-License-Identifier: GPL-2.0-only
static void split_free_pages(struct list_head *list, gfp_t gfp_mask)
{
	struct page *page;
	int order, i;

	for (order = 0; order < 11; order++) {
		page = first(&list[order]);
		post_alloc_hook(page, order, gfp_mask);
		set_page_refcounted(page);
		if (!order)
			continue;

		split_page(page, order);
		for (i = 0; i < 1 << order; i++)
			add(page + i);
	}
}

int alloc_contig_range_noprof(unsigned long start, unsigned long end,
			      unsigned migratetype, gfp_t gfp_mask)
{
	unsigned long outer = find(start);

	if (!outer)
		return -EBUSY;
	if (!(gfp_mask & __GFP_COMP)) {
		split_free_pages(lists, gfp_mask);
		if (outer != start)
			free_contig_range(outer, start - outer);
	} else {
		prep_new_page(pfn_to_page(start), 9, gfp_mask, 0);
		set_page_refcounted(pfn_to_page(start));
	}
	return 0;
}
EXPORT_SYMBOL(alloc_contig_range_noprof);

static int __alloc_contig_pages(unsigned long pfn, unsigned long nr, gfp_t gfp_mask)
{
	return alloc_contig_range_noprof(pfn, pfn + nr, MIGRATE_MOVABLE, gfp_mask);
}

struct page *alloc_contig_pages_noprof(unsigned long nr_pages, gfp_t gfp_mask,
				       int nid, nodemask_t *nodemask)
{
	return __alloc_contig_pages(1, nr_pages, gfp_mask) ? NULL : pfn_to_page(1);
}

void cma_release(unsigned long pfn, unsigned long nr)
{
	free_contig_range(pfn, nr);
}
