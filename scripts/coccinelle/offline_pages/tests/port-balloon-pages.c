// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example of a balloon driver that is kept outside the kernel tree, written
 * against linux/balloon_compaction.h as Linux 6.12 has it: the driver counts
 * managed pages, and its migratepage() does itself what the core of 7.3 does.
 * There is one balloon, and the host hears of each page by itself.
 */
#include <linux/balloon_compaction.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/reboot.h>
#include <linux/sched.h>

static unsigned long port = 0x5658;
module_param(port, ulong, 0444);

static unsigned long target;
module_param(target, ulong, 0644);

static struct balloon_dev_info jar;
static unsigned long taken;
static DEFINE_MUTEX(jar_lock);
static struct task_struct *jar_task;

static int jar_call(unsigned int what, struct page *page)
{
	outl(what, port);
	outl(page_to_pfn(page), port + 4);
	return inl(port) ? -EIO : 0;
}

static int jar_fill(unsigned long nr)
{
	struct page *page;

	for (; nr; nr--) {
		page = balloon_page_alloc();
		if (!page)
			return -ENOMEM;
		if (jar_call(1, page)) {
			__free_page(page);
			return -EIO;
		}
		balloon_page_enqueue(&jar, page);
		adjust_managed_page_count(page, -1);
		taken++;
	}
	return 0;
}

static void jar_empty(unsigned long nr)
{
	struct page *page;

	for (; nr; nr--) {
		page = balloon_page_dequeue(&jar);
		if (!page)
			break;
		jar_call(2, page);
		adjust_managed_page_count(page, 1);
		__free_page(page);
		taken--;
	}
}

/* What the driver has for itself stays as it is. */
static struct page *jar_buffer;

static int jar_thread(void *unused)
{
	while (!kthread_should_stop()) {
		mutex_lock(&jar_lock);
		if (target > taken)
			jar_fill(target - taken);
		else if (target < taken)
			jar_empty(taken - target);
		mutex_unlock(&jar_lock);
		schedule_timeout_interruptible(HZ);
	}
	return 0;
}

static int jar_reboot(struct notifier_block *nb, unsigned long event, void *data)
{
	kthread_stop(jar_task);
	return NOTIFY_OK;
}

static struct notifier_block jar_reboot_nb = {
	.notifier_call = jar_reboot,
};

#ifdef CONFIG_BALLOON_COMPACTION
static int jar_migratepage(struct balloon_dev_info *info, struct page *newpage,
			   struct page *page, enum migrate_mode mode)
{
	unsigned long flags;

	if (jar_call(1, newpage))
		return -EBUSY;

	/* The balloon has the new page now. */
	get_page(newpage);

	/* Pages of the balloon are not managed. */
	if (page_zone(page) != page_zone(newpage)) {
		adjust_managed_page_count(page, 1);
		adjust_managed_page_count(newpage, -1);
	}

	spin_lock_irqsave(&info->pages_lock, flags);
	balloon_page_insert(info, newpage);
	__count_vm_event(BALLOON_MIGRATE);
	info->isolated_pages--;
	spin_unlock_irqrestore(&info->pages_lock, flags);

	jar_call(2, page);

	balloon_page_finalize(page);
	/* ... and has not the old one. */
	put_page(page);

	return MIGRATEPAGE_SUCCESS;
}
#endif

static int __init jar_init(void)
{
	int err;

	balloon_devinfo_init(&jar);
#ifdef CONFIG_BALLOON_COMPACTION
	jar.migratepage = jar_migratepage;
#endif

	jar_buffer = alloc_page(GFP_KERNEL);
	if (!jar_buffer)
		return -ENOMEM;

	err = register_reboot_notifier(&jar_reboot_nb);
	if (err)
		goto free_buffer;

	jar_task = kthread_run(jar_thread, NULL, "jar");
	if (IS_ERR(jar_task)) {
		err = PTR_ERR(jar_task);
		goto no_notifier;
	}
	return 0;

no_notifier:
	unregister_reboot_notifier(&jar_reboot_nb);
free_buffer:
	__free_page(jar_buffer);
	return err;
}
module_init(jar_init);

static void __exit jar_exit(void)
{
	unregister_reboot_notifier(&jar_reboot_nb);
	kthread_stop(jar_task);
	jar_empty(taken);
	__free_page(jar_buffer);
}
module_exit(jar_exit);

MODULE_DESCRIPTION("Example of a balloon driver that goes page by page");
MODULE_LICENSE("GPL");
