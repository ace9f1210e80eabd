// SPDX-License-Identifier: GPL-2.0-only
/* A frame for tun begins with its buffer's length; later with its virtio-net header. */

#include <linux/if_tun.h>

struct virtio_net_hdr *xnet_probe(struct tun_xdp_hdr *hdr);

struct virtio_net_hdr *xnet_probe(struct tun_xdp_hdr *hdr)
{
	hdr->buflen = 0;
	return &hdr->gso;
}
