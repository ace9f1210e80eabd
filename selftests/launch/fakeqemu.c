// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for QEMU: prints what it was given, so that tests can compare.
 *
 * One line for each argument ("arg: ..."), open file descriptor ("fd N: path",
 * with the tap's name, flags and the size of its vnet header), and what
 * /proc/self/status and the environment say of its privileges. Then it runs
 * the shell command in FAKEQEMU_RUN, if there is one; if FAKEQEMU_DETACH is
 * set, with the queues of its taps disabled, as QEMU does with those that the
 * guest does not use.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_FD	1024

static void disable_queue(int fd)
{
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };

	if (ioctl(fd, TUNSETQUEUE, &ifr))
		printf(" cannot-detach");
}

static void print_tap(int fd)
{
	struct ifreq ifr = { 0 };
	int size;

	if (ioctl(fd, TUNGETIFF, &ifr) || ioctl(fd, TUNGETVNETHDRSZ, &size)) {
		printf(" not-attached");
		return;
	}
	/* IFF_NO_PI cannot be told here: IFF_NOFILTER has the same value. */
	printf(" tap=%s flags=%s%s%s%s hdr=%d", ifr.ifr_name,
	       ifr.ifr_flags & IFF_TAP ? "tap" : "",
	       ifr.ifr_flags & IFF_VNET_HDR ? ",vnet_hdr" : "",
	       ifr.ifr_flags & IFF_MULTI_QUEUE ? ",multi_queue" : "",
	       ifr.ifr_flags & IFF_PERSIST ? ",persist" : "", size);
	if (getenv("FAKEQEMU_DETACH"))
		disable_queue(fd);
}

static void print_fds(void)
{
	char link[64], path[256];
	ssize_t len;
	int fd;

	for (fd = 3; fd < MAX_FD; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, path, sizeof(path) - 1);
		if (len < 0)
			continue;
		path[len] = '\0';
		printf("fd %d: %s", fd, path);
		if (!strcmp(path, "/dev/net/tun"))
			print_tap(fd);
		putchar('\n');
	}
}

static void print_status(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[512];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Uid:", 4) || !strncmp(line, "Gid:", 4) ||
		    !strncmp(line, "Groups:", 7) || !strncmp(line, "Cap", 3) ||
		    !strncmp(line, "NoNewPrivs:", 11) ||
		    !strncmp(line, "SigBlk:", 7))
			fputs(line, stdout);
	}
	fclose(f);
}

static void print_env(const char *name)
{
	const char *value = getenv(name);

	printf("env %s=%s\n", name, value ? value : "(none)");
}

int main(int argc, char **argv)
{
	const char *command = getenv("FAKEQEMU_RUN");
	int i;

	for (i = 0; i < argc; i++)
		printf("arg: %s\n", argv[i]);
	/* Before anything is opened here. */
	print_fds();
	print_status();
	print_env("HOME");
	print_env("USER");
	print_env("LOGNAME");
	fflush(stdout);
	return command && system(command) ? 1 : 0;
}
