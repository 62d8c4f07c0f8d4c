// SPDX-License-Identifier: GPL-2.0-only

static struct thing *make(void)
{
	struct thing *t = kzalloc_obj(*t);

	if (t)
		t->other = kzalloc_obj(*t->other);
	return t;
}

/* Its size is said already. */
static void *make_room(size_t size)
{
	return kzalloc(size, GFP_KERNEL);
}
