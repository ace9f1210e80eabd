// SPDX-License-Identifier: GPL-2.0-only
/* The raw layer: every vhost ioctl as a function of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "private.h"

static __thread const char *last_step = "";

const char *xg_step(void)
{
	return last_step;
}

int xg_note(const char *step, int ret)
{
	if (ret < 0)
		last_step = step;
	return ret;
}

int xg_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return xg_note("open of the vhost device", fd < 0 ? -errno : fd);
}

int xg_ioctl(int fd, unsigned long req, void *arg)
{
	int ret = ioctl(fd, req, arg);

	return ret < 0 ? -errno : ret;
}

int xg_ioctl_set_owner(int fd)
{
	return xg_note("VHOST_SET_OWNER", xg_ioctl(fd, VHOST_SET_OWNER, NULL));
}

int xg_ioctl_reset_owner(int fd)
{
	return xg_note("VHOST_RESET_OWNER", xg_ioctl(fd, VHOST_RESET_OWNER, NULL));
}

int xg_ioctl_get_features(int fd, uint64_t *features)
{
	return xg_note("VHOST_GET_FEATURES",
		       xg_ioctl(fd, VHOST_GET_FEATURES, features));
}

int xg_ioctl_set_features(int fd, uint64_t features)
{
	return xg_note("VHOST_SET_FEATURES",
		       xg_ioctl(fd, VHOST_SET_FEATURES, &features));
}

static int features_array(int fd, unsigned long req, uint64_t *features, uint64_t count)
{
	size_t size = count * sizeof(*features);
	struct vhost_features_array *array = malloc(sizeof(*array) + size);
	int ret;

	if (!array)
		return -ENOMEM;
	array->count = count;
	memcpy(array->features, features, size);
	ret = xg_ioctl(fd, req, array);
	if (req == VHOST_GET_FEATURES_ARRAY)
		memcpy(features, array->features, size);
	free(array);
	return ret;
}

int xg_ioctl_get_features_array(int fd, uint64_t *features, uint64_t count)
{
	return xg_note("VHOST_GET_FEATURES_ARRAY",
		       features_array(fd, VHOST_GET_FEATURES_ARRAY, features, count));
}

int xg_ioctl_set_features_array(int fd, const uint64_t *features, uint64_t count)
{
	return xg_note("VHOST_SET_FEATURES_ARRAY",
		       features_array(fd, VHOST_SET_FEATURES_ARRAY, (uint64_t *)features, count));
}

int xg_ioctl_get_backend_features(int fd, uint64_t *features)
{
	return xg_note("VHOST_GET_BACKEND_FEATURES",
		       xg_ioctl(fd, VHOST_GET_BACKEND_FEATURES, features));
}

int xg_ioctl_set_backend_features(int fd, uint64_t features)
{
	return xg_note("VHOST_SET_BACKEND_FEATURES",
		       xg_ioctl(fd, VHOST_SET_BACKEND_FEATURES, &features));
}

int xg_ioctl_set_mem_table(int fd, const struct vhost_memory *table)
{
	return xg_note("VHOST_SET_MEM_TABLE",
		       xg_ioctl(fd, VHOST_SET_MEM_TABLE, (void *)table));
}

int xg_ioctl_set_log_base(int fd, uint64_t base)
{
	return xg_note("VHOST_SET_LOG_BASE",
		       xg_ioctl(fd, VHOST_SET_LOG_BASE, &base));
}

int xg_ioctl_set_log_fd(int fd, int log_fd)
{
	return xg_note("VHOST_SET_LOG_FD",
		       xg_ioctl(fd, VHOST_SET_LOG_FD, &log_fd));
}

static int vring_state(const char *step, int fd, unsigned long req,
		       unsigned int index, unsigned int num)
{
	struct vhost_vring_state state = { .index = index, .num = num };

	return xg_note(step, xg_ioctl(fd, req, &state));
}

static int vring_state_get(const char *step, int fd, unsigned long req,
			   unsigned int index, unsigned int *num)
{
	struct vhost_vring_state state = { .index = index };
	int ret = xg_note(step, xg_ioctl(fd, req, &state));

	if (!ret)
		*num = state.num;
	return ret;
}

static int vring_file(const char *step, int fd, unsigned long req,
		      unsigned int index, int file)
{
	struct vhost_vring_file arg = { .index = index, .fd = file };

	return xg_note(step, xg_ioctl(fd, req, &arg));
}

int xg_ioctl_set_vring_num(int fd, unsigned int index, unsigned int num)
{
	return vring_state("VHOST_SET_VRING_NUM", fd, VHOST_SET_VRING_NUM, index, num);
}

int xg_ioctl_set_vring_addr(int fd, const struct vhost_vring_addr *addr)
{
	return xg_note("VHOST_SET_VRING_ADDR",
		       xg_ioctl(fd, VHOST_SET_VRING_ADDR, (void *)addr));
}

int xg_ioctl_set_vring_base(int fd, unsigned int index, unsigned int base)
{
	return vring_state("VHOST_SET_VRING_BASE", fd, VHOST_SET_VRING_BASE, index,
			   base);
}

int xg_ioctl_get_vring_base(int fd, unsigned int index, unsigned int *base)
{
	return vring_state_get("VHOST_GET_VRING_BASE", fd, VHOST_GET_VRING_BASE,
			       index, base);
}

int xg_ioctl_set_vring_kick(int fd, unsigned int index, int eventfd)
{
	return vring_file("VHOST_SET_VRING_KICK", fd, VHOST_SET_VRING_KICK, index,
			  eventfd);
}

int xg_ioctl_set_vring_call(int fd, unsigned int index, int eventfd)
{
	return vring_file("VHOST_SET_VRING_CALL", fd, VHOST_SET_VRING_CALL, index,
			  eventfd);
}

int xg_ioctl_set_vring_err(int fd, unsigned int index, int eventfd)
{
	return vring_file("VHOST_SET_VRING_ERR", fd, VHOST_SET_VRING_ERR, index,
			  eventfd);
}

int xg_ioctl_set_busyloop(int fd, unsigned int index, unsigned int usec)
{
	return vring_state("VHOST_SET_VRING_BUSYLOOP_TIMEOUT", fd,
			   VHOST_SET_VRING_BUSYLOOP_TIMEOUT, index, usec);
}

int xg_ioctl_get_busyloop(int fd, unsigned int index, unsigned int *usec)
{
	return vring_state_get("VHOST_GET_VRING_BUSYLOOP_TIMEOUT", fd,
			       VHOST_GET_VRING_BUSYLOOP_TIMEOUT, index, usec);
}

int xg_ioctl_set_vring_endian(int fd, unsigned int index, unsigned int big)
{
	return vring_state("VHOST_SET_VRING_ENDIAN", fd, VHOST_SET_VRING_ENDIAN,
			   index, big);
}

int xg_ioctl_get_vring_endian(int fd, unsigned int index, unsigned int *big)
{
	return vring_state_get("VHOST_GET_VRING_ENDIAN", fd, VHOST_GET_VRING_ENDIAN,
			       index, big);
}

int xg_ioctl_net_set_backend(int fd, unsigned int index, int backend_fd)
{
	return vring_file("VHOST_NET_SET_BACKEND", fd, VHOST_NET_SET_BACKEND, index,
			  backend_fd);
}

int xg_ioctl_new_worker(int fd, unsigned int *id)
{
	struct vhost_worker_state s = { 0 };
	int ret = xg_ioctl(fd, VHOST_NEW_WORKER, &s);

	*id = s.worker_id;
	return xg_note("VHOST_NEW_WORKER", ret);
}

int xg_ioctl_free_worker(int fd, unsigned int id)
{
	struct vhost_worker_state s = { .worker_id = id };

	return xg_note("VHOST_FREE_WORKER", xg_ioctl(fd, VHOST_FREE_WORKER, &s));
}

int xg_ioctl_attach_worker(int fd, unsigned int index, unsigned int id)
{
	struct vhost_vring_worker w = { .index = index, .worker_id = id };

	return xg_note("VHOST_ATTACH_VRING_WORKER",
		       xg_ioctl(fd, VHOST_ATTACH_VRING_WORKER, &w));
}

int xg_ioctl_get_worker(int fd, unsigned int index, unsigned int *id)
{
	struct vhost_vring_worker w = { .index = index };
	int ret = xg_ioctl(fd, VHOST_GET_VRING_WORKER, &w);

	*id = w.worker_id;
	return xg_note("VHOST_GET_VRING_WORKER", ret);
}

int xg_ioctl_set_fork_owner(int fd, uint8_t fork_owner)
{
	return xg_note("VHOST_SET_FORK_FROM_OWNER",
		       xg_ioctl(fd, VHOST_SET_FORK_FROM_OWNER, &fork_owner));
}

int xg_ioctl_get_fork_owner(int fd, uint8_t *fork_owner)
{
	return xg_note("VHOST_GET_FORK_FROM_OWNER",
		       xg_ioctl(fd, VHOST_GET_FORK_FROM_OWNER, fork_owner));
}
