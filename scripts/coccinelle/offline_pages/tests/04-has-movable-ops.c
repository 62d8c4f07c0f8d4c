// SPDX-License-Identifier: GPL-2.0-only
static __always_inline bool __PageMovable(const struct page *page)
{
	return (unsigned long)page->mapping & 2;
}

static bool movable(struct page *page)
{
	return PageLRU(page) || __PageMovable(page);
}

static bool take(struct page *page)
{
	if (unlikely(__PageMovable(page)) &&
			!PageIsolated(page)) {
		lock_page(page);
		return true;
	}
	return false;
}

static const struct movable_operations *ops(struct page *page)
{
	VM_BUG_ON(!__PageMovable(page));

	return (const struct movable_operations *)((unsigned long)page->mapping - 2);
}
