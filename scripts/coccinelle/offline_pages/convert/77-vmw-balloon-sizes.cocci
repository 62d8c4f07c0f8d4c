// SPDX-License-Identifier: GPL-2.0-only
///
/// What the host takes now says nothing about what the balloon has: deflation
/// looks for pages of all sizes.
///
// Confidence: High
// Options: --no-includes --include-headers

@deflate@
identifier f;
struct vmballoon *b;
struct vmballoon_ctl ctl;
@@
 f(...)
 {
 <+...
 if (ctl.page_size ==
-b->max_page_size
+VMW_BALLOON_LAST_SIZE
    )
 	break;
 ...+>
 }
