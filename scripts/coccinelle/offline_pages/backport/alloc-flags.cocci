// SPDX-License-Identifier: GPL-2.0-only
///
/// Frozen pages are allocated without flags of the page allocator's own.
///
// When: not mm/page_alloc.h /\bALLOC_DEFAULT\b/
// Files: mm/offline_pages.c

@alloc@
expression gfp, order, nid, nodes;
@@
 __alloc_frozen_pages(gfp, order, nid, nodes
-		      , ALLOC_DEFAULT
 )
