// SPDX-License-Identifier: GPL-2.0-only
///
/// dump_page() names kind and owner of an offline page, and takes nothing of a
/// frozen one for a mapping, a memory cgroup or a page cache flag. For kernels
/// that copy the page by hand.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@dump depends on !has@
identifier copy, pfn;
@@
 __dump_page(...)
 {
 	<+...
+	if (PageOffline(&copy))
+		dump_offline_page(&copy, pfn);
+	if (PageOffline(&copy) && !page_ref_count(&copy)) {
+		pr_warn("page: refcount:%d pfn:%#lx\n", page_ref_count(&copy), pfn);
+		print_hex_dump(KERN_WARNING, "raw: ", DUMP_PREFIX_NONE, 32,
+			       sizeof(unsigned long), &copy,
+			       sizeof(struct page), false);
+		return;
+	}
 	__dump_folio(..., &copy, pfn, ...);
 	...+>
 }

@include depends on dump@
@@
 #include <linux/migrate.h>
+#include <linux/offline_pages.h>
