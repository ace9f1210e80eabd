/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The owner's memory as the ring files see it through the shim: a few arenas.
 * An access outside all of them fails as an access to unmapped memory does.
 * Every access passes a hook, by which a test plays the guest that runs at the
 * same time; loads, stores and barriers can be replaced whole, so that a test
 * may reorder them as a weak machine does.
 */
#ifndef _USER_H
#define _USER_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u32 u32;

enum user_dir { USER_READ, USER_WRITE };
enum user_how { USER_SAFE, USER_UNSAFE };
enum user_fence { USER_MB, USER_RMB, USER_WMB };

/**
 * struct user_ops - how memory behaves; NULL members stand for the plain way
 * @before: called before each access that is going to succeed
 * @after: called after it
 * @load: read @n bytes at @p
 * @store: write @n bytes at @p
 * @fence: a barrier of the device
 * @or: set bits in the word at @p, atomically, or fail with the errno returned
 */
struct user_ops {
	void (*before)(const void *p, size_t n, enum user_dir dir);
	void (*after)(const void *p, size_t n, enum user_dir dir);
	void (*load)(void *dst, const void *p, size_t n);
	void (*store)(void *p, const void *src, size_t n);
	void (*fence)(enum user_fence fence);
	int (*or)(u32 *p, u32 bits);
};

extern struct user_ops user_ops;
extern unsigned long user_accesses;
extern long user_fail_at;
extern bool user_refuse;

/* Arenas: exact heap blocks, so that ASan sees one byte too much as well. */
void *user_alloc(size_t len);
void user_unmap(const void *p, bool unmapped);
void user_reset(void);
bool user_mapped(const void *p, size_t n);

/* For the shim. */
int user_begin(const void *p, size_t n, enum user_dir dir);
void user_end(enum user_dir dir);
int user_load(void *dst, const void *p, size_t n, enum user_how how);
int user_store(void *p, const void *src, size_t n, enum user_how how);
unsigned long user_copy_in(void *dst, const void *p, size_t n);
unsigned long user_copy_out(void *p, const void *src, size_t n);
void user_barrier(enum user_fence fence);
bool user_range_ok(const void *p, size_t n);
int user_or(u32 *p, u32 bits, int *was);
bool user_window_open(void);

#endif /* _USER_H */
