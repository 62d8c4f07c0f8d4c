// SPDX-License-Identifier: GPL-2.0-only
///
/// A test that wants to hit the pages of one device only does not hit offline
/// pages: they have no mapping, and the word that could hold one is dead.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 hwpoison_filter_dev(...)
 {
 	<+...
 	PageOffline(...)
 	...+>
 }

@filter depends on !has@
identifier p;
expression mapping, unset, E;
@@
 hwpoison_filter_dev(struct page *p)
 {
 	...
 	if (unset)
 		return 0;
+
+	if (PageOffline(p))
+		return -EINVAL;
 	...
 	mapping = E;
 	if (mapping == NULL || ...)
 		return -EINVAL;
 	...
 }
