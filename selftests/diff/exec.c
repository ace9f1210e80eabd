// SPDX-License-Identifier: GPL-2.0-only
/* One process of a side: its memory, its descriptors, and calls made from it. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <netinet/in.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>

#include "call.h"
#include "xguest.h"

#define MARGIN		64
#define MAX_ASKED	64

static const char *device;

static void need(long ret, const char *what)
{
	if (ret >= 0)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(2);
}

static void map(unsigned long at, size_t size, int prot)
{
	void *p = mmap((void *)at, size, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);

	need(p == MAP_FAILED ? -1 : 0, "memory at a fixed address");
}

static void put(enum fds number, int fd, const char *what)
{
	need(fd, what);
	need(dup2(fd, number), what);
	close(fd);
}

static int new_if(short flags)
{
	struct ifreq ifr = { .ifr_flags = flags };
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd >= 0 && flags)
		need(ioctl(fd, TUNSETIFF, &ifr), "making an interface");
	return fd;
}

static void setup_taps(void)
{
	struct xg_tap_cfg cfg = { .hdr_len = 12 };
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };
	struct xg_tap tap;

	need(xg_tap_open(&tap, &cfg), "tap");
	put(FD_TAP, tap.fd[0], "tap");
	put(FD_TAP_DUP, dup(FD_TAP), "tap");
	need(xg_tap_open(&tap, &cfg), "second tap");
	put(FD_TAP2, tap.fd[0], "second tap");
	put(FD_TAP_BARE, new_if(IFF_TAP | IFF_NO_PI), "tap without headers");
	put(FD_TUN_IP, new_if(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR), "tap of IP packets");
	put(FD_TUN_NEW, new_if(0), "tun without interface");
	put(FD_TUN_PATH, open("/dev/net/tun", O_PATH), "O_PATH");
	put(FD_TAP_DETACHED, new_if(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE),
	    "tap of several queues");
	need(ioctl(FD_TAP_DETACHED, TUNSETQUEUE, &ifr), "TUNSETQUEUE");
}

static void setup_vtap(enum fds number, const struct xg_vtap_cfg *vtap, bool bare)
{
	struct xg_tap_cfg cfg = { .hdr_len = bare ? 0 : 12, .no_vnet_hdr = bare, .sndbuf = -1 };

	need(xg_link_vtap(vtap), vtap->name);
	put(number, xg_vtap_open(vtap->name, &cfg), vtap->name);
}

static void setup_vtaps(void)
{
	struct xg_vtap_cfg cfg = { .name = "mv0", .mode = MACVLAN_MODE_BRIDGE };

	cfg.lower = xg_link_dummy("lower0");
	need(cfg.lower, "dummy device");
	setup_vtap(FD_MACVTAP, &cfg, false);
	cfg.name = "mv1";
	cfg.mac = 2;
	setup_vtap(FD_MACVTAP_BARE, &cfg, true);
	/* The device below belongs to one kind of them. */
	cfg = (struct xg_vtap_cfg){ .name = "iv0", .ipvtap = true, .mode = IPVLAN_MODE_L2 };
	cfg.lower = xg_link_dummy("lower1");
	need(cfg.lower, "dummy device");
	setup_vtap(FD_IPVTAP, &cfg, false);
}

static void setup_files(void)
{
	sigset_t none;
	int pipes[2];

	sigemptyset(&none);
	put(FD_EVENT, eventfd(0, EFD_NONBLOCK), "eventfd");
	put(FD_EVENT2, eventfd(0, EFD_NONBLOCK), "eventfd");
	put(FD_EVENT_SEM, eventfd(3, EFD_NONBLOCK | EFD_SEMAPHORE), "eventfd");
	put(FD_PACKET_RAW, socket(AF_PACKET, SOCK_RAW, 0), "packet socket");
	put(FD_PACKET_DGRAM, socket(AF_PACKET, SOCK_DGRAM, 0), "packet socket");
	put(FD_INET, socket(AF_INET, SOCK_DGRAM, 0), "UDP socket");
	put(FD_INET_RAW, socket(AF_INET, SOCK_RAW, IPPROTO_UDP), "raw socket");
	put(FD_UNIX, socket(AF_UNIX, SOCK_STREAM, 0), "UNIX socket");
	put(FD_NETLINK, socket(AF_NETLINK, SOCK_RAW, 0), "netlink socket");
	need(pipe(pipes), "pipe");
	put(FD_PIPE_R, pipes[0], "pipe");
	put(FD_PIPE_W, pipes[1], "pipe");
	put(FD_NULL, open("/dev/null", O_RDWR), "/dev/null");
	put(FD_FILE, open("/proc/self/exe", O_RDONLY), "file");
	put(FD_DIR, open("/", O_RDONLY | O_DIRECTORY), "folder");
	put(FD_MEMFD, memfd_create("diff", 0), "memfd");
	put(FD_EPOLL, epoll_create1(0), "epoll");
	put(FD_TIMER, timerfd_create(CLOCK_MONOTONIC, 0), "timerfd");
	put(FD_SIGNAL, signalfd(-1, &none, 0), "signalfd");
}

void exec_setup(const char *path)
{
	device = path;
	map(AT_ARG, ARG_SIZE, PROT_READ | PROT_WRITE);
	map(AT_RO, ARG_SIZE, PROT_READ);
	map(AT_DRIVER, RING_SIZE, PROT_READ | PROT_WRITE);
	map(AT_DEVICE, RING_SIZE, PROT_READ | PROT_WRITE);
	map(AT_MEM, MEM_SIZE, PROT_READ | PROT_WRITE);
	map(AT_LOG, LOG_SIZE, PROT_READ | PROT_WRITE);
	need(xg_netns(), "network namespace");
	setup_taps();
	setup_vtaps();
	setup_files();
	put(FD_DEV, open(device, O_RDWR | O_NONBLOCK), device);
	put(FD_DEV2, open(device, O_RDWR | O_NONBLOCK), device);
}

void exec_forget(void)
{
	madvise((void *)AT_DRIVER, RING_SIZE, MADV_DONTNEED);
	madvise((void *)AT_DEVICE, RING_SIZE, MADV_DONTNEED);
}

/**
 * struct arg - an argument in memory
 * @ptr: what is passed
 * @from: begin of what is looked at afterwards, NULL if nothing
 * @to: its end
 */
struct arg {
	uint8_t *ptr;
	uint8_t *from;
	uint8_t *to;
};

static void place(const struct seq *s, const struct call *c, struct arg *a)
{
	const uint8_t *data = s->arena + c->at;
	size_t len = c->len;

	*a = (struct arg){ 0 };
	switch ((enum where)c->where) {
	case P_GOOD:
		a->ptr = (uint8_t *)AT_ARG + MARGIN;
		break;
	case P_CUT:
		if (len > c->cut)
			len = c->cut;
		a->ptr = (uint8_t *)AT_ARG + ARG_SIZE - len;
		break;
	case P_RO:
		a->ptr = (uint8_t *)AT_RO + MARGIN;
		mprotect((void *)AT_RO, ARG_SIZE, PROT_READ | PROT_WRITE);
		break;
	case P_BAD:
		a->ptr = (uint8_t *)AT_NOTHING;
		return;
	case P_KERNEL:
		a->ptr = (uint8_t *)0xffff888000001000UL;
		return;
	case P_WILD:
		a->ptr = (uint8_t *)0x0123456789abcdefUL;
		return;
	case P_NULL:
	case P_END:
		return;
	}
	a->from = a->ptr - MARGIN;
	a->to = c->where == P_CUT ? a->ptr + len : a->ptr + len + MARGIN;
	memset(a->from, PATTERN, a->to - a->from);
	memcpy(a->ptr, data, len);
	if (c->where == P_RO)
		mprotect((void *)AT_RO, ARG_SIZE, PROT_READ);
}

static uint64_t hash(const void *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	const uint8_t *p = data;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

static void look(const struct arg *a, struct result *r)
{
	size_t n;

	if (!a->from)
		return;
	r->hash = hash(a->from, a->to - a->from);
	n = a->to - a->ptr;
	memcpy(r->out, a->ptr, n < OUT_BYTES ? n : OUT_BYTES);
}

static int64_t reopen(int flags)
{
	int fd;

	close(FD_DEV);
	fd = open(device, flags);
	if (fd < 0)
		return -errno;
	dup2(fd, FD_DEV);
	close(fd);
	return 0;
}

static int64_t poll_now(void)
{
	struct pollfd p = { .fd = FD_DEV, .events = POLLIN | POLLOUT | POLLPRI | POLLRDNORM };
	int ret = poll(&p, 1, 0);

	return ret < 0 ? -errno : p.revents;
}

static int64_t map_page(uint32_t offset)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, FD_DEV, offset);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, 4096);
	return 0;
}

static int64_t look_at_node(void)
{
	struct stat st;

	if (fstat(FD_DEV, &st))
		return -errno;
	return st.st_mode | (uint64_t)major(st.st_rdev) << 32;
}

/* A kick, and all that it leads to: here vhost-net waits for its worker, there vhost-xnet. */
static void settle(void)
{
	struct vhost_vring_state v;
	unsigned int i;
	uint64_t one = 1;

	if (write(FD_EVENT, &one, sizeof(one)) != sizeof(one))
		return;
	for (i = 0; i < 8; i++) {
		ioctl(FD_DEV, VHOST_SET_LOG_BASE, NULL);
		v = (struct vhost_vring_state){ .index = i & 1 };
		ioctl(FD_DEV, VHOST_GET_VRING_BASE, &v);
	}
}

static int by_address(const void *a, const void *b)
{
	const struct vhost_msg *m = a, *n = b;

	if (m->iotlb.iova != n->iotlb.iova)
		return m->iotlb.iova < n->iotlb.iova ? -1 : 1;
	return m->iotlb.perm - n->iotlb.perm;
}

/* In which order two queues ask is nobody's business, nor is it how often. */
static int64_t ask(struct result *r)
{
	static struct vhost_msg msg[MAX_ASKED];
	struct asked a = { 0 };
	unsigned int n = 0, i;

	settle();
	a.poll = poll_now();
	while (n < MAX_ASKED && read(FD_DEV, &msg[n], sizeof(msg[n])) == sizeof(msg[n]))
		n++;
	qsort(msg, n, sizeof(msg[0]), by_address);
	for (i = 0; i < n; i++)
		if (!a.count || by_address(&msg[i], &msg[a.count - 1]))
			msg[a.count++] = msg[i];
	for (i = 0; i < a.count; i++) {
		if (i < ARRAY_SIZE(a.iova))
			a.iova[i] = msg[i].iotlb.iova;
		if (i < 32)
			a.perms |= (uint64_t)(msg[i].iotlb.perm & 3) << 2 * i;
		msg[i].iotlb.perm = 0;
	}
	r->hash = hash(msg, a.count * sizeof(msg[0]));
	static_assert(sizeof(a) <= sizeof(r->out), "no room for what was asked");
	memcpy(r->out, &a, sizeof(a));
	return a.count;
}

void exec_call(const struct seq *s, const struct call *c, struct result *r)
{
	struct arg a;
	int64_t ret = -EINVAL;

	memset(r, 0, sizeof(*r));
	if (c->kind == K_ASKS) {
		r->ret = ask(r);
		return;
	}
	place(s, c, &a);
	errno = 0;
	switch ((enum call_kind)c->kind) {
	case K_OPEN:
		ret = reopen(c->req);
		break;
	case K_IOCTL:
		ret = ioctl(FD_DEV, c->req, a.ptr);
		break;
	case K_READ:
		ret = read(FD_DEV, a.ptr, c->len);
		break;
	case K_WRITE:
		ret = write(FD_DEV, a.ptr, c->len);
		break;
	case K_POLL:
		ret = poll_now();
		break;
	case K_MMAP:
		ret = map_page(c->req);
		break;
	case K_SEEK:
		ret = lseek(FD_DEV, c->req, SEEK_SET);
		break;
	case K_FSTAT:
		ret = look_at_node();
		break;
	case K_ASKS:
		break;
	}
	if (ret == -1 && errno)
		ret = -errno;
	r->ret = ret;
	look(&a, r);
}
