// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into QEMU, breaks what it tells a vhost device, so that a test
 * shows that it notices:
 *
 *   SABOTAGE=log         packets are never logged, used rings are
 *   SABOTAGE=restart     a queue that was stopped does not start again
 *   SABOTAGE=invalidate  the device never hears of a translation that ended
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <linux/vhost.h>

static int wanted(const char *what)
{
	const char *have = getenv("SABOTAGE");

	return have && !strcmp(have, what);
}

/* Whether this starts a queue that has been running before. */
static int starts_again(const struct vhost_vring_file *backend)
{
	static int starts[2];

	return backend->fd >= 0 && backend->index < 2 &&
	       starts[backend->index]++ > 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int fd, unsigned long request, void *arg);
	uint64_t features;
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	real = dlsym(RTLD_NEXT, "ioctl");
	if (request == VHOST_SET_FEATURES && wanted("log")) {
		memcpy(&features, arg, sizeof(features));
		features &= ~(1ULL << VHOST_F_LOG_ALL);
		arg = &features;
	}
	if (request == VHOST_NET_SET_BACKEND && wanted("restart") && starts_again(arg))
		return 0;
	return real(fd, request, arg);
}

ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t (*real)(int fd, const void *buf, size_t len) = dlsym(RTLD_NEXT, "write");
	const struct vhost_msg_v2 *v2 = buf;
	const struct vhost_msg *v1 = buf;

	if (wanted("invalidate") &&
	    ((len == sizeof(*v2) && v2->type == VHOST_IOTLB_MSG_V2 &&
	      v2->iotlb.type == VHOST_IOTLB_INVALIDATE) ||
	     (len == sizeof(*v1) && v1->type == VHOST_IOTLB_MSG &&
	      v1->iotlb.type == VHOST_IOTLB_INVALIDATE)))
		return len;
	return real(fd, buf, len);
}
