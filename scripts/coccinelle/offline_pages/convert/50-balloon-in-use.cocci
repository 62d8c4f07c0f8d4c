// SPDX-License-Identifier: GPL-2.0-only
///
/// Balloon pages that their owner still holds by reference and list say so,
/// each 4 KiB page of a larger one for itself.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

// The type goes last: without movable_ops the page would be in the way.
@order@
expression pg;
statement S;
@@
-__SetPageOffline(pg);
 if (IS_ENABLED(CONFIG_BALLOON_MIGRATION)) S
+set_page_offline_in_use(pg);

@mark@
expression pg;
@@
-__SetPageOffline(pg)
+set_page_offline_in_use(pg)

@unmark@
expression pg;
@@
-__ClearPageOffline(pg)
+clear_page_offline_in_use(pg)

@include depends on (order || mark) && !has@
@@
 #include <linux/mm.h>
+#include <linux/offline_pages.h>
