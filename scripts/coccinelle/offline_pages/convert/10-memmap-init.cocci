// SPDX-License-Identifier: GPL-2.0-only
///
/// Hotplugged pages start frozen, offline and never onlined: give them that
/// state in one call when the memmap is initialised.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@memmap_init@
identifier context;
expression page;
@@
 memmap_init_range(..., enum meminit_context context, ...)
 {
 	<+...
-	__SetPageOffline(page);
+	init_offline_page(page);
 	...+>
 }

@include depends on memmap_init && !has@
@@
 #include <linux/memory.h>
+#include <linux/offline_pages.h>
