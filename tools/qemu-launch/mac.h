/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNET_QEMU_MAC_H
#define XNET_QEMU_MAC_H

#include <linux/if_ether.h>

#define XQ_MAC_STRLEN	(ETH_ALEN * 3)

int xq_mac_parse(const char *text, unsigned char mac[ETH_ALEN]);
int xq_mac_derive(const char *ifname, unsigned char mac[ETH_ALEN]);
void xq_mac_format(const unsigned char mac[ETH_ALEN],
		   char text[XQ_MAC_STRLEN]);

#endif /* XNET_QEMU_MAC_H */
