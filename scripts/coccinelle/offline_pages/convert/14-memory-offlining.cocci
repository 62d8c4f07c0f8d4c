// SPDX-License-Identifier: GPL-2.0-only
///
/// Memory offlining steps over offline pages that are skippable or poisoned,
/// migrates those that are movable, has the owners of movable pages migrate all
/// of a range at once, and fails at once on all others, saying whose page it is.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@ranged@
@@
 migrate_offline_page_range(...)

@scan@
expression page;
identifier found;
@@
 scan_movable_pages(...)
 {
 	<+...
 	page = pfn_to_page(...);
+	if (PageOffline(page)) {
+		if (offline_page_can_move(page))
+			goto found;
+		if (page_has_movable_ops(page) && !PageHWPoison(page))
+			goto found;
+		if (!page_ref_count(page) && !offline_page_stays(page, true))
+			continue;
+		report_offline_page(page, "memory offlining");
+		return -EBUSY;
+	}
(
 	if (PageLRU(page) || page_has_movable_ops(page))
 		goto found;
|
 	if (PageLRU(page))
 		goto found;
 	if (page_has_movable_ops(page))
 		goto found;
)
-	if (PageOffline(page) && page_count(page))
-		return -EBUSY;
 	...+>
 }

@range depends on !ranged@
identifier start, end, pfn;
@@
 do_migrate_range(unsigned long start, unsigned long end)
 {
 	...
+	/* They are the owners' to move; all others move one by one. */
+	migrate_offline_page_range(start, end,
+				   GFP_KERNEL | __GFP_RETRY_MAYFAIL, true);
+
 	for (pfn = start; pfn < end; pfn++)
 	{ ... }
 	...
 }

@opt_include depends on scan && !has@
@@
 #include <linux/memory_hotplug.h>
+#include <linux/offline_pages.h>
