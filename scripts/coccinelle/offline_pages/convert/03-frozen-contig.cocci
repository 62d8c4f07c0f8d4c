// SPDX-License-Identifier: GPL-2.0-only
///
/// Contiguous allocation takes frozen pages out of the buddy allocator. The
/// functions that hand out pages with a reference are wrapped around it.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 alloc_contig_frozen_range_noprof(...)

@split depends on !has@
expression page, order, gfp;
@@
 split_free_pages(...)
 {
 	<+...
 	post_alloc_hook(page, order, gfp);
-	set_page_refcounted(page);
 	if (!order)
 		continue;
 	...
-	split_page(page, order);
+	split_page_owner(page, order, 0);
+	pgalloc_tag_split(page_folio(page), order, 0);
 	...+>
 }

// What says from where the pages may come has had several names and types.
@range depends on !has@
type T;
identifier start, end, kind, gfp_mask;
expression pfn, nr;
@@
-int alloc_contig_range_noprof(unsigned long start, unsigned long end, T kind, gfp_t gfp_mask)
+int alloc_contig_frozen_range_noprof(unsigned long start, unsigned long end,
+				     T kind, gfp_t gfp_mask)
 {
 	<+...
-	free_contig_range(pfn, nr);
+	free_contig_frozen_range(pfn, nr);
 	...+>
 }

@opt_unsigned depends on range@
identifier start, end, kind, gfp_mask;
@@
 alloc_contig_frozen_range_noprof(unsigned long start, unsigned long end,
-	unsigned kind
+	unsigned int kind
	, gfp_t gfp_mask)
 { ... }

@compound depends on range@
expression page;
@@
 alloc_contig_frozen_range_noprof(...)
 {
 	<+...
 	prep_new_page(page, ...);
-	set_page_refcounted(page);
 	...+>
 }

@helper depends on !has@
expression start, end, migratetype, gfp;
@@
 __alloc_contig_pages(...)
 {
 	<+...
-	alloc_contig_range_noprof(start, end, migratetype, gfp)
+	alloc_contig_frozen_range_noprof(start, end, migratetype, gfp)
 	...+>
 }

@pages depends on !has@
identifier nr_pages, gfp_mask, nid, nodemask;
@@
-struct page *alloc_contig_pages_noprof(unsigned long nr_pages, gfp_t gfp_mask, int nid, nodemask_t *nodemask)
+struct page *alloc_contig_frozen_pages_noprof(unsigned long nr_pages, gfp_t gfp_mask,
+					      int nid, nodemask_t *nodemask)
 { ... }
