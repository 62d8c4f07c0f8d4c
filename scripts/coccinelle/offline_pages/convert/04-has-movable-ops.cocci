// SPDX-License-Identifier: GPL-2.0-only
///
/// Ask whether a page has movable_ops by the name that says so.
///
// Confidence: High
// Options: --no-includes --include-headers

@opt_definition@
type T;
identifier page;
@@
 T
-__PageMovable
+page_has_movable_ops
 (const struct page *page)
 { ... }

@opt_call@
@@
-__PageMovable
+page_has_movable_ops
 (...)
