// SPDX-License-Identifier: GPL-2.0-only
///
/// Offline pages have no movable_ops: of the page types, only zsmalloc's do.
///
// Confidence: High
// Options: --no-includes --include-headers

@test@
expression page;
@@
 page_has_movable_ops(...)
 {
 	<+...
-	(PageOffline(page) || PageZsmalloc(page))
+	PageZsmalloc(page)
 	...+>
 }
