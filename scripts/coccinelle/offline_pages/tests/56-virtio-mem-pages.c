// SPDX-License-Identifier: GPL-2.0-only
#include <linux/virtio_mem.h>

static void virtio_mem_fake_online(unsigned long pfn, unsigned long nr);
static void virtio_mem_fake_offline_going_offline(unsigned long pfn,
						  unsigned long nr);

/* Goes, with this comment. */
static void virtio_mem_set_fake_offline(unsigned long pfn, unsigned long nr,
					bool onlined)
{
	mark(pfn, nr, onlined);
}

static void virtio_mem_clear_fake_offline(unsigned long pfn, unsigned long nr)
{
	unmark(pfn, nr);
}

static void virtio_mem_fake_online(unsigned long pfn, unsigned long nr)
{
	virtio_mem_clear_fake_offline(pfn, nr);
}

static void virtio_mem_fake_offline_going_offline(unsigned long pfn,
						  unsigned long nr)
{
	unreference(pfn, nr);
}

static void virtio_mem_sbm_notify_going_offline(struct virtio_mem *vm, int id)
{
	virtio_mem_fake_offline_going_offline(id, 1);
}

static void virtio_mem_bbm_notify_going_offline(struct virtio_mem *vm, int id,
						unsigned long nr)
{
	virtio_mem_fake_offline_going_offline(id, nr);
}

/* Stays: it is about something else. */
static void virtio_mem_sbm_notify_offline(struct virtio_mem *vm, int id)
{
	vm->state[id] = 0;
}

static void notified(struct virtio_mem *vm, int what, int id)
{
	if (what == MEM_GOING_OFFLINE) {
		if (vm->in_sbm)
			virtio_mem_sbm_notify_going_offline(vm, id);
		else
			virtio_mem_bbm_notify_going_offline(vm, id, 1);
		vm->hotplug_active = true;
	} else {
		if (vm->in_sbm)
			virtio_mem_sbm_notify_offline(vm, id);
	}
}

static int take(struct virtio_mem *vm, unsigned long pfn, unsigned long nr)
{
	int rc, retry;

	for (retry = 0; retry < 3; retry++) {
		rc = alloc_contig_range(pfn, pfn + nr, MIGRATE_MOVABLE,
					GFP_KERNEL);
		if (rc == -ENOMEM)
			return rc;
		else if (rc)
			continue;
		virtio_mem_set_fake_offline(pfn, nr, true);
		adjust_managed_page_count(pfn_to_page(pfn), -nr);
		return 0;
	}
	return -EBUSY;
}

static void onlining(struct virtio_mem *vm, unsigned long pfn, bool plugged)
{
	if (plugged)
		generic_online_page(pfn_to_page(pfn), 0);
	else
		virtio_mem_set_fake_offline(pfn, 1, false);
}

static int plug(struct virtio_mem *vm, unsigned long pfn, unsigned long nr)
{
	if (ask(vm))
		return -EIO;
	virtio_mem_fake_online(pfn, nr);
	return 0;
}
