// SPDX-License-Identifier: GPL-2.0
/*
 * bench-guest - what harness/bench runs in the guest
 *
 *	bench-guest kthreads		CPU time of all kernel threads
 *	bench-guest write FILE TEXT	CPU time that a write takes, with what the
 *					kernel threads do at the same time
 *	bench-guest hog MIB		use memory, free every other page, sleep
 *
 * Times are in nanoseconds. With -icount shift=0 that is guest instructions,
 * and as tasks are asked, none of those that pass while the guest is idle.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>

static long long nanoseconds(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;	/* it has just ended */
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* kthreadd has PID 2 and is the parent of all others. */
static int is_kthread(const char *pid)
{
	char path[64], line[512], *p;
	FILE *f;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fgets(line, sizeof(line), f)) {
		p = strrchr(line, ')');
		if (p)
			sscanf(p, ") %*c %d", &parent);
	}
	fclose(f);
	return parent == 2;
}

#define MAX_KTHREADS	1024

static pid_t kthreads[MAX_KTHREADS];
static int nr_kthreads;

static void find_kthreads(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		err(1, "/proc");
	while ((entry = readdir(dir)))
		if (is_kthread(entry->d_name) && nr_kthreads < MAX_KTHREADS)
			kthreads[nr_kthreads++] = atoi(entry->d_name);
	closedir(dir);
}

static long long kthread_time(void)
{
	long long sum = 0;
	clockid_t clock;
	int i;

	for (i = 0; i < nr_kthreads; i++)
		if (!clock_getcpuclockid(kthreads[i], &clock))
			sum += nanoseconds(clock);
	return sum;
}

static void time_write(const char *path, const char *text)
{
	long long before, after;
	ssize_t got;
	int fd;

	fd = open(path, O_WRONLY);
	if (fd < 0)
		err(1, "%s", path);
	find_kthreads();
	before = kthread_time() + nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	got = write(fd, text, strlen(text));
	after = kthread_time() + nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	if (got < 0)
		err(1, "writing %s to %s", text, path);
	printf("%lld\n", after - before);
}

static void hog(size_t size)
{
	size_t page = getpagesize(), at;
	char *p;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	madvise(p, size, MADV_NOHUGEPAGE);
	for (at = 0; at < size; at += page)
		p[at] = 1;
	for (at = 0; at < size; at += 2 * page)
		if (madvise(p + at, page, MADV_DONTNEED))
			err(1, "madvise");
	puts("ready");
	fflush(stdout);
	pause();
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "kthreads")) {
		find_kthreads();
		printf("%lld\n", kthread_time());
	} else if (argc == 4 && !strcmp(argv[1], "write")) {
		time_write(argv[2], argv[3]);
	} else if (argc == 3 && !strcmp(argv[1], "hog")) {
		hog(strtoul(argv[2], NULL, 0) << 20);
	} else {
		errx(2, "kthreads | write FILE TEXT | hog MIB");
	}
	return 0;
}
