/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A rig with a dirty log, and a list of the pages that have to be in it.
 *
 * The receive ring's device area is spread over pages of its own: flags and
 * index end a page, the entries fill the next one or two, the event index
 * begins another one.
 */
#ifndef LAB_H
#define LAB_H

#include "rig.h"

#define LAB_NUM		1024
#define LAB_PAGES	(128 * 1024)

/**
 * struct lab - a device that logs
 * @rig: the device
 * @log: its log
 * @bits: where the log is for the device, which may be some bytes off
 * @used: guest address of the device area of each queue
 * @want: pages that have to be logged
 */
struct lab {
	struct rig rig;
	struct xg_log log;
	uint8_t *bits;
	uint64_t used[XG_MAX_VQS];
	bool want[LAB_PAGES];
};

/** lab_spread() - give a queue a device area as said above. */
static inline void lab_spread(struct __test_metadata *_metadata, struct lab *lab,
			      unsigned int q)
{
	struct xg_vq *vq = &lab->rig.net.vq[q];
	struct xg_vq_cfg cfg = vq->cfg;
	uint64_t gpa;

	XT_OK(xg_mem_alloc(&lab->rig.net.mem, -1, 8 * XG_LOG_PAGE, XG_LOG_PAGE, &gpa));
	cfg.device_gpa = gpa + XG_LOG_PAGE - 4;
	lab->used[q] = cfg.device_gpa;
	xg_vq_free(vq);
	XT_OK(xg_vq_init(vq, lab->rig.net.fd, &lab->rig.net.mem, &cfg));
}

/** lab_make() - a device with a log that it does not know yet, not started. */
static inline void lab_make(struct __test_metadata *_metadata, struct lab *lab,
			    const struct xg_net_cfg *cfg)
{
	unsigned int q;

	XT_OK(xg_netns());
	rig_make(_metadata, &lab->rig, cfg, 0);
	XT_OK(xg_log_open(&lab->log, &lab->rig.net.mem));
	lab->bits = (uint8_t *)lab->log.base;
	for (q = 0; q < XG_MAX_VQS; q++) {
		lab_spread(_metadata, lab, q);
		XT_OK(xg_vq_setup(&lab->rig.net.vq[q]));
	}
	memset(lab->want, 0, sizeof(lab->want));
}

/** lab_want() - these bytes are written. */
static inline void lab_want(struct lab *lab, uint64_t gpa, uint64_t len)
{
	uint64_t page = gpa / XG_LOG_PAGE;

	for (; len && page <= (gpa + len - 1) / XG_LOG_PAGE; page++)
		lab->want[page] = true;
}

/** lab_want_flags() - the flags of a queue's device area are written. */
static inline void lab_want_flags(struct lab *lab, unsigned int q)
{
	lab_want(lab, lab->used[q], 2);
}

/** lab_want_event() - ... its event index. */
static inline void lab_want_event(struct lab *lab, unsigned int q)
{
	lab_want(lab, lab->used[q] + 4 + 8 * lab->rig.net.cfg.num, 2);
}

/** lab_want_used() - ... @n entries from index @at on, and the index. */
static inline void lab_want_used(struct lab *lab, unsigned int q, uint16_t at, unsigned int n)
{
	for (; n; n--, at++)
		lab_want(lab, lab->used[q] + 4 + 8 * (at & (lab->rig.net.cfg.num - 1)), 8);
	lab_want(lab, lab->used[q] + 2, 2);
}

/** lab_want_frame() - ... a frame of @len bytes, header included, in these segments. */
static inline void lab_want_frame(struct lab *lab, const struct xg_seg *seg, unsigned int n,
				  uint64_t len)
{
	for (; n && len; n--, seg++) {
		uint64_t part = len < seg->len ? len : seg->len;

		lab_want(lab, seg->gpa, part);
		len -= part;
	}
}

/** lab_bit() - is a page logged? */
static inline bool lab_bit(const struct lab *lab, uint64_t page)
{
	return __atomic_load_n(&lab->bits[page / 8], __ATOMIC_SEQ_CST) >> page % 8 & 1;
}

/** lab_sync() - what the device is at is done. */
static inline void lab_sync(struct __test_metadata *_metadata, struct lab *lab)
{
	unsigned int q, base;

	for (q = 0; q < XG_MAX_VQS; q++)
		XT_OK(xg_ioctl_get_vring_base(lab->rig.net.fd, q, &base));
}

/**
 * lab_check() - these pages are in the log, and no others
 *
 * Takes the bits.
 */
static inline void lab_check(struct __test_metadata *_metadata, struct lab *lab,
			     const char *what)
{
	uint64_t pages = lab->log.words * 64, i;
	unsigned int wrong = 0;

	ASSERT_GE(LAB_PAGES, pages);
	lab_sync(_metadata, lab);
	for (i = 0; i < pages && wrong < 5; i++) {
		bool bit = lab_bit(lab, i);

		EXPECT_EQ(lab->want[i], bit) {
			TH_LOG("%s: page %#llx %s", what, (unsigned long long)i,
			       bit ? "is logged and was not written" :
				     "was written and is not logged");
		}
		wrong += bit != lab->want[i];
	}
	ASSERT_EQ(0, wrong);
	memset(lab->bits, 0, pages / 8);
	memset(lab->want, 0, sizeof(lab->want));
}

/** lab_close() - give everything back. */
static inline void lab_close(struct lab *lab)
{
	rig_close(&lab->rig);
	xg_log_close(&lab->log);
}

#endif /* LAB_H */
