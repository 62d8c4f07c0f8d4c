// SPDX-License-Identifier: GPL-2.0-only
#include <linux/notifier.h>

static struct hv_dynmem_device device;

/* Not the device itself. */
static struct hv_dynmem_device *devices[2];

static int changed(struct notifier_block *nb, unsigned long val, void *v)
{
	struct memory_notify *mem = (struct memory_notify *)v;
	unsigned long nr;

	switch (val) {
	case MEM_OFFLINE:
		scoped_guard(spinlock_irqsave, &device.ha_lock) {
			nr = mem->nr_pages;
			device.num_pages_onlined -= nr;
		}
		break;
	case MEM_GOING_ONLINE:
		break;
	}
	return NOTIFY_OK;
}

/* Told about something else. */
static int asleep(struct notifier_block *nb, unsigned long val, void *v)
{
	if (val == PM_SUSPEND_PREPARE)
		return NOTIFY_BAD;
	return NOTIFY_OK;
}

static int __init load(void)
{
	return vmbus_driver_register(&driver);
}
