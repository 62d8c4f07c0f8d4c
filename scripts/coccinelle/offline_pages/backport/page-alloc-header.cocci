// SPDX-License-Identifier: GPL-2.0-only
///
/// What the page allocator offers to mm only is in mm/internal.h.
///
// When: not mm/page_alloc.h
// Files: mm/offline_pages.c

@include@
@@
-#include "page_alloc.h"
