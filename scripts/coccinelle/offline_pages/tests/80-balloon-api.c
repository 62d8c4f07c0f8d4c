// SPDX-License-Identifier: GPL-2.0-only
#include <linux/balloon.h>
#include <linux/module.h>

static struct balloon_dev_info one;
static unsigned long taken;

static int one_take(unsigned long nr)
{
	struct page *pg;

	for (; nr; nr--) {
		pg = balloon_page_alloc();
		if (!pg)
			return -ENOMEM;
		if (hv_take(page_to_pfn(pg))) {
			__free_page(pg);
			return -EIO;
		}
		balloon_page_enqueue(&one, pg);
		taken++;
	}
	return 0;
}

static void one_give(unsigned long nr)
{
	while (nr-- && taken) {
		struct page *pg = NULL;

		pg = balloon_page_dequeue(&one);
		if (!pg)
			break;
		hv_give(page_to_pfn(pg));
		__free_page(pg);
		taken--;
	}
}

/* A page that is not in the balloon is freed as before. */
static void one_buffer(void)
{
	struct page *pg = alloc_page(GFP_KERNEL);

	if (pg)
		__free_page(pg);
}

#ifdef CONFIG_BALLOON_MIGRATION
static int one_move(struct balloon_dev_info *dev, struct page *to,
		    struct page *from, enum migrate_mode mode)
{
	if (hv_take(page_to_pfn(to)))
		return -EBUSY;
	hv_give(page_to_pfn(from));
	return 0;
}
#else
int one_move(struct balloon_dev_info *dev, struct page *to, struct page *from,
	     enum migrate_mode mode);
#endif

static int one_init(void)
{
	balloon_devinfo_init(&one);
	one.adjust_managed_page_count = true;
	one.migratepage = one_move;
	return 0;
}

/* Many devices; a lender may use the memory of the guest when it wants to. */
struct many {
	struct balloon_dev_info dev;
	bool lender;
};

static void many_give(struct many *m)
{
	struct page *pg;

	pg = balloon_page_dequeue(&m->dev);
	if (pg)
		put_page(pg);
}

static int many_probe(struct many *m)
{
	balloon_devinfo_init(&m->dev);
	if (!m->lender)
		m->dev.adjust_managed_page_count = true;
	return 0;
}

static int strict_probe(struct many *m)
{
	balloon_devinfo_init(&m->dev);
	return 0;
}
