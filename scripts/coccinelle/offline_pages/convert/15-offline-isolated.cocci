// SPDX-License-Identifier: GPL-2.0-only
///
/// When a memory block is taken offline, its offline pages are not managed,
/// poisoned or not, whatever their reference count says.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@offline_isolated@
expression page;
@@
 __offline_isolated_pages(...)
 {
 	<+...
 	if (unlikely(!PageBuddy(page) && PageHWPoison(page)
+		     && !PageOffline(page)
 	   )) {
 		...
 	}
 	if (PageOffline(page)) {
-		BUG_ON(page_count(page));
-		BUG_ON(PageBuddy(page));
+		VM_WARN_ON_ONCE(!offline_page_can_skip(page));
 		...
 	}
 	...+>
 }

@opt_include depends on offline_isolated && !has@
@@
 #include <linux/mm.h>
+#include <linux/offline_pages.h>
