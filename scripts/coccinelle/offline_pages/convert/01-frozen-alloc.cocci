// SPDX-License-Identifier: GPL-2.0-only
///
/// The page allocator hands out pages without a reference: what prepares a page
/// leaves its refcount at 0, and whoever wants a reference takes it.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 __alloc_frozen_pages_noprof(...)

@prepare depends on !has@
identifier page, order, gfp_flags, alloc_flags;
@@
 prep_new_page(struct page *page, unsigned int order, gfp_t gfp_flags, unsigned int alloc_flags)
 {
 	post_alloc_hook(page, order, gfp_flags);
-	set_page_refcounted(page);
 	...
 }

@bulk depends on prepare@
expression page;
@@
 alloc_pages_bulk_noprof(...)
 {
 	<+...
 	prep_new_page(page, 0, ...);
+	set_page_refcounted(page);
 	...+>
 }

@contig depends on prepare@
expression page;
@@
 alloc_contig_range_noprof(...)
 {
 	<+...
 	prep_new_page(page, ...);
+	set_page_refcounted(page);
 	...+>
 }

@alloc depends on !has@
identifier gfp, order, nid, nodemask;
expression got;
@@
-struct page *__alloc_pages_noprof(gfp_t gfp, unsigned int order, int nid, nodemask_t *nodemask)
+struct page *__alloc_frozen_pages_noprof(gfp_t gfp, unsigned int order,
+					 int nid, nodemask_t *nodemask)
 {
 	<+...
-	__free_pages(got, order);
+	free_frozen_pages(got, order);
 	...+>
 }
