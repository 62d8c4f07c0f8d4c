// SPDX-License-Identifier: GPL-2.0-only
static inline bool page_has_movable_ops(const struct page *page)
{
	return PageMovableOps(page) &&
	       (PageOffline(page) || PageZsmalloc(page));
}

static inline bool page_is_odd(const struct page *page)
{
	return PageOffline(page) || PageZsmalloc(page);
}
