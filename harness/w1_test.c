// SPDX-License-Identifier: GPL-2.0
/*
 * Mistakes that gcc has to find with W=1 and does not find without, or harness/check and
 * harness/matrix do not trust it.
 */
#include <linux/kernel.h>

static const int nobody_reads = 1;

static __used int set_only(int n)
{
	int value;

	value = n;
	return 1;
}

static __used int cut_off(int n)
{
	char text[4];

	return snprintf(text, sizeof(text), "%d pages", n);
}
