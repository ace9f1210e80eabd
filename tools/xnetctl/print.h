/* SPDX-License-Identifier: GPL-2.0-only */
/* What xnetctl prints; everything goes to standard output. */
#ifndef XNETCTL_PRINT_H
#define XNETCTL_PRINT_H

#include <stdbool.h>

#include "model.h"
#include "nl.h"

void xc_show(const struct xc_view *view);
void xc_print_title(const struct xc_dev *dev);
void xc_stats(const struct xc_view *view, const struct xc_view *before, bool all);
int xc_json_show(const struct xc_view *view);
int xc_json_stats(const struct xc_view *view, const struct xc_view *before);
int xc_flush(void);

#endif /* XNETCTL_PRINT_H */
