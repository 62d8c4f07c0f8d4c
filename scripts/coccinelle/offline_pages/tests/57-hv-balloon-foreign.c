// SPDX-License-Identifier: GPL-2.0-only

static void online_page(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	struct region *region;

	guard(spinlock_irqsave)(&device.lock);
	list_for_each_entry(region, &device.regions, list) {
		if (pfn < region->start || pfn + (1UL << order) > region->end)
			continue;
		hv_bring_pgs_online(region, pfn, 1UL << order);
		break;
	}
}

/* Another walk of these ranges. */
static int covered(unsigned long pfn)
{
	struct region *region;

	guard(spinlock_irqsave)(&device.lock);
	list_for_each_entry(region, &device.regions, list) {
		if (pfn < region->start)
			continue;
		hv_bring_pgs_online(region, pfn, 1);
		break;
	}
	return 0;
}
