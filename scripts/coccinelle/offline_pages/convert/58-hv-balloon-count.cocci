// SPDX-License-Identifier: GPL-2.0-only
///
/// What the Hyper-V balloon holds is counted for its node, too.
///
// Confidence: High
// Options: --no-includes --include-headers

@done@
@@
 mod_node_page_state(..., NR_BALLOON_PAGES, ...)

@inflate depends on !done@
expression dm, gfp, order, pg, unit;
@@
 pg = alloc_pages(gfp, order);
 ... when any
 dm->num_pages_ballooned += unit;
+mod_node_page_state(page_pgdat(pg), NR_BALLOON_PAGES, unit);

@deflate depends on !done@
expression dm, pg;
@@
 __free_page(pg);
 dm->num_pages_ballooned--;
+mod_node_page_state(page_pgdat(pg), NR_BALLOON_PAGES, -1);
