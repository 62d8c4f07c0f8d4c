// SPDX-License-Identifier: GPL-2.0-only
int alloc_contig_range_noprof(unsigned long start, unsigned long end,
			      acr_flags_t alloc_flags, gfp_t gfp_mask)
{
	unsigned long outer = find(start);

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

static int __alloc_contig_pages(unsigned long pfn, unsigned long nr, gfp_t gfp_mask)
{
	return alloc_contig_range_noprof(pfn, pfn + nr, ACR_FLAGS_NONE, gfp_mask);
}
