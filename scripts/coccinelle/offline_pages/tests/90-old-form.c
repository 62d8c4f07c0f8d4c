// SPDX-License-Identifier: GPL-2.0-only
#include <linux/offline_pages.h>

static bool unmovable(struct page *page, enum pb_isolate_mode mode)
{
	if (PageOffline(page)) {
		if (page_ref_count(page))
			return !page_has_movable_ops(page) || PageHWPoison(page);
		return offline_page_stays(page, mode == PB_ISOLATE_MODE_MEM_OFFLINE);
	}
	/* Not an offline page: this is another question. */
	return !page_ref_count(page);
}

static int scan(struct page *page)
{
	if (PageOffline(page)) {
		if (offline_page_can_move(page))
			goto found;
		if (page_has_movable_ops(page) && !PageHWPoison(page))
			goto found;
		if (!page_ref_count(page) && !offline_page_stays(page, true))
			return 0;
		return -EBUSY;
	}
	if (PageLRU(page) || page_has_movable_ops(page))
		goto found;
	return 0;
found:
	return 1;
}

static bool frozen(struct page *page)
{
	if (!has_data(page) || PageTail(page) ||
	    (PageOffline(page) && !page_ref_count(page)))
		return true;
	if (PageOffline(page) && !page_ref_count(page))
		goto out;
	return false;
out:
	return true;
}

static void dump(struct page *page, unsigned long pfn)
{
	if (PageOffline(page))
		dump_offline_page(page, pfn);
	if (PageOffline(page) && !page_ref_count(page)) {
		pr_warn("refcount: %d\n", page_ref_count(page));
		return;
	}
	dump_folio(page);
}

static struct page *scan_old(struct page *page, int nr, int flags)
{
	for (; nr; nr--, page++) {
		if (PageOffline(page)) {
			if (page_has_movable_ops(page) && !PageHWPoison(page))
				continue;
			if (page_ref_count(page))
				return page;
			if (!offline_page_stays(page, flags & MEMORY_OFFLINE))
				continue;
			return page;
		}
	}
	return NULL;
}
