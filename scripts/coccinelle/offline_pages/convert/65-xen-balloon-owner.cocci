// SPDX-License-Identifier: GPL-2.0-only
///
/// The Xen balloon is an owner of offline pages, no list. It gets ready to
/// keep a memory block before the block goes online. Others borrow its pages
/// before it is initialised: whoever is first registers the owner.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@include depends on !has@
@@
 #include <linux/notifier.h>
+#include <linux/offline_pages.h>

@owner@
declarer name LIST_HEAD;
declarer name DEFINE_OFFLINE_PAGE_OWNER;
symbol ballooned_pages;
@@
-static LIST_HEAD(ballooned_pages);
+static DEFINE_OFFLINE_PAGE_OWNER(xen_balloon_owner, "xen-balloon");
+
+/* The pages that go with the frames of frame_list. */
+static struct page *page_list[ARRAY_SIZE(frame_list)];

@registered depends on !has@
expression pages, rc;
symbol balloon_stats;
@@
+	rc = register_xen_balloon_owner();
+	if (rc)
+		return rc;
 	balloon_stats.current_pages = pages;
 	...
 	rc = balloon_add_regions(...);

@borrowed depends on !has@
identifier f = xen_alloc_ballooned_pages, nr, pages, rc;
symbol balloon_mutex;
@@
 f(unsigned int nr, struct page **pages)
 {
 	...
 	int rc;
 	...
 	mutex_lock(&balloon_mutex);
+	rc = register_xen_balloon_owner();
+	if (rc) {
+		mutex_unlock(&balloon_mutex);
+		return rc;
+	}
 	...
 }

@reserve depends on !has@
identifier f, nb, val, v;
statement S;
@@
 f(struct notifier_block *nb, unsigned long val, void *v)
 {
+	struct memory_notify *mem = v;
+
+	if (val == MEM_GOING_ONLINE) {
+		int rc;
+
+		rc = reserve_offline_page_range(&xen_balloon_owner,
+						mem->start_pfn, mem->nr_pages,
+						GFP_KERNEL);
+		return notifier_from_errno(rc);
+	}
+
 	if (val == MEM_ONLINE) S
 	...
 }

@inflated@
identifier f = balloon_is_inflated;
@@
 f(void)
 {
-	return balloon_stats.balloon_low || balloon_stats.balloon_high;
+	return next_offline_page(&xen_balloon_owner, 0);
 }

@wait@
@@
-!list_empty(&ballooned_pages)
+balloon_is_inflated()
