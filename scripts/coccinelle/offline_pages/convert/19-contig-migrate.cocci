// SPDX-License-Identifier: GPL-2.0-only
///
/// A contiguous allocation has the owners of movable offline pages migrate all
/// of its range at once. Such pages count as movable when the page allocator
/// looks at what is in a pageblock.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 migrate_offline_page_range(...)

@included@
@@
#include <linux/offline_pages.h>

@range depends on !has@
identifier cc, start, end, ret;
@@
 __alloc_contig_migrate_range(struct compact_control *cc,
			      unsigned long start, unsigned long end, ...)
 {
 	...
 	int ret = 0;
 	...
+	/* They are the owners' to move; the scan below passes them over. */
+	ret = migrate_offline_page_range(start, end, cc->gfp_mask, false);
+	if (ret)
+		return ret;
 	lru_cache_disable();
 	...
 }

@count depends on !has@
expression page, n;
@@
 prep_move_freepages_block(...)
 {
 	<+...
-	if (PageLRU(page) || page_has_movable_ops(page))
+	if (PageLRU(page) || page_has_movable_ops(page) ||
+	    PageMovableOffline(page))
 		(*n)++;
 	...+>
 }

@opt_include depends on range && !included@
@@
 #include <linux/migrate.h>
+#include <linux/offline_pages.h>
