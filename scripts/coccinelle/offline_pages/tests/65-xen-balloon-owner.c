// SPDX-License-Identifier: GPL-2.0-only
#include <linux/notifier.h>

static LIST_HEAD(ballooned_pages);
static LIST_HEAD(other_pages);

static int changed(struct notifier_block *nb, unsigned long val, void *v)
{
	if (val == MEM_ONLINE)
		wake_up(&thread_wq);

	return NOTIFY_OK;
}

static bool balloon_is_inflated(void)
{
	return balloon_stats.balloon_low || balloon_stats.balloon_high;
}

static int wait(void)
{
	if (!list_empty(&other_pages))
		return 0;
	return wait_event_interruptible(wq, !list_empty(&ballooned_pages));
}

static int __init start(void)
{
	int err;

	if (!xen_domain())
		return -ENODEV;

	balloon_stats.current_pages = 1000;
	balloon_stats.target_pages = 1000;
	err = balloon_add_regions(true);
	return err;
}
