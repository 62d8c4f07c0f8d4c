// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memory_hotplug.h>

int memory_failure(unsigned long nr, int flags)
{
	struct page *bad = pfn_to_page(nr);
	int res;

	mutex_lock(&mf_mutex);
	if (TestSetPageHWPoison(bad)) {
		res = -EHWPOISON;
		goto unlock_mutex;
	}

	/* A page in use must not go away. */
	res = get_hwpoison_page(bad, flags);
	if (res > 0)
		res = repair(bad);
unlock_mutex:
	mutex_unlock(&mf_mutex);
	return res;
}

int soft_offline_page(unsigned long nr, int flags)
{
	struct page *page = pfn_to_page(nr);
	int res;

	mutex_lock(&mf_mutex);
	if (PageHWPoison(page)) {
		mutex_unlock(&mf_mutex);
		return 0;
	}
again:
	res = get_hwpoison_page(page, flags | MF_SOFT_OFFLINE);
	if (res == -EAGAIN)
		goto again;
	mutex_unlock(&mf_mutex);
	return res;
}

/* Poisoned before: takes no new reference. */
int unpoison_memory(unsigned long nr)
{
	struct page *page = pfn_to_page(nr);

	if (PageHWPoison(page))
		return get_hwpoison_page(page, MF_UNPOISON);
	return 0;
}
