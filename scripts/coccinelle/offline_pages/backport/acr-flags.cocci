// SPDX-License-Identifier: GPL-2.0-only
///
/// A contiguous allocation names the migrate type of what it allocates from.
///
// When: not include/linux/gfp.h /\bACR_FLAGS_NONE\b/
// Files: mm/offline_pages.c lib/tests/offline_pages_kunit.c

@range@
@@
-ACR_FLAGS_NONE
+MIGRATE_MOVABLE
