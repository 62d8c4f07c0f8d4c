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
 *
 *	kpf_offline -x [START_PFN [END_PFN]]
 *
 * looks at what else is shown of offline pages: nothing but whether they are
 * poisoned should be, and that nobody maps them (/proc/kpagecount). It prints
 *
 *	offline N flags N first 0x108800 word 0x800000 mapped N first 0
 *
 * with the numbers of pages that have more flags or are mapped, and the first
 * of each; status 1 if there are any.
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

#define CHUNK	8192

/* What is known of a chunk of pages; returns for how many, 0 at the end. */
static size_t get(int fd, const char *file, unsigned long long *words,
		  unsigned long long pfn, unsigned long long n)
{
	ssize_t got;

	if (n > CHUNK)
		n = CHUNK;
	got = pread(fd, words, n * sizeof(*words), pfn * sizeof(*words));
	if (got < 0)
		err(1, "%s at PFN %#llx", file, pfn);
	return got / sizeof(*words);
}

/* A page counts if it was offline before and after its mappings were read. */
static int look_closer(int fd, unsigned long long pfn, unsigned long long end)
{
	static unsigned long long flags[CHUNK], again[CHUNK], maps[CHUNK];
	const unsigned long long is_offline = 1ULL << BIT_OFFLINE;
	const unsigned long long may = is_offline | 1ULL << BIT_HWPOISON;
	unsigned long long offline = 0, odd = 0, first = 0, word = 0;
	unsigned long long mapped = 0, first_mapped = 0;
	size_t n, i;
	int counts;

	counts = open("/proc/kpagecount", O_RDONLY);
	if (counts < 0)
		err(4, "/proc/kpagecount");

	for (; pfn < end; pfn += n) {
		n = get(fd, "/proc/kpageflags", flags, pfn, end - pfn);
		for (i = 0; i < n && !(flags[i] & is_offline); i++)
			;
		if (!n)
			break;
		if (i == n)
			continue;
		if (get(counts, "/proc/kpagecount", maps, pfn, n) != n ||
		    get(fd, "/proc/kpageflags", again, pfn, n) != n)
			break;

		for (; i < n; i++) {
			if (!(flags[i] & again[i] & is_offline))
				continue;
			offline++;
			if (flags[i] & again[i] & ~may && !odd++) {
				first = pfn + i;
				word = flags[i];
			}
			if (maps[i] && !mapped++)
				first_mapped = pfn + i;
		}
	}
	printf("offline %llu flags %llu first %#llx word %#llx mapped %llu first %#llx\n",
	       offline, odd, first, word, mapped, first_mapped);
	return odd || mapped;
}

int main(int argc, char **argv)
{
	unsigned long long pfn = 0, end = ~0ULL, block = 0, start, n, i;
	static unsigned long long flags[CHUNK];
	struct tally total = {}, here = {};
	int opt, fd, closer = 0;

	while ((opt = getopt(argc, argv, "b:x")) != -1) {
		switch (opt) {
		case 'b':
			block = strtoull(optarg, NULL, 0);
			break;
		case 'x':
			closer = 1;
			break;
		default:
			return 2;
		}
	}
	if (optind < argc)
		pfn = strtoull(argv[optind++], NULL, 0);
	if (optind < argc)
		end = strtoull(argv[optind++], NULL, 0);
	if (optind < argc || end < pfn)
		errx(2, "usage: %s [-b PAGES | -x] [START_PFN [END_PFN]]", argv[0]);

	fd = open("/proc/kpageflags", O_RDONLY);
	if (fd < 0)
		err(4, "/proc/kpageflags");

	if (closer)
		return look_closer(fd, pfn, end);

	start = pfn;
	while (pfn < end) {
		n = get(fd, "/proc/kpageflags", flags, pfn, end - pfn);
		if (!n)
			break;

		for (i = 0; i < n; i++, pfn++) {
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
