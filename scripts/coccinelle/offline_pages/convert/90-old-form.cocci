// SPDX-License-Identifier: GPL-2.0-only
///
/// No offline page has a reference, or movable_ops: do not ask for either.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

// With and without parentheses around.
@opt_frozen depends on has@
expression page;
@@
-(PageOffline(page) && !page_ref_count(page))
+PageOffline(page)

@opt_stays depends on has@
expression page;
@@
-!page_ref_count(page) &&
 !offline_page_stays(page, true)

@opt_old depends on has@
expression page;
@@
-	if (page_ref_count(page))
-		return !page_has_movable_ops(page) || PageHWPoison(page);

@opt_old_loop depends on has@
expression page;
@@
-	if (page_has_movable_ops(page) && !PageHWPoison(page))
-		continue;
-	if (page_ref_count(page))
-		return page;

@opt_found depends on has@
expression page;
identifier found;
@@
 	if (offline_page_can_move(page))
 		goto found;
-	if (page_has_movable_ops(page) && !PageHWPoison(page))
-		goto found;

@opt_dump depends on has@
expression snapshot, E1, E2;
@@
-	if (PageOffline(snapshot))
-		dump_offline_page(E1, E2);
 	if (PageOffline(snapshot)) {
+		dump_offline_page(E1, E2);
 		...
 	}
