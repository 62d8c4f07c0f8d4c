// SPDX-License-Identifier: GPL-2.0-only

static unsigned int collect(struct vballoon *vb)
{
	unsigned int nr = 0;

	if (IS_ENABLED(CONFIG_VM_EVENT_COUNTERS)) {
		unsigned long events[NR_VM_EVENT_ITEMS], stalls;

		stalls = all_events(events);
		VB_STAT(OOM_KILL, events[OOM_KILL]);
		VB_STAT(ALLOC_STALL, stalls);
	}
	VB_STAT(CACHES, VB_NODES(NR_FILE_PAGES));
	VB_STAT(ASYNC_SCAN, VB_NODES(PGSCAN_KSWAPD));
	VB_STAT(DIRECT_SCAN, VB_NODES(PGSCAN_DIRECT));
	VB_STAT(ASYNC_RECLAIM, VB_NODES(PGSTEAL_KSWAPD));
	VB_STAT(DIRECT_RECLAIM, VB_NODES(PGSTEAL_DIRECT));
	return nr;
}
