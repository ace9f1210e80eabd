// SPDX-License-Identifier: GPL-2.0-only
/* eventfd_signal() is told what to add; later it always adds one. */

#include <linux/eventfd.h>

void xnet_probe(struct eventfd_ctx *ctx);

void xnet_probe(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx, 1);
}
