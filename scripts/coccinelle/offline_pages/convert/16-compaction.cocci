// SPDX-License-Identifier: GPL-2.0-only
///
/// Compaction steps over frozen offline pages before it looks at anything else
/// than their type and flags, in the way of other pages that do not move.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@step_over depends on !has@
symbol page, valid_page;
expression E;
statement S;
@@
 isolate_migratepages_block(...)
 {
 	<+...
 	if (!valid_page && E)
 		S
+	if (PageOffline(page) && !page_ref_count(page))
+		goto isolate_fail;
 	...+>
 }

@include depends on step_over@
@@
 #include <linux/migrate.h>
+#include <linux/offline_pages.h>
