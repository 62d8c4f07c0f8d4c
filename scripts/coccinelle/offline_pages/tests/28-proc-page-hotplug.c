// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/proc_fs.h>

#define KPMSIZE sizeof(u64)

static inline unsigned long get_max_dump_pfn(void)
{
	return max_pfn;
}

static ssize_t kpage_read(struct file *file, char __user *buf, size_t count,
			  loff_t *ppos, int what)
{
	u64 __user *out = (u64 __user *)buf;
	unsigned long pfn = *ppos / KPMSIZE;
	ssize_t ret = 0;
	u64 value = 0;

	while (count > 0) {
		struct page *p;

		p = pfn_to_online_page(pfn);
		switch (what) {
		case 1:
			value = one_look(p);
			break;
		default:
			value = another_look(p);
			break;
		}
		if (put_user(value, out)) {
			ret = -EFAULT;
			break;
		}
		pfn++;
		out++;
		count -= KPMSIZE;
	}
	return ret;
}

/* The look is part of what is written. */
static ssize_t kpageflags_read(struct file *file, char __user *buf, size_t count,
			       loff_t *ppos)
{
	u64 __user *out = (u64 __user *)buf;
	unsigned long pfn = *ppos / KPMSIZE;
	ssize_t ret = 0;

	while (count > 0) {
		/* Which memory maps were initialized? */
		struct page *page = pfn_to_online_page(pfn);

		if (put_user(one_look(page), out)) {
			ret = -EFAULT;
			break;
		}
		pfn++;
		out++;
		count -= KPMSIZE;
	}
	return ret;
}

/* Not one of them. */
static ssize_t other_read(struct file *file, u64 __user *out, unsigned long pfn)
{
	struct page *p;

	p = pfn_to_online_page(pfn);
	if (put_user(one_look(p), out))
		return -EFAULT;
	return 0;
}
