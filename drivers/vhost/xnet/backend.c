// SPDX-License-Identifier: GPL-2.0-only
/* Where frames come from and go to: the queue of a tap device. */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "backend.h"

/**
 * xnet_backend_find_name() - set the name of a backend's network device
 * @backend: the backend, not yet attached
 *
 * Tun keeps to itself which network device a queue is part of, but tells it to
 * whoever reads the file's fdinfo, so that is where it is taken from. If that
 * fails the name stays empty.
 *
 * Context: may sleep; takes the rtnl lock.
 */
void xnet_backend_find_name(struct xnet_backend *backend)
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
	backend->sock = tun_get_socket(file);
	if (IS_ERR(backend->sock))
		goto free;
	backend->rx_ring = tun_get_tx_ring(file);
	if (IS_ERR(backend->rx_ring))
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
