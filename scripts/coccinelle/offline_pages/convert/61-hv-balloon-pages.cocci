// SPDX-License-Identifier: GPL-2.0-only
///
/// The Hyper-V balloon driver takes and gives back pages through the offline
/// page core. Hot added pages go online once the host backs them; what the
/// host hands back without having it is not counted.
///
// Confidence: High
// Options: --no-includes --include-headers

@unbacked@
expression pg;
@@
-if (!PageOffline(pg))
-	__SetPageOffline(pg);
+keep_offline_page_range(&hv_ha_owner, page_to_pfn(pg), 1, 0);

@backed@
expression pg;
@@
-!PageOffline(pg)
+!PageOfflineNeverOnlined(pg)

@online@
expression pg;
@@
-generic_online_page(pg, 0);
+keep_offline_page_range(&hv_ha_owner, page_to_pfn(pg), 1, 0);
+free_offline_page(&hv_ha_owner, pg);

@deflate@
expression i, n, start, pg;
@@
 for (i = 0; i < n; i++) {
+	if (!offline_page_held(&hv_balloon_owner, start + i))
+		continue;
 	pg = pfn_to_page(i + start);
-	__ClearPageOffline(pg);
-	__free_page(pg);
 	...
-	adjust_managed_page_count(pg, 1);
 }
+
+/* This reports the pages that were passed over. */
+free_offline_page_range(&hv_balloon_owner, start, n);

@inflate@
expression gfp, order, pg, unit;
@@
 pg =
-alloc_pages(
+alloc_offline_pages(&hv_balloon_owner, order,
 gfp,
-order
+NUMA_NO_NODE, 0
 );
 ... when any
-if (unit != 1)
-	split_page(pg, order);

@mark@
expression n, pg;
identifier j;
@@
-for (j = 0; j < n; j++) {
-	__SetPageOffline(pg + j);
-	adjust_managed_page_count(pg + j, -1);
-}

@unused@
identifier f, mark.j;
@@
 f(struct hv_dynmem_device *dm, ...)
 {
 ...
-unsigned int j;
 ... when != j
 }
