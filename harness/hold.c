// SPDX-License-Identifier: GPL-2.0
/*
 * A module of the tests: as long as it is there it holds pages, which are offline and stay what
 * they are whatever the guest does, and ordinary ones to compare with. What is in them tells
 * which is which.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/offline_pages.h>
#include <linux/slab.h>
#include <linux/string.h>

static unsigned int pages;
module_param(pages, uint, 0444);
MODULE_PARM_DESC(pages, "how many units of offline pages");

static unsigned int order;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "2^order pages are a unit");

static unsigned int ordinary;
module_param(ordinary, uint, 0444);
MODULE_PARM_DESC(ordinary, "how many ordinary pages");

static unsigned char mark = 0x55;
module_param(mark, byte, 0444);
MODULE_PARM_DESC(mark, "what is in offline pages; in ordinary ones is one more");

static bool stuck;
module_param(stuck, bool, 0444);
MODULE_PARM_DESC(stuck, "offline pages are said to be movable, and never move");

static struct offline_page_owner owner;
static struct page **held;
static unsigned int taken;

static int move_never(struct offline_page_owner *owner, struct page *dst,
		      struct page *src, enum migrate_mode mode)
{
	return -EBUSY;
}

static const struct offline_page_ops stuck_ops = {
	.migrate_one = move_never,
};

/* What is in an offline page is what was there before: nobody else writes it. */
static struct page *take(bool offline)
{
	struct page *page = offline ?
		alloc_offline_page(&owner, stuck ? GFP_HIGHUSER_MOVABLE :
				   GFP_KERNEL, NUMA_NO_NODE,
				   stuck ? OFFLINE_PAGE_MOVABLE : 0) :
		alloc_page(GFP_KERNEL);

	if (page)
		memset(page_address(page), mark + !offline,
		       PAGE_SIZE << (offline ? order : 0));
	return page;
}

static void hold_exit(void)
{
	while (taken--) {
		if (taken < pages)
			free_offline_page(&owner, held[taken]);
		else
			__free_page(held[taken]);
	}
	unregister_offline_page_owner(&owner);
	kvfree(held);
}
module_exit(hold_exit);

static int __init hold_init(void)
{
	int ret;

	held = kvmalloc_array(pages + ordinary, sizeof(*held), GFP_KERNEL);
	if (!held)
		return -ENOMEM;
	init_offline_page_owner(&owner, "hold");
	owner.order = order;
	if (stuck)
		owner.ops = &stuck_ops;
	ret = register_offline_page_owner(&owner);
	if (ret) {
		kvfree(held);
		return ret;
	}
	for (; taken < pages + ordinary; taken++) {
		held[taken] = take(taken < pages);
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
