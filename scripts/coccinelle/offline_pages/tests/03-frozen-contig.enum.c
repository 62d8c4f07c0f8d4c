// SPDX-License-Identifier: GPL-2.0-only
int alloc_contig_range_noprof(unsigned long start, unsigned long end,
			      enum migratetype migratetype, gfp_t gfp_mask)
{
	unsigned long outer = find(start);

	if (outer != start)
		free_contig_range(outer, start - outer);
	prep_new_page(pfn_to_page(start), 9, gfp_mask, 0);
	set_page_refcounted(pfn_to_page(start));
	return start_isolate_page_range(start, end, migratetype, 0, gfp_mask);
}
