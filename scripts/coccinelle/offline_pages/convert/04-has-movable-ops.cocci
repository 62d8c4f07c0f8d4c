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

@opt_ops@
expression page;
@@
-VM_BUG_ON(!__PageMovable(page));
+VM_WARN_ON_ONCE(!page_has_movable_ops(page));

@opt_isolate@
expression page;
@@
-unlikely(__PageMovable(page)) && !PageIsolated(page)
+unlikely(page_has_movable_ops(page)) && !PageIsolated(page)

@opt_call@
@@
-__PageMovable
+page_has_movable_ops
 (...)
