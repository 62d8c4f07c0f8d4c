// SPDX-License-Identifier: GPL-2.0-only
int alloc_contig_frozen_range_noprof(unsigned long start, unsigned long end,
				     enum migratetype migratetype, gfp_t gfp_mask)
{
	return take(start, end, migratetype, gfp_mask);
}

int alloc_contig_range_noprof(unsigned long start, unsigned long end,
			      unsigned int migratetype, gfp_t gfp_mask)
{
	int ret = alloc_contig_frozen_range_noprof(start, end, migratetype, gfp_mask);

	if (!ret)
		refer(start, end - start);
	return ret;
}
