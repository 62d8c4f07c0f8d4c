// SPDX-License-Identifier: GPL-2.0-only
///
/// No offline page is charged to a memory cgroup: its memcg_data is dead, and
/// /proc/kpagecgroup does not look at it.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 page_cgroup_ino(...)
 {
 	<+...
 	PageOffline(...)
 	...+>
 }

@offline depends on !has@
identifier pg, ino;
type T;
@@
 page_cgroup_ino(struct page *pg)
 {
 	...
 	T ino = 0;
+
+	if (PageOffline(pg))
+		return 0;
 	...
 }
