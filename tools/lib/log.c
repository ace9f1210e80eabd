// SPDX-License-Identifier: GPL-2.0-only
/* The dirty log of guest memory, as somebody sees it who migrates the guest. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private.h"

#define WORD_SPAN	(64ULL * XG_LOG_PAGE)

int xg_log_open(struct xg_log *log, const struct xg_mem *mem)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uint64_t end = 0;
	unsigned int i;
	char *map;

	*log = (struct xg_log){ 0 };
	for (i = 0; i < mem->n; i++)
		if (mem->region[i].gpa + mem->region[i].size > end)
			end = mem->region[i].gpa + mem->region[i].size;
	log->words = (end + WORD_SPAN - 1) / WORD_SPAN;
	log->size = (log->words * sizeof(*log->base) + page - 1) & ~(page - 1);
	map = mmap(NULL, log->size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	if (map == MAP_FAILED)
		return xg_note("dirty log", -errno);
	/* What is set behind its end is not set in silence. */
	mprotect(map + log->size, page, PROT_NONE);
	log->map = map;
	log->base = (uint64_t *)(map + log->size) - log->words;
	return 0;
}

void xg_log_close(struct xg_log *log)
{
	if (log->map)
		munmap(log->map, log->size + sysconf(_SC_PAGESIZE));
	*log = (struct xg_log){ 0 };
}

uint64_t xg_log_take(struct xg_log *log, size_t i)
{
	return __atomic_exchange_n(&log->base[i], 0, __ATOMIC_SEQ_CST);
}
