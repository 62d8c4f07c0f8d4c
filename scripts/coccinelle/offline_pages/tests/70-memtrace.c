// SPDX-License-Identifier: GPL-2.0-only
#include <linux/numa.h>

static DEFINE_MUTEX(trace_lock);

static u64 take(int nid, unsigned long nr)
{
	unsigned long pfn, first;
	struct page *page;

	page = alloc_contig_pages(nr, GFP_KERNEL | __GFP_THISNODE, nid, NULL);
	if (!page)
		return 0;
	first = page_to_pfn(page);
	for (pfn = first; pfn < first + nr; pfn++)
		__SetPageOffline(pfn_to_page(pfn));
	unmap(first, nr);
	return first;
}

static int give_back(unsigned long first, unsigned long nr)
{
	unsigned long pfn;
	int ret;

	ret = map(first, nr);
	if (ret)
		return ret;
	for (pfn = first; pfn < first + nr; pfn++)
		__ClearPageOffline(pfn_to_page(pfn));
	free_contig_range(first, nr);
	return 0;
}

/* Pages that never were offline. */
static void forget(unsigned long first, unsigned long nr)
{
	free_contig_range(first, nr);
}

static int start(void)
{
	trace_dir = debugfs_create_dir("memtrace", arch_debugfs_dir);
	return 0;
}

static int start_other(void)
{
	other_dir = debugfs_create_dir("other", arch_debugfs_dir);
	return 0;
}
