// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example of a balloon driver that is kept outside the kernel tree, written
 * against linux/balloon.h as Linux 7.3 has it. There are two kinds of hosts:
 * what one takes is gone, what the other takes may be had back at any time.
 */
#include <linux/balloon.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

struct crate {
	void __iomem *regs;
	bool lends;
	unsigned long nr;
	struct balloon_dev_info inside;
};

static unsigned long address;
module_param(address, ulong, 0444);

static bool strict;
module_param(strict, bool, 0444);

static struct crate *the_crate;

static void crate_fill(struct crate *crate, unsigned long nr)
{
	while (nr--) {
		struct page *page = balloon_page_alloc();

		if (!page)
			break;
		writeq(page_to_pfn(page), crate->regs);
		if (readl(crate->regs + 8)) {
			put_page(page);
			break;
		}
		balloon_page_enqueue(&crate->inside, page);
		crate->nr++;
	}
}

static void crate_clear(struct crate *crate)
{
	struct page *page;

	while (crate->nr) {
		page = balloon_page_dequeue(&crate->inside);
		if (!page)
			break;
		writeq(page_to_pfn(page), crate->regs + 16);
		put_page(page);
		crate->nr--;
	}
}

static int crate_setup(struct crate *crate)
{
	int ret;

	balloon_devinfo_init(&crate->inside);
	if (!crate->lends)
		crate->inside.adjust_managed_page_count = true;
	ret = readl(crate->regs + 24);
	if (ret)
		return -ENODEV;
	crate_fill(crate, 16);
	return 0;
}

static int crate_setup_strict(struct crate *crate)
{
	int ret;

	balloon_devinfo_init(&crate->inside);
	crate->inside.adjust_managed_page_count = true;
	ret = readl(crate->regs + 32);
	if (ret)
		return -ENODEV;
	crate_fill(crate, 32);
	return 0;
}

static int __init crate_init(void)
{
	int ret = -ENOMEM;

	the_crate = kzalloc(sizeof(*the_crate), GFP_KERNEL);
	if (!the_crate)
		return ret;
	the_crate->regs = ioremap(address, 64);
	if (!the_crate->regs)
		goto free_crate;
	the_crate->lends = readl(the_crate->regs + 40);
	ret = strict ? crate_setup_strict(the_crate) : crate_setup(the_crate);
	if (ret)
		goto unmap;
	return 0;

unmap:
	iounmap(the_crate->regs);
free_crate:
	kfree(the_crate);
	return ret;
}
module_init(crate_init);

static void __exit crate_exit(void)
{
	crate_clear(the_crate);
	iounmap(the_crate->regs);
	kfree(the_crate);
}
module_exit(crate_exit);

MODULE_DESCRIPTION("Example of a balloon driver for two kinds of hosts");
MODULE_LICENSE("GPL");
