// SPDX-License-Identifier: GPL-2.0-only
///
/// What hands out contiguous pages with a reference says from where they may
/// come as alloc_contig_range() did: by a name and of a type of its own.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 alloc_contig_range_noprof(...)
 { ... }

@frozen@
type T;
identifier start, end, what, gfp_mask;
@@
 alloc_contig_frozen_range_noprof(unsigned long start, unsigned long end, T what, gfp_t gfp_mask)
 { ... }

@wrapper depends on !has@
type frozen.T;
identifier frozen.what;
identifier f = refer_to_contig_pages;
parameter list P;
@@
 static void f(P)
 { ... }
+int alloc_contig_range_noprof(unsigned long start, unsigned long end,
+			      T what, gfp_t gfp_mask)
+{
+	int ret = alloc_contig_frozen_range_noprof(start, end, what, gfp_mask);
+
+	if (!ret)
+		refer_to_contig_pages(start, end - start);
+	return ret;
+}
