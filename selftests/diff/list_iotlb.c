// SPDX-License-Identifier: GPL-2.0-only
/* The list of calls that somebody thought of: behind an IOTLB. */

#include "call.h"
#include "xguest.h"

static void message(struct seq *s, bool v2, uint8_t type, uint64_t at, uint64_t size, uint8_t perm)
{
	struct vhost_msg_v2 m = {
		.type = v2 ? VHOST_IOTLB_MSG_V2 : VHOST_IOTLB_MSG,
		.iotlb = { .iova = at, .uaddr = at, .size = size, .perm = perm, .type = type },
	};

	seq_add(s, K_WRITE, 0, &m, sizeof(m));
	seq_add(s, K_ASKS, 0, NULL, 0);
}

static void start(struct seq *s, uint32_t index, int fd)
{
	seq_file(s, VHOST_NET_SET_BACKEND, index, fd);
	seq_add(s, K_ASKS, 0, NULL, 0);
}

/* Each area is asked for, and answered, in turn; then they go again. */
static void ask_and_answer(struct seq *s, bool v2)
{
	uint32_t i;

	for (i = 0; i < 2; i++) {
		struct vhost_vring_addr a = usual_addr(i);
		const uint64_t areas[] = { a.used_user_addr, a.desc_user_addr, a.avail_user_addr };
		unsigned int n;

		start(s, i, FD_TAP);
		for (n = 0; n < ARRAY_SIZE(areas); n++) {
			message(s, v2, VHOST_IOTLB_UPDATE, areas[n], 0x1000, VHOST_ACCESS_RW);
			start(s, i, FD_TAP);
			message(s, v2, VHOST_IOTLB_UPDATE, areas[n], 0x10000, VHOST_ACCESS_RW);
		}
		for (n = 0; n < ARRAY_SIZE(areas); n++) {
			message(s, v2, VHOST_IOTLB_INVALIDATE, areas[n] + 0x800, 1, 0);
			message(s, v2, VHOST_IOTLB_UPDATE, areas[n], 0x10000, VHOST_ACCESS_RW);
			message(s, v2, VHOST_IOTLB_INVALIDATE, areas[n] - 0x800, 0x1000, 0);
			message(s, v2, VHOST_IOTLB_UPDATE, areas[n], 0x10000, VHOST_ACCESS_RW);
		}
		seq_state(s, VHOST_GET_VRING_BASE, i, 0);
		start(s, i, -1);
	}
	message(s, v2, VHOST_IOTLB_INVALIDATE, 0, ~0ULL, 0);
}

void list_iotlb(struct seq *s)
{
	struct vhost_vring_addr a;
	uint32_t i, v2;

	list_owned(s);
	seq_u64(s, VHOST_SET_FEATURES, XG_F_MODERN | XG_F_ACCESS_PLATFORM);
	for (i = 0; i < 2; i++) {
		a = usual_addr(i);
		seq_state(s, VHOST_SET_VRING_NUM, i, 1024);
		seq_state(s, VHOST_SET_VRING_BASE, i, 0);
		seq_addr(s, &a);
		seq_file(s, VHOST_SET_VRING_KICK, i, FD_EVENT);
	}
	for (v2 = 0; v2 < 2; v2++) {
		seq_u64(s, VHOST_SET_BACKEND_FEATURES, v2 << VHOST_BACKEND_F_IOTLB_MSG_V2);
		ask_and_answer(s, v2);
	}
	seq_add(s, K_READ, 0, NULL, 71);
	seq_add(s, K_READ, 0, NULL, 72);
	seq_u64(s, VHOST_SET_FEATURES, XG_F_MODERN);
	message(s, false, VHOST_IOTLB_UPDATE, AT_DRIVER, 0x1000, VHOST_ACCESS_RW);
}
