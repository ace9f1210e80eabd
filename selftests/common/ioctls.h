/* SPDX-License-Identifier: GPL-2.0-only */
/* All ioctls of the device, for tests that try each of them. */
#ifndef XT_IOCTLS_H
#define XT_IOCTLS_H

#include <stdbool.h>

/**
 * struct xt_ioctl - an ioctl
 * @name: its name
 * @req: its number
 * @owner: only the owner may call it
 * @vring: its argument begins with a queue's index
 * @arg: it takes an argument at all
 */
struct xt_ioctl {
	const char *name;
	unsigned long req;
	bool owner;
	bool vring;
	bool arg;
};

/** xt_ioctls - all of them; ends with a name of NULL. */
extern const struct xt_ioctl xt_ioctls[];

#endif /* XT_IOCTLS_H */
