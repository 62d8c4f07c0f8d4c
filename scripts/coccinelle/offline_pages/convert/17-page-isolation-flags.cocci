// SPDX-License-Identifier: GPL-2.0-only
///
/// Isolation asks an offline page's flags, not its reference count, whether
/// it may be stepped over, in ZONE_MOVABLE as well, and says whose page it is
/// that makes it fail for memory offlining. For kernels where one function looks
/// at all pages of a range; what tells memory offlining from the rest, flags or a
/// mode, is theirs to say.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@unmovable depends on !has@
expression offlining, page;
@@
 has_unmovable_pages(...)
 {
 	<+...
 	if (PageReserved(page))
 		return page;
+
+	if (PageOffline(page)) {
+		if (page_has_movable_ops(page) && !PageHWPoison(page))
+			continue;
+		if (page_ref_count(page))
+			return page;
+		if (!offline_page_stays(page, offlining))
+			continue;
+		return page;
+	}
 	...
-	if (offlining && PageOffline(page))
-		continue;
 	...+>
 }

@report depends on !has@
identifier culprit;
expression wanted;
iterator name scoped_guard;
@@
 set_migratetype_isolate(...)
 {
 	<+...
 	if (wanted) {
 		dump_page(culprit, ...);
+		if (PageOffline(culprit) && !offline_page_can_move(culprit))
+			report_offline_page(culprit, "memory offlining");
 	}
 	...+>
 }

@isolated@
identifier page, pfn;
expression offlining;
statement S, T;
@@
+	if (offlining && offline_page_can_skip(page)) {
+		pfn++;
+		continue;
+	}
 	if (PageBuddy(page))
 		S
 	else if (offlining && PageHWPoison(page))
 		T
-	else if (offlining && PageOffline(page) && !page_count(page))
-		pfn++;
 	else
 		break;

@include depends on unmovable@
@@
 #include <linux/memory.h>
+#include <linux/offline_pages.h>
