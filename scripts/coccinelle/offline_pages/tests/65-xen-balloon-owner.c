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

int xen_alloc_ballooned_pages(unsigned int nr, struct page **pages)
{
	unsigned int n = 0;
	int err;

	mutex_lock(&balloon_mutex);

	balloon_stats.target_unpopulated += nr;
	while (n < nr) {
		pages[n++] = one_page();
		if (!pages[n - 1])
			goto out;
	}
	mutex_unlock(&balloon_mutex);
	return 0;
out:
	mutex_unlock(&balloon_mutex);
	return -ENOMEM;
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
