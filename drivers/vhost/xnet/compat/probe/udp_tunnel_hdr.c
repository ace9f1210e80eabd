// SPDX-License-Identifier: GPL-2.0-only
/* The virtio-net header that describes segmentation inside a UDP tunnel, known to tun. */

#include <linux/if_tun.h>
#include <linux/virtio_net.h>

unsigned int xnet_probe(struct virtio_net_hdr_v1_hash_tunnel *hdr);

unsigned int xnet_probe(struct virtio_net_hdr_v1_hash_tunnel *hdr)
{
	hdr->outer_th_offset = 0;
	hdr->inner_nh_offset = 0;
	return TUN_F_UDP_TUNNEL_GSO | TUN_F_UDP_TUNNEL_GSO_CSUM | VIRTIO_NET_HDR_GSO_UDP_TUNNEL;
}
