// SPDX-License-Identifier: GPL-2.0-only
/* Sequences of calls: put together, and shown. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

#define REQ(name)	{ #name, name }

const struct req reqs[] = {
	REQ(VHOST_GET_FEATURES), REQ(VHOST_SET_FEATURES),
	REQ(VHOST_SET_OWNER), REQ(VHOST_RESET_OWNER),
	REQ(VHOST_SET_MEM_TABLE), REQ(VHOST_SET_LOG_BASE), REQ(VHOST_SET_LOG_FD),
	REQ(VHOST_SET_VRING_NUM), REQ(VHOST_SET_VRING_ADDR), REQ(VHOST_SET_VRING_BASE),
	REQ(VHOST_GET_VRING_BASE), REQ(VHOST_SET_VRING_ENDIAN), REQ(VHOST_GET_VRING_ENDIAN),
	REQ(VHOST_SET_VRING_KICK), REQ(VHOST_SET_VRING_CALL), REQ(VHOST_SET_VRING_ERR),
	REQ(VHOST_SET_VRING_BUSYLOOP_TIMEOUT), REQ(VHOST_GET_VRING_BUSYLOOP_TIMEOUT),
	REQ(VHOST_SET_BACKEND_FEATURES), REQ(VHOST_GET_BACKEND_FEATURES),
	REQ(VHOST_NET_SET_BACKEND),
	{ "VHOST_NEW_WORKER", DIFF_NEW_WORKER },
	{ "VHOST_FREE_WORKER", DIFF_FREE_WORKER },
	{ "VHOST_ATTACH_VRING_WORKER", DIFF_ATTACH_WORKER },
	{ "VHOST_GET_VRING_WORKER", DIFF_GET_WORKER },
	{ "VHOST_SET_FORK_FROM_OWNER", DIFF_SET_FORK },
	{ "VHOST_GET_FORK_FROM_OWNER", DIFF_GET_FORK },
	/* Other kinds of vhost devices have these. */
	{ "VHOST_SCSI_SET_ENDPOINT", _IOW(VHOST_VIRTIO, 0x40, uint64_t[29]) },
	{ "VHOST_SCSI_GET_ABI_VERSION", _IOW(VHOST_VIRTIO, 0x42, int) },
	{ "VHOST_VSOCK_SET_GUEST_CID", _IOW(VHOST_VIRTIO, 0x60, uint64_t) },
	{ "VHOST_VSOCK_SET_RUNNING", _IOW(VHOST_VIRTIO, 0x61, int) },
	{ "VHOST_VDPA_GET_STATUS", _IOR(VHOST_VIRTIO, 0x71, uint8_t) },
	{ "VHOST_VDPA_SET_STATUS", _IOW(VHOST_VIRTIO, 0x72, uint8_t) },
	{ "VHOST_VDPA_GET_VRING_NUM", _IOR(VHOST_VIRTIO, 0x76, uint16_t) },
	{ "VHOST_VDPA_SUSPEND", _IO(VHOST_VIRTIO, 0x7d) },
	/* Nobody has these: a wrong direction, size, number or letter. */
	{ "SET_FEATURES of int", _IOW(VHOST_VIRTIO, 0x00, int) },
	{ "SET_VRING_NUM read", _IOR(VHOST_VIRTIO, 0x10, uint64_t) },
	{ "SET_OWNER of int", _IOW(VHOST_VIRTIO, 0x01, int) },
	{ "number 0x7f", _IOW(VHOST_VIRTIO, 0x7f, uint64_t) },
	{ "number 0xff", _IO(VHOST_VIRTIO, 0xff) },
	{ "letter 0xb0", _IOW(0xb0, 0x10, uint64_t) },
	{ "nothing", 0 },
	{ "all ones", 0xffffffff },
	{ "VHOST_GET_FEATURES_ARRAY", DIFF_GET_FEATURES_ARRAY },
	{ "VHOST_SET_FEATURES_ARRAY", DIFF_SET_FEATURES_ARRAY },
};

const unsigned int nr_reqs = ARRAY_SIZE(reqs);

const char *req_name(uint32_t req)
{
	unsigned int i;

	for (i = 0; i < nr_reqs; i++)
		if (reqs[i].req == req)
			return reqs[i].name;
	return NULL;
}

struct call *seq_add(struct seq *s, enum call_kind what, uint32_t req, const void *data,
		     uint32_t len)
{
	struct call *c = &s->call[s->n];

	if (s->n == MAX_CALLS || s->used + len > ARENA) {
		printf("Bail out! a sequence is too long\n");
		exit(2);
	}
	*c = (struct call){ .kind = what, .req = req, .len = len, .at = s->used };
	if (data)
		memcpy(s->arena + s->used, data, len);
	else
		memset(s->arena + s->used, PATTERN, len);
	s->used += len;
	s->n++;
	return c;
}

struct call *seq_ioctl(struct seq *s, uint32_t req, const void *data, uint32_t len)
{
	return seq_add(s, K_IOCTL, req, data, len);
}

struct call *seq_u64(struct seq *s, uint32_t req, uint64_t value)
{
	return seq_ioctl(s, req, &value, sizeof(value));
}

struct call *seq_int(struct seq *s, uint32_t req, int value)
{
	return seq_ioctl(s, req, &value, sizeof(value));
}

struct call *seq_state(struct seq *s, uint32_t req, uint32_t index, uint32_t num)
{
	struct vhost_vring_state v = { .index = index, .num = num };

	return seq_ioctl(s, req, &v, sizeof(v));
}

struct call *seq_file(struct seq *s, uint32_t req, uint32_t index, int fd)
{
	struct vhost_vring_file v = { .index = index, .fd = fd };

	return seq_ioctl(s, req, &v, sizeof(v));
}

struct vhost_vring_addr usual_addr(uint32_t index)
{
	uint64_t driver = AT_DRIVER + index * (RING_SIZE / 2);
	uint64_t device = AT_DEVICE + index * (RING_SIZE / 2);

	return (struct vhost_vring_addr){
		.index = index,
		.desc_user_addr = driver,
		.avail_user_addr = driver + RING_SIZE / 4,
		.used_user_addr = device,
	};
}

struct call *seq_addr(struct seq *s, const struct vhost_vring_addr *addr)
{
	return seq_ioctl(s, VHOST_SET_VRING_ADDR, addr, sizeof(*addr));
}

struct call *seq_mem(struct seq *s, uint32_t n, uint32_t padding,
		     const struct vhost_memory_region *r)
{
	struct vhost_memory head = { .nregions = n, .padding = padding };
	struct call *c = seq_ioctl(s, VHOST_SET_MEM_TABLE, &head, sizeof(head));

	if (r && n <= 1024) {
		/* What follows the head lies right behind it in the arena. */
		seq_add(s, K_IOCTL, 0, r, n * sizeof(*r));
		s->n--;
		c->len += n * sizeof(*r);
	}
	return c;
}

static void show_words(const uint8_t *data, uint32_t len)
{
	uint32_t i, word;

	printf(" {");
	for (i = 0; i + 4 <= len && i < 64; i += 4) {
		memcpy(&word, data + i, 4);
		printf("%s%#x", i ? " " : "", word);
	}
	for (; i < len && i < 64; i++)
		printf(" %02x", data[i]);
	printf(len > 64 ? " ...}" : "}");
}

void seq_show(const struct seq *s, const struct call *c)
{
	static const char *const kinds[] = {
		"open", "ioctl", "read", "write", "poll", "mmap", "lseek", "fstat", "asks",
	};
	static const char *const wheres[P_END] = {
		"", " at NULL", " where nothing is", " in the kernel", " at a wild address",
		" in read-only memory", " cut short",
	};
	const char *name = c->kind == K_IOCTL ? req_name(c->req) : NULL;

	printf("%s%s", c->who ? "stranger: " : "", name ? name : kinds[c->kind]);
	if (!name)
		printf(" %#x", c->req);
	if (c->len)
		printf(" of %u bytes", c->len);
	printf("%s", wheres[c->where]);
	if (c->where == P_CUT)
		printf(" after %u", c->cut);
	if (c->len)
		show_words(s->arena + c->at, c->len);
}
