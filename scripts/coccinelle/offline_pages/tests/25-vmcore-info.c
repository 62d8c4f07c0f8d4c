// SPDX-License-Identifier: GPL-2.0-only
#include <linux/memblock.h>

static int crash_save_vmcoreinfo_init(void)
{
	VMCOREINFO_NUMBER(PG_private);
	VMCOREINFO_NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE);
	VMCOREINFO_NUMBER(PAGE_SLAB_MAPCOUNT_VALUE);
	return 0;
}

static void another_note(void)
{
	VMCOREINFO_NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE);
}
