/* SPDX-License-Identifier: GPL-2.0-only */
/* get_unaligned() and put_unaligned(), wherever the kernel keeps them. */
#ifndef _XNET_COMPAT_UNALIGNED_H
#define _XNET_COMPAT_UNALIGNED_H

#include "probed.h"

#ifdef XNET_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif /* _XNET_COMPAT_UNALIGNED_H */
