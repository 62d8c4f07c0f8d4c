// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes that gcc's analyzer has to find, or harness/check does not trust it.
 */
#include <linux/slab.h>

static __used int *leak(int give_up)
{
	int *p = kmalloc(16, GFP_KERNEL);

	if (give_up)
		return NULL;
	*p = 1;		/* and that without a look */
	return p;
}

static __used void free_twice(void *p)
{
	kfree(p);
	kfree(p);
}

static __used int use_freed(int *p)
{
	kfree(p);
	return *p;
}

static noinline void give(int *p, int n)
{
	if (n > 3)
		*p = 1;
}

static __used int use_unset(int n)
{
	int value;

	give(&value, n);
	return value;
}

static __used int use_nothing(int n)
{
	int *p = NULL;

	if (n > 3)
		p = &n;
	return *p;
}
