// SPDX-License-Identifier: GPL-2.0-only

int __isolate_free_page(struct page *page, unsigned int order)
{
	struct page *end = page + (1 << order);

	for (; page < end; page += pageblock_nr_pages) {
		int type = get_pageblock_migratetype(page);

		if (migratetype_is_mergeable(type))
			move_freepages_block(page_zone(page), page, type,
					     MIGRATE_MOVABLE);
	}
	return 1 << order;
}

/* Somebody else's. */
void steal(struct zone *zone, struct page *page, int type)
{
	if (migratetype_is_mergeable(type))
		move_freepages_block(zone, page, type, MIGRATE_MOVABLE);
}

/* Not what moves pages. */
bool __isolate_free_page_count(int type)
{
	if (migratetype_is_mergeable(type))
		count(type);
	return true;
}
