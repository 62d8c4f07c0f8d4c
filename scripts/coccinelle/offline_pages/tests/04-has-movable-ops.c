// SPDX-License-Identifier: GPL-2.0-only
static __always_inline bool __PageMovable(const struct page *page)
{
	return (unsigned long)page->mapping & 2;
}

static bool movable(struct page *page)
{
	return PageLRU(page) || __PageMovable(page);
}
