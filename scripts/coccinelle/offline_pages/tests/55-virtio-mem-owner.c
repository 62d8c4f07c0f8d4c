// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memory.h>
#include <linux/virtio_mem.h>

struct virtio_mem {
	struct virtio_device *vdev;
	bool hotplug_active;
	int mgid;
};

/* Another structure with a member of that name. */
struct other_mem {
	bool hotplug_active;
};

static int start(struct virtio_mem *vm)
{
	int err;

	err = virtio_mem_create_resource(vm);
	if (err)
		return err;

	err = memory_group_register_dynamic(vm->nid, 1);
	if (err < 0)
		goto fail;
	vm->mgid = err;
	return 0;
fail:
	virtio_mem_delete_resource(vm);
	return err;
}

static void stop(struct virtio_mem *vm)
{
	hrtimer_cancel(&vm->retry_timer);
	if (vm->in_sbm)
		forget_blocks(vm);
	unregister_virtio_mem_device(vm);
	if (!in_use(vm))
		virtio_mem_delete_resource(vm);
}

static int changed(struct notifier_block *nb, unsigned long action, void *arg)
{
	struct virtio_mem *vm = container_of(nb, struct virtio_mem, nb);
	struct memory_notify *what = arg;
	int ret = NOTIFY_OK;

	if (action == MEM_GOING_ONLINE) {
		if (vm->in_sbm)
			ret = virtio_mem_sbm_notify_going_online(vm, what->start_pfn);
	} else if (action == MEM_ONLINE) {
		if (vm->in_sbm)
			virtio_mem_sbm_notify_online(vm, what->start_pfn);
	}
	return ret;
}
