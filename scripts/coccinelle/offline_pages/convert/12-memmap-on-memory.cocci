// SPDX-License-Identifier: GPL-2.0-only
///
/// Hotplugged pages that hold the memmap of their own block are pages in use,
/// with a reference: say so where they stop being offline.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@to_memmap@
expression page;
@@
-	__ClearPageOffline(page);
+	offline_page_to_memmap(page);
 	...
 	SetPageVmemmapSelfHosted(page);

@opt_include depends on to_memmap && !has@
@@
 #include <linux/memory_hotplug.h>
+#include <linux/offline_pages.h>
