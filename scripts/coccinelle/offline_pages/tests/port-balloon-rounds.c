// SPDX-License-Identifier: GPL-2.0-only
/*
 * An example of a balloon driver that is kept outside the kernel tree, written
 * against linux/balloon_compaction.h as Linux 6.12 has it. It works in rounds,
 * with the lists that the interface has for this. A lender's memory is counted
 * as the guest's even while the host has it.
 */
#include <linux/balloon_compaction.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>

struct well {
	struct pci_dev *pdev;
	void __iomem *regs;
	bool lender;
	struct mutex lock;
	unsigned long depth;
	struct balloon_dev_info pages;
};

static bool well_say(struct well *well, struct page *page, bool take)
{
	writeq(page_to_pfn(page) << 1 | take, well->regs);
	return !readl(well->regs);
}

static struct page *well_page(struct well *well)
{
	struct page *page = balloon_page_alloc();

	if (!page)
		pci_dbg(well->pdev, "no page\n");
	return page;
}

static unsigned int well_sink(struct well *well, unsigned int want)
{
	unsigned int n, done = 0;
	struct page *page;
	LIST_HEAD(round);

	want = min_t(unsigned int, want, 128);
	while (done < 1024) {
		for (n = 0; n < want; n++) {
			page = well_page(well);
			if (!page)
				break;
			balloon_page_push(&round, page);
		}
		if (!n)
			break;
		done += n;
		mutex_lock(&well->lock);
		while ((page = balloon_page_pop(&round))) {
			if (!well_say(well, page, true)) {
				put_page(page);
				continue;
			}
			balloon_page_enqueue(&well->pages, page);
			if (!well->lender)
				adjust_managed_page_count(page, -1);
			well->depth++;
		}
		mutex_unlock(&well->lock);
	}
	return done;
}

static void well_rise(struct well *well, size_t want)
{
	struct page *page, *next;
	LIST_HEAD(round);
	size_t n;

	mutex_lock(&well->lock);
	do {
		n = balloon_page_list_dequeue(&well->pages, &round, want);
		list_for_each_entry_safe(page, next, &round, lru) {
			list_del(&page->lru);
			well_say(well, page, false);
			if (!well->lender)
				adjust_managed_page_count(page, 1);
			__free_page(page);
			well->depth--;
		}
		want -= n;
	} while (n && want);
	mutex_unlock(&well->lock);
}

/* Pages that this host finds by itself. */
static void well_quietly(struct well *well, size_t want)
{
	struct page *page;
	LIST_HEAD(round);

	want = min(want, (size_t)16);
	while (want--) {
		page = balloon_page_alloc();
		if (!page)
			break;
		list_add(&page->lru, &round);
		if (page_to_pfn(page) & 1)
			balloon_page_list_enqueue(&well->pages, &round);
	}
	balloon_page_list_enqueue(&well->pages, &round);
}

static irqreturn_t well_irq(int irq, void *data)
{
	struct well *well = data;
	unsigned long target = readq(well->regs + 8);

	if (target > well->depth)
		well_sink(well, target - well->depth);
	else if (target < well->depth)
		well_rise(well, well->depth - target);
	return IRQ_HANDLED;
}

static int well_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct well *well;
	int err;

	well = kzalloc(sizeof(*well), GFP_KERNEL);
	if (!well)
		return -ENOMEM;
	well->pdev = pdev;
	well->lender = id->driver_data;
	mutex_init(&well->lock);
	pci_set_drvdata(pdev, well);
	balloon_devinfo_init(&well->pages);

	err = pcim_enable_device(pdev);
	if (err)
		goto free_well;
	err = pcim_iomap_regions(pdev, BIT(0), "well");
	if (err)
		goto free_well;
	well->regs = pcim_iomap_table(pdev)[0];
	well_quietly(well, readl(well->regs + 16));
	err = request_threaded_irq(pdev->irq, NULL, well_irq, IRQF_ONESHOT,
				   "well", well);
	if (err)
		goto empty;
	return 0;

empty:
	well_rise(well, well->depth);
free_well:
	kfree(well);
	return err;
}

static void well_remove(struct pci_dev *pdev)
{
	struct well *well = pci_get_drvdata(pdev);

	free_irq(pdev->irq, well);
	well_rise(well, well->depth);
	kfree(well);
}

static const struct pci_device_id well_ids[] = {
	{ PCI_DEVICE(0x1234, 0x0001), .driver_data = 0 },
	{ PCI_DEVICE(0x1234, 0x0002), .driver_data = 1 },
	{}
};
MODULE_DEVICE_TABLE(pci, well_ids);

static struct pci_driver well_driver = {
	.name = "well",
	.id_table = well_ids,
	.probe = well_probe,
	.remove = well_remove,
};
module_pci_driver(well_driver);

MODULE_DESCRIPTION("Example of a balloon driver that works in rounds");
MODULE_LICENSE("GPL");
