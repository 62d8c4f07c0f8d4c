// SPDX-License-Identifier: GPL-2.0-only
///
/// The page that hardware keeps for a running vCPU is hidden from the dump
/// that follows a kexec: nobody's, with no way back.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@hide@
expression pg;
@@
-__SetPageOffline(pg)
+mark_kexec_page_offline(pg)

@include depends on hide && !has@
@@
 #include <linux/mm.h>
+#include <linux/offline_pages.h>
