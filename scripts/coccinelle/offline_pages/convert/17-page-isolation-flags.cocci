// SPDX-License-Identifier: GPL-2.0-only
///
/// Isolation asks an offline page's flags, not its reference count, whether
/// it may be stepped over, in ZONE_MOVABLE as well, and says whose page it is
/// that makes it fail for memory offlining. For kernels that tell isolation by
/// flags what it is for.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@unmovable depends on !has@
identifier flags;
expression page;
@@
 has_unmovable_pages(..., int flags)
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
+		if ((flags & MEMORY_OFFLINE) && offline_page_can_skip(page))
+			continue;
+		if (!offline_page_can_move(page))
+			return page;
+		continue;
+	}
 	...
-	if ((flags & MEMORY_OFFLINE) && PageOffline(page))
-		continue;
 	...+>
 }

@report depends on !has@
identifier culprit, flags;
@@
 set_migratetype_isolate(..., int flags, ...)
 {
 	<+...
 	if (flags & REPORT_FAILURE) {
 		dump_page(culprit, ...);
+		if (PageOffline(culprit) && !offline_page_can_move(culprit))
+			report_offline_page(culprit, "memory offlining");
 	}
 	...+>
 }

@isolated@
identifier page, flags, pfn;
statement S, T;
@@
+	if ((flags & MEMORY_OFFLINE) && offline_page_can_skip(page)) {
+		pfn++;
+		continue;
+	}
 	if (PageBuddy(page))
 		S
 	else if ((flags & MEMORY_OFFLINE) && PageHWPoison(page))
 		T
-	else if ((flags & MEMORY_OFFLINE) && PageOffline(page) && !page_count(page))
-		pfn++;
 	else
 		break;

@include depends on unmovable@
@@
 #include <linux/memory.h>
+#include <linux/offline_pages.h>
