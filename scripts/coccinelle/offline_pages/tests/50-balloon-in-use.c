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
