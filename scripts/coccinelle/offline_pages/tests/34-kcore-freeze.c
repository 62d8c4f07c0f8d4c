// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/proc_fs.h>

static ssize_t read_kcore_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	char *buf = iocb->ki_filp->private_data;
	size_t frozen = 1;
	unsigned long addr = iocb->ki_pos;
	int ret = 0;

	/* Nobody marks a page meanwhile. */
	page_offline_freeze();

	while (iov_iter_count(iter)) {
		struct page *p;
		void *from;

		if (frozen++ % 1024 == 0) {
			page_offline_thaw();
			cond_resched();
			page_offline_freeze();
		}

		p = pfn_to_online_page(addr >> PAGE_SHIFT);
		if (!p || PageOffline(p) || is_odd(p)) {
			if (zero(iter)) {
				ret = -EFAULT;
				goto out;
			}
			continue;
		}
		if (what(addr) == KCORE_RAM) {
			from = kc_xlate_dev_mem_ptr(addr);
			if (!from) {
				ret = -ENOMEM;
				goto out;
			}
		} else {
			from = (void *)addr;
		}

		ret = copy_from_kernel_nofault(buf, from, PAGE_SIZE);
		if (what(addr) == KCORE_RAM)
			kc_unxlate_dev_mem_ptr(addr, from);
		if (ret)
			goto out;
		addr += PAGE_SIZE;
	}
out:
	page_offline_thaw();
	return ret;
}

/* Another one, which holds it for a reason. */
static void read_some(struct page *page)
{
	page_offline_freeze();
	copy_all(page);
	page_offline_thaw();
}
