// SPDX-License-Identifier: GPL-2.0-only
#include <linux/migrate.h>

static int print_page_owner_memcg(char *buf, int len, struct page *page)
{
	unsigned long data;

	data = READ_ONCE(page->memcg_data);
	if (!data || PageTail(page))
		goto out;
	len += print_memcg(buf + len, data);
out:
	return len;
}

static int another_printer(char *buf, int len, struct page *page)
{
	unsigned long data;

	data = READ_ONCE(page->memcg_data);
	if (!data || PageTail(page))
		return len;
	return len + print_memcg(buf + len, data);
}
