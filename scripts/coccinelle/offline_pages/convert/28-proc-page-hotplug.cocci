// SPDX-License-Identifier: GPL-2.0-only
///
/// The readers of /proc/kpage* hold memory hotplug off while they look at a
/// page: until then nothing keeps its memory map from being removed between
/// pfn_to_online_page() and the look. Not while they write to the reader's
/// buffer, which may sleep for as long as user space likes.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 get_online_mems();

@hold depends on !has@
identifier f =~ "^kpage";
identifier page;
expression pfn;
statement S;
@@
 f(struct file *file, ...)
 {
 <+...
+	get_online_mems();
 	page = pfn_to_online_page(pfn);
 	...
+	put_online_mems();
 	if (put_user(...)) S
 ...+>
 }
