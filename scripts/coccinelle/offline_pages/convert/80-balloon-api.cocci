// SPDX-License-Identifier: GPL-2.0-only
///
/// A balloon driver that takes and gives back pages one by one through
/// linux/balloon.h becomes an owner of offline pages. What no rule can know is
/// left to its author: where the owner is registered and unregistered, and
/// what the driver counts when a page is poisoned.
///
// Confidence: Medium
// Options: --no-includes --include-headers

@old@
@@
#include <linux/balloon.h>

// Which device a new page is for is known where it is enqueued.
@take depends on old exists@
expression b, pg;
identifier f;
position p;
@@
 f(...)
 {
 ... when any
 pg = balloon_page_alloc@p();
 ... when any
 balloon_page_enqueue(b, pg);
 ... when any
 }

@refused exists@
expression take.b, take.pg;
position take.p;
@@
 pg = balloon_page_alloc@p();
 ... when any
     when != balloon_page_enqueue(b, pg)
(
-__free_page(pg);
+free_isolated_offline_page(b, pg);
|
-put_page(pg);
+free_isolated_offline_page(b, pg);
)

@alloc@
expression take.b;
identifier take.f;
@@
 f(...)
 {
+const bool movable = IS_ENABLED(CONFIG_BALLOON_MIGRATION);
+const gfp_t gentle = __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
+const gfp_t gfp = movable ? GFP_HIGHUSER_MOVABLE : GFP_HIGHUSER;
+const unsigned int flags = movable ? OFFLINE_PAGE_MOVABLE : 0;
 <+...
-balloon_page_alloc()
+alloc_offline_page(b, gfp | gentle, NUMA_NO_NODE,
+		    flags | OFFLINE_PAGE_ISOLATED)
 ...+>
 }

@enqueue@
expression b, pg;
@@
-balloon_page_enqueue(b, pg)
+putback_offline_page(b, pg)

@leave depends on old exists@
expression b, pg;
@@
 pg = balloon_page_dequeue(b);
 ... when any
(
-__free_page(pg);
+free_isolated_offline_page(b, pg);
|
-put_page(pg);
+free_isolated_offline_page(b, pg);
)

@dequeue@
expression b;
@@
-balloon_page_dequeue(b)
+isolate_offline_page(b)

@assigned@
expression b;
identifier fn;
@@
 b.migratepage = fn

@has_ops@
identifier assigned.fn, b, dst, src, mode;
@@
 fn(
-struct balloon_dev_info *b,
+struct offline_page_owner *b,
 struct page *dst, struct page *src, enum migrate_mode mode)
 { ... }
+
+static const struct offline_page_ops balloon_ops = {
+	.migrate_one = fn,
+};

// Where the function does not exist, its operations are empty.
@no_ops@
identifier assigned.fn;
type T;
@@
-T fn(...);
+static const struct offline_page_ops balloon_ops;

@operations@
expression b;
identifier assigned.fn;
@@
-b.migratepage = fn
+b.ops = &balloon_ops

@always@
expression b;
@@
-balloon_devinfo_init(&b);
-b.adjust_managed_page_count = true;
+init_offline_page_owner(&b, KBUILD_MODNAME);
+b.balloon = true;

@opt_sometimes exists@
expression b, may_use;
@@
-balloon_devinfo_init(&b);
+init_offline_page_owner(&b, KBUILD_MODNAME);
+b.balloon = true;
 ... when any
-if (!may_use)
-	b.adjust_managed_page_count = true;
+b.stays_managed = may_use;

@opt_never@
expression b;
@@
-balloon_devinfo_init(&b);
+init_offline_page_owner(&b, KBUILD_MODNAME);
+b.balloon = true;
+b.stays_managed = true;

@retype@
@@
-struct balloon_dev_info
+struct offline_page_owner

@include@
@@
-#include <linux/balloon.h>
+#include <linux/offline_pages.h>
