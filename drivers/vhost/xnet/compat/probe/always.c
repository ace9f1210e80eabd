// SPDX-License-Identifier: GPL-2.0-only
/* The headers that the probes need, and nothing that could be missing. */

#include <linux/eventfd.h>
#include <linux/gfp.h>
#include <linux/if_tun.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/virtio_net.h>

int xnet_probe(struct file *file);

int xnet_probe(struct file *file)
{
	return IS_ERR(tun_get_socket(file));
}
