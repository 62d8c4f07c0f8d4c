// SPDX-License-Identifier: GPL-2.0
/*
 * bench-guest - what harness/bench runs in the guest
 *
 *	bench-guest kthreads		CPU time of all kernel threads
 *	bench-guest write FILE TEXT	CPU time that a write takes, with what the
 *					kernel threads do at the same time, and
 *					the time that goes by
 *	bench-guest hog MIB		use memory, free every other page, sleep
 *	bench-guest load MIB		use memory over and over; at SIGTERM, tell
 *					how far it got by when: a line has a time
 *					since the start, and MiB since the last;
 *					meanwhile, "load: N" on the console for
 *					so many lines to come
 *	bench-guest map PAGES		free, offline and other page frames of each
 *					PAGES, by kpageflags; no line without any
 *
 * Times are in nanoseconds. With -icount shift=0 that is guest instructions,
 * and as tasks are asked, none of those that pass while the guest is idle.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
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
	long long before, after, start, end;
	ssize_t got;
	int fd;

	fd = open(path, O_WRONLY);
	if (fd < 0)
		err(1, "%s", path);
	find_kthreads();
	before = kthread_time() + nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	start = nanoseconds(CLOCK_MONOTONIC);
	got = write(fd, text, strlen(text));
	end = nanoseconds(CLOCK_MONOTONIC);
	after = kthread_time() + nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	if (got < 0)
		err(1, "writing %s to %s", text, path);
	printf("%lld %lld\n", after - before, end - start);
}

static char *use(size_t size)
{
	size_t page = getpagesize(), at;
	char *p;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	madvise(p, size, MADV_NOHUGEPAGE);
	for (at = 0; at < size; at += page)
		p[at] = 1;
	return p;
}

/*
 * Compaction looks at each 32nd page of what follows blocks without free ones. So
 * that it does not depend on luck which pages it sees, the parity of those that
 * are freed changes every now and then.
 */
#define SAME_PARITY	31

static void hog(size_t size)
{
	size_t page = getpagesize(), i;
	char *p = use(size);

	for (i = 0; i < size / page; i++)
		if ((i + i / SAME_PARITY) % 2 == 0 &&
		    madvise(p + i * page, page, MADV_DONTNEED))
			err(1, "madvise");
	puts("ready");
	fflush(stdout);
	pause();
}

#define MIB		1048576UL
#define CACHE_LINE	64
#define SAMPLE		10000000LL	/* nanoseconds */
#define MAX_SAMPLES	1000000
#define SAMPLES_A_MARK	25

/* The samples are printed at the end, so that nothing disturbs the load. */
static void load(size_t size)
{
	static struct { long long when, mib; } samples[MAX_SAMPLES];
	long long start, now, last = 0, done = 0;
	const struct timespec now_or_never = {};
	size_t at = 0, line;
	sigset_t term;
	int nr = 0, i;
	FILE *console;
	char *p;

	if (size < MIB)
		errx(2, "less than a MiB");
	console = fopen("/dev/console", "w");
	if (!console)
		err(1, "/dev/console");
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	p = use(size);
	memset(samples, 1, sizeof(samples));
	start = nanoseconds(CLOCK_MONOTONIC);
	while (nr < MAX_SAMPLES && sigtimedwait(&term, NULL, &now_or_never) != SIGTERM) {
		for (line = 0; line < MIB; line += CACHE_LINE)
			p[at + line]++;
		at = (at + MIB) % size;
		done++;
		now = nanoseconds(CLOCK_MONOTONIC) - start;
		if (now - last >= SAMPLE) {
			samples[nr].when = now;
			samples[nr++].mib = done;
			last = now;
			done = 0;
			if (nr % SAMPLES_A_MARK == 0) {
				fprintf(console, "samples: %d\n", nr);
				fflush(console);
			}
		}
	}
	for (i = 0; i < nr; i++)
		printf("%lld %lld\n", samples[i].when, samples[i].mib);
}

#define KPF_BUDDY	10
#define KPF_NOPAGE	20
#define KPF_OFFLINE	23

static void map(size_t pages)
{
	unsigned long long *flags = calloc(pages, sizeof(*flags));
	size_t i, nr, total[3];
	ssize_t got;
	int fd;

	if (!pages || !flags)
		errx(2, "how many pages?");
	fd = open("/proc/kpageflags", O_RDONLY);
	if (fd < 0)
		err(1, "/proc/kpageflags");
	while ((got = read(fd, flags, pages * sizeof(*flags))) > 0) {
		memset(total, 0, sizeof(total));
		nr = got / sizeof(*flags);
		for (i = 0; i < nr; i++) {
			if (flags[i] >> KPF_NOPAGE & 1)
				continue;
			if (flags[i] >> KPF_BUDDY & 1)
				total[0]++;
			else if (flags[i] >> KPF_OFFLINE & 1)
				total[1]++;
			else
				total[2]++;
		}
		if (total[0] + total[1] + total[2])
			printf("%zu %zu %zu\n", total[0], total[1], total[2]);
	}
	if (got < 0)
		err(1, "reading /proc/kpageflags");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "kthreads")) {
		find_kthreads();
		printf("%lld\n", kthread_time());
	} else if (argc == 4 && !strcmp(argv[1], "write")) {
		time_write(argv[2], argv[3]);
	} else if (argc == 3 && !strcmp(argv[1], "hog")) {
		hog(strtoul(argv[2], NULL, 0) * MIB);
	} else if (argc == 3 && !strcmp(argv[1], "load")) {
		load(strtoul(argv[2], NULL, 0) * MIB);
	} else if (argc == 3 && !strcmp(argv[1], "map")) {
		map(strtoul(argv[2], NULL, 0));
	} else {
		errx(2, "kthreads | write FILE TEXT | hog MIB | load MIB | map PAGES");
	}
	return 0;
}
