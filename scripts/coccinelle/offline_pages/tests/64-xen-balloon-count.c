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

static struct page *balloon_retrieve(void)
{
	struct page *page = first();

	list_del(&page->lru);
	__ClearPageOffline(page);
	init_page_count(page);
	return page;
}

/* Not a page of the balloon. */
static void use(struct page *page)
{
	if (PageHighMem(page)) {
		map(page);
		mapped++;
	} else {
		count(page);
	}
}
