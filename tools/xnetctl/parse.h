/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNETCTL_PARSE_H
#define XNETCTL_PARSE_H

#include <libmnl/libmnl.h>

#include "model.h"

int xc_parse_dev(const struct nlmsghdr *nlh, struct xc_dev *dev);
int xc_parse_queue(const struct nlmsghdr *nlh, struct xc_queue *queue);

#endif /* XNETCTL_PARSE_H */
