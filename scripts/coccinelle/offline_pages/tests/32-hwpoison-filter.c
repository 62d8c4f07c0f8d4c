// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>

static int hwpoison_filter_dev(struct page *page)
{
	struct address_space *space;

	if (any_device)
		return 0;

	space = folio_mapping(page_folio(page));
	if (space == NULL || space->host == NULL)
		return -EINVAL;

	return device_of(space) == wanted ? 0 : -EINVAL;
}

static int hwpoison_filter_flags(struct page *page)
{
	return stable_page_flags(page) & wanted ? 0 : -EINVAL;
}
