// SPDX-License-Identifier: GPL-2.0-only
///
/// The Xen balloon takes pages from the allocator, from memory that was never
/// onlined, from the boot memory map and back from grant mappings; it frees
/// them or lends them. The core knows which pages it has: they are found by
/// rising PFN, so lowmem still comes before highmem.
///
// Confidence: High
// Options: --no-includes --include-headers

@done@
@@
 lend_offline_page(...)

@account@
expression high, low;
struct page *pg;
@@
-if (!PageOffline(pg))
-	__SetPageOffline(pg);
-if (PageHighMem(pg)) {
-	list_add_tail(&pg->lru, ...);
-	high++;
-} else {
-	list_add(&pg->lru, ...);
-	low++;
-}
+if (PageHighMem(pg))
+	high++;
+else
+	low++;

@remove depends on !done@
expression account.high, account.low;
identifier f = balloon_append;
parameter list P;
@@
 static void f(P)
 { ... }
+static void balloon_remove(struct page *page)
+{
+	if (PageHighMem(page))
+		high--;
+	else
+		low--;
+	dec_node_page_state(page, NR_BALLOON_PAGES);
+}

@retrieve@
expression account.high, account.low;
struct page *pg;
symbol ballooned_pages, lru;
@@
-if (list_empty(&ballooned_pages))
+pg = next_offline_page(&xen_balloon_owner, 0);
+if (!pg)
 	return NULL;
-pg = list_entry(ballooned_pages.next, struct page, lru);
 ...
-list_del(&pg->lru);
-if (PageHighMem(pg))
-	high--;
-else
-	low--;
-__ClearPageOffline(pg);
-init_page_count(pg);
-dec_node_page_state(pg, NR_BALLOON_PAGES);
+balloon_remove(pg);
 return pg;

@first@
@@
-list_first_entry_or_null(&ballooned_pages, struct page, lru)
+next_offline_page(&xen_balloon_owner, 0)

@next@
expression frame, i, pg;
@@
 frame[i] = page_to_xen_pfn(pg);
+page_list[i] = pg;
-pg = balloon_next_page(pg);
+pg = next_offline_page(&xen_balloon_owner, page_to_pfn(pg) + 1);

@next_page@
identifier f = balloon_next_page;
@@
-struct page *f(...) { ... }

@deflate@
expression nr;
identifier i;
struct page *pg;
@@
 for (i = 0; i < nr; i++) {
-	pg = balloon_retrieve(...);
-	BUG_ON(pg == NULL);
+	pg = page_list[i];
+	balloon_remove(pg);
 	...
-	free_reserved_page(pg);
+	free_offline_page(&xen_balloon_owner, pg);
 }

@inflate@
expression gfp, i, n;
identifier f, pages, pg, tmp;
iterator name list_for_each_entry_safe;
@@
 f(...)
 {
 	...
-	LIST_HEAD(pages);
 	...
 	for (i = 0; i < n; i++) {
-		pg = alloc_page(gfp);
+		pg = alloc_offline_page(&xen_balloon_owner, gfp, NUMA_NO_NODE, 0);
 		...
-		adjust_managed_page_count(pg, -1);
 		...
-		list_add(&pg->lru, &pages);
+		frame_list[i] = page_to_pfn(pg);
 	}
 	...
-	i = 0;
-	list_for_each_entry_safe(pg, tmp, &pages, lru) {
-		frame_list[i++] = xen_page_to_gfn(pg);
+	for (i = 0; i < n; i++) {
+		pg = pfn_to_page(frame_list[i]);
+		frame_list[i] = xen_page_to_gfn(pg);
 		...
-		list_del(&pg->lru);
 		balloon_append(pg);
 	}
 	...
 }

@unused@
identifier inflate.f, inflate.tmp;
@@
 f(...)
 {
 ...
-struct page *tmp;
 ...
 }

@keep depends on !done@
expression i, n, p, start;
@@
+keep_offline_page_range(&xen_balloon_owner, start, n, 0);
 for (i = 0; i < n; i++) {
 	p = pfn_to_page(start + i);
 	balloon_append(p);
 }

@lend depends on !done@
expression pg, nr, pages;
@@
 pg = balloon_retrieve(...);
 if (pg) {
+	if (lend_offline_page(&xen_balloon_owner, pg))
+		continue;
 	pages[nr++] = pg;
 	...
 } else { ... }

@take_back@
expression pg;
@@
-if (pg)
-	balloon_append(pg);
+if (!pg)
+	continue;
+if (adopt_offline_page(&xen_balloon_owner, pg, 0))
+	pr_warn_ratelimited("page %#lx cannot be taken back, and is lost\n",
+			    page_to_pfn(pg));
+else
+	balloon_append(pg);

@boot@
expression pfn, start, end;
@@
 for (pfn = start; pfn < end; pfn++)
-	balloon_append(pfn_to_page(pfn));
+{
+	if (adopt_offline_page(&xen_balloon_owner, pfn_to_page(pfn), 0))
+		pr_warn_ratelimited("page %#lx cannot be taken, and is lost\n", pfn);
+	else
+		balloon_append(pfn_to_page(pfn));
+}
