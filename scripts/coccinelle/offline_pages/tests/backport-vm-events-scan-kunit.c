// SPDX-License-Identifier: GPL-2.0-only

static void known(u64 *values)
{
	unsigned long events[NR_VM_EVENT_ITEMS];

	all_vm_events(events);
	values[0] = (u64)global_node_page_state(PGSCAN_KSWAPD) << PAGE_SHIFT;
	values[1] = global_node_page_state(PGSCAN_DIRECT);
	values[2] = global_node_page_state(PGSTEAL_KSWAPD);
	values[3] = global_node_page_state(PGSTEAL_DIRECT);
	/* This one is a node's everywhere. */
	values[4] = global_node_page_state(NR_FILE_PAGES);
}
