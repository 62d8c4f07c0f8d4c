// SPDX-License-Identifier: GPL-2.0
/*
 * kpf_offline - count offline pages the way any kernel shows them
 *
 * Reads /proc/kpageflags and counts the pages that are offline (KPF_OFFLINE),
 * hardware poisoned, or both. It needs nothing of the offline page core, so
 * that the figures of a kernel with and without it can be compared.
 *
 *	kpf_offline [-b PAGES] [START_PFN [END_PFN]]
 *
 * With -b, each naturally aligned range of that many pages that holds such a
 * page gets a line of its own, starting with its first PFN:
 *
 *	0x108000 offline 2048 poisoned 1 both 1 first 0x108800
 *
 * where "first" is the first offline PFN. The last line starts with "total".
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BIT_HWPOISON	19
#define BIT_OFFLINE	23

struct tally {
	unsigned long long offline, poisoned, both, first;
};

static void show(const char *name, const struct tally *t)
{
	printf("%s offline %llu poisoned %llu both %llu first %#llx\n", name,
	       t->offline, t->poisoned, t->both, t->first);
}

static void show_block(unsigned long long pfn, struct tally *t)
{
	char name[24];

	if (t->offline || t->poisoned) {
		snprintf(name, sizeof(name), "%#llx", pfn);
		show(name, t);
	}
	*t = (struct tally){};
}

static void count(struct tally *t, unsigned long long pfn, unsigned long long flags)
{
	int offline = flags >> BIT_OFFLINE & 1;
	int poisoned = flags >> BIT_HWPOISON & 1;

	if (offline && !t->offline)
		t->first = pfn;
	t->offline += offline;
	t->poisoned += poisoned;
	t->both += offline && poisoned;
}

int main(int argc, char **argv)
{
	unsigned long long pfn = 0, end = ~0ULL, block = 0, start, n, i;
	struct tally total = {}, here = {};
	static unsigned long long flags[8192];
	ssize_t got;
	int opt, fd;

	while ((opt = getopt(argc, argv, "b:")) != -1) {
		if (opt != 'b')
			return 2;
		block = strtoull(optarg, NULL, 0);
	}
	if (optind < argc)
		pfn = strtoull(argv[optind++], NULL, 0);
	if (optind < argc)
		end = strtoull(argv[optind++], NULL, 0);
	if (optind < argc || end < pfn)
		errx(2, "usage: %s [-b PAGES] [START_PFN [END_PFN]]", argv[0]);

	fd = open("/proc/kpageflags", O_RDONLY);
	if (fd < 0)
		err(4, "/proc/kpageflags");

	start = pfn;
	while (pfn < end) {
		n = end - pfn;
		if (n > sizeof(flags) / sizeof(*flags))
			n = sizeof(flags) / sizeof(*flags);
		got = pread(fd, flags, n * sizeof(*flags), pfn * sizeof(*flags));
		if (got < 0)
			err(1, "/proc/kpageflags at PFN %#llx", pfn);
		if (!got)
			break;

		for (i = 0; i < got / sizeof(*flags); i++, pfn++) {
			if (block && pfn != start && pfn % block == 0) {
				show_block(start, &here);
				start = pfn;
			}
			count(&here, pfn, flags[i]);
			count(&total, pfn, flags[i]);
		}
	}
	if (block)
		show_block(start, &here);
	show("total", &total);
	return 0;
}
