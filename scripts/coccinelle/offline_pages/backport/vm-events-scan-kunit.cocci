// SPDX-License-Identifier: GPL-2.0-only
///
/// How much reclaim scanned and took is counted by the events of /proc/vmstat,
/// not for each node: so it is in the test of virtio-balloon's statistics.
///
// When: not include/linux/mmzone.h /^\s*PGSCAN_KSWAPD,/
// Files: lib/tests/virtio_balloon_kunit.c

@known@
identifier item = { PGSCAN_KSWAPD, PGSCAN_DIRECT, PGSTEAL_KSWAPD, PGSTEAL_DIRECT };
@@
-global_node_page_state(item)
+events[item]
