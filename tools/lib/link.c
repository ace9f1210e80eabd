// SPDX-License-Identifier: GPL-2.0-only
/* Network devices of other kinds, made over rtnetlink: veth, dummy, macvtap, ipvtap. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "private.h"

/* A request as it grows. */
struct request {
	struct nlmsghdr head;
	struct ifinfomsg info;
	char rest[512];
};

static void *put(struct request *r, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (void *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

/* Everything since @nest is inside it. */
static void end(struct request *r, struct rtattr *nest)
{
	nest->rta_len = (char *)r + r->head.nlmsg_len - (char *)nest;
}

static void begin(struct request *r, int type, int flags)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_type = type;
	r->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	r->head.nlmsg_len = NLMSG_LENGTH(sizeof(r->info));
}

static int ask(const char *step, struct request *r)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		char rest[1024];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int ret = 0;

	if (fd < 0)
		return xg_note(step, -errno);
	if (send(fd, r, r->head.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		ret = -errno;
	else if (answer.head.nlmsg_type != NLMSG_ERROR)
		ret = -EPROTO;
	else
		ret = answer.err.error;
	close(fd);
	return xg_note(step, ret);
}

static int ready(const char *name)
{
	int ret = xg_link_quiet(name);

	if (!ret)
		ret = xg_link_updown(name, true);
	return ret ? ret : (int)if_nametoindex(name);
}

/* A file of sysfs, in the network namespace's own view of it. */
static int sysfs_open(const char *path, int flags)
{
	int fs, mnt, fd;

	fs = fsopen("sysfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -errno;
	mnt = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) ? -1 :
	      fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mnt < 0)
		mnt = -errno;
	close(fs);
	if (mnt < 0)
		return mnt;
	fd = openat(mnt, path, flags | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(mnt);
	return fd;
}

/*
 * What a veth device is sent waits on the CPU of whoever sent it, and one who
 * moves to another CPU overtakes himself. So one CPU takes it all. Not so with
 * PREEMPT_RT, whose 6.1 warns of softirqs that are raised from another CPU
 * (do_softirq_post_smp_call_flush()).
 */
static int keep_order(const char *name)
{
	char path[96];
	int fd, ret = 0;

	fd = sysfs_open("kernel/realtime", O_RDONLY);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	snprintf(path, sizeof(path), "class/net/%s/queues/rx-0/rps_cpus", name);
	fd = sysfs_open(path, O_WRONLY);
	if (fd < 0)
		return xg_note("CPU of a veth device", fd);
	if (write(fd, "1", 1) != 1)
		ret = xg_note("CPU of a veth device", -errno);
	close(fd);
	return ret;
}

int xg_link_veth(const char *name, const char *peer)
{
	struct ifinfomsg none = { 0 };
	struct rtattr *info, *data, *other;
	struct request r;
	int ret, number;

	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	info = put(&r, IFLA_LINKINFO, NULL, 0);
	put(&r, IFLA_INFO_KIND, "veth", 5);
	data = put(&r, IFLA_INFO_DATA, NULL, 0);
	other = put(&r, VETH_INFO_PEER, &none, sizeof(none));
	put(&r, IFLA_IFNAME, peer, strlen(peer) + 1);
	end(&r, other);
	end(&r, data);
	end(&r, info);
	ret = ask("making a veth pair", &r);
	if (!ret)
		ret = keep_order(peer);
	if (!ret)
		ret = keep_order(name);
	if (!ret)
		ret = ready(peer);
	if (ret >= 0)
		ret = ready(name);
	if (ret < 0)
		return ret;
	number = ret;
	ret = xg_link_wait(peer);
	if (!ret)
		ret = xg_link_wait(name);
	return ret ? ret : number;
}

int xg_link_dummy(const char *name)
{
	struct rtattr *info;
	struct request r;
	int ret;

	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	info = put(&r, IFLA_LINKINFO, NULL, 0);
	put(&r, IFLA_INFO_KIND, "dummy", 6);
	end(&r, info);
	ret = ask("making a dummy device", &r);
	return ret ? ret : ready(name);
}

int xg_link_vtap(const struct xg_vtap_cfg *cfg)
{
	uint8_t mac[6] = { 2, 0, 0, 0, 0, cfg->mac ? cfg->mac : 1 };
	uint32_t lower = cfg->lower, queues = 8;
	struct rtattr *info, *data;
	struct request r;
	int ret;

	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	put(&r, IFLA_IFNAME, cfg->name, strlen(cfg->name) + 1);
	put(&r, IFLA_LINK, &lower, sizeof(lower));
	put(&r, IFLA_NUM_TX_QUEUES, &queues, sizeof(queues));
	put(&r, IFLA_NUM_RX_QUEUES, &queues, sizeof(queues));
	/* An ipvtap device has the address of the device below. */
	if (!cfg->ipvtap)
		put(&r, IFLA_ADDRESS, mac, sizeof(mac));
	info = put(&r, IFLA_LINKINFO, NULL, 0);
	put(&r, IFLA_INFO_KIND, cfg->ipvtap ? "ipvtap" : "macvtap", cfg->ipvtap ? 7 : 8);
	data = put(&r, IFLA_INFO_DATA, NULL, 0);
	if (cfg->ipvtap)
		put(&r, IFLA_IPVLAN_MODE, &(uint16_t){ cfg->mode }, 2);
	else
		put(&r, IFLA_MACVLAN_MODE, &(uint32_t){ cfg->mode }, 4);
	end(&r, data);
	end(&r, info);
	ret = ask(cfg->ipvtap ? "making an ipvtap device" : "making a macvtap device", &r);
	return ret ? ret : ready(cfg->name);
}

int xg_link_delete(const char *name)
{
	struct request r;

	begin(&r, RTM_DELLINK, 0);
	put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	return ask("deleting a network device", &r);
}

int xg_link_xdp(const char *name, int prog)
{
	uint32_t flags = XDP_FLAGS_DRV_MODE;
	struct rtattr *xdp;
	struct request r;

	begin(&r, RTM_NEWLINK, 0);
	put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	xdp = put(&r, IFLA_XDP | NLA_F_NESTED, NULL, 0);
	put(&r, IFLA_XDP_FD, &prog, sizeof(prog));
	put(&r, IFLA_XDP_FLAGS, &flags, sizeof(flags));
	end(&r, xdp);
	return ask("attaching an XDP program", &r);
}

static int xdp_load(const struct bpf_insn *insns, unsigned int n)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)insns,
		.insn_cnt = n,
		.license = (uintptr_t)"GPL",
	};
	int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	return fd < 0 ? xg_note("loading an XDP program", -errno) : fd;
}

int xg_xdp_prog(int verdict)
{
	/* r0 = verdict; exit */
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return xdp_load(insns, 2);
}

int xg_xdp_redirect(int ifindex)
{
	/* r0 = bpf_redirect(ifindex, 0); exit */
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = ifindex },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return xdp_load(insns, 4);
}

int xg_link_queue_len(const char *name, int frames)
{
	struct ifreq ifr = { .ifr_qlen = frames };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return xg_note("socket", -errno);
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCSIFTXQLEN, &ifr))
		ret = xg_note("setting a queue length", -errno);
	close(fd);
	return ret;
}

int xg_link_address(const char *name, const char *ip)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_in *sin = (void *)&ifr.ifr_addr;

	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	sin->sin_family = AF_INET;
	if (inet_pton(AF_INET, ip, &sin->sin_addr) != 1)
		return xg_note("address", -EINVAL);
	return xg_netdev_ioctl("SIOCSIFADDR", SIOCSIFADDR, &ifr);
}

static int vtap_devt(const char *name, int ifindex, dev_t *devt)
{
	unsigned int major, minor;
	char path[96], text[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "class/net/%s/tap%d/dev", name, ifindex);
	fd = sysfs_open(path, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%u:%u", &major, &minor) != 2)
		return -EPROTO;
	*devt = makedev(major, minor);
	return 0;
}

static int vtap_node(dev_t devt)
{
	char dir[] = "/tmp/xguest-XXXXXX", path[sizeof(dir) + 8];
	int fd;

	if (!mkdtemp(dir))
		return -errno;
	snprintf(path, sizeof(path), "%s/tap", dir);
	fd = mknod(path, S_IFCHR | 0600, devt) ? -1 : open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fd = -errno;
	unlink(path);
	rmdir(dir);
	return fd;
}

int xg_vtap_open(const char *name, const struct xg_tap_cfg *cfg)
{
	int sndbuf = cfg->sndbuf ? cfg->sndbuf : INT32_MAX;
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | cfg->flags };
	dev_t devt = 0;
	int fd, ret;

	ret = xg_note("number of the character device",
		      vtap_devt(name, if_nametoindex(name), &devt));
	if (ret)
		return ret;
	fd = xg_note("character device of a vtap", vtap_node(devt));
	if (fd < 0)
		return fd;
	if (!cfg->no_vnet_hdr)
		ifr.ifr_flags |= IFF_VNET_HDR;
	ret = xg_note("TUNSETIFF", xg_ioctl(fd, TUNSETIFF, &ifr));
	if (!ret && cfg->hdr_len && !cfg->no_vnet_hdr)
		ret = xg_note("TUNSETVNETHDRSZ",
			      xg_ioctl(fd, TUNSETVNETHDRSZ, (void *)&cfg->hdr_len));
	if (!ret && sndbuf > 0)
		ret = xg_note("TUNSETSNDBUF", xg_ioctl(fd, TUNSETSNDBUF, &sndbuf));
	if (!ret && cfg->offload)
		ret = xg_note("TUNSETOFFLOAD", xg_ioctl(fd, TUNSETOFFLOAD,
							(void *)(unsigned long)cfg->offload));
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}
