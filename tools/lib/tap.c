// SPDX-License-Identifier: GPL-2.0-only
/* A tap and its netdev in the current network namespace. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_tun.h>

#include "private.h"

/* How long a link that is set up may take, in milliseconds. */
#define LINK_PATIENCE_MS	10000

int xg_netns(void)
{
	return xg_note("unshare(CLONE_NEWNET)", unshare(CLONE_NEWNET) ? -errno : 0);
}

int xg_netdev_ioctl(const char *step, unsigned long req, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return xg_note(step, -errno);
	ret = xg_note(step, xg_ioctl(fd, req, ifr));
	close(fd);
	return ret;
}

static void ifreq_of(struct ifreq *ifr, const char *ifname)
{
	memset(ifr, 0, sizeof(*ifr));
	memcpy(ifr->ifr_name, ifname, strnlen(ifname, IFNAMSIZ - 1));
}

static int queue_open(struct xg_tap *tap, const struct xg_tap_cfg *cfg)
{
	int sndbuf = cfg->sndbuf ? cfg->sndbuf : INT_MAX;
	int hdr_len = cfg->hdr_len;
	struct ifreq ifr;
	int fd, ret;

	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return xg_note("open of /dev/net/tun", -errno);
	ifreq_of(&ifr, tap->ifname);
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI | cfg->flags;
	if (!cfg->no_vnet_hdr)
		ifr.ifr_flags |= IFF_VNET_HDR;
	if (cfg->queues > 1)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	ret = xg_note("TUNSETIFF", xg_ioctl(fd, TUNSETIFF, &ifr));
	if (!ret && hdr_len && !cfg->no_vnet_hdr)
		ret = xg_note("TUNSETVNETHDRSZ", xg_ioctl(fd, TUNSETVNETHDRSZ, &hdr_len));
	if (!ret)
		ret = xg_note("TUNSETSNDBUF", xg_ioctl(fd, TUNSETSNDBUF, &sndbuf));
	if (ret) {
		close(fd);
		return ret;
	}
	memcpy(tap->ifname, ifr.ifr_name, IFNAMSIZ);
	tap->fd[tap->queues++] = fd;
	return 0;
}

int xg_link_quiet(const char *name)
{
	char path[96];
	int ret = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : xg_note("switching IPv6 off", -errno);
	if (write(fd, "1", 1) != 1)
		ret = xg_note("switching IPv6 off", -errno);
	close(fd);
	return ret;
}

static int netdev_config(struct xg_tap *tap, const struct xg_tap_cfg *cfg)
{
	struct ifreq ifr;
	int ret;

	if (cfg->offload) {
		ret = xg_note("TUNSETOFFLOAD", xg_ioctl(tap->fd[0], TUNSETOFFLOAD,
							(void *)(unsigned long)cfg->offload));
		if (ret)
			return ret;
	}
	ifreq_of(&ifr, tap->ifname);
	ret = xg_netdev_ioctl("SIOCGIFINDEX", SIOCGIFINDEX, &ifr);
	if (ret)
		return ret;
	tap->ifindex = ifr.ifr_ifindex;
	if (cfg->mtu) {
		ifreq_of(&ifr, tap->ifname);
		ifr.ifr_mtu = cfg->mtu;
		ret = xg_netdev_ioctl("SIOCSIFMTU", SIOCSIFMTU, &ifr);
		if (ret)
			return ret;
	}
	ret = xg_link_quiet(tap->ifname);
	if (!ret && !cfg->down)
		ret = xg_tap_updown(tap, true);
	return ret;
}

int xg_tap_open(struct xg_tap *tap, const struct xg_tap_cfg *cfg)
{
	unsigned int queues = cfg->queues ? cfg->queues : 1;
	int ret = 0;

	memset(tap, 0, sizeof(*tap));
	if (queues > XG_MAX_TAP_QUEUES)
		return xg_note("number of tap queues", -EINVAL);
	if (cfg->ifname)
		memcpy(tap->ifname, cfg->ifname, strnlen(cfg->ifname, IFNAMSIZ - 1));
	while (!ret && tap->queues < queues)
		ret = queue_open(tap, cfg);
	if (!ret)
		ret = netdev_config(tap, cfg);
	if (ret)
		xg_tap_close(tap);
	return ret;
}

int xg_link_updown(const char *name, bool up)
{
	struct ifreq ifr;
	int ret;

	ifreq_of(&ifr, name);
	ret = xg_netdev_ioctl("SIOCGIFFLAGS", SIOCGIFFLAGS, &ifr);
	if (ret)
		return ret;
	if (up)
		ifr.ifr_flags |= IFF_UP;
	else
		ifr.ifr_flags &= ~IFF_UP;
	return xg_netdev_ioctl("SIOCSIFFLAGS", SIOCSIFFLAGS, &ifr);
}

int xg_link_wait(const char *name)
{
	uint64_t end = xg_now_ns() + xg_patience(LINK_PATIENCE_MS) * 1000000ULL;
	struct ifreq ifr;
	int ret;

	for (;;) {
		ifreq_of(&ifr, name);
		ret = xg_netdev_ioctl("SIOCGIFFLAGS", SIOCGIFFLAGS, &ifr);
		if (ret)
			return ret;
		if (ifr.ifr_flags & IFF_RUNNING)
			break;
		if (xg_now_ns() > end)
			return xg_note("link", -ETIMEDOUT);
		usleep(1000);
	}
	/* Waits for the lock under which the kernel goes on from there. */
	return xg_link_updown(name, true);
}

int xg_tap_updown(const struct xg_tap *tap, bool up)
{
	return xg_link_updown(tap->ifname, up);
}

int xg_tap_stats(const struct xg_tap *tap, struct xg_tap_stats *stats)
{
	/* The process may have several namespaces, one a thread. */
	FILE *f = fopen("/proc/thread-self/net/dev", "re");
	char line[512], *colon, *name;
	int ret = -ENODEV;

	if (!f)
		return xg_note("interface counters", -errno);
	while (ret && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		name = line + strspn(line, " ");
		if (strcmp(name, tap->ifname))
			continue;
		ret = sscanf(colon + 1,
			     "%llu %llu %llu %llu %*u %*u %*u %*u %llu %llu %*u %llu",
			     XG_SCAN(stats->rx_bytes), XG_SCAN(stats->rx_packets),
			     XG_SCAN(stats->rx_errors), XG_SCAN(stats->rx_dropped),
			     XG_SCAN(stats->tx_bytes), XG_SCAN(stats->tx_packets),
			     XG_SCAN(stats->tx_dropped)) == 7 ? 0 : -EPROTO;
	}
	fclose(f);
	return xg_note("interface counters", ret);
}

void xg_tap_close(struct xg_tap *tap)
{
	while (tap->queues)
		close(tap->fd[--tap->queues]);
}
