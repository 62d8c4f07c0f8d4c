// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes that the kernel's own rules of coccicheck have to find, or harness/check does not
 * trust them.
 */
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct counter {
	struct mutex lock;	/* of n */
	int n;
};

static int use_freed(struct counter *c)
{
	kfree(c);
	return c->n;
}

static bool same_twice(struct counter *c)
{
	return c->n == 1 || c->n == 1;
}

static int keep_locked(struct counter *c)
{
	mutex_lock(&c->lock);
	if (c->n)
		return -EBUSY;
	mutex_unlock(&c->lock);
	return 0;
}

static bool below_zero(struct counter *c)
{
	unsigned int n = c->n;

	return n < 0;
}

static int wrong_error(struct counter *c, void *other)
{
	c = kmalloc(16, GFP_KERNEL);
	if (IS_ERR(c))
		return PTR_ERR(other);
	return 0;
}
