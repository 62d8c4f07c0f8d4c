// SPDX-License-Identifier: GPL-2.0-only
static struct page *one(gfp_t gfp, int nid)
{
	return __alloc_frozen_pages(gfp & ~__GFP_COMP, 0, nid, NULL, ALLOC_DEFAULT);
}
