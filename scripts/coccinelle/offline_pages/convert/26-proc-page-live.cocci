// SPDX-License-Identifier: GPL-2.0-only
///
/// /proc/kpageflags tells of a frozen offline page that it is offline and
/// whether it is poisoned: its other flags are aliases, its other words dead.
/// For kernels that read the page as it is, without a snapshot.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@flags depends on !has@
identifier page, u;
statement S;
@@
 stable_page_flags(const struct page *page)
 {
 	...
 	u64 u = 0;
 	...
 	if (!page)
 		S
+	if (PageOffline(page) && !page_ref_count(page)) {
+		u = BIT_ULL(KPF_OFFLINE);
+		if (PageHWPoison(page))
+			u |= BIT_ULL(KPF_HWPOISON);
+		return u;
+	}
 	...
 }

// The number of mappings of a page may be an average over its folio, for which
// dead words of an offline page would be read.
@opt_count depends on !has@
identifier page;
@@
-if (page)
+if (page && !PageOffline(page))
 {
 	<+...
 	folio_average_page_mapcount(...)
 	...+>
 }

@include depends on flags@
@@
 #include <linux/mm.h>
+#include <linux/offline_pages.h>
