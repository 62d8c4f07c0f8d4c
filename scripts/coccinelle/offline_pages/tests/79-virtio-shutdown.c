// SPDX-License-Identifier: GPL-2.0-only

static void dev_shutdown(struct device *_d)
{
	struct virtio_device *vdev = dev_to_virtio(_d);
	struct virtio_driver *driver = drv_to_virtio(vdev->dev.driver);

	if (!driver)
		return;
	virtio_break_device(vdev);
	vdev->config->reset(vdev);
}

/* Not the end of all. */
static void dev_remove(struct device *_d)
{
	struct virtio_device *vdev = dev_to_virtio(_d);
	struct virtio_driver *driver = drv_to_virtio(vdev->dev.driver);

	if (!driver)
		return;
	driver->remove(vdev);
}
