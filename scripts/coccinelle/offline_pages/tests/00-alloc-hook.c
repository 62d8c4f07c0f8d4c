// SPDX-License-Identifier: GPL-2.0-only
inline void post_alloc_hook(struct page *page, unsigned int order, gfp_t gfp_flags)
{
	bool zero = want_init_on_alloc(gfp_flags);

	set_page_private(page, 0);
	set_page_refcounted(page);

	arch_alloc_page(page, order);
	if (zero)
		clear(page, order);
}

static void prep_new_page(struct page *page, unsigned int order, gfp_t gfp_flags)
{
	post_alloc_hook(page, order, gfp_flags);

	if (order)
		prep_compound_page(page, order);
}

static struct folio *take(struct folio *dst, unsigned int order)
{
	post_alloc_hook(&dst->page, order, __GFP_MOVABLE);
	if (order)
		prep_compound_page(&dst->page, order);
	return dst;
}
