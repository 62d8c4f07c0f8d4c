// SPDX-License-Identifier: GPL-2.0-only
///
/// Queues that a device still has cannot be given back: a probe that fails
/// resets the device first, as a removal does.
///
// Confidence: High
// Options: --no-includes --include-headers

@has@
identifier vdev;
@@
 virtio_reset_device(vdev);
 vdev->config->del_vqs(vdev);

@reset depends on !has@
identifier probe, vdev, out;
@@
 probe(struct virtio_device *vdev)
 {
 <+...
 out:
+	virtio_reset_device(vdev);
 	vdev->config->del_vqs(vdev);
 ...+>
 }
