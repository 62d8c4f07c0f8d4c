// SPDX-License-Identifier: GPL-2.0-only

static int demo_probe(struct virtio_device *vdev)
{
	struct demo *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;

	if (!d)
		return -ENOMEM;
	err = demo_find_vqs(d);
	if (err)
		goto out_free;
	d->wq = alloc_workqueue("demo", 0, 0);
	if (!d->wq) {
		err = -ENOMEM;
		goto out_del;
	}
	virtio_device_ready(vdev);
	return 0;

out_del:
	vdev->config->del_vqs(vdev);
out_free:
	kfree(d);
	return err;
}

static void demo_remove(struct virtio_device *vdev)
{
	struct demo *d = vdev->priv;

	virtio_reset_device(d->vdev);
	d->vdev->config->del_vqs(d->vdev);
	kfree(d);
}
