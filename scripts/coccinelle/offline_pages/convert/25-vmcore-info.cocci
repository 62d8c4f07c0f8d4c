// SPDX-License-Identifier: GPL-2.0-only
///
/// The vmcore note says which flags of an offline page tell its kind.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@note depends on !has@
@@
 crash_save_vmcoreinfo_init(...)
 {
 	<+...
 	VMCOREINFO_NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE);
+	VMCOREINFO_NUMBER(PG_offline_onlined);
+	VMCOREINFO_NUMBER(PG_offline_skippable);
+	VMCOREINFO_NUMBER(PG_offline_movable);
 	...+>
 }

@include depends on note@
@@
 #include <linux/memblock.h>
+#include <linux/offline_pages.h>
