// SPDX-License-Identifier: GPL-2.0-only
/* get_unaligned() and put_unaligned() are the same header everywhere. */

#include <linux/unaligned.h>

unsigned long xnet_probe(unsigned long *from);

unsigned long xnet_probe(unsigned long *from)
{
	return get_unaligned(from);
}
