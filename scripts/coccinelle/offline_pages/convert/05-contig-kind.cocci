// SPDX-License-Identifier: GPL-2.0-only
///
/// The wrapper that hands out contiguous pages with a reference says from where
/// they may come as alloc_contig_range() did: by a name and of a type of its own.
///
// Confidence: High
// Options: --no-includes --include-headers

@frozen@
type T;
identifier start, end, what, gfp_mask;
@@
 alloc_contig_frozen_range_noprof(unsigned long start, unsigned long end, T what, gfp_t gfp_mask)
 { ... }

@wrapper@
type frozen.T;
identifier frozen.what;
identifier start, end, gfp_mask;
symbol migratetype;
@@
 alloc_contig_range_noprof(unsigned long start, unsigned long end,
-	unsigned int migratetype
+	T what
	, gfp_t gfp_mask)
 {
 	<+...
 	alloc_contig_frozen_range_noprof(start, end,
-		migratetype
+		what
		, gfp_mask)
 	...+>
 }
