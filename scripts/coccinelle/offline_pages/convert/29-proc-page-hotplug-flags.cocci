// SPDX-License-Identifier: GPL-2.0-only
///
/// The reader of /proc/kpageflags holds memory hotplug off while it looks at a
/// page, for kernels that look at it in the argument of put_user(): not while
/// they write to the reader's buffer.
///
// Confidence: High
// Options: --no-includes --include-headers

@hold@
identifier p;
expression pfn, out;
statement S;
@@
 kpageflags_read(struct file *file, ...)
 {
 <+...
-	struct page *p = pfn_to_online_page(pfn);
+	struct page *p;
+	u64 flags;
+
+	get_online_mems();
+	p = pfn_to_online_page(pfn);
+	flags = stable_page_flags(p);
+	put_online_mems();
 	if (put_user(
-		     stable_page_flags(p)
+		     flags
		     , out)) S
 ...+>
 }
