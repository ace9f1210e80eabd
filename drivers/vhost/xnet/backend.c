// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where frames come from and go to: the queue of a tap, macvtap or ipvtap
 * device, or a raw packet socket.
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/if_packet.h>
#include <linux/if_tap.h>
#include <linux/if_tun.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/rtnetlink.h>
#include <net/sock.h>

#include "backend.h"

/*
 * Tun keeps to itself which network device a queue is part of, but tells it to
 * whoever reads the file's fdinfo.
 */
static void backend_name_tun(struct xnet_backend *backend)
{
	static const char tag[] = "iff:\t";
	struct seq_file seq = { .size = 128 };
	char *at;

	if (!IS_ENABLED(CONFIG_PROC_FS) || !backend->file->f_op->show_fdinfo)
		return;
	seq.buf = kzalloc(seq.size, GFP_KERNEL);
	if (!seq.buf)
		return;
	backend->file->f_op->show_fdinfo(&seq, backend->file);
	/* One byte is kept back so that it ends in zero whatever was written. */
	seq.buf[seq.size - 1] = '\0';
	at = strstr(seq.buf, tag);
	if (at) {
		at += sizeof(tag) - 1;
		strscpy(backend->name, at, min(sizeof(backend->name), strcspn(at, "\n") + 1));
	}
	kfree(seq.buf);
}

static int backend_match_devt(struct device *dev, void *devt)
{
	return dev->devt == *(dev_t *)devt;
}

/* Do the queues of @dev come by opening the character device @devt? */
static bool backend_is_vtap(struct net_device *dev, dev_t devt)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;

	if (!ops || (strcmp(ops->kind, "macvtap") && strcmp(ops->kind, "ipvtap")))
		return false;
	return device_for_each_child(&dev->dev, &devt, backend_match_devt);
}

/*
 * Nor do these tell. But the character device that was opened is a child of
 * the network device, which usually is in the namespace that it was opened in.
 */
static void backend_name_vtap(struct xnet_backend *backend)
{
	struct inode *inode = file_inode(backend->file);
	struct net_device *dev;

	rtnl_lock();
	for_each_netdev(sock_net(backend->sock->sk), dev) {
		if (!backend_is_vtap(dev, inode->i_rdev))
			continue;
		strscpy(backend->name, dev->name, sizeof(backend->name));
		break;
	}
	rtnl_unlock();
}

/* Which device it is bound to, if to one. Not to be asked of any other socket. */
static void backend_name_packet(struct xnet_backend *backend)
{
	struct sockaddr_storage addr = {};
	struct net_device *dev;

	if (kernel_getsockname(backend->sock, (struct sockaddr *)&addr) < 0)
		return;
	rtnl_lock();
	dev = __dev_get_by_index(sock_net(backend->sock->sk),
				 ((struct sockaddr_ll *)&addr)->sll_ifindex);
	if (dev)
		strscpy(backend->name, dev->name, sizeof(backend->name));
	rtnl_unlock();
}

/**
 * xnet_backend_find_name() - set the name of a backend's network device
 * @backend: the backend, not yet attached
 *
 * If there is no finding out, the name stays empty.
 *
 * Context: may sleep; takes the rtnl lock.
 */
void xnet_backend_find_name(struct xnet_backend *backend)
{
	if (!backend->rx_ring)
		backend_name_packet(backend);
	else if (!IS_ERR(tun_get_socket(backend->file)))
		backend_name_tun(backend);
	else
		backend_name_vtap(backend);
}

/* Only what is known to be one is asked anything else. */
static bool backend_is_packet(const struct socket *sock)
{
	return sock->sk && sock->sk->sk_type == SOCK_RAW && sock->sk->sk_family == AF_PACKET;
}

/* Set @sock and @rx_ring; false if the file is no backend. */
static bool backend_look(struct xnet_backend *backend)
{
	struct file *file = backend->file;

	backend->sock = sock_from_file(file);
	if (backend->sock)
		return backend_is_packet(backend->sock);
	backend->sock = tun_get_socket(file);
	if (!IS_ERR(backend->sock)) {
		backend->rx_ring = tun_get_tx_ring(file);
		return !IS_ERR(backend->rx_ring);
	}
	backend->sock = tap_get_socket(file);
	if (IS_ERR(backend->sock))
		return false;
	backend->rx_ring = tap_get_ptr_ring(file);
	return !IS_ERR(backend->rx_ring);
}

/**
 * xnet_backend_get() - the backend behind a file descriptor
 * @fd: any number
 *
 * The descriptor is looked up once, so it does not matter what happens to it
 * meanwhile.
 *
 * Context: the owner's process; may sleep.
 * Return: the backend, or an ERR_PTR: -ENOTSOCK if @fd is nothing that can be
 * one, -ENOMEM.
 */
struct xnet_backend *xnet_backend_get(int fd)
{
	struct xnet_backend *backend;
	struct file *file;
	int err = -ENOTSOCK;

	file = fget(fd);
	if (!file)
		return ERR_PTR(-ENOTSOCK);
	backend = kzalloc(sizeof(*backend), GFP_KERNEL_ACCOUNT);
	if (!backend) {
		err = -ENOMEM;
		goto put_file;
	}
	backend->file = file;
	if (!backend_look(backend))
		goto free;
	return backend;

free:
	kfree(backend);
put_file:
	fput(file);
	return ERR_PTR(err);
}

/**
 * xnet_backend_put() - let go of a backend
 * @backend: one that no queue has any more
 *
 * Context: may sleep.
 */
void xnet_backend_put(struct xnet_backend *backend)
{
	fput(backend->file);
	kfree(backend);
}
