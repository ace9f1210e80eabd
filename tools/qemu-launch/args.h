/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNET_QEMU_ARGS_H
#define XNET_QEMU_ARGS_H

#include <stdbool.h>

#include <linux/if_ether.h>

/* How many queues tun.c allows a tap, and the bounds it puts on the MTU. */
#define XQ_MAX_QUEUES	256
#define XQ_MIN_MTU	68
#define XQ_MAX_MTU	65521

/**
 * struct xq_args - what the command line asks for
 * @ifname: name of the tap
 * @bridge: bridge to put the tap in, or NULL
 * @user: user to run QEMU as, or NULL
 * @device: path of the vhost device
 * @id: id of QEMU's netdev; its device is called after it
 * @queues: queue pairs, 1 to %XQ_MAX_QUEUES
 * @mtu: MTU in bytes, 0 when it was not given
 * @mac: MAC address of the guest, valid when @have_mac
 * @have_mac: --mac was given
 * @dry_run: only show what would be done
 * @qemu_argv: QEMU's command line, NULL-terminated
 * @qemu_argc: number of arguments in @qemu_argv, at least 1
 *
 * The strings belong to main()'s argv.
 */
struct xq_args {
	const char *ifname;
	const char *bridge;
	const char *user;
	const char *device;
	const char *id;
	unsigned int queues;
	unsigned int mtu;
	unsigned char mac[ETH_ALEN];
	bool have_mac;
	bool dry_run;
	char **qemu_argv;
	int qemu_argc;
};

/**
 * enum xq_parsed - what to do after reading the command line
 * @XQ_RUN: launch
 * @XQ_DONE: nothing, help or version was printed
 * @XQ_BAD: fail, the reason was printed
 */
enum xq_parsed {
	XQ_RUN,
	XQ_DONE,
	XQ_BAD,
};

enum xq_parsed xq_args_parse(int argc, char **argv, struct xq_args *args);

#endif /* XNET_QEMU_ARGS_H */
