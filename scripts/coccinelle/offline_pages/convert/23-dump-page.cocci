// SPDX-License-Identifier: GPL-2.0-only
///
/// dump_page() names kind and owner of an offline page, and takes nothing of a
/// frozen one for a mapping, a memory cgroup or a page cache flag.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@dump depends on !has@
identifier ps;
statement S;
@@
 __dump_page(...)
 {
 	<+...
 	if (!snapshot_page_is_faithful(&ps))
 		S
+
+	if (PageOffline(&ps.page_snapshot))
+		dump_offline_page(&ps.page_snapshot, ps.pfn);
+	if (PageOffline(&ps.page_snapshot) &&
+	    !page_ref_count(&ps.page_snapshot)) {
+		pr_warn("page: refcount:%d pfn:%#lx\n",
+			page_ref_count(&ps.page_snapshot), ps.pfn);
+		print_hex_dump(KERN_WARNING, "raw: ", DUMP_PREFIX_NONE, 32,
+			       sizeof(unsigned long), &ps.page_snapshot,
+			       sizeof(struct page), false);
+		return;
+	}
 	__dump_folio(&ps.folio_snapshot, &ps.page_snapshot, ...);
 	...+>
 }

@include depends on dump@
@@
 #include <linux/migrate.h>
+#include <linux/offline_pages.h>
