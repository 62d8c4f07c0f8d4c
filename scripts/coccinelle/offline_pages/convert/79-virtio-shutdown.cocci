// SPDX-License-Identifier: GPL-2.0-only
///
/// A virtio driver that has work to end can do so before its device is reset
/// for a restart.
///
// Confidence: High
// Options: --no-includes --include-headers

@done@
struct virtio_driver *drv;
@@
 drv->shutdown(...)

@call depends on !done@
expression dev;
identifier drv, f;
@@
 f(...)
 {
 	...
 	struct virtio_driver *drv = ...;
 	...
 	if (!drv)
 		return;
+	if (drv->shutdown) {
+		drv->shutdown(dev);
+		return;
+	}
 	...
 	virtio_break_device(dev);
 	...
 }
