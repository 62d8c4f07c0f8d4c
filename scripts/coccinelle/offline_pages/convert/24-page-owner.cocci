// SPDX-License-Identifier: GPL-2.0-only
///
/// page_owner does not look for a memory cgroup in a frozen offline page.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@memcg depends on !has@
expression page;
identifier data;
statement S;
@@
 print_page_owner_memcg(...)
 {
 	<+...
 	data = READ_ONCE(page->memcg_data);
  	if (\(!data || PageTail(page)\|!data\)
+	    || (PageOffline(page) && !page_ref_count(page))
 	   )
 		S
 	...+>
 }

@include depends on memcg@
@@
 #include <linux/migrate.h>
+#include <linux/offline_pages.h>
