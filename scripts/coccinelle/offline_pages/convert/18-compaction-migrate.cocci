// SPDX-License-Identifier: GPL-2.0-only
///
/// Compaction isolates movable offline pages by page frame number, as a run,
/// and has their owner migrate them as a batch. Destinations come from its free
/// lists, frozen, and what is not used returns there.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
 isolate_offline_page_run(...)

// alloc_contig_range() has the owners migrate its whole range by itself.
@isolate depends on !has@
identifier cc, low, end;
symbol nr_isolated, nr_scanned;
expression page;
statement S;
@@
 isolate_migratepages_block(struct compact_control *cc, unsigned long low,
			    unsigned long end, ...)
 {
 	<+...
-	if (PageOffline(page) && !page_ref_count(page))
-		goto isolate_fail;
+	if (PageOffline(page) && !page_ref_count(page)) {
+		unsigned int taken = cc->offline.nr;
+		long nr = 0;
+
+		if (PageMovableOffline(page) && !cc->alloc_contig)
+			nr = isolate_offline_page_run(&cc->offline, low, end,
+						      offline_max_order(cc));
+		/* What is in the batch has to be migrated first. */
+		if (nr < 0)
+			break;
+		if (!nr)
+			goto isolate_fail;
+		/* Whole blocks, even from the middle of one. */
+		taken = cc->offline.nr - taken;
+		cc->nr_migratepages += taken << cc->offline.owner->order;
+		nr_isolated += nr;
+		nr_scanned += nr - 1;
+		low += nr - 1;
+		if (cc->offline.nr == OFFLINE_PAGE_BATCH) {
+			++low;
+			break;
+		}
+		continue;
+	}
 	if (PageHuge(page))
 		S
 	...+>
 }

@helper depends on isolate@
type T;
identifier f = skip_isolation_on_order;
parameter list P;
@@
 static T f(P)
 { ... }
+static unsigned int offline_max_order(const struct compact_control *cc)
+{
+	/* Larger blocks are left alone, as larger folios are. */
+	if (is_via_compact_memory(cc->order) || cc->order > pageblock_order)
+		return pageblock_order - 1;
+	return cc->order - 1;
+}

@putback depends on isolate@
expression cc;
@@
+putback_offline_page_batch(&cc->offline);
 putback_movable_pages(&cc->migratepages);

// One frozen page or block from the free lists; folios get their reference,
// and become compound, in what is left of the old function.
@page@
identifier dst;
expression taken;
@@
 compaction_alloc_noprof(...)
 {
 	<+...
-	dst = (struct folio *)taken;
 	...+>
 }

@folio depends on page@
identifier page.dst;
expression page.taken;
expression order;
@@
 compaction_alloc_noprof(...)
 {
 	<+...
(
-	post_alloc_hook(&dst->page,
+	post_alloc_hook(taken,
 			...);
|
-	set_page_refcounted(&dst->page);
|
-	if (order)
-		prep_compound_page(&dst->page, order);
|
-	return page_rmappable_folio(&dst->page);
+	return taken;
)
 	...+>
 }

@frozen exists@
identifier src, data, cc, page.dst, order;
@@
-static struct folio *compaction_alloc_noprof(struct folio *src, unsigned long data)
+static struct page *compaction_alloc_frozen_noprof(struct compact_control *cc, int order)
 {
-	struct compact_control *cc = (struct compact_control *)data;
-	struct folio *dst;
-	int order = folio_order(src);
 	...
 }

@refcounted depends on frozen@
type T;
identifier f = compaction_alloc_frozen_noprof;
parameter list P;
@@
 static T f(P)
 { ... }
+static struct folio *compaction_alloc_noprof(struct folio *src, unsigned long data)
+{
+	int order = folio_order(src);
+	struct page *page;
+
+	page = compaction_alloc_frozen_noprof((struct compact_control *)data, order);
+	if (!page)
+		return NULL;
+	set_page_refcounted(page);
+	if (order)
+		prep_compound_page(page, order);
+	return page_rmappable_folio(page);
+}

@call depends on refcounted@
expression cc, n;
@@
 compact_zone(...)
 {
 	<+...
-	migrate_pages(&cc->migratepages, compaction_alloc, ...,
-		      MR_COMPACTION, &n)
+	compact_migrate(cc, &n)
 	...+>
 }
