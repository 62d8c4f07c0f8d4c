// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example of a balloon driver that is kept outside the kernel tree, written
 * against linux/balloon.h as Linux 7.3 has it. It takes pages onto lists, and
 * tells the host about many of them at once. A device of the platform bus has
 * one balloon; if the host is a lender, the guest may have its pages back when
 * it likes.
 */
#include <linux/balloon.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define BOX_TARGET	0x00
#define BOX_FEATURES	0x08
#define BOX_BUFFER	0x10
#define BOX_TAKE	0x18
#define BOX_GIVE	0x20
#define BOX_LENDER	BIT(0)
#define BOX_FRAMES	256

struct box {
	struct device *dev;
	void __iomem *regs;
	struct notifier_block oom_nb;
	struct delayed_work work;
	struct mutex lock;
	unsigned int nr_frames;
	u64 *frames;
	dma_addr_t frames_dma;
	unsigned long held;
	struct balloon_dev_info b_dev_info;
};

static void box_add(struct box *box, struct page *page)
{
	box->frames[box->nr_frames++] = page_to_pfn(page);
}

static void box_tell(struct box *box, unsigned int what)
{
	if (box->nr_frames)
		writeq(box->nr_frames, box->regs + what);
}

static size_t box_inflate(struct box *box, size_t want)
{
	struct page *page, *next;
	LIST_HEAD(pages);
	size_t got;

	want = min(want, (size_t)BOX_FRAMES);
	for (got = 0; got < want; got++) {
		page = balloon_page_alloc();
		if (!page) {
			dev_dbg(box->dev, "no page for the balloon\n");
			break;
		}
		list_add(&page->lru, &pages);
	}

	mutex_lock(&box->lock);
	box->nr_frames = 0;
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		balloon_page_enqueue(&box->b_dev_info, page);
		box_add(box, page);
		box->held++;
	}
	box_tell(box, BOX_TAKE);
	mutex_unlock(&box->lock);
	return got;
}

static void box_release(struct box *box, struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		list_del(&page->lru);
		put_page(page);
	}
}

static size_t box_deflate(struct box *box, size_t want)
{
	struct page *page;
	LIST_HEAD(pages);
	size_t given;

	want = min(want, (size_t)BOX_FRAMES);
	mutex_lock(&box->lock);
	box->nr_frames = 0;
	for (given = 0; given < want; given++) {
		page = balloon_page_dequeue(&box->b_dev_info);
		if (!page)
			break;
		box_add(box, page);
		list_add(&page->lru, &pages);
		box->held--;
	}
	box_tell(box, BOX_GIVE);
	box_release(box, &pages);
	mutex_unlock(&box->lock);
	return given;
}

/* The host has taken these already: at boot, or after it was migrated. */
static void box_inflate_quietly(struct box *box, size_t want)
{
	struct page *page;
	LIST_HEAD(pages);

	want = min_t(size_t, want, 32);
	while (want--) {
		page = balloon_page_alloc();
		if (!page)
			break;
		list_add_tail(&page->lru, &pages);
		box->held++;
	}
	balloon_page_list_enqueue(&box->b_dev_info, &pages);
}

/* Memory is short: the host learns of it later. */
static size_t box_deflate_quietly(struct box *box, size_t want)
{
	struct page *page, *next;
	LIST_HEAD(pages);
	size_t given;

	given = balloon_page_list_dequeue(&box->b_dev_info, &pages, want);
	list_for_each_entry(page, &pages, lru)
		dev_dbg(box->dev, "frame %lx\n", page_to_pfn(page));
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
	box->held -= given;
	return given;
}

static int box_oom(struct notifier_block *nb, unsigned long unused, void *freed)
{
	struct box *box = container_of(nb, struct box, oom_nb);

	*(unsigned long *)freed += box_deflate_quietly(box, 256);
	return NOTIFY_OK;
}

static void box_work(struct work_struct *work)
{
	struct box *box = container_of(work, struct box, work.work);
	u64 target = readq(box->regs + BOX_TARGET);

	if (target > box->held)
		box_inflate(box, target - box->held);
	else if (target < box->held)
		box_deflate(box, box->held - target);
	schedule_delayed_work(&box->work, HZ);
}

#ifdef CONFIG_BALLOON_MIGRATION
static int box_migratepage(struct balloon_dev_info *info, struct page *newpage,
			   struct page *page, enum migrate_mode mode)
{
	struct box *box = container_of(info, struct box, b_dev_info);

	if (!mutex_trylock(&box->lock))
		return -EAGAIN;
	box->nr_frames = 0;
	box_add(box, newpage);
	box_tell(box, BOX_TAKE);
	box->nr_frames = 0;
	box_add(box, page);
	box_tell(box, BOX_GIVE);
	mutex_unlock(&box->lock);
	return 0;
}
#endif

static int box_probe(struct platform_device *pdev)
{
	struct box *box;
	int err;

	box = kzalloc(sizeof(*box), GFP_KERNEL);
	if (!box)
		return -ENOMEM;
	box->dev = &pdev->dev;
	mutex_init(&box->lock);
	INIT_DELAYED_WORK(&box->work, box_work);
	platform_set_drvdata(pdev, box);
	box->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(box->regs)) {
		err = PTR_ERR(box->regs);
		goto free_box;
	}

	balloon_devinfo_init(&box->b_dev_info);
	if (!(readq(box->regs + BOX_FEATURES) & BOX_LENDER))
		box->b_dev_info.adjust_managed_page_count = true;
#ifdef CONFIG_BALLOON_MIGRATION
	box->b_dev_info.migratepage = box_migratepage;
#endif

	box->frames = dma_alloc_coherent(box->dev, BOX_FRAMES * sizeof(u64),
					 &box->frames_dma, GFP_KERNEL);
	if (!box->frames) {
		err = -ENOMEM;
		goto free_box;
	}
	writeq(box->frames_dma, box->regs + BOX_BUFFER);

	box->oom_nb.notifier_call = box_oom;
	err = register_oom_notifier(&box->oom_nb);
	if (err)
		goto free_frames;
	box_inflate_quietly(box, readq(box->regs + BOX_TAKE));
	schedule_delayed_work(&box->work, 0);
	return 0;

free_frames:
	dma_free_coherent(box->dev, BOX_FRAMES * sizeof(u64), box->frames,
			  box->frames_dma);
free_box:
	kfree(box);
	return err;
}

static void box_remove(struct platform_device *pdev)
{
	struct box *box = platform_get_drvdata(pdev);

	unregister_oom_notifier(&box->oom_nb);
	cancel_delayed_work_sync(&box->work);
	while (box->held)
		box_deflate(box, box->held);
	dma_free_coherent(box->dev, BOX_FRAMES * sizeof(u64), box->frames,
			  box->frames_dma);
	kfree(box);
}

static struct platform_driver box_driver = {
	.probe = box_probe,
	.remove = box_remove,
	.driver.name = "box-balloon",
};
module_platform_driver(box_driver);

MODULE_DESCRIPTION("Example of a balloon driver with lists of pages");
MODULE_LICENSE("GPL");
