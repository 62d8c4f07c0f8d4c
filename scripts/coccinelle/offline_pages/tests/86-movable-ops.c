// SPDX-License-Identifier: GPL-2.0-only
#include <linux/migrate.h>

static const struct movable_operations *offline_movable_ops;
static const struct movable_operations *zsmalloc_movable_ops;

static const struct movable_operations *page_movable_ops(struct page *page)
{
	/* Only balloons have such pages. */
	if (PageOffline(page))
		return offline_movable_ops;
	if (PageZsmalloc(page))
		return zsmalloc_movable_ops;
	return NULL;
}

/* Another question, of another page. */
static bool is_offline(struct page *page)
{
	if (PageOffline(page))
		return true;
	return false;
}
