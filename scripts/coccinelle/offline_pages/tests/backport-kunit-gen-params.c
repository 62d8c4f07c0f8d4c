// SPDX-License-Identifier: GPL-2.0-only

static const void *small_gen_params(struct kunit *test, const void *prev,
				    char *desc)
{
	const struct mock_kind *kind = prev;

	do {
		kind = mock_kind_gen_params(test, kind, desc);
	} while (kind && kind->order);
	return kind;
}

/* Generates nothing. */
static const void *find(struct kunit *test, const void *prev)
{
	return look_up(test, prev);
}
