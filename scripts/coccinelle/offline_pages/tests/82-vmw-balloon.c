// SPDX-License-Identifier: GPL-2.0-only
#include <linux/balloon.h>
#include <linux/spinlock.h>

struct vmballoon_ctl {
	struct list_head pages;
	struct list_head refused_pages;
	struct list_head prealloc_pages;
	bool page_size;
	unsigned int n_pages, n_refused_pages;
};

struct vmballoon_batch_entry {
	u64 word;
};

struct vmballoon {
	atomic64_t size;
	/* Small ones */
	struct balloon_dev_info dev;
	/* Large ones */
	struct list_head huge_pages;
	/* For the above */
	spinlock_t huge_pages_lock;
	/* Talking is another matter. */
	spinlock_t comm_lock;
	unsigned int batch_max_pages;
	struct vmballoon_batch_entry *batch_page;
};

static struct vmballoon balloon;

static void vmballoon_mark_page_offline(struct page *pg, bool large)
{
	__SetPageOffline(pg);
}

static void vmballoon_mark_page_online(struct page *pg, bool large)
{
	__ClearPageOffline(pg);
}

static int vmballoon_alloc_page_list(struct vmballoon *b,
				     struct vmballoon_ctl *ctl, unsigned int nr)
{
	while (ctl->n_pages < nr) {
		struct page *pg = balloon_page_alloc();

		if (!pg)
			return -ENOMEM;
		list_add_tail(&pg->lru, &ctl->pages);
		ctl->n_pages++;
	}
	return 0;
}

static unsigned long vmballoon_status_page(struct vmballoon *b, int idx,
					   struct page **pg)
{
	if (b->batch_page) {
		*pg = pfn_to_page(b->batch_page[idx].word >> PAGE_SHIFT);
		return b->batch_page[idx].word & 31;
	}
	*pg = last_page;
	return 0;
}

static int vmballoon_lock(struct vmballoon *b, struct vmballoon_ctl *ctl)
{
	struct page *pg;
	unsigned int nr;
	unsigned int i;
	int word;

	nr = ctl->n_pages;
	spin_lock(&b->comm_lock);
	i = 0;
	list_for_each_entry(pg, &ctl->pages, lru)
		vmballoon_add_page(b, i++, pg);
	for (i = 0; i < nr; i++) {
		word = vmballoon_status_page(b, i, &pg);
		if (!vmballoon_handle_one_result(b, pg, word))
			continue;
		list_move(&pg->lru, &ctl->refused_pages);
		ctl->n_refused_pages++;
		ctl->n_pages--;
	}
	spin_unlock(&b->comm_lock);
	return 0;
}

static void vmballoon_release_page_list(struct list_head *head, int *nr, bool large)
{
	put_pages_list(head);
	*nr = 0;
}

static void vmballoon_release_refused_pages(struct vmballoon *b,
					    struct vmballoon_ctl *ctl)
{
	count_refused(b);
	vmballoon_release_page_list(&ctl->refused_pages,
				    &ctl->n_refused_pages, ctl->page_size);
}

static void vmballoon_enqueue_page_list(struct vmballoon *b, struct list_head *head)
{
	list_splice_init(head, &b->huge_pages);
}

static void vmballoon_dequeue_page_list(struct vmballoon *b, struct list_head *head)
{
	list_splice_init(&b->huge_pages, head);
}

static void vmballoon_split_refused_pages(struct vmballoon_ctl *ctl)
{
	list_splice_init(&ctl->refused_pages, &ctl->prealloc_pages);
}

static void vmballoon_inflate(struct vmballoon *b)
{
	struct vmballoon_ctl ctl = {
		.pages = LIST_HEAD_INIT(ctl.pages),
		.refused_pages = LIST_HEAD_INIT(ctl.refused_pages),
		.prealloc_pages = LIST_HEAD_INIT(ctl.prealloc_pages),
		.page_size = true,
	};

	while (wanted(b)) {
		VM_BUG_ON(!list_empty(&ctl.pages));
		if (vmballoon_alloc_page_list(b, &ctl, wanted(b)))
			break;
		vmballoon_lock(b, &ctl);
		vmballoon_enqueue_page_list(b, &ctl.pages, &ctl.n_pages,
					    ctl.page_size);
		if (ctl.n_refused_pages > 3 && ctl.page_size) {
			vmballoon_split_refused_pages(&ctl);
			ctl.page_size = false;
		}
	}
	vmballoon_release_refused_pages(b, &ctl);
	vmballoon_release_page_list(&ctl.prealloc_pages, NULL, ctl.page_size);
}

static unsigned long vmballoon_deflate(struct vmballoon *b, u64 nr)
{
	unsigned int page_in_frames;
	struct vmballoon_ctl ctl = {
		.pages = LIST_HEAD_INIT(ctl.pages),
		.refused_pages = LIST_HEAD_INIT(ctl.refused_pages),
		.page_size = false,
	};

	for (;;) {
		page_in_frames = vmballoon_page_in_frames(ctl.page_size);
		vmballoon_dequeue_page_list(b, &ctl.pages, &ctl.n_pages,
					    ctl.page_size, nr / page_in_frames);
		vmballoon_lock(b, &ctl);
		nr -= ctl.n_pages * page_in_frames;
		vmballoon_release_page_list(&ctl.pages, &ctl.n_pages,
					    ctl.page_size);
		vmballoon_enqueue_page_list(b, &ctl.refused_pages,
					    &ctl.n_refused_pages,
					    ctl.page_size);
		if (ctl.page_size == VMW_BALLOON_LAST_SIZE)
			break;
		ctl.page_size++;
	}
	return nr;
}

static void start(struct vmballoon *b)
{
	b->batch_max_pages = PAGE_SIZE / sizeof(struct vmballoon_batch_entry);
}

static void vmballoon_pop(struct vmballoon *b)
{
	unsigned long left;

	while ((left = atomic64_read(&b->size)))
		vmballoon_deflate(b, left, false);
}

static unsigned int vmballoon_page_in_frames(bool large)
{
	return large ? 512 : 1;
}

static int vmballoon_register_shrinker(struct vmballoon *b)
{
	return 0;
}

#ifdef CONFIG_BALLOON_MIGRATION
static int vmballoon_migratepage(struct balloon_dev_info *dev, struct page *to,
				 struct page *page, enum migrate_mode mode)
{
	struct vmballoon *b;
	int ret = 0;

	b = container_of(dev, struct vmballoon, dev);
	if (!down_read_trylock(&b->conf_sem))
		return -EAGAIN;
	spin_lock(&b->comm_lock);
	if (exchange(b, VMW_BALLOON_4K_PAGE, page)) {
		atomic64_dec(&b->size);
		ret = -ENOENT;
	}
	spin_unlock(&b->comm_lock);
out_unlock:
	up_read(&b->conf_sem);
	return ret;
}
#else
int vmballoon_migratepage(struct balloon_dev_info *dev, struct page *to,
			  struct page *page, enum migrate_mode mode);
#endif

static int __init vmballoon_init(void)
{
	int err;

	err = vmballoon_register_shrinker(&balloon);
	if (err)
		return err;
	balloon_devinfo_init(&balloon.b_dev_info);
	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION))
		balloon.b_dev_info.migratepage = vmballoon_migratepage;
	INIT_LIST_HEAD(&balloon.huge_pages);
	spin_lock_init(&balloon.huge_pages_lock);
	queue_work(system_wq, &balloon.work);
	return 0;
}

static void __exit vmballoon_exit(void)
{
	vmballoon_pop(&balloon);
}
