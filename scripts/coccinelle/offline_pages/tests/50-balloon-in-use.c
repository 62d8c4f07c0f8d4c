// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>

static void inflate(struct page *first, int nr)
{
	while (nr--)
		__SetPageOffline(first + nr);
}

static void deflate(struct page *first, int nr)
{
	while (nr--)
		__ClearPageOffline(first + nr);
}

/* Looking at the type is no change of it. */
static bool mine(struct page *page)
{
	return PageOffline(page) && !PageZsmalloc(page);
}

static void inflate_one(struct balloon *b, struct page *page)
{
	lockdep_assert_held(&b->lock);
	__SetPageOffline(page);
	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION)) {
		SetPageMovableOps(page);
		remember(page, b);
	}
	enlist(b, page);
}
