// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/proc_fs.h>

static ssize_t kpageflags_read(struct file *file, char __user *buf,
			       size_t count, loff_t *ppos)
{
	u64 __user *out = (u64 __user *)buf;
	unsigned long pfn = *ppos / sizeof(u64);
	ssize_t ret = 0;

	while (count > 0) {
		/* Nothing that was never initialised. */
		struct page *p = pfn_to_online_page(pfn);

		if (put_user(stable_page_flags(p), out)) {
			ret = -EFAULT;
			break;
		}
		pfn++;
		out++;
		count -= sizeof(u64);
	}
	return ret;
}
