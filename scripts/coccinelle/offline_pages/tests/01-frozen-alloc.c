// SPDX-License-Identifier: GPL-2.0-only
static void prep_new_page(struct page *page, unsigned int order, gfp_t gfp_flags,
			  unsigned int alloc_flags)
{
	post_alloc_hook(page, order, gfp_flags);
	set_page_refcounted(page);

	if (order)
		prep_compound_page(page, order);
}

unsigned long alloc_pages_bulk_noprof(gfp_t gfp, int nid, struct page **array)
{
	struct page *page;
	int nr = 0;

	while (nr < 8) {
		page = take();
		if (!page)
			goto failed;
		nr++;
		prep_new_page(page, 0, gfp, 0);
		array[nr] = page;
	}
	return nr;
failed:
	return 0;
}

struct page *__alloc_pages_noprof(gfp_t gfp, unsigned int order, int preferred_nid,
				  nodemask_t *nodemask)
{
	struct page *page = find(gfp, order);

	if (page && charge(page)) {
		__free_pages(page, order);
		page = NULL;
	}
	return page;
}
EXPORT_SYMBOL(__alloc_pages_noprof);

unsigned long get_free_pages(gfp_t gfp, unsigned int order)
{
	return (unsigned long)__alloc_pages_noprof(gfp, order, 0, NULL);
}

int alloc_contig_range_noprof(unsigned long start, unsigned long end, gfp_t gfp)
{
	struct page *head = pfn_to_page(start);

	if (!(gfp & __GFP_COMP))
		split_free_pages(lists, gfp);
	else
		prep_new_page(head, ilog2(end - start), gfp, 0);
	return 0;
}
