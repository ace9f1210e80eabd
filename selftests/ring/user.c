// SPDX-License-Identifier: GPL-2.0-only
/* Arenas, access windows and hooks behind the shim. */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "user.h"

#define MAX_ARENAS	512

/**
 * struct arena - a mapped piece of the owner's memory
 * @base: first byte
 * @len: bytes
 * @unmapped: accesses fail for now
 */
struct arena {
	u8 *base;
	size_t len;
	bool unmapped;
};

/**
 * struct window - the range that is open for unsafe accesses
 * @p: first byte
 * @n: bytes
 * @dir: what for
 * @open: there is one
 */
struct window {
	const u8 *p;
	size_t n;
	enum user_dir dir;
	bool open;
};

static struct arena arenas[MAX_ARENAS];
static unsigned int narenas;
static struct window window;

/* How memory behaves now. */
struct user_ops user_ops;
/* Accesses since user_reset(). */
unsigned long user_accesses;
/* Accesses that succeed before the next one fails, or negative for no limit. */
long user_fail_at = -1;
/* No range is opened, as if all were kernel addresses. */
bool user_refuse;

/* Rules of user access were broken; also when memory for a test is short. */
static void misuse(const char *what)
{
	fail("%s", what);
}

void *user_alloc(size_t len)
{
	struct arena *a = &arenas[narenas];

	if (narenas == MAX_ARENAS)
		misuse("out of arenas");
	a->base = calloc(1, len);
	if (!a->base)
		misuse("out of memory");
	a->len = len;
	a->unmapped = false;
	narenas++;
	return a->base;
}

static struct arena *arena_of(const void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p;
	unsigned int i;

	for (i = 0; i < narenas; i++) {
		uintptr_t base = (uintptr_t)arenas[i].base;

		if (at >= base && at - base < arenas[i].len &&
		    n <= arenas[i].len - (at - base))
			return &arenas[i];
	}
	return NULL;
}

void user_unmap(const void *p, bool unmapped)
{
	struct arena *a = arena_of(p, 1);

	if (!a)
		misuse("no such arena");
	a->unmapped = unmapped;
}

bool user_mapped(const void *p, size_t n)
{
	struct arena *a = arena_of(p, n);

	return a && !a->unmapped;
}

void user_reset(void)
{
	while (narenas)
		free(arenas[--narenas].base);
	memset(&user_ops, 0, sizeof(user_ops));
	window.open = false;
	user_accesses = 0;
	user_fail_at = -1;
	user_refuse = false;
}

bool user_window_open(void)
{
	return window.open;
}

/* As access_ok(): a kernel address is refused, a hole is not noticed. */
bool user_range_ok(const void *p, size_t n)
{
	return !user_refuse && (intptr_t)p >= 0 && n <= INTPTR_MAX - (uintptr_t)p;
}

int user_begin(const void *p, size_t n, enum user_dir dir)
{
	if (window.open)
		misuse("user access opened twice");
	if (!user_range_ok(p, n))
		return 0;
	window.p = p;
	window.n = n;
	window.dir = dir;
	window.open = true;
	return 1;
}

void user_end(enum user_dir dir)
{
	if (!window.open || window.dir != dir)
		misuse("user access closed that was not open");
	window.open = false;
}

static int allowed(const void *p, size_t n, enum user_dir dir, enum user_how how)
{
	const u8 *at = p;

	user_accesses++;
	if (how == USER_SAFE && window.open)
		misuse("plain user access while user access is open");
	if (how == USER_UNSAFE) {
		if (!window.open || window.dir != dir)
			misuse("unsafe user access while user access is closed");
		if (at < window.p || n > window.n || (size_t)(at - window.p) > window.n - n)
			misuse("unsafe user access outside the range that was opened");
	}
	if (!user_fail_at || !user_mapped(p, n))
		return -EFAULT;
	if (user_fail_at > 0)
		user_fail_at--;
	return 0;
}

int user_load(void *dst, const void *p, size_t n, enum user_how how)
{
	if (allowed(p, n, USER_READ, how))
		return -EFAULT;
	if (user_ops.before)
		user_ops.before(p, n, USER_READ);
	if (user_ops.load)
		user_ops.load(dst, p, n);
	else
		memcpy(dst, p, n);
	if (user_ops.after)
		user_ops.after(p, n, USER_READ);
	return 0;
}

int user_store(void *p, const void *src, size_t n, enum user_how how)
{
	if (allowed(p, n, USER_WRITE, how))
		return -EFAULT;
	if (user_ops.before)
		user_ops.before(p, n, USER_WRITE);
	if (user_ops.store)
		user_ops.store(p, src, n);
	else
		memcpy(p, src, n);
	if (user_ops.after)
		user_ops.after(p, n, USER_WRITE);
	return 0;
}

/* In small pieces: a copy is not one access, the guest may write meanwhile. */
unsigned long user_copy_in(void *dst, const void *p, size_t n)
{
	while (n) {
		size_t part = n < 8 ? n : 8;

		if (user_load(dst, p, part, USER_SAFE))
			return n;
		dst = (u8 *)dst + part;
		p = (const u8 *)p + part;
		n -= part;
	}
	return 0;
}

unsigned long user_copy_out(void *p, const void *src, size_t n)
{
	while (n) {
		size_t part = n < 8 ? n : 8;

		if (user_store(p, src, part, USER_SAFE))
			return n;
		src = (const u8 *)src + part;
		p = (u8 *)p + part;
		n -= part;
	}
	return 0;
}

/* An access of its own kind: no hook but its own sees it, and user_fail_at does not count it. */
int user_or(u32 *p, u32 bits, int *was)
{
	if ((uintptr_t)p % sizeof(*p))
		misuse("atomic access that is not aligned");
	if (window.open)
		misuse("atomic user access while user access is open");
	if (!user_range_ok(p, sizeof(*p)) || !user_mapped(p, sizeof(*p)))
		return -EFAULT;
	*was = *p;
	if (user_ops.or)
		return user_ops.or(p, bits);
	*p |= bits;
	return 0;
}

void user_barrier(enum user_fence fence)
{
	if (user_ops.fence)
		user_ops.fence(fence);
}
