// SPDX-License-Identifier: GPL-2.0-only
/* The list of calls that somebody thought of: features by the array, and whose thread it is. */
#include <string.h>

#include "call.h"
#include "xguest.h"

#define MAX_WORDS	5

/**
 * struct array - features as VHOST_GET_FEATURES_ARRAY and VHOST_SET_FEATURES_ARRAY have them
 * @count: how many words there are, says the caller
 * @word: those that there are
 */
struct array {
	uint64_t count;
	uint64_t word[MAX_WORDS];
};

static struct call *array(struct seq *s, uint32_t req, const struct array *a)
{
	return seq_ioctl(s, req, a, sizeof(*a));
}

static const uint64_t odd_counts[] = { 0x1000, 1ULL << 32, 1ULL << 61, (1ULL << 61) + 1, ~0ULL };

/* With each count that is out of place, at each place that is, and cut short. */
static void odd_arrays(struct seq *s, uint32_t req, struct array *a, uint64_t count)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(odd_counts); i++) {
		a->count = odd_counts[i];
		array(s, req, a);
	}
	a->count = count;
	for (i = 0; i < P_CUT; i++)
		array(s, req, a)->where = i;
	for (i = 0; i <= sizeof(*a); i++) {
		struct call *c = array(s, req, a);

		c->where = P_CUT;
		c->cut = i;
	}
	array(s, req, a)->who = 1;
}

void list_features_got(struct seq *s)
{
	struct array a;
	unsigned int owned;

	memset(&a, PATTERN, sizeof(a));
	list_fresh(s);
	for (owned = 0; owned < 2; owned++) {
		for (a.count = 0; a.count <= MAX_WORDS + 1; a.count++)
			array(s, DIFF_GET_FEATURES_ARRAY, &a);
		odd_arrays(s, DIFF_GET_FEATURES_ARRAY, &a, 3);
		seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	}
}

/* Each bit by itself, of three words, the last of which nobody knows. */
void list_features_bits(struct seq *s)
{
	unsigned int bit;

	list_fresh(s);
	for (bit = 0; bit < 3 * 64; bit++) {
		struct array a = { .count = 3 };

		a.word[bit / 64] = 1ULL << bit % 64;
		array(s, DIFF_SET_FEATURES_ARRAY, &a);
		if (bit % 16 == 0) {
			a.count = 2;
			array(s, DIFF_SET_FEATURES_ARRAY, &a);
			list_ask(s);
			list_fresh(s);
		}
	}
}

void list_features_set(struct seq *s)
{
	struct array a = { .word = { XG_F_MODERN } };
	const struct vhost_msg msg = {
		.type = VHOST_IOTLB_MSG,
		.iotlb = { .size = 0x1000, .perm = VHOST_ACCESS_RW, .type = VHOST_IOTLB_UPDATE },
	};
	unsigned int i, bad;

	list_fresh(s);
	for (bad = 0; bad <= MAX_WORDS; bad++) {
		/* Only words that are counted can be wrong. */
		if (bad)
			a.word[bad - 1] |= 1ULL << 63;
		for (a.count = 0; a.count <= MAX_WORDS; a.count++)
			array(s, DIFF_SET_FEATURES_ARRAY, &a);
		if (bad)
			a.word[bad - 1] &= ~(1ULL << 63);
	}
	odd_arrays(s, DIFF_SET_FEATURES_ARRAY, &a, 4);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	array(s, DIFF_SET_FEATURES_ARRAY, &a)->who = 1;
	/* With an IOTLB, which a set without that feature takes away. */
	for (i = 0; i < 4; i++) {
		a.word[0] = XG_F_MODERN | (i % 2 ? 0 : XG_F_ACCESS_PLATFORM);
		a.count = 1 + i / 2;
		array(s, DIFF_SET_FEATURES_ARRAY, &a);
		seq_add(s, K_WRITE, 0, &msg, sizeof(msg));
	}
	/* Each change while queues run. */
	list_running(s);
	for (i = 0; i < 64; i++) {
		a = (struct array){ .count = 1, .word = { XG_F_MODERN ^ 1ULL << i } };
		array(s, DIFF_SET_FEATURES_ARRAY, &a);
	}
	list_ask(s);
}

void list_fork(struct seq *s)
{
	static const uint8_t values[] = { 0, 1, 0, 2, 3, 0x80, 255, 1, 0 };
	const uint8_t kthread = 0;
	unsigned int i;

	list_fresh(s);
	seq_ioctl(s, DIFF_GET_FORK, &kthread, 1);
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		seq_ioctl(s, DIFF_SET_FORK, &values[i], 1);
		seq_ioctl(s, DIFF_GET_FORK, &kthread, 1);
	}
	seq_ioctl(s, DIFF_SET_FORK, &values[1], 1)->who = 1;
	seq_ioctl(s, DIFF_GET_FORK, &kthread, 1)->who = 1;
	for (i = 0; i < P_CUT; i++) {
		seq_ioctl(s, DIFF_SET_FORK, &kthread, 1)->where = i;
		seq_ioctl(s, DIFF_GET_FORK, &kthread, 1)->where = i;
	}
	seq_ioctl(s, DIFF_GET_FORK, &kthread, 1);
	/* Once there is a thread it is too late, until there is none. */
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	for (i = 0; i < ARRAY_SIZE(values); i++)
		seq_ioctl(s, DIFF_SET_FORK, &values[i], 1);
	seq_ioctl(s, DIFF_SET_FORK, &kthread, 1)->who = 1;
	seq_ioctl(s, DIFF_SET_FORK, NULL, 1)->where = P_NULL;
	seq_ioctl(s, DIFF_GET_FORK, &kthread, 1);
	seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0);
	seq_ioctl(s, DIFF_GET_FORK, &kthread, 1);
	for (i = 0; i < 2; i++) {
		list_fresh(s);
		seq_ioctl(s, DIFF_SET_FORK, &values[i], 1);
		seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
		seq_ioctl(s, DIFF_GET_FORK, &kthread, 1);
		list_ask(s);
		seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0);
		seq_ioctl(s, DIFF_GET_FORK, &kthread, 1);
		seq_ioctl(s, DIFF_SET_FORK, &values[!i], 1);
		seq_ioctl(s, DIFF_GET_FORK, &kthread, 1);
		seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
		list_ask(s);
	}
}
