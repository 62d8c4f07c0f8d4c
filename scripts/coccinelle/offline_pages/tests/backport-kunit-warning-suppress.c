// SPDX-License-Identifier: GPL-2.0-only

static void misuse(struct kunit *test)
{
	int ret;

	kunit_warning_suppress(test) {
		ret = use(NULL);
		KUNIT_EXPECT_EQ(test, -EINVAL, ret);
	}
	/* This one does not warn. */
	KUNIT_EXPECT_EQ(test, -EINVAL, use(test));
}
