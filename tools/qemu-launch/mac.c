// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's MAC address: parsed, or derived from the tap's name.
 *
 * A guest must keep its address from one start to the next, and two machines
 * on one network must not give their guests the same one. So the address is a
 * function of the interface name, keyed with the machine's identity. The
 * identity is not to be shown to the network, and an address is, so the
 * function is a keyed hash made for that: SipHash-2-4, whose key has the
 * length of a machine-id.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/types.h>

#include "err.h"
#include "mac.h"

#define MACHINE_ID	"/etc/machine-id"
#define MACHINE_ID_LEN	16

static int hexdigit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Two hexadecimal digits, or -1. */
static int hexbyte(const char *s)
{
	int hi = hexdigit(s[0]);
	int lo = hi < 0 ? -1 : hexdigit(s[1]);

	return lo < 0 ? -1 : hi << 4 | lo;
}

/**
 * xq_mac_parse() - read a unicast Ethernet address
 * @text: six bytes in hexadecimal with colons between them
 * @mac: where the address goes
 *
 * Return: 0, or -1 when @text is something else (nothing is printed).
 */
int xq_mac_parse(const char *text, unsigned char mac[ETH_ALEN])
{
	static const unsigned char zero[ETH_ALEN];
	int i, byte;

	if (strlen(text) != XQ_MAC_STRLEN - 1)
		return -1;
	for (i = 0; i < ETH_ALEN; i++) {
		byte = hexbyte(text + 3 * i);
		if (byte < 0 || (i < ETH_ALEN - 1 && text[3 * i + 2] != ':'))
			return -1;
		mac[i] = byte;
	}
	if (mac[0] & 1 || !memcmp(mac, zero, ETH_ALEN))
		return -1;
	return 0;
}

/**
 * xq_mac_format() - write an Ethernet address as QEMU reads it
 * @mac: the address
 * @text: where the text goes
 */
void xq_mac_format(const unsigned char mac[ETH_ALEN],
		   char text[XQ_MAC_STRLEN])
{
	snprintf(text, XQ_MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static __u64 rotl(__u64 x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static void sipround(__u64 v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

/* Up to eight bytes as a little-endian number. */
static __u64 load_le(const unsigned char *p, size_t n)
{
	__u64 x = 0;

	while (n--)
		x = x << 8 | p[n];
	return x;
}

static __u64 siphash(const unsigned char *key, const unsigned char *in,
		     size_t len)
{
	__u64 k0 = load_le(key, 8), k1 = load_le(key + 8, 8);
	__u64 v[4] = {
		k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
		k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL,
	};
	size_t left = len;
	__u64 word;
	int i;

	for (;;) {
		word = load_le(in, left < 8 ? left : 8);
		if (left < 8)
			word |= (__u64)(len & 0xff) << 56;
		v[3] ^= word;
		sipround(v);
		sipround(v);
		v[0] ^= word;
		if (left < 8)
			break;
		in += 8;
		left -= 8;
	}
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sipround(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The machine-id as bytes; -1 when the machine has none yet. */
static int machine_id(unsigned char id[MACHINE_ID_LEN])
{
	char text[2 * MACHINE_ID_LEN];
	size_t have = 0;
	ssize_t got;
	int fd, i, byte;

	fd = open(MACHINE_ID, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (have < sizeof(text)) {
		got = read(fd, text + have, sizeof(text) - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += got;
	}
	close(fd);
	if (have < sizeof(text))
		return -1;
	for (i = 0; i < MACHINE_ID_LEN; i++) {
		byte = hexbyte(text + 2 * i);
		if (byte < 0)
			return -1;
		id[i] = byte;
	}
	return 0;
}

/**
 * xq_mac_derive() - the address of the guest behind a tap
 * @ifname: name of the tap
 * @mac: where the address goes; it is locally administered and unicast, and
 *	always the same for one name on one machine
 *
 * Return: 0, or -1 after saying that the machine has no identity to derive
 * an address from.
 */
int xq_mac_derive(const char *ifname, unsigned char mac[ETH_ALEN])
{
	unsigned char id[MACHINE_ID_LEN];
	__u64 hash;
	int i;

	if (machine_id(id)) {
		xq_err("cannot derive a MAC address for %s because " MACHINE_ID
		       " holds no machine-id: give one with --mac", ifname);
		return -1;
	}
	hash = siphash(id, (const unsigned char *)ifname, strlen(ifname));
	for (i = 0; i < ETH_ALEN; i++)
		mac[i] = hash >> (8 * i);
	mac[0] = (mac[0] & ~1) | 2;
	return 0;
}
