// SPDX-License-Identifier: GPL-2.0-only
///
/// What the Xen balloon holds is counted for its node, too.
///
// Confidence: High
// Options: --no-includes --include-headers

@done@
@@
(
 inc_node_page_state(..., NR_BALLOON_PAGES)
|
 dec_node_page_state(..., NR_BALLOON_PAGES)
)

@append depends on !done@
struct page *pg;
symbol ballooned_pages, lru;
statement S;
@@
 if (PageHighMem(pg)) {
 	list_add_tail(&pg->lru, &ballooned_pages);
 	...
 } else S
+inc_node_page_state(pg, NR_BALLOON_PAGES);

@retrieve depends on !done@
struct page *pg;
@@
 __ClearPageOffline(pg);
 init_page_count(pg);
+dec_node_page_state(pg, NR_BALLOON_PAGES);
 return pg;
