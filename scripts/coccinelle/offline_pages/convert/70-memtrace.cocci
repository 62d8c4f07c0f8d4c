// SPDX-License-Identifier: GPL-2.0-only
///
/// Trace memory is taken as offline pages from the start. Nobody walks into
/// it while its linear mapping goes away, and it does not count as managed.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@include depends on !has@
@@
 #include <linux/numa.h>
+#include <linux/offline_pages.h>

@owner depends on !has@
declarer name DEFINE_MUTEX;
declarer name DEFINE_OFFLINE_PAGE_OWNER;
identifier lock;
@@
 static DEFINE_MUTEX(lock);
+static DEFINE_OFFLINE_PAGE_OWNER(memtrace_owner, "memtrace");

@take@
expression nr, gfp, nid;
@@
-alloc_contig_pages(nr,
+alloc_offline_pages_contig(&memtrace_owner, nr,
 gfp, nid,
-NULL
+0
 )

@mark@
expression start, end;
identifier f, pfn;
@@
 f(...)
 {
 ...
-unsigned long pfn;
 ...
-for (pfn = start; pfn < end; pfn++)
-	__SetPageOffline(pfn_to_page(pfn));
 ...
 }

@give_back@
expression start, nr;
identifier f, pfn;
@@
 f(...)
 {
 ...
-unsigned long pfn;
 ...
-for (pfn = start; pfn < start + nr; pfn++)
-	__ClearPageOffline(pfn_to_page(pfn));
-free_contig_range(start, nr);
+free_offline_page_range(&memtrace_owner, start, nr);
 ...
 }

@registered depends on !has@
expression dir;
identifier f;
@@
 f(void)
 {
+	int ret = register_offline_page_owner(&memtrace_owner);
+
+	if (ret)
+		return ret;
 	dir = debugfs_create_dir("memtrace", ...);
 	...
 }
