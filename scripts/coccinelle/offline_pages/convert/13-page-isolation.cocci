// SPDX-License-Identifier: GPL-2.0-only
///
/// Isolation asks an offline page's flags, not its reference count, whether
/// it may be stepped over, in ZONE_MOVABLE as well, and says whose page it is
/// that makes it fail for memory offlining. A contiguous allocation goes on with
/// the next range, and whether it wants warnings is not known here.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@unmovable@
identifier p, mode;
symbol true, false;
@@
 page_is_unmovable(..., struct page *p, enum pb_isolate_mode mode, ...)
 {
 	...
 	if (PageReserved(p))
 		return \(true\|1\);
+
+	/*
+	 * Offline pages do not move by themselves, in no zone: either their
+	 * owner exchanges them for others, or it agreed that memory goes
+	 * offline with them.
+	 */
+	if (PageOffline(p)) {
+		if (page_ref_count(p))
+			return !page_has_movable_ops(p) || PageHWPoison(p);
+		return offline_page_stays(p, mode == PB_ISOLATE_MODE_MEM_OFFLINE);
+	}
 	...
-	if ((mode == PB_ISOLATE_MODE_MEM_OFFLINE) && PageOffline(p))
-		return \(false\|0\);
 	...
 }

@report depends on !has@
identifier culprit, mode;
iterator name scoped_guard;
@@
 set_migratetype_isolate(..., enum pb_isolate_mode mode, ...)
 {
 	<+...
 	if (mode == PB_ISOLATE_MODE_MEM_OFFLINE) {
 		dump_page(culprit, ...);
+		if (PageOffline(culprit) && !offline_page_can_move(culprit))
+			report_offline_page(culprit, "memory offlining");
 	}
 	...+>
 }

@isolated@
identifier page, mode, pfn;
statement S;
@@
 	if (PageBuddy(page))
 		S
 	else if ((mode == PB_ISOLATE_MODE_MEM_OFFLINE) &&
-		 PageHWPoison(page)
+		 (PageHWPoison(page) || offline_page_can_skip(page))
 		)
 		pfn++;
-	else if ((mode == PB_ISOLATE_MODE_MEM_OFFLINE) &&
-		 PageOffline(page) && !page_count(page))
-		pfn++;
 	else
 		break;

@include depends on unmovable && !has@
@@
 #include <linux/memory.h>
+#include <linux/offline_pages.h>
