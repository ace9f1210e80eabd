/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNETCTL_WATCH_H
#define XNETCTL_WATCH_H

#include "args.h"
#include "nl.h"

int xc_watch(struct xc_nl *nl, const struct xc_args *args);

#endif /* XNETCTL_WATCH_H */
