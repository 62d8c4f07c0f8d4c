// SPDX-License-Identifier: GPL-2.0
/*
 * kcore_read - read all memory through /proc/kcore
 *
 * Walks the program headers and reads every segment that has a physical
 * address, that is all of RAM and the kernel image. Offline pages must read
 * as something harmless: the test is that this ends, that nothing is reported
 * on the console, and that as much could be read as the headers announce.
 *
 * Prints: segments N bytes N
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <linux/elf.h>

#if UINTPTR_MAX > UINT32_MAX
#define elf_hdr		elf64_hdr
#define elf_phdr	elf64_phdr
#else
#define elf_hdr		elf32_hdr
#define elf_phdr	elf32_phdr
#endif

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

int main(void)
{
	unsigned long long bytes = 0;
	int fd, i, segments = 0;
	struct elf_phdr *ph;
	struct elf_hdr eh;
	size_t len;

	fd = open("/proc/kcore", O_RDONLY);
	if (fd < 0)
		err(4, "/proc/kcore");
	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh))
		err(1, "/proc/kcore: no ELF header");

	len = eh.e_phnum * sizeof(*ph);
	ph = malloc(len);
	if (!ph || pread(fd, ph, len, eh.e_phoff) != (ssize_t)len)
		err(1, "/proc/kcore: no program headers");

	for (i = 0; i < eh.e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD || ph[i].p_paddr == (uintptr_t)-1)
			continue;
		bytes += read_segment(fd, &ph[i]);
		segments++;
	}
	printf("segments %d bytes %llu\n", segments, bytes);
	return segments ? 0 : 1;
}
