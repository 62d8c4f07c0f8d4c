// SPDX-License-Identifier: GPL-2.0-only
#include <linux/balloon.h>
#include <linux/delay.h>

struct virtio_balloon {
	struct virtio_device *vdev;
	unsigned int num_pages;
	struct balloon_dev_info info;
	struct mutex balloon_lock;
	unsigned int num_pfns;
	__virtio32 pfns[64];
};

static void set_page_pfns(struct virtio_balloon *vb, __virtio32 *to,
			  struct page *pg)
{
	*to = cpu_to_virtio32(vb->vdev, page_to_pfn(pg));
}

static size_t fill(struct virtio_balloon *vb, size_t num)
{
	size_t told;
	struct page *pg, *tmp;
	unsigned int done;
	LIST_HEAD(fresh);

	num = min(num, 64);
	for (done = 0; done < num; done += VIRTIO_BALLOON_PAGES_PER_PAGE) {
		pg = balloon_page_alloc();
		if (!pg) {
			dev_info_ratelimited(&vb->vdev->dev, "too few for %p\n",
					     vb);
			msleep(100);
			break;
		}
		list_add_tail(&pg->lru, &fresh);
	}
	mutex_lock(&vb->balloon_lock);
	vb->num_pfns = 0;
	list_for_each_entry_safe(pg, tmp, &fresh, lru) {
		list_del_init(&pg->lru);
		set_page_pfns(vb, vb->pfns + vb->num_pfns, pg);
		balloon_page_enqueue(&vb->info, pg);
		vb->num_pfns += VIRTIO_BALLOON_PAGES_PER_PAGE;
		vb->num_pages += VIRTIO_BALLOON_PAGES_PER_PAGE;
	}
	told = vb->num_pfns;
	say(vb);
	mutex_unlock(&vb->balloon_lock);
	return told;
}

static void release_pages_balloon(struct virtio_balloon *vb,
				  struct list_head *head)
{
	while (!list_empty(head))
		put_page(lru_to_page(head));
}

static size_t leak_balloon(struct virtio_balloon *vb, size_t num)
{
	size_t told;
	struct page *pg;
	struct balloon_dev_info *info = &vb->info;
	LIST_HEAD(out);

	mutex_lock(&vb->balloon_lock);
	for (vb->num_pfns = 0; vb->num_pfns < num;
	     vb->num_pfns += VIRTIO_BALLOON_PAGES_PER_PAGE) {
		pg = balloon_page_dequeue(info);
		if (!pg)
			break;
		set_page_pfns(vb, vb->pfns + vb->num_pfns, pg);
		vb->num_pages -= VIRTIO_BALLOON_PAGES_PER_PAGE;
		list_add_tail(&pg->lru, &out);
	}
	told = vb->num_pfns;
	say(vb);
	release_pages_balloon(vb, &out);
	mutex_unlock(&vb->balloon_lock);
	return told;
}

/* A list that has nothing to do with the balloon. */
static void hint(struct virtio_balloon *vb, struct list_head *hinted)
{
	struct page *pg, *tmp;

	list_for_each_entry_safe(pg, tmp, hinted, lru) {
		list_del(&pg->lru);
		__free_page(pg);
	}
}

#ifdef CONFIG_BALLOON_MIGRATION
static int move(struct balloon_dev_info *dev, struct page *to,
		struct page *from, enum migrate_mode mode)
{
	struct virtio_balloon *vb =
		container_of(dev, struct virtio_balloon, info);

	if (!mutex_trylock(&vb->balloon_lock))
		return -EAGAIN;
	vb->num_pfns = VIRTIO_BALLOON_PAGES_PER_PAGE;
	set_page_pfns(vb, vb->pfns, to);
	tell_host(vb, 0);
	vb->num_pfns = VIRTIO_BALLOON_PAGES_PER_PAGE;
	set_page_pfns(vb, vb->pfns, from);
	tell_host(vb, 1);
	mutex_unlock(&vb->balloon_lock);
	return 0;
}
#endif

static unsigned long shrink_free_pages(struct virtio_balloon *vb,
				       unsigned long nr)
{
	return hinted_pages(vb, nr);
}

static int probe(struct virtio_balloon *vb)
{
	int err;

	mutex_init(&vb->balloon_lock);
	balloon_devinfo_init(&vb->info);
	err = find_queues(vb);
	if (err)
		goto out_free;
	if (!virtio_has_feature(vb->vdev, VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		vb->info.adjust_managed_page_count = true;
#ifdef CONFIG_BALLOON_MIGRATION
	vb->info.migratepage = move;
#endif
	err = go(vb);
	if (err)
		goto out_del_vqs;
	return 0;
out_del_vqs:
	del_queues(vb);
out_free:
	mutex_destroy(&vb->balloon_lock);
	return err;
}

static void remove(struct virtio_balloon *vb)
{
	while (vb->num_pages)
		leak_balloon(vb, vb->num_pages);
	mutex_destroy(&vb->balloon_lock);
}
