// SPDX-License-Identifier: GPL-2.0-only
/* The vhost device node. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "vhost.h"

static void open_failed(const char *path)
{
	switch (errno) {
	case ENOENT:
		xq_err("%s does not exist: load the module with 'modprobe vhost_xnet'",
		       path);
		break;
	case ENODEV:
	case ENXIO:
		xq_err("%s has no driver behind it: load the module with 'modprobe vhost_xnet'",
		       path);
		break;
	case EACCES:
	case EPERM:
		xq_err("no permission to open %s: run xnet-qemu as root, or join the group that 'ls -l %s' shows",
		       path, path);
		break;
	default:
		xq_err("cannot open %s: %s", path, strerror(errno));
	}
}

/**
 * xq_vhost_check() - see that the device is there, without opening it
 * @path: its path
 *
 * Return: 0, or -1 after printing what is wrong.
 */
int xq_vhost_check(const char *path)
{
	struct stat st;

	if (stat(path, &st)) {
		open_failed(path);
		return -1;
	}
	if (!S_ISCHR(st.st_mode)) {
		xq_err("%s is not a device: give --device the path of a vhost device",
		       path);
		return -1;
	}
	return 0;
}

/**
 * xq_vhost_open() - open the device once a queue pair
 * @vhost: filled in
 * @path: path of the device
 * @n: queue pairs
 *
 * Return: 0, or -1 after printing why not; nothing is open then.
 */
int xq_vhost_open(struct xq_vhost *vhost, const char *path, unsigned int n)
{
	int fd;

	for (vhost->n = 0; vhost->n < n; vhost->n++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			open_failed(path);
			xq_vhost_close(vhost);
			return -1;
		}
		vhost->fds[vhost->n] = fd;
	}
	return 0;
}

/**
 * xq_vhost_close() - close what xq_vhost_open() opened
 * @vhost: the device
 */
void xq_vhost_close(struct xq_vhost *vhost)
{
	while (vhost->n)
		close(vhost->fds[--vhost->n]);
}
