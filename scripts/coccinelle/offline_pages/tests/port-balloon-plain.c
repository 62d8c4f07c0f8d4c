// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example of a balloon driver that is kept outside the kernel tree, written
 * against linux/balloon.h as Linux 7.3 has it: no page can move where pages
 * cannot move at all, and the guest keeps counting what the host has.
 */
#include <linux/balloon.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static struct balloon_dev_info tin;
static unsigned long inside;
static bool tin_open;

static int tin_call(unsigned int what, struct page *page)
{
	outl(what, 0x5658);
	outl(page_to_pfn(page), 0x565c);
	return inl(0x5658) ? -EIO : 0;
}

static struct page *tin_page(void)
{
	return balloon_page_alloc();
}

static int tin_put(struct page *page)
{
	int ret = tin_call(1, page);

	if (!ret) {
		balloon_page_enqueue(&tin, page);
		inside++;
	}
	return ret;
}

static bool tin_get(void)
{
	struct page *page = balloon_page_dequeue(&tin);

	if (!page)
		return false;
	tin_call(2, page);
	__free_page(page);
	inside--;
	return true;
}

static int tin_set(const char *value, const struct kernel_param *kp)
{
	unsigned long target;
	int ret = tin_open ? kstrtoul(value, 0, &target) : -ENODEV;

	while (!ret && inside < target) {
		struct page *page = tin_page();

		ret = page ? tin_put(page) : -ENOMEM;
	}
	while (!ret && inside > target)
		ret = tin_get() ? 0 : -EBUSY;
	return ret;
}

static const struct kernel_param_ops tin_ops = {
	.set = tin_set,
	.get = param_get_ulong,
};
module_param_cb(target, &tin_ops, &inside, 0600);

#ifdef CONFIG_BALLOON_MIGRATION
static int tin_move(struct balloon_dev_info *info, struct page *newpage,
		    struct page *page, enum migrate_mode mode)
{
	if (tin_call(1, newpage))
		return -EBUSY;
	tin_call(2, page);
	return 0;
}
#else
int tin_move(struct balloon_dev_info *info, struct page *newpage,
	     struct page *page, enum migrate_mode mode);
#endif

static int __init tin_init(void)
{
	int ret;

	balloon_devinfo_init(&tin);
	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION))
		tin.migratepage = tin_move;
	ret = inl(0x5658);
	if (ret)
		return -ENODEV;
	tin_open = true;
	return 0;
}
module_init(tin_init);

static void __exit tin_exit(void)
{
	while (inside)
		tin_get();
}
module_exit(tin_exit);

MODULE_DESCRIPTION("Example of a balloon driver without any more to it");
MODULE_LICENSE("GPL");
