// SPDX-License-Identifier: GPL-2.0-only
///
/// How much reclaim scanned and took is counted by the events of /proc/vmstat,
/// not for each node.
///
// When: not include/linux/mmzone.h /^\s*PGSCAN_KSWAPD,/
// Files: drivers/balloon/virtio.c

@nodes@
@@
-VB_STAT(ASYNC_SCAN, VB_NODES(PGSCAN_KSWAPD));
-VB_STAT(DIRECT_SCAN, VB_NODES(PGSCAN_DIRECT));
-VB_STAT(ASYNC_RECLAIM, VB_NODES(PGSTEAL_KSWAPD));
-VB_STAT(DIRECT_RECLAIM, VB_NODES(PGSTEAL_DIRECT));

@events depends on nodes@
expression stalls;
@@
 VB_STAT(ALLOC_STALL, stalls);
+VB_STAT(ASYNC_SCAN, VB_BYTES(events[PGSCAN_KSWAPD]));
+VB_STAT(DIRECT_SCAN, VB_BYTES(events[PGSCAN_DIRECT]));
+VB_STAT(ASYNC_RECLAIM, VB_BYTES(events[PGSTEAL_KSWAPD]));
+VB_STAT(DIRECT_RECLAIM, VB_BYTES(events[PGSTEAL_DIRECT]));
