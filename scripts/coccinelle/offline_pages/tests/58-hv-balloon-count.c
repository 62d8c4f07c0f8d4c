// SPDX-License-Identifier: GPL-2.0-only

static void deflate(struct hv_dynmem_device *dm, u64 first, int nr)
{
	struct page *page;
	int i;

	for (i = 0; i < nr; i++) {
		page = pfn_to_page(i + first);
		__ClearPageOffline(page);
		__free_page(page);
		dm->num_pages_ballooned--;
		adjust_managed_page_count(page, 1);
	}
}

static unsigned int inflate(struct hv_dynmem_device *dm, unsigned int nr)
{
	struct page *page;

	page = alloc_pages(GFP_HIGHUSER | __GFP_NORETRY, ilog2(nr));
	if (!page)
		return 0;
	dm->num_pages_ballooned += nr;
	return nr;
}

/* A counter alone is no page. */
static void report(struct hv_dynmem_device *dm, unsigned int nr)
{
	dm->num_pages_ballooned += nr;
	dm->num_pages_ballooned--;
}
