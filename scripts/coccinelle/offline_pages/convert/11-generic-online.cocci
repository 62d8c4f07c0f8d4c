// SPDX-License-Identifier: GPL-2.0-only
///
/// A hotplugged page that goes to the buddy for the first time is frozen
/// already: it only has to stop being offline.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@generic_online@
expression page;
@@
 __free_pages_core(...)
 {
 	<+...
-	__ClearPageOffline(page);
-	set_page_count(page, 0);
+	online_offline_page(page);
 	...+>
 }

@opt_include depends on generic_online && !has@
@@
 #include <linux/mm.h>
+#include <linux/offline_pages.h>
