/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNET_QEMU_ERR_H
#define XNET_QEMU_ERR_H

#define XQ_FORMAT	format(printf, 1, 2)

void xq_err(const char *fmt, ...) __attribute__((XQ_FORMAT));
void xq_warn(const char *fmt, ...) __attribute__((XQ_FORMAT));

#endif /* XNET_QEMU_ERR_H */
