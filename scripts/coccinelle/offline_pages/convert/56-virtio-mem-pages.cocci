// SPDX-License-Identifier: GPL-2.0-only
///
/// virtio-mem takes, keeps and gives back pages through the offline page core.
/// They are skippable, which is all that memory offlining has to know: the
/// games with the refcount, and PageDirty, go.
///
// Confidence: High
// Options: --no-includes --include-headers

@take@
expression pfn, nr, rc, mode;
identifier f, vm;
symbol true;
@@
 f(struct virtio_mem *vm, ...)
 {
 <+...
-rc = alloc_contig_range(pfn, pfn + nr, mode, GFP_KERNEL);
+rc = alloc_offline_page_range(&vm->owner, pfn, nr, GFP_KERNEL,
+			      OFFLINE_PAGE_SKIPPABLE);
 ... when any
-virtio_mem_set_fake_offline(pfn, nr, true);
-adjust_managed_page_count(pfn_to_page(pfn), -nr);
 ...+>
 }

@keep@
expression pfn, nr;
identifier f, vm;
symbol false;
@@
 f(struct virtio_mem *vm, ...)
 {
 <+...
-virtio_mem_set_fake_offline(pfn, nr, false);
+keep_offline_page_range(&vm->owner, pfn, nr, OFFLINE_PAGE_SKIPPABLE);
 ...+>
 }

@give_back@
expression pfn, nr;
identifier f, vm;
@@
 f(struct virtio_mem *vm, ...)
 {
 <+...
-virtio_mem_fake_online(pfn, nr)
+free_offline_page_range(&vm->owner, pfn, nr)
 ...+>
 }

@notify@
expression vm;
@@
-if (vm->in_sbm)
-	\(virtio_mem_sbm_notify_going_offline\|virtio_mem_sbm_notify_cancel_offline\)(...);
-else
-	\(virtio_mem_bbm_notify_going_offline\|virtio_mem_bbm_notify_cancel_offline\)(...);

@obsolete@
identifier f =~ "^virtio_mem_(set_fake_offline|clear_fake_offline|fake_online|fake_offline_(going|cancel)_offline|[sb]bm_notify_(going|cancel)_offline)$";
type T;
@@
-T f(...) { ... }
