// SPDX-License-Identifier: GPL-2.0-only
/* The dirty log: finding the pages, and setting bits in the owner's memory. */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/uaccess.h>
#include <asm/byteorder.h>
#include <asm/futex.h>

#include "log.h"

/* Bytes of guest memory for each byte of the log. */
#define LOG_BYTE_SPAN	(8ULL * XNET_LOG_PAGE)

/* How often to try again where the owner's threads write to the same word all the time. */
#define LOG_TRIES	64

/**
 * xnet_log_fits() - can the log of a range of guest memory be where it would be?
 * @base: the owner's address of the log
 * @gpa: first guest physical address of the range, anything
 * @len: its length in bytes, anything
 *
 * As coarse as vhost-net's test, since it decides the same errors. Each access
 * is tested again when it is made.
 *
 * Context: any.
 * Return: true if it lies in user space.
 */
bool xnet_log_fits(unsigned long base, u64 gpa, u64 len)
{
	u64 at = gpa / LOG_BYTE_SPAN;

	if (at > ULONG_MAX - base)
		return false;
	return access_ok((void __user *)(base + (unsigned long)at),
			 (len + LOG_BYTE_SPAN - 1) / LOG_BYTE_SPAN);
}

/**
 * xnet_log_fits_mem() - can all of a map be logged?
 * @base: the owner's address of the log
 * @mem: the map
 *
 * Context: any.
 * Return: true if the log of each region lies in user space.
 */
bool xnet_log_fits_mem(unsigned long base, const struct xnet_mem *mem)
{
	u32 i;

	for (i = 0; i < mem->nregions; i++) {
		const struct xnet_region *r = &mem->regions[i];

		if (!xnet_log_fits(base, r->gpa, r->last - r->gpa + 1))
			return false;
	}
	return true;
}

/*
 * Set bits in a word of the owner's memory, atomically towards all others that
 * change it. What futexes do for user space is just what is needed: an atomic
 * OR by user address, which faults in what is not there, honours the owner's
 * protections, and marks the page dirty as any write does.
 */
static int log_or(unsigned long at, u32 bits)
{
	unsigned int tries = LOG_TRIES;
	int was, err;

	do {
		err = arch_futex_atomic_op_inuser(FUTEX_OP_OR, (__force u32)cpu_to_le32(bits),
						  &was, (u32 __user *)at);
	} while (err == -EAGAIN && --tries);
	return err ? -EFAULT : 0;
}

/**
 * xnet_log_gpa() - log a range by its guest physical address
 * @log: the log, begun
 * @gpa: first address that was written
 * @len: bytes that were written, may be 0
 *
 * Context: the queue's owner, in the address space of the device's; may sleep.
 * Return: 0, or -EFAULT if the log cannot be written.
 */
int xnet_log_gpa(struct xnet_log *log, u64 gpa, u64 len)
{
	u64 page = gpa / XNET_LOG_PAGE, last;

	if (!len)
		return 0;
	if (check_add_overflow(gpa, len - 1, &last))
		return -EFAULT;
	last /= XNET_LOG_PAGE;
	if (page == log->last)
		page++;
	log->last = last;
	while (page <= last) {
		/* Aligned words, so that none runs out of the page its byte is in. */
		u64 at = log->base + page / 8;
		unsigned int bit = at % 4 * 8 + page % 8;
		unsigned int n = min_t(u64, last - page + 1, 32 - bit);

		if (at < log->base || at > ULONG_MAX)
			return -EFAULT;
		if (log_or(at - at % 4, (U32_MAX >> (32 - n)) << bit))
			return -EFAULT;
		page += n;
	}
	return 0;
}

/* The part of a range that each region either holds whole or not at all; 0 if none holds it. */
static u64 log_step(const struct xnet_mem *mem, u64 hva, u64 len)
{
	bool held = false;
	u32 i;

	for (i = 0; i < mem->nregions; i++) {
		const struct xnet_region *r = &mem->regions[i];
		u64 size = r->last - r->gpa + 1;

		if (hva < r->hva) {
			len = min(len, r->hva - hva);
		} else if (hva - r->hva < size) {
			len = min(len, size - (hva - r->hva));
			held = true;
		}
	}
	return held ? len : 0;
}

/* Search all the map: the same memory may be in it more than once. */
static int log_hva_search(struct xnet_log *log, const struct xnet_mem *mem, u64 hva, u64 len)
{
	u64 step;
	u32 i;

	for (; len; hva += step, len -= step) {
		step = log_step(mem, hva, len);
		if (!step)
			return -EFAULT;
		for (i = 0; i < mem->nregions; i++) {
			const struct xnet_region *r = &mem->regions[i];

			if (hva < r->hva || hva - r->hva > r->last - r->gpa)
				continue;
			log->hint = i;
			if (xnet_log_gpa(log, r->gpa + (hva - r->hva), step))
				return -EFAULT;
		}
	}
	return 0;
}

/**
 * xnet_log_hva() - log a range by the owner's address
 * @log: the log, begun
 * @mem: the guest's memory map
 * @hva: first address that was written
 * @len: bytes that were written, may be 0
 *
 * Whatever way the address was come by, all guest addresses of that memory are
 * logged.
 *
 * Context: as for xnet_log_gpa().
 * Return: 0, or -EFAULT if the log cannot be written, or if a byte of the
 * range has no guest address and thus no bit.
 */
int xnet_log_hva(struct xnet_log *log, const struct xnet_mem *mem, u64 hva, u64 len)
{
	const struct xnet_region *r = &mem->regions[log->hint];

	if (!len)
		return 0;
	if (likely(log->hint < mem->nregions && !mem->aliased && hva >= r->hva &&
		   hva - r->hva <= r->last - r->gpa &&
		   len - 1 <= r->last - r->gpa - (hva - r->hva)))
		return xnet_log_gpa(log, r->gpa + (hva - r->hva), len);
	return log_hva_search(log, mem, hva, len);
}

/**
 * xnet_log_segs() - log the first bytes of a list of segments
 * @log: the log, begun
 * @mem: the guest's memory map
 * @segs: the segments, in the owner's addresses
 * @nsegs: how many there are
 * @len: how many bytes of them were written
 *
 * Context: as for xnet_log_gpa().
 * Return: as for xnet_log_hva().
 */
int xnet_log_segs(struct xnet_log *log, const struct xnet_mem *mem, const struct iovec *segs,
		  unsigned int nsegs, u64 len)
{
	for (; len && nsegs; segs++, nsegs--) {
		u64 part = min_t(u64, len, segs->iov_len);

		if (xnet_log_hva(log, mem, (unsigned long)segs->iov_base, part))
			return -EFAULT;
		len -= part;
	}
	return 0;
}
