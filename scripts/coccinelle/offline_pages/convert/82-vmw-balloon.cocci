// SPDX-License-Identifier: GPL-2.0-only
///
/// The VMware balloon owns pages and 2 MiB blocks, one owner for each size, and
/// hands them around by page frame number. Refused ones stand before the
/// others in the array that an inflation or a deflation works on.
///
// Confidence: High
// Options: --no-includes --include-headers

@old@
@@
#include <linux/balloon.h>

// Data.

@control@
identifier ctl = vmballoon_ctl;
@@
 struct ctl {
-struct list_head pages;
-struct list_head refused_pages;
-struct list_head prealloc_pages;
+unsigned long *pfns;
+unsigned int n_prealloc_pages;
 ...
 };

@fields@
identifier b = vmballoon, list, huge = huge_pages, lock = huge_pages_lock;
@@
 struct b {
 ...
-struct balloon_dev_info list;
+struct offline_page_owner owners[VMW_BALLOON_NUM_PAGE_SIZES];
 ...
-struct list_head huge;
+unsigned long inflate_pfns[VMW_BALLOON_BATCH_MAX_PAGES + VMW_BALLOON_MAX_REFUSED];
+
+	/**
+	 * @prealloc_pfns: refused blocks, whose pages are offered next.
+	 *
+	 * The worker's alone.
+	 */
+unsigned long prealloc_pfns[VMW_BALLOON_BATCH_MAX_PAGES + VMW_BALLOON_MAX_REFUSED];
 ...
-spinlock_t lock;
+unsigned long deflate_pfns[VMW_BALLOON_BATCH_MAX_PAGES];
+
+	/**
+	 * @deflate_lock: the worker and the shrinker deflate one after the other.
+	 *
+	 * Lock ordering: @conf_sem -> @deflate_lock -> @comm_lock .
+	 */
+struct mutex deflate_lock;
 ...
 };

@batch@
expression b;
@@
 b->batch_max_pages =
-PAGE_SIZE / sizeof(struct vmballoon_batch_entry)
+VMW_BALLOON_BATCH_MAX_PAGES
 ;

// What becomes of pages is the core's business.

@gone@
identifier f = {vmballoon_mark_page_offline, vmballoon_mark_page_online,
		vmballoon_release_page_list, vmballoon_enqueue_page_list,
		vmballoon_dequeue_page_list};
@@
-static void f(...) { ... }

// The host is offered the pages of refused blocks first. A block becomes pages
// by changing its owner, when its turn has come.

@take@
identifier f = vmballoon_alloc_page_list;
parameter list P;
@@
+static unsigned int vmballoon_take_prealloc_pages(struct vmballoon *b,
+						  struct vmballoon_ctl *ctl,
+						  unsigned long *pfns,
+						  unsigned int max)
+{
+	const gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOMEMALLOC |
+			  __GFP_NOWARN;
+	const unsigned int frames = vmballoon_page_in_frames(VMW_BALLOON_2M_PAGE);
+	struct offline_page_owner *from = &b->owners[VMW_BALLOON_2M_PAGE];
+	struct offline_page_owner *to = &b->owners[VMW_BALLOON_4K_PAGE];
+	unsigned int n = 0;
+
+	while (n < max && ctl->n_prealloc_pages != 0) {
+		unsigned int left = --ctl->n_prealloc_pages;
+		unsigned long block = b->prealloc_pfns[left / frames];
+		unsigned int offset = frames - 1 - left % frames;
+
+		if (offset == 0 &&
+		    pass_isolated_offline_pages(from, to, block, frames, gfp)) {
+			free_isolated_offline_page(from, pfn_to_page(block));
+			ctl->n_prealloc_pages -= frames - 1;
+			continue;
+		}
+		pfns[n++] = block + offset;
+	}
+	return n;
+}
+
 static int f(P)
 { ... }

@alloc@
identifier f = vmballoon_alloc_page_list;
parameter list P;
@@
+static int vmballoon_alloc_pages(struct vmballoon *b, struct vmballoon_ctl *ctl,
+				 unsigned int req_n_pages)
+{
+	const bool movable = IS_ENABLED(CONFIG_BALLOON_MIGRATION);
+	unsigned int flags = OFFLINE_PAGE_ISOLATED;
+	unsigned long *pfns = ctl->pfns + ctl->n_refused_pages;
+	gfp_t gfp = __GFP_NOMEMALLOC | __GFP_NOWARN;
+	unsigned int n;
+
+	if (movable)
+		flags |= OFFLINE_PAGE_MOVABLE;
+	/* Blocks only if there are some; for pages, reclaim a little. */
+	if (ctl->page_size == VMW_BALLOON_2M_PAGE)
+		gfp |= __GFP_HIGHMEM | (movable ? __GFP_MOVABLE : 0);
+	else
+		gfp |= __GFP_NORETRY |
+		       (movable ? GFP_HIGHUSER_MOVABLE : GFP_HIGHUSER);
+	ctl->n_pages = vmballoon_take_prealloc_pages(b, ctl, pfns, req_n_pages);
+	req_n_pages -= ctl->n_pages;
+	n = alloc_offline_pages_bulk(&b->owners[ctl->page_size], req_n_pages,
+				     gfp, NUMA_NO_NODE, flags,
+				     pfns + ctl->n_pages);
+	ctl->n_pages += n;
+	vmballoon_stats_page_add(b, VMW_BALLOON_PAGE_STAT_ALLOC, ctl->page_size,
+				 n);
+	if (n == req_n_pages)
+		return 0;
+
+	/* The one that failed was an attempt, too. */
+	vmballoon_stats_page_inc(b, VMW_BALLOON_PAGE_STAT_ALLOC, ctl->page_size);
+	vmballoon_stats_page_inc(b, VMW_BALLOON_PAGE_STAT_ALLOC_FAIL,
+				 ctl->page_size);
+	return -ENOMEM;
+}
+
 static int f(P)
 { ... }

@alloc_old@
identifier f = vmballoon_alloc_page_list;
@@
-static int f(...) { ... }

@alloc_call@
expression list E;
@@
-vmballoon_alloc_page_list(E)
+vmballoon_alloc_pages(E)

// Tell the host. Which page an answer is about is known here.

@answer@
identifier f = vmballoon_status_page, b, idx, p;
expression pg;
@@
-static unsigned long f(struct vmballoon *b, int idx, struct page **p)
+static unsigned long f(struct vmballoon *b, int idx)
 {
 <...
- *p = pg;
 ...>
 }

@answer_call@
expression b, i;
identifier p;
@@
-vmballoon_status_page(b, i, &p)
+vmballoon_status_page(b, i)

@tell exists@
expression list E;
identifier f = vmballoon_lock, b, ctl, pg, i, n;
iterator name list_for_each_entry;
symbol lru;
@@
 f(struct vmballoon *b, struct vmballoon_ctl *ctl)
 {
+	unsigned long *pfns = ctl->pfns + ctl->n_refused_pages;
 ... when any
-struct page *pg;
 ... when any
 n = ctl->n_pages;
 ... when any
-i = 0;
-list_for_each_entry(pg, &ctl->pages, lru)
+for (i = 0; i < n; i++)
 	vmballoon_add_page(b,
-			   i++, pg
+			   i, pfn_to_page(pfns[i])
			   );
 ... when any
 if (!vmballoon_handle_one_result(b,
-				  pg
+				  pfn_to_page(pfns[i])
				  , E)) continue;
-list_move(&pg->lru, &ctl->refused_pages);
+swap(pfns[i], ctl->pfns[ctl->n_refused_pages]);
 ... when any
 }

// What was refused is kept until no more of its size are tried; blocks until the
// end.

@keep@
identifier f = vmballoon_split_refused_pages;
parameter list P;
@@
+static void vmballoon_keep_refused_pages(struct vmballoon *b,
+					 struct vmballoon_ctl *ctl)
+{
+	const unsigned int frames = vmballoon_page_in_frames(ctl->page_size);
+
+	memcpy(b->prealloc_pfns, ctl->pfns,
+	       ctl->n_refused_pages * sizeof(*ctl->pfns));
+	ctl->n_prealloc_pages = ctl->n_refused_pages * frames;
+	ctl->n_refused_pages = 0;
+}
+
 static void f(P)
 { ... }

@release@
identifier f = vmballoon_split_refused_pages;
parameter list P;
@@
+static void vmballoon_release_prealloc_pages(struct vmballoon *b,
+					     struct vmballoon_ctl *ctl)
+{
+	const unsigned int frames = vmballoon_page_in_frames(VMW_BALLOON_2M_PAGE);
+	unsigned int n = ctl->n_prealloc_pages % frames;
+
+	n = vmballoon_take_prealloc_pages(b, ctl, ctl->pfns, n);
+	free_isolated_offline_pages_bulk(&b->owners[VMW_BALLOON_4K_PAGE], n,
+					 ctl->pfns);
+	n = ctl->n_prealloc_pages / frames;
+	free_isolated_offline_pages_bulk(&b->owners[VMW_BALLOON_2M_PAGE], n,
+					 b->prealloc_pfns);
+	ctl->n_prealloc_pages = 0;
+}
+
 static void f(P)
 { ... }

@split_old@
identifier f = vmballoon_split_refused_pages;
@@
-static void f(...) { ... }

// Inflate.

@inflate exists@
identifier f = vmballoon_inflate, b, ctl;
@@
 f(struct vmballoon *b)
 {
 ...
 struct vmballoon_ctl ctl = {
-	.pages = LIST_HEAD_INIT(ctl.pages),
-	.refused_pages = LIST_HEAD_INIT(ctl.refused_pages),
-	.prealloc_pages = LIST_HEAD_INIT(ctl.prealloc_pages),
+	.pfns = b->inflate_pfns,
 	...
 };
 ... when any
-vmballoon_enqueue_page_list(b, &ctl.pages, &ctl.n_pages, ctl.page_size);
+putback_offline_pages_bulk(&b->owners[ctl.page_size], ctl.n_pages,
+			   ctl.pfns + ctl.n_refused_pages);
+ctl.n_pages = 0;
 ... when any
-vmballoon_split_refused_pages(&ctl);
+vmballoon_keep_refused_pages(b, &ctl);
 ... when any
-vmballoon_release_page_list(&ctl.prealloc_pages, ...);
+vmballoon_release_prealloc_pages(b, &ctl);
 }

@refused@
identifier f, b, ctl;
@@
 f(struct vmballoon *b, struct vmballoon_ctl *ctl)
 {
 ...
-vmballoon_release_page_list(&ctl->refused_pages, &ctl->n_refused_pages, ...);
+free_isolated_offline_pages_bulk(&b->owners[ctl->page_size],
+				 ctl->n_refused_pages, ctl->pfns);
+ctl->n_refused_pages = 0;
 }

// Deflate. All sizes are tried: after the last START the host has no large
// ones any more, but the balloon may.

@deflate exists@
identifier f = vmballoon_deflate, b, ctl;
expression n;
@@
 f(struct vmballoon *b, ...)
 {
+	struct offline_page_owner *owner;
 ... when any
 struct vmballoon_ctl ctl = {
-	.pages = LIST_HEAD_INIT(ctl.pages),
-	.refused_pages = LIST_HEAD_INIT(ctl.refused_pages),
+	.pfns = b->deflate_pfns,
 	...
 };
+
+guard(mutex)(&b->deflate_lock);
 ... when any
 page_in_frames = vmballoon_page_in_frames(ctl.page_size);
+owner = &b->owners[ctl.page_size];
 ... when any
-vmballoon_dequeue_page_list(b, &ctl.pages, &ctl.n_pages, ctl.page_size, n);
+ctl.n_pages = isolate_offline_pages_bulk(owner, n, ctl.pfns);
 ... when any
-vmballoon_release_page_list(&ctl.pages, &ctl.n_pages, ctl.page_size);
+free_isolated_offline_pages_bulk(owner, ctl.n_pages,
+				 ctl.pfns + ctl.n_refused_pages);
+ctl.n_pages = 0;
-vmballoon_enqueue_page_list(b, &ctl.refused_pages, &ctl.n_refused_pages, ctl.page_size);
+putback_offline_pages_bulk(owner, ctl.n_refused_pages, ctl.pfns);
+ctl.n_refused_pages = 0;
 ... when any
 }

@no_lists@
@@
-VM_BUG_ON(!list_empty(...));

// Pages that are being moved are not there for the moment.

@pop@
identifier b, left;
@@
 while ((left = atomic64_read(&b->size)))
-	vmballoon_deflate(b, left, false);
+	if (!vmballoon_deflate(b, left, false))
+		fsleep(1000);

// Migration.

@migrate exists@
identifier f = vmballoon_migratepage, b, dev, newpage, oldpage, mode;
@@
-static int f(struct balloon_dev_info *dev, struct page *newpage,
-	     struct page *oldpage, enum migrate_mode mode)
+static int vmballoon_migrate_one(struct offline_page_owner *owner,
+				 struct page *newpage, struct page *page,
+				 enum migrate_mode mode)
 {
+	enum vmballoon_page_size_type page_size;
 ...
-b = container_of(...);
+b = &balloon;
+page_size = owner - b->owners;
 ... when any
 }

@limit depends on old@
identifier f = vmballoon_migrate_one;
expression lock;
@@
 f(...)
 {
 <+...
+/* Only a host that takes batches knows blocks, until it is told to stop. */
+if (page_size > b->max_page_size) {
+	ret = -EBUSY;
+	goto out_unlock;
+}
+
 spin_lock(lock);
 ...+>
 }

// The core does not say this of blocks: they leave as a whole.
@poisoned depends on old@
identifier f = vmballoon_register_shrinker;
parameter list P;
@@
 static int f(P)
 { ... }
+
+static void vmballoon_poisoned(struct offline_page_owner *owner,
+			       struct page *page)
+{
+	struct vmballoon *b = &balloon;
+
+	/* The host keeps it, and the balloon takes another one instead. */
+	atomic64_sub(vmballoon_page_in_frames(owner - b->owners), &b->size);
+}

@operations depends on old@
identifier f = vmballoon_migrate_one;
parameter list P;
@@
 static int f(P)
 { ... }
+
+static const struct offline_page_ops vmballoon_owner_ops = {
+	.migrate_one = vmballoon_migrate_one,
+	.poisoned = vmballoon_poisoned,
+};

@no_operations@
@@
-int vmballoon_migratepage(...);
+static const struct offline_page_ops vmballoon_owner_ops = {
+	.poisoned = vmballoon_poisoned,
+};

@frames@
identifier f = vmballoon_migrate_one;
@@
 f(...)
 {
 <+...
-VMW_BALLOON_4K_PAGE
+page_size
 ...+>
 }

@smaller@
identifier f = vmballoon_migrate_one;
expression b;
@@
 f(...)
 {
 <+...
-atomic64_dec(&b->size);
+atomic64_sub(vmballoon_page_in_frames(page_size), &b->size);
 ...+>
 }

// Owners come and go with the driver.

@enter depends on old@
identifier f = vmballoon_init;
@@
+static int __init vmballoon_register_owner(struct vmballoon *b,
+					   enum vmballoon_page_size_type size,
+					   const char *name)
+{
+	struct offline_page_owner *owner = &b->owners[size];
+
+	init_offline_page_owner(owner, name);
+	owner->ops = &vmballoon_owner_ops;
+	owner->order = vmballoon_page_order(size);
+	owner->balloon = true;
+	owner->stays_managed = true;
+	return register_offline_page_owner(owner);
+}
+
 static int __init f(void)
 { ... }

@leave depends on old@
identifier f = vmballoon_init;
@@
+static void vmballoon_unregister_owners(struct vmballoon *b)
+{
+	retire_offline_page_owner(&b->owners[VMW_BALLOON_4K_PAGE]);
+	retire_offline_page_owner(&b->owners[VMW_BALLOON_2M_PAGE]);
+	unregister_offline_page_owner(&b->owners[VMW_BALLOON_4K_PAGE]);
+	unregister_offline_page_owner(&b->owners[VMW_BALLOON_2M_PAGE]);
+}
+
 static int __init f(void)
 { ... }

@init@
expression b;
identifier error;
@@
-error = vmballoon_register_shrinker(&b);
-if (error)
-	return error;
+error = vmballoon_register_owner(&b, VMW_BALLOON_4K_PAGE, "vmw_balloon");
+if (!error)
+	error = vmballoon_register_owner(&b, VMW_BALLOON_2M_PAGE,
+					 "vmw_balloon_2M");
+if (!error)
+	error = vmballoon_register_shrinker(&b);
+if (error) {
+	vmballoon_unregister_owners(&b);
+	return error;
+}
+
-balloon_devinfo_init(...);
-if (IS_ENABLED(CONFIG_BALLOON_MIGRATION))
-	b.b_dev_info.migratepage = ...;
-INIT_LIST_HEAD(&b.huge_pages);
-spin_lock_init(&b.huge_pages_lock);
+mutex_init(&b.deflate_lock);

@exit depends on old@
expression b;
identifier f = vmballoon_exit;
@@
 f(void)
 {
 ...
 vmballoon_pop(&b);
+vmballoon_unregister_owners(&b);
 }

@include@
@@
-#include <linux/balloon.h>
+#include <linux/delay.h>
+#include <linux/mutex.h>
+#include <linux/offline_pages.h>
