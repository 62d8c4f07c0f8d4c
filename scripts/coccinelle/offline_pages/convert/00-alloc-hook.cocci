// SPDX-License-Identifier: GPL-2.0-only
///
/// What runs for each page that was allocated leaves its refcount at 0: whoever
/// calls it takes the reference.
///
// Confidence: High
// Options: --no-includes --include-headers

// Later rules take what this one gives.
@has@
@@
(
 __alloc_frozen_pages_noprof(...)
|
 compaction_alloc_frozen_noprof(...)
)

@opt_hook depends on !has@
identifier page;
@@
 post_alloc_hook(struct page *page, ...)
 {
 	<+...
-	set_page_refcounted(page);
 	...+>
 }

@done@
expression page;
position p;
@@
 post_alloc_hook@p(page, ...);
 set_page_refcounted(page);

@call depends on !has@
expression page;
position p != done.p;
@@
 post_alloc_hook@p(page, ...);
+set_page_refcounted(page);
