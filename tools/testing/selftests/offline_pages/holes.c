// SPDX-License-Identifier: GPL-2.0
/*
 * holes - a file of which every second page is missing, the rest marked
 *
 *	holes FILE MIB		write that much, then punch out every second page
 *	holes -c FILE		check that every page that is left is as written
 *
 * On tmpfs this breaks up physical memory: single free pages between pages in
 * use, which are what is allocated next. The marks show whether a page in use
 * was lost, as it is when it is told to the host as one that nobody needs.
 *
 * Whether the odd or the even pages are missing changes every RUN pages:
 * compaction looks for free pages at every 32nd page frame only, and would find
 * either all of them or none.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS	512		/* a page of 4 KiB, the smallest there is */
#define RUN	64

static int is_hole(off_t page)
{
	return (page ^ page / RUN) & 1;
}

static void mark(uint64_t *page, uint64_t nr)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		page[i] = ~nr;
}

static void check(const char *file)
{
	static uint64_t got[WORDS], want[WORDS];
	long size = sysconf(_SC_PAGESIZE), bad = 0, pages = 0;
	struct stat st;
	off_t at;
	int fd;

	fd = open(file, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", file);

	for (at = 0; at < st.st_size; at += size) {
		if (is_hole(at / size))
			continue;
		pages++;
		if (pread(fd, got, sizeof(got), at) != sizeof(got))
			err(1, "%s at %lld", file, (long long)at);
		mark(want, at / size);
		if (!memcmp(got, want, sizeof(got)))
			continue;
		if (!bad++)
			warnx("%s at %lld: %#llx, expected %#llx", file,
			      (long long)at, (unsigned long long)got[0],
			      (unsigned long long)want[0]);
	}
	if (bad)
		errx(1, "%s: %ld of %ld pages are not as written", file, bad, pages);
}

static void create(const char *file, off_t end)
{
	long size = sysconf(_SC_PAGESIZE), i;
	uint64_t *page;
	off_t at;
	int fd;

	page = malloc(size);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || !page)
		err(1, "%s", file);

	for (at = 0; at < end; at += size) {
		for (i = 0; i < size / (long)sizeof(*page); i += WORDS)
			mark(page + i, at / size);
		if (write(fd, page, size) != size)
			err(1, "%s at %lld", file, (long long)at);
	}
	for (at = 0; at < end; at += size)
		if (is_hole(at / size) &&
		    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, size))
			err(1, "%s: cannot punch a hole", file);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: %s FILE MIB | -c FILE", argv[0]);
	if (!strcmp(argv[1], "-c"))
		check(argv[2]);
	else
		create(argv[1], strtoll(argv[2], NULL, 0) << 20);
	return 0;
}
