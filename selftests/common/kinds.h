/* SPDX-License-Identifier: GPL-2.0-only */
/* Backends of every kind that a vhost device takes, each with its far end. */
#ifndef XT_KINDS_H
#define XT_KINDS_H

#include "xguest.h"

/**
 * enum xt_kind - what a backend is
 * @XT_TAP: a tap with one queue; its far end is its own network device
 * @XT_TAP_QUEUE: the second queue of a tap with several, likewise
 * @XT_MACVTAP: macvtap on a veth device, whose peer is the far end
 * @XT_IPVTAP: ipvtap on a veth device, with the address 10.0.0.2. Frames reach
 *	it by that: pattern frames do not
 * @XT_PACKET: packet socket on a veth device, likewise
 * @XT_KINDS: how many there are
 */
enum xt_kind {
	XT_TAP,
	XT_TAP_QUEUE,
	XT_MACVTAP,
	XT_IPVTAP,
	XT_PACKET,
	XT_KINDS
};

/**
 * struct xt_backend - a backend
 * @kind: what it is
 * @fd: its descriptor
 * @far: number of the network device at its far end
 * @near_name: the network device it is part of, or bound to
 * @far_name: that at its far end
 * @tap: of a tap, the rest of it
 */
struct xt_backend {
	enum xt_kind kind;
	int fd;
	int far;
	char near_name[IFNAMSIZ];
	char far_name[IFNAMSIZ];
	struct xg_tap tap;
};

/**
 * xt_backend_open() - make a backend in the current network namespace
 * @b: filled in
 * @kind: what it is to be
 * @n: number from 0 to 9, a different one for each in a namespace
 * @cfg: @hdr_len, @no_vnet_hdr, @offload, @sndbuf and @flags count; without
 *	@no_vnet_hdr a packet socket has its header of 10 bytes
 *
 * Return: 0 or -errno.
 */
int xt_backend_open(struct xt_backend *b, enum xt_kind kind, unsigned int n,
		    const struct xg_tap_cfg *cfg);

/**
 * xt_backend_on() - as xt_backend_open(), with a macvtap or ipvtap of one's own
 * @b: filled in
 * @vtap: the device to make; @lower and @name are set
 * @n: as above
 * @cfg: as above
 *
 * Return: 0 or -errno.
 */
int xt_backend_on(struct xt_backend *b, struct xg_vtap_cfg *vtap, unsigned int n,
		  const struct xg_tap_cfg *cfg);

/** xt_backend_close() - close it and delete its devices. */
void xt_backend_close(struct xt_backend *b);

/** xt_kind_name() - a word for a message. */
const char *xt_kind_name(enum xt_kind kind);

#endif /* XT_KINDS_H */
