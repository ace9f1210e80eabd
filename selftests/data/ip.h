/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP frames that the network stack takes for real ones. */
#ifndef IP_H
#define IP_H

#include <arpa/inet.h>
#include <string.h>
#include <linux/virtio_net.h>

#include "xguest.h"

#define IP4_HEADERS	(14 + 20 + 20)
#define IP6_HEADERS	(14 + 40 + 20)

static inline uint16_t ip_sum(const uint8_t *p, unsigned int len)
{
	uint32_t sum = 0;
	unsigned int i;

	for (i = 0; i < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline unsigned int ip_headers(bool v6)
{
	return v6 ? IP6_HEADERS : IP4_HEADERS;
}

static inline void ip_put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* The payload is that of a pattern frame, so that xg_frame_check() knows it. */
static inline unsigned int ip_tcp_frame(uint8_t *frame, bool v6, unsigned int payload,
					uint32_t seed)
{
	static const uint8_t ether[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	uint8_t *ip = frame + 14, *tcp = frame + ip_headers(v6) - 20;

	memset(frame, 0, ip_headers(v6));
	memcpy(frame, ether, sizeof(ether));
	ip_put16(frame + 12, v6 ? 0x86dd : 0x0800);
	if (v6) {
		ip[0] = 0x60;
		ip_put16(ip + 4, 20 + payload);
		ip[6] = 6;
		ip[7] = 64;
		ip[8] = 0xfd;
		ip[23] = 1;
		ip[24] = 0xfd;
		ip[39] = 2;
	} else {
		ip[0] = 0x45;
		ip_put16(ip + 2, 40 + payload);
		ip[8] = 64;
		ip[9] = 6;
		memcpy(ip + 12, "\x0a\0\0\1\x0a\0\0\2", 8);
		ip_put16(ip + 10, ip_sum(ip, 20));
	}
	ip_put16(tcp, 1000 + seed % 1000);
	ip_put16(tcp + 2, 2000);
	tcp[12] = 5 << 4;
	tcp[13] = 0x10;
	xg_frame_fill(tcp + 20, payload, seed);
	return ip_headers(v6) + payload;
}

static inline bool ip_tcp_check(const uint8_t *frame, bool v6, unsigned int payload,
				uint32_t seed)
{
	return xg_frame_check(frame + ip_headers(v6), payload, seed) < 0;
}

/* The virtio header of such a frame; @size 0 leaves only the checksum to do. */
static inline void ip_gso_header(struct virtio_net_hdr_v1 *hdr, bool v6, uint16_t size)
{
	memset(hdr, 0, sizeof(*hdr));
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = ip_headers(v6) - 20;
	hdr->csum_offset = 16;
	hdr->hdr_len = ip_headers(v6);
	if (!size)
		return;
	hdr->gso_size = size;
	hdr->gso_type = v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
}

#endif /* IP_H */
