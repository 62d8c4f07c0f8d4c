// SPDX-License-Identifier: GPL-2.0-only
///
/// /proc/kpageflags tells of a frozen offline page that it is offline and
/// whether it is poisoned: its other flags are aliases, its other words dead.
/// /proc/kpagecount knows that nobody maps any offline page.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@flags depends on !has@
identifier ps, page;
@@
 stable_page_flags(...)
 {
 	...
 	snapshot_page(&ps, page);
+	if (PageOffline(&ps.page_snapshot) &&
+	    !page_ref_count(&ps.page_snapshot)) {
+		u = BIT_ULL(KPF_OFFLINE);
+		if (PageHWPoison(&ps.page_snapshot))
+			u |= BIT_ULL(KPF_HWPOISON);
+		return u;
+	}
 	...
 }

@count depends on !has@
identifier ps, page;
@@
 get_kpage_count(...)
 {
 	...
 	snapshot_page(&ps, page);
+	if (PageOffline(&ps.page_snapshot))
+		return 0;
 	...
 }

@include depends on flags@
@@
 #include <linux/mm.h>
+#include <linux/offline_pages.h>
