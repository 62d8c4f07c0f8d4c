// SPDX-License-Identifier: GPL-2.0
/*
 * balloon-guest - what tests of balloons run in the guest
 *
 *	balloon-guest use MIB		use memory, until SIGTERM: mark every
 *					page, look whether the mark is there,
 *					and mark it anew, again and again
 *	balloon-guest bind NODE MIB	the same with memory of one node alone
 *	balloon-guest watch FILE	print what is in a file of sysfs, now and
 *					each time that poll() reports a change
 *	balloon-guest kexec KERNEL INITRD
 *					start another kernel, with the command
 *					line of this one
 *	balloon-guest insert FILE	insert a module; try that only once,
 *					which insmod does not
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/mempolicy.h>
#include <linux/reboot.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>

#define PAGE	4096
#define WORDS	(PAGE / sizeof(long long))

/* A lost page is all zeroes, or another one: some words tell. */
#define PLACES	4
static const unsigned int places[PLACES] = { 0, 1, WORDS / 2, WORDS - 1 };

static void use(size_t size)
{
	struct timespec pause = { .tv_nsec = 20000000 };
	unsigned long long *p, *word, round = 0, want;
	size_t nr = size / PAGE, bad = 0, i, j;
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	do {
		for (i = 0; i < nr; i++) {
			for (j = 0; j < PLACES; j++) {
				word = p + i * WORDS + places[j];
				want = round ? (unsigned long long)i << 32 | round : 0;
				if (*word != want && !bad++)
					printf("page %zu, round %llu: %#llx, expected %#llx\n",
					       i, round, *word, want);
				*word = (unsigned long long)i << 32 | (round + 1);
			}
		}
		if (!round++)
			puts("ready");
		fflush(stdout);
	} while (sigtimedwait(&term, NULL, &pause) != SIGTERM);
	if (bad)
		printf("%zu words are not as written\n", bad);
	puts("done");
}

/* From this node, or not at all. */
static void use_of(unsigned int node, size_t size)
{
	unsigned long nodes = 1UL << node;

	/* The kernel takes one bit less than it is told. */
	if (syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 8 * sizeof(nodes) + 1))
		err(1, "set_mempolicy");
	use(size);
}

static void watch(const char *file)
{
	struct pollfd fd = { .fd = open(file, O_RDONLY), .events = POLLPRI };
	char text[256];
	ssize_t got;

	if (fd.fd < 0)
		err(1, "%s", file);
	do {
		got = pread(fd.fd, text, sizeof(text), 0);
		if (got < 0) {
			puts("removed");
			break;
		}
		fwrite(text, 1, got, stdout);
		fflush(stdout);
	} while (poll(&fd, 1, -1) == 1 && (fd.revents & POLLPRI));
}

static void kexec(const char *kernel, const char *initrd)
{
	int k = open(kernel, O_RDONLY), i = open(initrd, O_RDONLY);
	int c = open("/proc/cmdline", O_RDONLY);
	char line[4096];
	ssize_t got = c < 0 ? -1 : read(c, line, sizeof(line));

	if (k < 0 || i < 0 || got <= 0)
		err(1, "%s, %s or /proc/cmdline", kernel, initrd);
	line[got - 1] = 0;
	if (syscall(SYS_kexec_file_load, k, i, got, line, 0UL))
		err(1, "kexec_file_load");
	puts("loaded");
	fflush(stdout);
	if (reboot(LINUX_REBOOT_CMD_KEXEC))
		err(1, "reboot");
}

static void insert(const char *file)
{
	int fd = open(file, O_RDONLY);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		err(1, "%s", file);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "use"))
		use(strtoul(argv[2], NULL, 0) << 20);
	else if (argc == 4 && !strcmp(argv[1], "bind"))
		use_of(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0) << 20);
	else if (argc == 3 && !strcmp(argv[1], "watch"))
		watch(argv[2]);
	else if (argc == 4 && !strcmp(argv[1], "kexec"))
		kexec(argv[2], argv[3]);
	else if (argc == 3 && !strcmp(argv[1], "insert"))
		insert(argv[2]);
	else
		errx(2, "use MIB | bind NODE MIB | watch FILE | kexec KERNEL INITRD | insert FILE");
	return 0;
}
