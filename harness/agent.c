// SPDX-License-Identifier: GPL-2.0
/*
 * agent - PID 1 of a guest that has no shell
 *
 * Takes requests and answers them like guest-init, on the second console of a
 * pseries guest or the second serial port of a PC: a line with a number and a
 * command in base64, answered by a line with number, status and length, and then
 * that many bytes of output. A command is words separated by blanks; there is no
 * quoting:
 *
 *	cat FILE...		print files
 *	echo WORD... > FILE	write the words, and a newline, to a file
 *	ls DIRECTORY		modes and names of what is in it
 *	tasks			the line of each task in /proc/PID/stat
 *	hog KIB			use so much memory, in a process of its own
 *	insmod FILE WORD...	insert a module, with parameters
 *	rmmod NAME		remove it
 *	reboot			in a moment
 *	PROGRAM ARGUMENT...	run a program of /tests
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define OUTPUT		"/output"
#define MAX_WORDS	64

static int complain(FILE *out, const char *what)
{
	fprintf(out, "%s: %s\n", what, strerror(errno));
	return 1;
}

static int cat(FILE *out, char **files)
{
	char buf[65536];
	ssize_t got;
	int fd;

	for (; *files; files++) {
		fd = open(*files, O_RDONLY);
		if (fd < 0)
			return complain(out, *files);
		while ((got = read(fd, buf, sizeof(buf))) > 0)
			fwrite(buf, 1, got, out);
		close(fd);
		if (got < 0)
			return complain(out, *files);
	}
	return 0;
}

/* The words up to ">", with a blank between them and end behind; what is left of them. */
static char **join(char *text, size_t size, char **words, const char *end)
{
	*text = '\0';
	while (*words && strcmp(*words, ">")) {
		strncat(text, *words++, size - strlen(text) - 2);
		strcat(text, *words && strcmp(*words, ">") ? " " : end);
	}
	return words;
}

/* The words are written at once, as files of sysfs want it. */
static int write_words(FILE *out, char **words)
{
	char text[4096];
	int fd, status = 0;

	words = join(text, sizeof(text), words, "\n");
	if (!*words || !words[1] || words[2]) {
		fputs("echo WORD... > FILE\n", out);
		return 2;
	}

	fd = open(words[1], O_WRONLY);
	if (fd < 0)
		return complain(out, words[1]);
	if (write(fd, text, strlen(text)) < 0)
		status = complain(out, words[1]);
	close(fd);
	return status;
}

static int insert_module(FILE *out, char **words)
{
	char parameters[4096];
	int fd = open(words[0], O_RDONLY), status = 0;

	if (fd < 0)
		return complain(out, words[0]);
	join(parameters, sizeof(parameters), words + 1, "");
	if (syscall(SYS_finit_module, fd, parameters, 0))
		status = complain(out, words[0]);
	close(fd);
	return status;
}

static int remove_module(FILE *out, const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? complain(out, name) : 0;
}

static int list(FILE *out, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		return complain(out, path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    !fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			fprintf(out, "%o %s\n", st.st_mode, entry->d_name);
	closedir(dir);
	return 0;
}

static int tasks(FILE *out)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char path[64], line[1024];
	FILE *stat;

	if (!dir)
		return complain(out, "/proc");
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
		if (!strtol(entry->d_name, NULL, 10))
			continue;
		stat = fopen(path, "r");
		if (!stat)
			continue;
		/* Reading fails if the task has just gone. */
		if (fgets(line, sizeof(line), stat))
			fputs(line, out);
		fclose(stat);
	}
	closedir(dir);
	return 0;
}

/* Each page once, whatever the size of a page is. */
static void hog(size_t size)
{
	size_t at;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		_exit(1);
	}
	for (at = 0; at < size; at += 4096)
		p[at] = 1;
	_exit(0);
}

static void run_child(char **words)
{
	char path[256];

	if (!strcmp(words[0], "hog") && words[1])
		hog(strtoul(words[1], NULL, 10) * 1024);
	snprintf(path, sizeof(path), "/tests/%s", words[0]);
	execv(path, words);
	perror(path);
	_exit(127);
}

static int run(FILE *out, char **words)
{
	int status;
	pid_t pid;

	fflush(out);
	pid = fork();
	if (pid < 0)
		return complain(out, "fork");
	if (!pid) {
		dup2(fileno(out), 1);
		dup2(fileno(out), 2);
		run_child(words);
	}
	if (waitpid(pid, &status, 0) < 0)
		return complain(out, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A reboot that leaves time for the answer. */
static int reboot_soon(FILE *out)
{
	pid_t pid;

	fflush(out);
	pid = fork();
	if (pid < 0)
		return complain(out, "fork");
	if (pid)
		return 0;
	sleep(1);
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static int do_command(FILE *out, char *command)
{
	char *words[MAX_WORDS + 1], *word;
	int n = 0;

	for (word = strtok(command, "\n "); word && n < MAX_WORDS; word = strtok(NULL, "\n "))
		words[n++] = word;
	words[n] = NULL;

	if (!n)
		return 0;
	if (!strcmp(words[0], "cat"))
		return cat(out, words + 1);
	if (!strcmp(words[0], "echo"))
		return write_words(out, words + 1);
	if (!strcmp(words[0], "ls") && n == 2)
		return list(out, words[1]);
	if (!strcmp(words[0], "tasks") && n == 1)
		return tasks(out);
	if (!strcmp(words[0], "insmod") && n >= 2)
		return insert_module(out, words + 1);
	if (!strcmp(words[0], "rmmod") && n == 2)
		return remove_module(out, words[1]);
	if (!strcmp(words[0], "reboot"))
		return reboot_soon(out);
	return run(out, words);
}

/* In place: the result is shorter than the text. */
static void decode_base64(char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int bits = 0, n = 0;
	char *to = text;
	const char *digit;

	for (; *text && (digit = strchr(digits, *text)); text++) {
		bits = bits << 6 | (digit - digits);
		n += 6;
		if (n >= 8) {
			n -= 8;
			*to++ = bits >> n;
		}
	}
	*to = '\0';
}

static void answer(FILE *control, long nr, char *command)
{
	FILE *out = fopen(OUTPUT, "w+");
	char buf[4096];
	int status;
	size_t got;

	if (!out) {
		fprintf(control, "%ld 126 0\n", nr);
		return;
	}
	status = do_command(out, command);
	fseek(out, 0, SEEK_END);
	fprintf(control, "%ld %d %ld\n", nr, status, ftell(out));
	rewind(out);
	while ((got = fread(buf, 1, sizeof(buf), out)))
		fwrite(buf, 1, got, control);
	fclose(out);
}

static void mount_at(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL))
		complain(stderr, where);
}

/* The kernel's log keeps a line whole; on the console, its messages would break it. */
static void log_line(const char *line)
{
	int fd = open("/dev/kmsg", O_WRONLY);

	if (write(fd, line, strlen(line)) < 0)
		complain(stderr, "/dev/kmsg");
	close(fd);
}

int main(void)
{
	char line[8192], *command;
	struct termios tty;
	FILE *in, *control;
	long nr;
	int fd;

	mount_at("devtmpfs", "/dev");
	fd = open("/dev/console", O_RDWR);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("debugfs", "/sys/kernel/debug");

	fd = open("/dev/hvc1", O_RDWR | O_NOCTTY);
	if (fd < 0)
		fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
	if (fd < 0) {
		log_line("agent: no control port\n");
		pause();
	}
	tcgetattr(fd, &tty);
	cfmakeraw(&tty);
	tcsetattr(fd, TCSANOW, &tty);
	in = fdopen(fd, "r");
	control = fdopen(dup(fd), "w");

	snprintf(line, sizeof(line), "guest-init: ready, pages of %ld bytes\n",
		 sysconf(_SC_PAGESIZE));
	log_line(line);
	while (fgets(line, sizeof(line), in)) {
		nr = strtol(line, &command, 10);
		command += strspn(command, " ");
		decode_base64(command);
		answer(control, nr, command);
		fflush(control);
	}
	return 1;
}
