/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where frames come from and go to: the queue of a tap, macvtap or ipvtap
 * device, or a raw packet socket.
 */
#ifndef _XNET_BACKEND_H
#define _XNET_BACKEND_H

#include <linux/if.h>
#include <linux/types.h>

struct file;
struct ptr_ring;
struct socket;

/**
 * struct xnet_backend - a backend
 * @file: the file that the owner passed, referenced
 * @sock: its socket, by which frames are sent and received
 * @rx_ring: frames of a tap of any kind that wait to be received; NULL for a
 *	packet socket, which hands them out itself
 * @name: its network device when it was attached, for people to read
 */
struct xnet_backend {
	struct file *file;
	struct socket *sock;
	struct ptr_ring *rx_ring;
	char name[IFNAMSIZ];
};

struct xnet_backend *xnet_backend_get(int fd);
void xnet_backend_find_name(struct xnet_backend *backend);
void xnet_backend_put(struct xnet_backend *backend);

/**
 * xnet_backend_takes_batches() - can many frames be sent by one call?
 * @backend: the backend
 *
 * Return: true if its sendmsg() knows TUN_MSG_PTR, as that of every tap does.
 */
static inline bool xnet_backend_takes_batches(const struct xnet_backend *backend)
{
	return backend->rx_ring;
}

#endif /* _XNET_BACKEND_H */
