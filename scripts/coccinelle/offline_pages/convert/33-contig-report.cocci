// SPDX-License-Identifier: GPL-2.0-only
///
/// A contiguous allocation that fails for an offline page that cannot be moved
/// says which page it is, and whose, if warnings are wanted.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 report_offline_page_range(...)

@report depends on !has@
identifier ret, done, start, end, gfp;
@@
 alloc_contig_frozen_range_noprof(unsigned long start, unsigned long end, ..., gfp_t gfp)
 {
 	<+...
 	ret = start_isolate_page_range(start, end, ...);
-	if (ret)
+	if (ret) {
+		if (!(gfp & __GFP_NOWARN))
+			report_offline_page_range(start, end,
+						  "contiguous allocation");
 		goto done;
+	}
 	...+>
 }
