// SPDX-License-Identifier: GPL-2.0-only
///
/// Memory offlining steps over offline pages that are skippable or poisoned,
/// migrates those in the old form, and fails at once on all others, saying
/// whose page it is.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@scan@
expression page;
identifier found;
@@
 scan_movable_pages(...)
 {
 	<+...
 	page = pfn_to_page(...);
+	if (PageOffline(page)) {
+		if (offline_page_can_skip(page))
+			continue;
+		if (page_has_movable_ops(page) && !PageHWPoison(page))
+			goto found;
+		report_offline_page(page, "memory offlining");
+		return -EBUSY;
+	}
 	if (PageLRU(page) || page_has_movable_ops(page))
 		goto found;
-	if (PageOffline(page) && page_count(page))
-		return -EBUSY;
 	...+>
 }

@opt_include depends on scan && !has@
@@
 #include <linux/memory_hotplug.h>
+#include <linux/offline_pages.h>
