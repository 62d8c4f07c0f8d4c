// SPDX-License-Identifier: GPL-2.0-only

static void balloon_append(struct page *page)
{
	if (!PageOffline(page))
		__SetPageOffline(page);
	if (PageHighMem(page)) {
		list_add_tail(&page->lru, &ballooned_pages);
		stats.high++;
	} else {
		list_add(&page->lru, &ballooned_pages);
		stats.low++;
	}
	wake_up(&wq);
}

static struct page *balloon_retrieve(bool low)
{
	struct page *page;

	if (list_empty(&ballooned_pages))
		return NULL;

	page = list_entry(ballooned_pages.next, struct page, lru);
	if (low && PageHighMem(page))
		return NULL;
	list_del(&page->lru);
	if (PageHighMem(page))
		stats.high--;
	else
		stats.low--;
	__ClearPageOffline(page);
	init_page_count(page);
	dec_node_page_state(page, NR_BALLOON_PAGES);
	return page;
}

static struct page *balloon_next_page(struct page *page)
{
	if (page->lru.next == &ballooned_pages)
		return NULL;
	return list_entry(page->lru.next, struct page, lru);
}

static int populate(int nr)
{
	struct page *page;
	int i;

	page = list_first_entry_or_null(&ballooned_pages, struct page, lru);
	for (i = 0; i < nr && page; i++) {
		frame_list[i] = page_to_xen_pfn(page);
		page = balloon_next_page(page);
	}
	nr = ask(i, frame_list);
	for (i = 0; i < nr; i++) {
		page = balloon_retrieve(false);
		BUG_ON(page == NULL);
		map(page, frame_list[i]);
		free_reserved_page(page);
	}
	return nr;
}

static int release(int nr, gfp_t gfp)
{
	struct page *page, *tmp;
	int i;
	LIST_HEAD(pages);

	for (i = 0; i < nr; i++) {
		page = alloc_page(gfp);
		if (!page)
			break;
		adjust_managed_page_count(page, -1);
		scrub(page);
		list_add(&page->lru, &pages);
	}
	nr = i;
	i = 0;
	list_for_each_entry_safe(page, tmp, &pages, lru) {
		frame_list[i++] = xen_page_to_gfn(page);
		unmap(page);
		list_del(&page->lru);
		balloon_append(page);
	}
	return tell(nr, frame_list);
}

static void hot_added(struct page *first, int nr)
{
	unsigned long pfn = page_to_pfn(first);
	struct page *page;
	int i;

	for (i = 0; i < nr; i++) {
		page = pfn_to_page(pfn + i);
		balloon_append(page);
	}
}

static int lend(int nr, struct page **pages)
{
	struct page *page;
	int have = 0;

	while (have < nr) {
		page = balloon_retrieve(true);
		if (page) {
			pages[have++] = page;
			prepare(page);
		} else {
			if (release(nr - have, GFP_USER))
				return -ENOMEM;
		}
	}
	return 0;
}

static void take_back(int nr, struct page **pages)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (pages[i])
			balloon_append(pages[i]);
	}
}

static int __init add_region(unsigned long start, unsigned long end)
{
	unsigned long pfn;

	for (pfn = start; pfn < end; pfn++)
		balloon_append(pfn_to_page(pfn));
	return 0;
}

/* Reserved memory that was never in the balloon, and another list. */
static void __init free_initrd(struct page *page, struct list_head *list)
{
	list_del(&page->lru);
	free_reserved_page(page);
	if (list_empty(list))
		report();
}
