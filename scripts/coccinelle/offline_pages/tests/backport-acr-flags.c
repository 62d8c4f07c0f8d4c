// SPDX-License-Identifier: GPL-2.0-only
static int range(unsigned long start, unsigned long end, gfp_t gfp)
{
	return alloc_contig_frozen_range(start, end, ACR_FLAGS_NONE, gfp);
}
