// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memory_hotplug.h>

static void self_hosted(unsigned long pfn, unsigned long nr)
{
	while (nr--) {
		struct page *page = pfn_to_page(pfn + nr);

		__ClearPageOffline(page);
		SetPageVmemmapSelfHosted(page);
	}
}

/* Two pages: they have nothing to do with each other. */
static void not_the_same(struct page *one, struct page *other)
{
	__ClearPageOffline(one);
	SetPageVmemmapSelfHosted(other);
}
