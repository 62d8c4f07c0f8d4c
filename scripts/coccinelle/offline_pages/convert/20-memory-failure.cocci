// SPDX-License-Identifier: GPL-2.0-only
///
/// A frozen offline page that gets poisoned is counted and left where it is,
/// without a reference; soft offlining refuses it without trying.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@hard depends on !has@
identifier pfn, res;
expression page, flags;
statement S;
@@
 memory_failure(unsigned long pfn, ...)
 {
 	<+...
 	if (TestSetPageHWPoison(page))
 		S
+
+	/*
+	 * Nobody uses it, nobody may reference it, and it stays offline when
+	 * its owner lets go of it: there is nothing left to do.
+	 */
+	if (PageOfflineFrozen(page)) {
+		res = action_result(pfn, MF_MSG_OFFLINE, MF_RECOVERED);
+		goto unlock_mutex;
+	}
 	...
 	res = get_hwpoison_page(page, flags);
 	...+>
 }

@soft depends on !has@
identifier pfn, ret;
expression page, flags;
statement S;
@@
 soft_offline_page(unsigned long pfn, ...)
 {
 	<+...
 	if (PageHWPoison(page))
 		S
+
+	/* There is nothing on it to save, and it cannot be referenced. */
+	if (PageOfflineFrozen(page)) {
+		pr_info("%#lx: offline page, left to its owner\n", pfn);
+		mutex_unlock(&mf_mutex);
+		return -EIO;
+	}
 	...
 	ret = get_hwpoison_page(page, <+...flags...+>);
 	...+>
 }

@table depends on !has@
identifier action_page_types;
expression E;
@@
 const char * const action_page_types[] = {
 	...,
+	[MF_MSG_OFFLINE]		= "offline page",
 	[MF_MSG_UNKNOWN] = E,
 };

@include depends on hard@
@@
 #include <linux/memory_hotplug.h>
+#include <linux/offline_pages.h>
