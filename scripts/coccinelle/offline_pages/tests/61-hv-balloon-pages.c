// SPDX-License-Identifier: GPL-2.0-only

static void online_one(struct page *pg, bool backed)
{
	if (!backed) {
		if (!PageOffline(pg))
			__SetPageOffline(pg);
		return;
	} else if (!PageOffline(pg))
		return;
	generic_online_page(pg, 0);
}

/* A block that is not the driver's is onlined as it is. */
static void online(struct page *pg, unsigned int order)
{
	generic_online_page(pg, order);
}

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
	unsigned int i, j;
	struct page *page;

	for (i = 0; i < 10; i++) {
		page = alloc_pages(GFP_HIGHUSER | __GFP_NORETRY, ilog2(nr));
		if (!page)
			return i * nr;
		dm->num_pages_ballooned += nr;
		if (nr != 1)
			split_page(page, ilog2(nr));
		for (j = 0; j < nr; j++) {
			__SetPageOffline(page + j);
			adjust_managed_page_count(page + j, -1);
		}
	}
	return i * nr;
}

/* A buffer of the driver is no balloon page. */
static void *buffer(struct hv_dynmem_device *dm)
{
	return page_address(alloc_page(GFP_KERNEL));
}
