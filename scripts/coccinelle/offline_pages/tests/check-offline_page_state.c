// SPDX-License-Identifier: GPL-2.0-only

static void by_hand(struct page *page, struct folio *folio)
{
	page_offline_begin();
	__SetPageOffline(page);
	page_offline_end();
	__ClearPageOffline(page);
	__folio_set_offline(folio);
	__folio_clear_offline(folio);
}

static void by_alias(struct page *page)
{
	if (test_bit(PG_offline_skippable, &page->flags.f))
		clear_bit(PG_offline_onlined, &page->flags.f);
	/* Another flag of that word. */
	set_bit(PG_reserved, &page->flags.f);
}

static void not_for_drivers(struct page *page)
{
	migrate_offline_page_range(page_to_pfn(page), page_to_pfn(page) + 1,
				   GFP_KERNEL, false);
	poison_offline_page(page);
	init_offline_page(page);
	online_offline_page(page);
	offline_page_to_memmap(page);
	mark_kexec_page_offline(page);
}

static bool counted(struct page *page, bool going)
{
	if (PageOffline(page) && page_count(page))
		return true;
	return going && PageOffline(page) && !page_ref_count(page);
}

static void listed(struct page *page, struct list_head *list)
{
	if (PageOffline(page)) {
		list_add(&page->lru, list);
		get_page(page);
	}
	/* In use. */
	if (!PageOffline(page))
		put_page(page);
}

static void onlined(struct page *page)
{
	if (PageDirty(page))
		generic_online_page(page, 0);

	if (PageDirty(page)) {
		generic_online_page(page, 0);
	} else {
		note(page);
	}
	SetPageDirty(page);
	warn(!PageOffline(page));
}

/* The same the other way round, and said by what it is not. */
static bool mirrored(struct page *page, bool going)
{
	if (page_count(page) && PageOffline(page))
		return true;
	if (going && page->private && PageOffline(page))
		return true;
	if (!PageOffline(page) || page_private(page))
		return false;
	return !page_ref_count(page) || !PageOffline(page);
}

static void left_early(struct page *page, struct list_head *list)
{
	if (!PageOffline(page))
		return;
	get_page(page);
	list_add(&page->lru, list);
}

static int left_loop(struct page **pages, int nr)
{
	int i, found = 0;

	for (i = 0; i < nr; i++) {
		struct page *page = pages[i];

		if (!page || !PageOffline(page))
			continue;
		found += page_count(page);
	}
	return found;
}

/* In use: offline no more, another page, or never offline. */
static void left_fine(struct offline_page_owner *owner, struct page *page,
		      struct page *other)
{
	if (PageOffline(page))
		return;
	put_page(page);
	if (!PageOffline(other))
		return;
	lend_offline_page(owner, other);
	get_page(other);
	if (!PageOffline(page))
		return;
	page = other;
	get_page(page);
}

/* What everybody may do. */
static bool fine(struct page *page)
{
	return PageOffline(page) && PageOfflineSkippable(page) &&
	       !PageHWPoison(page);
}
