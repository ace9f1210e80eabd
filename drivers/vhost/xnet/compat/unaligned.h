/* SPDX-License-Identifier: GPL-2.0-only */
/* get_unaligned() and put_unaligned(), wherever the kernel keeps them. */
#ifndef _XNET_COMPAT_UNALIGNED_H
#define _XNET_COMPAT_UNALIGNED_H

#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif /* _XNET_COMPAT_UNALIGNED_H */
