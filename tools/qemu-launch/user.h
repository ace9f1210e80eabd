/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNET_QEMU_USER_H
#define XNET_QEMU_USER_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct xq_user - who runs QEMU
 * @name: login name
 * @home: home directory
 * @uid: user id
 * @gid: login group
 * @change: the launcher is root and becomes this user; otherwise it is this
 *	user already
 */
struct xq_user {
	char *name;
	char *home;
	uid_t uid;
	gid_t gid;
	bool change;
};

int xq_user_find(const char *name, struct xq_user *user);
void xq_user_release(struct xq_user *user);
int xq_user_become(const struct xq_user *user, bool keep_net_admin);
void xq_user_net_admin(void);

#endif /* XNET_QEMU_USER_H */
