/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNET_QEMU_QEMU_H
#define XNET_QEMU_QEMU_H

#include "args.h"
#include "user.h"

char *xq_qemu_find(const char *command);
int xq_qemu_try(const char *path, const struct xq_user *user);
int xq_qemu_check_id(const struct xq_args *args);
char **xq_qemu_command(const struct xq_args *args,
		       const unsigned char mac[ETH_ALEN],
		       const int *tap_fds, const int *vhost_fds);
void xq_qemu_free(char **command, const struct xq_args *args);
void xq_qemu_print(char *const *command);
void xq_qemu_exec(const char *path, char *const *command);

#endif /* XNET_QEMU_QEMU_H */
