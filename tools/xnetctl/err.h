/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNETCTL_ERR_H
#define XNETCTL_ERR_H

#define XC_FORMAT	format(printf, 1, 2)

void xc_err(const char *fmt, ...) __attribute__((XC_FORMAT));

#endif /* XNETCTL_ERR_H */
