// SPDX-License-Identifier: GPL-2.0
/*
 * A module of the tests: as long as it is there it holds pages, which are offline and stay what
 * they are whatever the guest does. To compare with, it takes ordinary ones.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/offline_pages.h>
#include <linux/slab.h>

static unsigned int pages = 1;
module_param(pages, uint, 0444);
MODULE_PARM_DESC(pages, "how many");

static bool ordinary;
module_param(ordinary, bool, 0444);
MODULE_PARM_DESC(ordinary, "not offline");

static struct offline_page_owner owner;
static struct page **held;
static unsigned int taken;

static struct page *take(void)
{
	struct page *page;

	if (!ordinary)
		return alloc_offline_page(&owner, GFP_KERNEL, NUMA_NO_NODE, 0);
	page = alloc_page(GFP_KERNEL);
	if (page)
		memset(page_address(page), 0x55, PAGE_SIZE);
	return page;
}

static void hold_exit(void)
{
	while (taken--) {
		if (ordinary)
			__free_page(held[taken]);
		else
			free_offline_page(&owner, held[taken]);
	}
	unregister_offline_page_owner(&owner);
	kvfree(held);
}
module_exit(hold_exit);

static int __init hold_init(void)
{
	int ret;

	held = kvmalloc_array(pages, sizeof(*held), GFP_KERNEL);
	if (!held)
		return -ENOMEM;
	init_offline_page_owner(&owner, "hold");
	ret = register_offline_page_owner(&owner);
	if (ret) {
		kvfree(held);
		return ret;
	}
	for (; taken < pages; taken++) {
		held[taken] = take();
		if (!held[taken]) {
			hold_exit();
			return -ENOMEM;
		}
	}
	return 0;
}
module_init(hold_init);

MODULE_DESCRIPTION("Holds offline pages for a test");
MODULE_LICENSE("GPL");
