// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/memory.h>

static void memmap_init_range(unsigned long from, unsigned long to,
			      enum meminit_context context, int zone)
{
	for (; from < to; from++) {
		struct page *new = pfn_to_page(from);

		if (context == MEMINIT_HOTPLUG) {
#ifdef CONFIG_ZONE_DEVICE
			if (zone == ZONE_DEVICE)
				__SetPageReserved(new);
			else
#endif
				__SetPageOffline(new);
		}
	}
}

/* Not the memmap: a driver marks a page by hand. */
static void somebody_else(struct page *page)
{
	__SetPageOffline(page);
}
