// SPDX-License-Identifier: GPL-2.0-only
/* The other end of the tap: a packet socket on its netdev. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "private.h"

#define RECEIVE_BUFFER	(16 << 20)
#define TAG_OFFSET	12	/* a VLAN tag stands after the two addresses */
#define TAG_LEN		4

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? -errno : 0;
}

static int socket_config(int fd, int ifindex, unsigned int flags)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = ifindex,
	};
	int ret;

	ret = set_option(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
	if (!ret && flags & XG_PKT_VNET_HDR)
		ret = set_option(fd, SOL_PACKET, PACKET_VNET_HDR, 1);
	if (!ret && !(flags & XG_PKT_SEND_ONLY)) {
		addr.sll_protocol = htons(ETH_P_ALL);
		ret = set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
		if (!ret)
			ret = set_option(fd, SOL_PACKET, PACKET_AUXDATA, 1);
		if (!ret)
			ret = set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
	}
	if (!ret && bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		ret = -errno;
	return ret;
}

int xg_pkt_open(int ifindex, unsigned int flags)
{
	/* Protocol 0 until bound: nothing of other interfaces gets in. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return xg_note("packet socket", -errno);
	ret = xg_note("packet socket", socket_config(fd, ifindex, flags));
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

int xg_pkt_queue(int fd)
{
	return xg_note("packet socket's queueing",
		       set_option(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 0));
}

int xg_pkt_send(int fd, const void *frame, size_t len)
{
	ssize_t n = send(fd, frame, len, 0);

	if (n < 0)
		return xg_note("packet socket send", -errno);
	return (size_t)n == len ? 0 : xg_note("packet socket send", -EIO);
}

/* The tag that came beside the frame, in network order; false for none. */
static bool tag_of(struct msghdr *msg, uint16_t tag[2])
{
	const struct tpacket_auxdata *aux;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		aux = (const void *)CMSG_DATA(c);
		if (!(aux->tp_status & TP_STATUS_VLAN_VALID))
			return false;
		tag[0] = htons(aux->tp_status & TP_STATUS_VLAN_TPID_VALID ?
			       aux->tp_vlan_tpid : ETH_P_8021Q);
		tag[1] = htons(aux->tp_vlan_tci);
		return true;
	}
	return false;
}

/* Is a virtio header in front of each frame? */
static size_t header_of(int fd)
{
	socklen_t len = sizeof(int);
	int on = 0;

	getsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, &len);
	return on ? sizeof(struct virtio_net_hdr) : 0;
}

ssize_t xg_pkt_recv(int fd, void *frame, size_t size, int timeout_ms)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct iovec iov = { .iov_base = frame, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	uint16_t tag[2];
	ssize_t n;
	char *at;
	int ret;

	do {
		ret = poll(&pfd, 1, xg_patience(timeout_ms));
	} while (ret < 0 && errno == EINTR);
	if (ret <= 0)
		return xg_note("packet socket poll", ret ? -errno : 0);
	n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return errno == EAGAIN ? 0 : xg_note("packet socket receive", -errno);
	if ((size_t)n > size)
		return xg_note("packet socket receive", -EMSGSIZE);
	if (!tag_of(&msg, tag))
		return n;
	if ((size_t)n + TAG_LEN > size)
		return xg_note("packet socket receive", -EMSGSIZE);
	at = (char *)frame + header_of(fd) + TAG_OFFSET;
	memmove(at + TAG_LEN, at, (char *)frame + n - at);
	memcpy(at, tag, TAG_LEN);
	return n + TAG_LEN;
}

unsigned int xg_pkt_drain(int fd)
{
	unsigned int n = 0;
	char byte;

	while (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) >= 0)
		n++;
	return n;
}
