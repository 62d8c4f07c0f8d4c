// SPDX-License-Identifier: GPL-2.0-only
int alloc_contig_frozen_range_noprof(unsigned long start, unsigned long end,
				     acr_flags_t alloc_flags, gfp_t gfp_mask)
{
	return take(start, end, alloc_flags, gfp_mask);
}

static void refer_to_contig_pages(unsigned long pfn, unsigned long nr_pages)
{
	while (nr_pages--)
		set_page_refcounted(pfn_to_page(pfn++));
}
EXPORT_SYMBOL(alloc_contig_range_noprof);
