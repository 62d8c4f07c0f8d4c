// SPDX-License-Identifier: GPL-2.0-only
///
/// A virtio-mem device owns the offline pages of its memory. It registers
/// before its memory notifier can run, unregisters while the notifier still
/// denies every change, and gets ready to keep pages before a block goes
/// online.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
@@
#include <linux/offline_pages.h>

@include depends on !has@
@@
 #include <linux/memory.h>
+#include <linux/offline_pages.h>

@member depends on !has@
@@
 struct virtio_mem {
 	...
 	bool hotplug_active;
+	/* Holds the unplugged pages of online memory blocks. */
+	struct offline_page_owner owner;
 	...
 };

@probe depends on !has@
expression rc;
identifier out;
struct virtio_mem *vm;
@@
 rc = virtio_mem_create_resource(vm);
 if (rc)
 	return rc;
+
+init_offline_page_owner(&vm->owner, dev_name(&vm->vdev->dev));
+rc = register_offline_page_owner(&vm->owner);
+if (rc)
+	goto out;
 ... when any
 rc = memory_group_register_dynamic(...);
 if (rc < 0)
 	goto out;

@probe_failed depends on !has@
identifier out;
struct virtio_mem *vm;
@@
 out:
+unregister_offline_page_owner(&vm->owner);
 virtio_mem_delete_resource(vm);

@removed depends on !has@
struct virtio_mem *vm;
statement S;
@@
 hrtimer_cancel(&vm->retry_timer);
 if (vm->in_sbm) S
+
+/* From now on, blocks with unplugged pages must stay online. */
+unregister_offline_page_owner(&vm->owner);

@notifier@
expression arg;
identifier mhp;
@@
 struct memory_notify *mhp = arg;

@reserve depends on !has@
expression id;
struct virtio_mem *vm;
identifier notifier.mhp;
identifier rc;
@@
 if (vm->in_sbm)
 	rc = virtio_mem_sbm_notify_going_online(vm, id);
+if (rc == NOTIFY_OK) {
+	rc = reserve_offline_page_range(&vm->owner, mhp->start_pfn,
+					mhp->nr_pages, GFP_KERNEL);
+	rc = notifier_from_errno(rc);
+}
