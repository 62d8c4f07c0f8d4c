// SPDX-License-Identifier: GPL-2.0-only
///
/// The Hyper-V balloon driver owns two kinds of offline pages: ballooned ones,
/// and hot added ones that the host does not back yet. Both outlive the device.
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

@owner depends on !has@
declarer name DEFINE_OFFLINE_PAGE_OWNER;
identifier dm;
@@
 static struct hv_dynmem_device dm;
+
+/* What the host took back, and what it hot added but does not back yet. */
+static DEFINE_OFFLINE_PAGE_OWNER(hv_balloon_owner, "hv_balloon");
+static DEFINE_OFFLINE_PAGE_OWNER(hv_ha_owner, "hv_hot_add");

@registered depends on !has@
identifier f;
expression drv;
@@
 f(void)
 {
-	return vmbus_driver_register(drv);
+	int ret;
+
+	ret = register_offline_page_owner(&hv_balloon_owner);
+	if (ret)
+		return ret;
+	ret = register_offline_page_owner(&hv_ha_owner);
+	if (!ret)
+		ret = vmbus_driver_register(drv);
+	if (ret) {
+		unregister_offline_page_owner(&hv_ha_owner);
+		unregister_offline_page_owner(&hv_balloon_owner);
+	}
+	return ret;
 }

@reserve depends on !has@
iterator name scoped_guard;
identifier f, nb, val, v, mem;
expression arg;
statement S, S1;
@@
 f(struct notifier_block *nb, unsigned long val, void *v)
 {
 	struct memory_notify *mem = arg;
 	... when != S1
+	if (val == MEM_GOING_ONLINE) {
+		int ret;
+
+		ret = reserve_offline_page_range(&hv_ha_owner, mem->start_pfn,
+						 mem->nr_pages, GFP_KERNEL);
+		return notifier_from_errno(ret);
+	}
+
 	S
 	...
 }
