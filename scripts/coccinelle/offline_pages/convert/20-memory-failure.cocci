// SPDX-License-Identifier: GPL-2.0-only
///
/// A frozen offline page that gets poisoned is counted, taken from its owner
/// and left where it is, without a reference. Soft offlining has its owner
/// exchange it, or leaves it alone if the owner cannot.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@hard depends on !has@
identifier pfn;
symbol res;
expression page;
statement S;
@@
 memory_failure(unsigned long pfn, ...)
 {
 	<+...
 	if (TestSetPageHWPoison(page))
 		S
+
+	/*
+	 * Nobody uses it, and nobody may reference it. Its owner cannot give it
+	 * back any more: it stays offline for ever.
+	 */
+	if (PageOffline(page) && !page_ref_count(page)) {
+		res = action_result(pfn, MF_MSG_OFFLINE, MF_RECOVERED);
+		poison_offline_page(page);
+		goto unlock_mutex;
+	}
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
+	/* There is nothing on it to save, but its owner may do without it. */
+	if (PageOffline(page) && !page_ref_count(page)) {
+		if (hwpoison_filter(page)) {
+			mutex_unlock(&mf_mutex);
+			return -EOPNOTSUPP;
+		}
+		ret = -EIO;
+		if (PageMovableOffline(page)) {
+			get_online_mems();
+			ret = soft_offline_movable_page(page);
+			put_online_mems();
+		}
+		if (ret)
+			pr_info("%#lx: offline page, left to its owner: %d\n",
+				pfn, ret);
+		else
+			num_poisoned_pages_inc(pfn);
+		mutex_unlock(&mf_mutex);
+		return ret;
+	}
 	...
 	ret = get_hwpoison_page(page, <+...flags...+>);
 	...+>
 }

@include depends on hard@
@@
 #include <linux/memory_hotplug.h>
+#include <linux/offline_pages.h>
