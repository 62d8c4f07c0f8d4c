// SPDX-License-Identifier: GPL-2.0-only
///
/// Hotplugged pages have no reference any more. Those that leave the Xen
/// balloon are used, or freed as pages in use: they need one.
///
// Confidence: High
// Options: --no-includes --include-headers

@done@
expression pg;
@@
 __ClearPageOffline(pg);
 init_page_count(pg);

@retrieve depends on !done@
expression pg;
@@
 balloon_retrieve(...)
 {
 	<+...
 	__ClearPageOffline(pg);
+	init_page_count(pg);
 	...+>
 }
