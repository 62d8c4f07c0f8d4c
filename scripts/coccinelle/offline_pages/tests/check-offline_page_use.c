// SPDX-License-Identifier: GPL-2.0-only

static void thrown_away(struct offline_page_owner *owner, unsigned long pfn)
{
	alloc_offline_page(owner, GFP_KERNEL, 0, 0);
	alloc_offline_pages_bulk(owner, 1, GFP_KERNEL, 0, 0, &pfn);
	alloc_offline_page_range(owner, pfn, 1, GFP_KERNEL, 0);
	adopt_offline_page(owner, pfn_to_page(pfn), 0);
	register_offline_page_owner(owner);
	lend_offline_page(owner, pfn_to_page(pfn));
	pass_isolated_offline_pages(owner, owner, pfn, 1, GFP_KERNEL);
	/* Cannot fail. */
	keep_offline_page_range(owner, pfn, 1, 0);
}

static void put_back(struct offline_page_owner *owner)
{
	struct page *page;

	page = alloc_offline_page(owner, GFP_KERNEL, 0, 0);
	if (page)
		__free_page(page);
}

static void put_on_a_list(struct offline_page_owner *owner, struct list_head *list)
{
	struct page *page;

	page = alloc_offline_pages(owner, 9, GFP_KERNEL, 0, 0);
	list_add(&page->lru, list);
}

static void put_back_range(struct offline_page_owner *owner, unsigned long pfn)
{
	struct page *page;

	page = alloc_offline_pages_contig(owner, 16, GFP_KERNEL, 0, 0);
	free_contig_range(page_to_pfn(page), 16);
}

static int put_back_pfns(struct offline_page_owner *owner, unsigned long pfn)
{
	int ret = alloc_offline_page_range(owner, pfn, 16, GFP_KERNEL, 0);

	if (!ret)
		free_contig_range(pfn, 16);
	return ret;
}

static void lent(struct offline_page_owner *owner)
{
	struct page *page;

	page = next_offline_page(owner, 0);
	if (lend_offline_page(owner, page))
		return;
	/* In use from here on. */
	get_page(page);
}

static void fine(struct offline_page_owner *owner)
{
	struct page *page;

	page = alloc_offline_page(owner, GFP_KERNEL, 0, 0);
	if (page)
		free_offline_page(owner, page);
	page = alloc_page(GFP_KERNEL);
	if (page)
		__free_page(page);
}

static void isolated(struct offline_page_owner *owner)
{
	struct page *page = isolate_offline_page(owner);

	put_page(page);
}

static void isolated_well(struct offline_page_owner *owner)
{
	struct page *page = isolate_offline_page(owner);

	free_isolated_offline_page(owner, page);
}
