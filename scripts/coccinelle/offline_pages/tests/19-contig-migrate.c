// SPDX-License-Identifier: GPL-2.0-only
#include <linux/migrate.h>

static bool prep_move_freepages_block(struct zone *zone, struct page *page,
				      int *num_movable)
{
	if (PageLRU(page) || page_has_movable_ops(page))
		(*num_movable)++;
	return true;
}

static int __alloc_contig_migrate_range(struct compact_control *cc,
					unsigned long first, unsigned long end)
{
	unsigned long pfn = first;
	int ret = 0;
	struct target target = {
		.gfp_mask = cc->gfp_mask,
	};

	lru_cache_disable();
	while (pfn < end) {
		ret = isolate_some(cc, &pfn, end);
		if (ret)
			break;
		migrate(cc, &target);
	}
	lru_cache_enable();
	return ret;
}
