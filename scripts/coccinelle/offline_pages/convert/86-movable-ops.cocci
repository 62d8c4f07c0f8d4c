// SPDX-License-Identifier: GPL-2.0-only
///
/// Offline pages have no movable_ops: their owner migrates them, by page frame
/// number and without page lock, reference and list.
///
// Confidence: High
// Options: --no-includes --include-headers

@get@
expression page;
@@
 page_movable_ops(...)
 {
 	<+...
-	if (PageOffline(page))
-		return offline_movable_ops;
 	...+>
 }
