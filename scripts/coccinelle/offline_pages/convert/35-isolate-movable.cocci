// SPDX-License-Identifier: GPL-2.0-only
///
/// A block that leaves the free lists makes its pageblocks movable, and moves what
/// else is free in them to the list of that type. Where they are movable already,
/// there is nothing to do, and no need to look at each page for that.
///
// Confidence: High
// Options: --no-includes --include-headers

@movable@
expression mt;
@@
 __isolate_free_page(...)
 {
 <+...
-	if (migratetype_is_mergeable(mt))
+	if (mt != MIGRATE_MOVABLE && migratetype_is_mergeable(mt))
 		move_freepages_block(...);
 ...+>
 }
