// SPDX-License-Identifier: GPL-2.0-only
int alloc_contig_frozen_range_noprof(unsigned long first, unsigned long last,
				     enum how how, gfp_t flags)
{
	int err;

	flags = fitting(flags);
	err = start_isolate_page_range(first, last, how);
	if (err)
		goto out;
	err = migrate(first, last);
	if (err)
		goto out;
	collect(first, last);
out:
	undo_isolate_page_range(first, last);
	return err;
}
