// SPDX-License-Identifier: GPL-2.0-only
///
/// The virtio balloon takes, gives back and moves offline pages by the
/// bufferful, with one message to the device for each.
///
// Confidence: High
// Options: --no-includes --include-headers

@old@
@@
#include <linux/balloon.h>

@fields@
identifier list, S, pfns;
expression max;
typedef __virtio32;
@@
 struct S {
 ...
-struct balloon_dev_info list;
+struct offline_page_owner owner;
+
+/* What is asked for with a page: OFFLINE_PAGE_MOVABLE, or nothing */
+unsigned int page_flags;
+
+/* Pages on their way in: the work item's alone, no lock is held */
+unsigned long inflate_pfns[max / VIRTIO_BALLOON_PAGES_PER_PAGE];
+
+/* Pages on their way out, under balloon_lock */
+unsigned long deflate_pfns[max / VIRTIO_BALLOON_PAGES_PER_PAGE];
 ...
 __virtio32 pfns[max];
 ...
 };

@device_pfns depends on old@
identifier f = set_page_pfns;
parameter list P;
@@
 static void f(P)
 { ... }
+
+static void set_pfns(struct virtio_balloon *vb, const unsigned long *pfns,
+		     unsigned long nr)
+{
+	vb->num_pfns = 0;
+	while (nr--) {
+		struct page *page = pfn_to_page(*pfns++);
+
+		set_page_pfns(vb, vb->pfns + vb->num_pfns, page);
+		vb->num_pfns += VIRTIO_BALLOON_PAGES_PER_PAGE;
+	}
+}

// What it says, and how long it waits, when there are no more pages.
@puff exists@
expression list msg;
expression ms;
identifier f, pg, pages, vb;
declarer name LIST_HEAD;
@@
 f(struct virtio_balloon *vb, ...)
 {
 ... when any
 LIST_HEAD(pages);
 ... when any
 pg = balloon_page_alloc();
 if (!pg) {
 	dev_info_ratelimited(msg);
 	msleep(ms);
 	break;
 }
 ... when any
 }

@fill exists@
expression list puff.msg;
expression puff.ms, num;
identifier puff.f, puff.pages, puff.pg, puff.vb, done, next;
declarer name LIST_HEAD;
iterator name list_for_each_entry_safe;
symbol lru;
statement Alloc, Enqueue;
@@
 f(struct virtio_balloon *vb, ...)
 {
+	const gfp_t gentle = __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
+	gfp_t gfp = GFP_HIGHUSER;
+	unsigned long want;
+	unsigned long nr;
 ... when any
-LIST_HEAD(pages);
 ... when any
-for (done = 0; done < num; done += VIRTIO_BALLOON_PAGES_PER_PAGE) Alloc
+if (vb->page_flags & OFFLINE_PAGE_MOVABLE)
+	gfp = GFP_HIGHUSER_MOVABLE;
+want = DIV_ROUND_UP(num, VIRTIO_BALLOON_PAGES_PER_PAGE);
+nr = alloc_offline_pages_bulk(&vb->owner, want, gfp | gentle, NUMA_NO_NODE,
+			      vb->page_flags | OFFLINE_PAGE_ISOLATED,
+			      vb->inflate_pfns);
+if (nr < want) {
+	dev_info_ratelimited(msg);
+	/* The next try is not likely to do better at once. */
+	msleep(ms);
+}
 ... when any
-vb->num_pfns = 0;
 ... when any
-list_for_each_entry_safe(pg, next, &pages, lru) Enqueue
+set_pfns(vb, vb->inflate_pfns, nr);
+vb->num_pages += vb->num_pfns;
 ... when any
 mutex_unlock(&vb->balloon_lock);
+putback_offline_pages_bulk(&vb->owner, nr, vb->inflate_pfns);
 ... when any
 }

@unused_page@
identifier puff.f, puff.pg;
@@
 f(...)
 {
 ...
-struct page *pg;
 ... when != pg
 }

@unused_next@
identifier puff.f, fill.next;
@@
 f(...)
 {
 ...
-struct page *next;
 ... when != next
 }

@unused_done@
identifier puff.f, fill.done;
@@
 f(...)
 {
 ...
-unsigned int done;
 ... when != done
 }

@leak exists@
expression num;
identifier f, list, pages, pg, vb;
declarer name LIST_HEAD;
statement Dequeue;
@@
 f(struct virtio_balloon *vb, ...)
 {
+	unsigned long nr;
 ... when any
-struct page *pg;
-struct balloon_dev_info *list = ...;
-LIST_HEAD(pages);
 ... when any
-for (vb->num_pfns = 0; vb->num_pfns < num; vb->num_pfns += VIRTIO_BALLOON_PAGES_PER_PAGE) Dequeue
+nr = isolate_offline_pages_bulk(&vb->owner,
+				DIV_ROUND_UP(num, VIRTIO_BALLOON_PAGES_PER_PAGE),
+				vb->deflate_pfns);
+set_pfns(vb, vb->deflate_pfns, nr);
+vb->num_pages -= vb->num_pfns;
 ... when any
-release_pages_balloon(vb, &pages);
+free_isolated_offline_pages_bulk(&vb->owner, nr, vb->deflate_pfns);
 ... when any
 }

@release@
identifier f = release_pages_balloon;
@@
-static void f(...) { ... }

// Pages that are being moved are not there for the moment.
@empty@
identifier vb;
@@
 while (vb->num_pages)
-	leak_balloon(vb, vb->num_pages);
+	if (!leak_balloon(vb, vb->num_pages))
+		fsleep(1000);

@migrate exists@
expression per_page;
identifier f, list, dev, vb, newpage, oldpage, mode;
@@
-static int f(struct balloon_dev_info *dev, struct page *newpage,
-	     struct page *oldpage, enum migrate_mode mode)
+static int virtballoon_migrate(struct offline_page_owner *owner, unsigned int nr,
+			       const unsigned long *dst,
+			       const unsigned long *src,
+			       u8 *result, enum migrate_mode mode)
 {
 ...
 struct virtio_balloon *vb =
-	container_of(dev, struct virtio_balloon, list);
+	container_of(owner, struct virtio_balloon, owner);
 ... when any
-vb->num_pfns = per_page;
-set_page_pfns(vb, vb->pfns, newpage);
+set_pfns(vb, dst, nr);
 ...
-vb->num_pfns = per_page;
-set_page_pfns(vb, vb->pfns, oldpage);
+set_pfns(vb, src, nr);
 tell_host(...);
+memset(result, OFFLINE_PAGE_MOVED, nr);
 ... when any
 }

@poisoned depends on old@
identifier f = shrink_free_pages;
parameter list P;
@@
+static void virtballoon_poisoned(struct offline_page_owner *owner,
+				 struct page *page)
+{
+	struct virtio_balloon *vb =
+		container_of(owner, struct virtio_balloon, owner);
+
+	mutex_lock(&vb->balloon_lock);
+	vb->num_pages -= VIRTIO_BALLOON_PAGES_PER_PAGE;
+	mutex_unlock(&vb->balloon_lock);
+
+	/* Tell the device, and see if it wants another page instead. */
+	update_balloon_size(vb);
+	virtballoon_changed(vb->vdev);
+}
+
 static unsigned long f(P)
 { ... }

@ops depends on old@
identifier f = shrink_free_pages;
parameter list P;
@@
+static const struct offline_page_ops virtballoon_ops = {
+#ifdef CONFIG_BALLOON_MIGRATION
+	.migrate = virtballoon_migrate,
+	.max_batch = VIRTIO_BALLOON_ARRAY_PFNS_MAX /
+		     VIRTIO_BALLOON_PAGES_PER_PAGE,
+#endif
+	.poisoned = virtballoon_poisoned,
+};
+
 static unsigned long f(P)
 { ... }

@init@
identifier vb, list;
@@
-balloon_devinfo_init(&vb->list);
+init_offline_page_owner(&vb->owner, KBUILD_MODNAME);
+vb->owner.ops = &virtballoon_ops;
+vb->owner.balloon = true;

@enter@
expression may_use;
identifier vb, list;
@@
-if (!may_use)
-	vb->list.adjust_managed_page_count = true;
+vb->owner.stays_managed = may_use;
+err = register_offline_page_owner(&vb->owner);
+if (err)
+	goto out_del_vqs;

@movable@
identifier vb, list, fn;
@@
-vb->list.migratepage = fn;
+vb->page_flags = OFFLINE_PAGE_MOVABLE;

@undo depends on old@
identifier vb;
@@
+unregister_offline_page_owner(&vb->owner);
 mutex_destroy(&vb->balloon_lock);

@include@
@@
-#include <linux/balloon.h>
+#include <linux/offline_pages.h>
