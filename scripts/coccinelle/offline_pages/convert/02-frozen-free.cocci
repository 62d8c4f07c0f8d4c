// SPDX-License-Identifier: GPL-2.0-only
///
/// What frees pages that have no reference says so in its name.
///
// Confidence: High
// Options: --no-includes --include-headers

@opt_declaration@
identifier page, order;
@@
 void
-free_unref_page
+free_frozen_pages
 (struct page *page, unsigned int order);

@opt_definition@
identifier page, order;
@@
 void
-free_unref_page
+free_frozen_pages
 (struct page *page, unsigned int order)
 { ... }

@opt_call@
@@
-free_unref_page
+free_frozen_pages
 (...)
