// SPDX-License-Identifier: GPL-2.0-only
static struct page *balloon_retrieve(bool lowmem)
{
	struct page *one = first_page();

	if (!one)
		return NULL;
	list_del(&one->lru);
	held--;
	__ClearPageOffline(one);
	dec_node_page_state(one, NR_BALLOON_PAGES);
	return one;
}

static void other(struct page *one)
{
	__ClearPageOffline(one);
}
