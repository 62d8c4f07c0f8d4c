// SPDX-License-Identifier: GPL-2.0-only
///
/// Memory that is no hot added range of the host's is onlined like any other,
/// without the lock of these ranges.
///
// Confidence: High
// Options: --no-includes --include-headers

@done@
expression pg, order;
identifier f;
@@
 f(...)
 {
 	...
 	generic_online_page(pg, order);
 }

@foreign depends on !done@
expression list, lock, nr, pfn, range;
identifier f, order, pg;
iterator name list_for_each_entry, scoped_guard;
statement S;
symbol spinlock_irqsave;
@@
 f(struct page *pg, unsigned int order)
 {
 	...
-	guard(spinlock_irqsave)(lock);
+	scoped_guard(spinlock_irqsave, lock) {
 	list_for_each_entry(range, list, ...) {
 		S
 		hv_bring_pgs_online(range, pfn, nr);
-		break;
+		return;
	}
+	}
+	generic_online_page(pg, order);
 }
