// SPDX-License-Identifier: GPL-2.0-only
///
/// /proc/kcore keeps pages from turning offline only while it looks at one and
/// reads it into its own buffer, not while it writes to the reader's: that may
/// take a page fault, and for as long as user space likes.
///
// Confidence: High
// Options: --no-includes --include-headers

@often@
identifier frozen;
expression n;
@@
 read_kcore_iter(...)
 {
 ...
-	size_t frozen = 1;
 <+...
-	if (frozen++ % n == 0) {
-		page_offline_thaw();
-		cond_resched();
-		page_offline_freeze();
-	}
+	cond_resched();
 ...+>
 }

@begin depends on often@
@@
 read_kcore_iter(...)
 {
 <+...
-	page_offline_freeze();
 ...+>
 }

@end depends on often@
@@
 read_kcore_iter(...)
 {
 <+...
-	page_offline_thaw();
 ...+>
 }

@find depends on often@
expression page, pfn;
statement S;
@@
 read_kcore_iter(...)
 {
 <+...
+	page_offline_freeze();
 	page = pfn_to_online_page(pfn);
 	if (<+... PageOffline(page) ...+>) {
+		page_offline_thaw();
 		S
 		...
 	}
 ...+>
 }

@map depends on often@
expression kind, from, phys;
@@
 read_kcore_iter(...)
 {
 <+...
 	if (kind == KCORE_RAM) {
 		from = kc_xlate_dev_mem_ptr(phys);
 		if (!from) {
+			page_offline_thaw();
 			...
 		}
 	} else {
 		...
 	}
 ...+>
 }

@unmap depends on often@
expression kind, from, phys;
@@
 read_kcore_iter(...)
 {
 <+...
 	if (kind == KCORE_RAM)
+	{
 		kc_unxlate_dev_mem_ptr(phys, from);
+		page_offline_thaw();
+	}
 ...+>
 }
