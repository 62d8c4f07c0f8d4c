// SPDX-License-Identifier: GPL-2.0
/*
 * kcore_read - read memory through /proc/kcore
 *
 *	kcore_read		read all memory
 *	kcore_read PFN...	read these pages
 *	kcore_read -n		print the note that describes the kernel to tools
 *	kcore_read -f		wait in the middle of it until killed
 *
 * Without an argument it walks the program headers and reads every segment that
 * has a physical address, that is all of RAM and the kernel image. Offline
 * pages must read as something harmless: the test is that this ends, that
 * nothing is reported on the console, and that as much could be read as the
 * headers announce. Prints: segments N bytes N
 *
 * Of each page that is named it prints how many bytes are not 0, and the first
 * 16: 0x1000 nonzero N HEX. A page that several segments have is looked at in
 * all of them. With -f, /proc/kcore writes to memory that nobody provides.
 * Status 4 if there is no /proc/kcore, no such note, or no userfaultfd.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/elf.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#if UINTPTR_MAX > UINT32_MAX
#define elf_hdr		elf64_hdr
#define elf_phdr	elf64_phdr
#define elf_nhdr	elf64_note
#else
#define elf_hdr		elf32_hdr
#define elf_phdr	elf32_phdr
#define elf_nhdr	elf32_note
#endif

#define NOTE		"VMCOREINFO"
#define SHOWN		16

static unsigned long long read_segment(int fd, const struct elf_phdr *ph)
{
	static char buf[1 << 20];
	unsigned long long done = 0, want;
	ssize_t got;

	while (done < ph->p_filesz) {
		want = ph->p_filesz - done;
		if (want > sizeof(buf))
			want = sizeof(buf);
		got = pread(fd, buf, want, ph->p_offset + done);
		if (got < 0)
			err(1, "/proc/kcore at physical %#llx",
			    (unsigned long long)ph->p_paddr + done);
		if (!got)
			errx(1, "/proc/kcore ends at physical %#llx",
			     (unsigned long long)ph->p_paddr + done);
		done += got;
	}
	return done;
}

static int is_physical(const struct elf_phdr *ph)
{
	return ph->p_type == PT_LOAD && ph->p_paddr != (uintptr_t)-1;
}

static void read_all(int fd, const struct elf_phdr *ph, int nr)
{
	unsigned long long bytes = 0;
	int i, segments = 0;

	for (i = 0; i < nr; i++) {
		if (!is_physical(&ph[i]))
			continue;
		bytes += read_segment(fd, &ph[i]);
		segments++;
	}
	printf("segments %d bytes %llu\n", segments, bytes);
	if (!segments)
		exit(1);
}

static void read_page(int fd, const struct elf_phdr *ph, int nr, const char *arg)
{
	unsigned long long pfn = strtoull(arg, NULL, 0), start;
	long size = sysconf(_SC_PAGESIZE), at, nonzero = 0;
	unsigned char *page;
	int i, segments = 0;

	page = malloc(size);
	if (!page)
		err(1, "page");
	for (i = 0; i < nr; i++) {
		start = pfn * size - ph[i].p_paddr;
		if (!is_physical(&ph[i]) || pfn * size < ph[i].p_paddr ||
		    start + size > ph[i].p_filesz)
			continue;
		if (pread(fd, page, size, ph[i].p_offset + start) != size)
			err(1, "/proc/kcore at PFN %#llx", pfn);
		for (at = 0; at < size; at++)
			nonzero += !!page[at];
		segments++;
	}
	if (!segments)
		errx(1, "/proc/kcore has no PFN %#llx", pfn);

	printf("%#llx nonzero %ld ", pfn, nonzero);
	for (at = 0; at < SHOWN; at++)
		printf("%02x", page[at]);
	printf("\n");
	free(page);
}

/* Notes are a header, a name and a content, each at a multiple of 4 bytes. */
static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static void print_note(int fd, const struct elf_phdr *ph, int nr)
{
	struct elf_nhdr nh;
	size_t at, end;
	char *notes;
	int i;

	for (i = 0; i < nr; i++) {
		if (ph[i].p_type != PT_NOTE)
			continue;
		end = ph[i].p_filesz;
		notes = malloc(end);
		if (!notes || pread(fd, notes, end, ph[i].p_offset) != (ssize_t)end)
			err(1, "/proc/kcore: no notes");
		for (at = 0; at + sizeof(nh) <= end;
		     at += padded(nh.n_namesz) + padded(nh.n_descsz)) {
			memcpy(&nh, notes + at, sizeof(nh));
			at += sizeof(nh);
			if (at + padded(nh.n_namesz) + nh.n_descsz > end)
				break;
			if (nh.n_namesz != sizeof(NOTE) ||
			    memcmp(notes + at, NOTE, sizeof(NOTE)))
				continue;
			fwrite(notes + at + padded(nh.n_namesz), 1, nh.n_descsz,
			       stdout);
			exit(0);
		}
		free(notes);
	}
	errx(4, "/proc/kcore has no note " NOTE);
}

static void wait_in_fault(int fd, const struct elf_phdr *ph, int nr)
{
	struct uffdio_api api = { .api = UFFD_API };
	long size = sysconf(_SC_PAGESIZE);
	struct uffdio_register range = {
		.range.len = size,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int i, faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	range.range.start = (uintptr_t)page;
	if (faults < 0 || ioctl(faults, UFFDIO_API, &api) ||
	    ioctl(faults, UFFDIO_REGISTER, &range))
		err(4, "userfaultfd");
	for (i = 0; i < nr && !is_physical(&ph[i]); i++)
		;
	if (i == nr)
		errx(1, "/proc/kcore has no memory");
	printf("waits\n");
	fflush(stdout);
	if (pread(fd, page, size, ph[i].p_offset) < 0)
		err(1, "/proc/kcore");
	errx(1, "/proc/kcore did not wait");
}

int main(int argc, char **argv)
{
	struct elf_phdr *ph;
	struct elf_hdr eh;
	size_t len;
	int fd, i;

	fd = open("/proc/kcore", O_RDONLY);
	if (fd < 0)
		err(4, "/proc/kcore");
	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh))
		err(1, "/proc/kcore: no ELF header");

	len = eh.e_phnum * sizeof(*ph);
	ph = malloc(len);
	if (!ph || pread(fd, ph, len, eh.e_phoff) != (ssize_t)len)
		err(1, "/proc/kcore: no program headers");

	if (argc == 1)
		read_all(fd, ph, eh.e_phnum);
	else if (!strcmp(argv[1], "-n"))
		print_note(fd, ph, eh.e_phnum);
	else if (!strcmp(argv[1], "-f"))
		wait_in_fault(fd, ph, eh.e_phnum);
	else
		for (i = 1; i < argc; i++)
			read_page(fd, ph, eh.e_phnum, argv[i]);
	return 0;
}
