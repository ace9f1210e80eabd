// SPDX-License-Identifier: GPL-2.0-only
/* Words that all test programs share. */
#include <sys/utsname.h>
#include <time.h>

#include "words.h"

/* What the harness prints and what goes to stderr end up in one log, in order. */
static void __attribute__((constructor)) line_by_line(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

const char *xt_errno(long ret)
{
	static __thread char text[2][32];
	static __thread unsigned int turn;
	const char *name = ret < 0 ? strerrorname_np(-ret) : NULL;
	char *to = text[turn++ % 2];

	if (name)
		return name;
	snprintf(to, sizeof(text[0]), "%ld", ret);
	return to;
}

const char *xt_dev(void)
{
	const char *path = getenv("XNET_DEV");

	return path && *path ? path : "/dev/vhost-xnet";
}

bool xt_is_xnet(void)
{
	return strstr(xt_dev(), "xnet");
}

int xt_config(const char *name)
{
	char line[256], cmd[512];
	struct utsname uts;
	size_t len = strlen(name);
	int ret = -ENOENT;
	FILE *f;

	uname(&uts);
	snprintf(cmd, sizeof(cmd),
		 "zcat /proc/config.gz 2>/dev/null || cat /lib/modules/%s/config /boot/config-%s /usr/src/linux-headers-%s/.config 2>/dev/null",
		 uts.release, uts.release, uts.release);
	f = popen(cmd, "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (ret < 0)
			ret = 0;
		if (!strncmp(line, name, len) && line[len] == '=')
			ret = line[len + 1] == 'y' || line[len + 1] == 'm';
	}
	pclose(f);
	return ret;
}

void xt_msleep(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}
