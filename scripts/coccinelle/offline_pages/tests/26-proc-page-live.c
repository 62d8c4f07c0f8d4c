// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/proc_fs.h>

u64 stable_page_flags(const struct page *page)
{
	unsigned long k;
	u64 u = 0;

	if (!page)
		return 1 << KPF_NOPAGE;
	k = page_folio(page)->flags;
	if (PageOffline(page))
		u |= 1 << KPF_OFFLINE;
	return u | k;
}
