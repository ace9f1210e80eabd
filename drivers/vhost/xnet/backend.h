/* SPDX-License-Identifier: GPL-2.0-only */
/* Where frames come from and go to: the queue of a tap device. */
#ifndef _XNET_BACKEND_H
#define _XNET_BACKEND_H

#include <linux/if.h>

struct file;
struct ptr_ring;
struct socket;

/**
 * struct xnet_backend - a backend
 * @file: the file that the owner passed, referenced
 * @sock: its socket, by which frames are sent and received
 * @rx_ring: frames that wait to be received
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

#endif /* _XNET_BACKEND_H */
