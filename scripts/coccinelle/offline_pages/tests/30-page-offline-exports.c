// SPDX-License-Identifier: GPL-2.0-only
#include <linux/export.h>

static int depth;

void page_offline_begin(void)
{
	depth++;
}
EXPORT_SYMBOL(page_offline_begin);

void page_offline_end(void)
{
	depth--;
}
EXPORT_SYMBOL(page_offline_end);

int page_offline_depth(void)
{
	return depth;
}
EXPORT_SYMBOL(page_offline_depth);
