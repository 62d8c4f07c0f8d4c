// SPDX-License-Identifier: GPL-2.0-only
#include <linux/offline_pages.h>

static struct offline_page_owner b_dev_info;
static atomic_long_t loaned_pages;

static long plpar_page_set_loaned(struct page *pg)
{
	long rc = 0;
	int i;

	for (i = 0; !rc && i < PAGE_SIZE; i += part)
		rc = plpar_hcall_norets(H_PAGE_INIT, H_PAGE_SET_LOANED, at(pg) + i, 0);

	for (i -= part; rc && i != 0; i -= part)
		plpar_hcall_norets(H_PAGE_INIT, H_PAGE_SET_ACTIVE,
				   at(pg) + i - part, 0);

	return rc;
}

/* This one tells whether it was done; what it undoes was loaned before. */
static long plpar_page_set_active(struct page *pg)
{
	long rc = 0;
	int i;

	for (i = 0; !rc && i < PAGE_SIZE; i += part)
		rc = plpar_hcall_norets(H_PAGE_INIT, H_PAGE_SET_ACTIVE, at(pg) + i, 0);

	for (i -= part; rc && i != 0; i -= part)
		plpar_hcall_norets(H_PAGE_INIT, H_PAGE_SET_LOANED,
				   at(pg) + i - part, 0);

	return rc;
}

static long cmm_free_pages(long wanted)
{
	struct page *pg;

	tell("%ld pages are wanted\n", wanted);
	while (wanted) {
		pg = isolate_offline_page(&b_dev_info);
		if (!pg)
			break;
		plpar_page_set_active(pg);
		free_isolated_offline_page(&b_dev_info, pg);
		atomic_long_dec(&loaned_pages);
		wanted--;
	}
	tell("%ld of them did not come\n", wanted);
	return wanted;
}

/* Some of them are enough here. */
static long relief(void)
{
	return 256 - cmm_free_pages(256);
}

static int restart(void)
{
	cmm_free_pages(atomic_long_read(&loaned_pages));
	return 0;
}

#ifdef CONFIG_BALLOON_MIGRATION
static int cmm_migratepage(struct offline_page_owner *b_dev_info,
			   struct page *dst, struct page *src,
			   enum migrate_mode mode)
{
	/* The new one first. */
	if (plpar_page_set_loaned(dst)) {
		tell("not now");
		return -EBUSY;
	}

	/* Then the old one. */
	plpar_page_set_active(src);
	return 0;
}

static const struct offline_page_ops balloon_ops = {
	.migrate_one = cmm_migratepage,
};
#else
static const struct offline_page_ops balloon_ops;
#endif

static int start(void)
{
	int ret;

	init_offline_page_owner(&b_dev_info, KBUILD_MODNAME);
	if (IS_ENABLED(CONFIG_BALLOON_MIGRATION))
		b_dev_info.ops = &balloon_ops;

	ret = register_oom_notifier(&relief_nb);
	if (ret < 0)
		return ret;
	ret = register_memory_notifier(&memory_nb);
	if (ret)
		goto out;
	return 0;
out:
	unregister_oom_notifier(&relief_nb);
	return ret;
}

static void stop(void)
{
	unregister_oom_notifier(&relief_nb);
	unregister_memory_notifier(&memory_nb);
	cmm_free_pages(atomic_long_read(&loaned_pages));
	remove_files();
}
