// SPDX-License-Identifier: GPL-2.0-only
///
/// The workqueue for work that may run on any CPU has its older name.
///
// When: not include/linux/workqueue.h /\bsystem_dfl_wq\b/
// Files: drivers/balloon/virtio.c

@queue@
@@
-system_dfl_wq
+system_unbound_wq
