/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the netlink family are written with. */
#ifndef NLTEST_H
#define NLTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <linux/types.h>

#include <libmnl/libmnl.h>

#include "model.h"
#include "xguest.h"

/**
 * struct test - one test
 * @name: what it is called
 * @run: returns if all is well, else ends through CHECK() or SKIP()
 */
struct test {
	const char *name;
	void (*run)(void);
};

extern const struct test family_tests[];
extern const struct test dump_tests[];
extern const struct test race_tests[];
extern const struct test error_tests[];
extern const struct test counter_tests[];
/* Programs for the tests of xnetctl; not listed. */
extern const struct test helpers[];

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define FAIL_FORMAT	format(printf, 4, 5)

noreturn void test_fail(const char *file, int line, const char *what, const char *fmt, ...)
	__attribute__((FAIL_FORMAT));
noreturn void test_skip(const char *why);

/* What is given after the condition, in the way of printf(), is told when it is false. */
#define CHECK(cond, ...)						\
	do {								\
		if (!(cond))						\
			test_fail(__FILE__, __LINE__, #cond, " " __VA_ARGS__); \
	} while (0)

/* Both numbers are told when they differ. */
#define EQUAL(a, b)							\
	do {								\
		long long a_ = (long long)(a), b_ = (long long)(b);	\
		if (a_ != b_)						\
			test_fail(__FILE__, __LINE__, #a " == " #b, " %lld, %lld", a_, b_); \
	} while (0)

/* The device under test; XNET_DEVICE names another. */
const char *dev_path(void);
int dev_open(void);
int dev_open_owned(void);
__u32 dev_newest(void);

/**
 * struct attr - an attribute of a request
 * @type: its number
 * @value: what is in it
 * @len: how many bytes of @value, at most 4
 */
struct attr {
	__u16 type;
	__u32 value;
	__u16 len;
};

#define U32(t, v)	{ .type = (t), .value = (v), .len = 4 }

/**
 * struct ask - a netlink socket and what came over it last
 * @sock: the socket
 * @size: size of the messages it takes
 * @portid: its address
 * @seq: number of the last request
 * @family: number of the family
 * @why: the kernel's sentence about the last error, empty if it gave none
 * @bad: offset in the request of the attribute it complained of, 0 if none
 * @missing: number of the attribute it missed, 0 if none
 * @parts: messages of the socket that the last answer took
 * @view: receives devices and queues as they come
 */
struct ask {
	struct mnl_socket *sock;
	size_t size;
	unsigned int portid;
	__u32 seq;
	__u16 family;
	char why[256];
	__u32 bad;
	__u32 missing;
	unsigned int parts;
	struct xc_view view;
};

void ask_open(struct ask *ask);
void ask_open_sized(struct ask *ask, size_t size);
void ask_close(struct ask *ask);
int ask_family(struct ask *ask, mnl_cb_t on_message, void *data);
void ask_send(struct ask *ask, __u8 cmd, __u16 flags, const struct attr *attrs, size_t n);
int ask_receive(struct ask *ask);
int ask_do(struct ask *ask, __u8 cmd, const struct attr *attrs, size_t n);
int ask_dump(struct ask *ask, __u8 cmd, const struct attr *attrs, size_t n);
void ask_queue(struct ask *ask, __u32 dev, __u32 index, struct xc_queue *queue);
void ask_device(struct ask *ask, __u32 dev, struct xc_dev *out);

#endif /* NLTEST_H */
