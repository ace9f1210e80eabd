/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNETCTL_NL_H
#define XNETCTL_NL_H

#include <linux/types.h>

#include <libmnl/libmnl.h>

#include "model.h"

/**
 * struct xc_nl - a way to the kernel
 * @sock: its socket
 * @portid: the socket's own address
 * @seq: number of the last request
 * @family: number of the family vhost-xnet
 * @why: the kernel's own words about the last error, empty if it gave none
 */
struct xc_nl {
	struct mnl_socket *sock;
	unsigned int portid;
	__u32 seq;
	__u16 family;
	char why[256];
};

int xc_nl_open(struct xc_nl *nl);
int xc_nl_look(struct xc_nl *nl, __u32 dev, struct xc_view *view);
void xc_nl_close(struct xc_nl *nl);

#endif /* XNETCTL_NL_H */
