// SPDX-License-Identifier: GPL-2.0-only
/* What xnetctl says on standard error. */
#include <stdarg.h>
#include <stdio.h>

#include "err.h"

/**
 * xc_err() - say in one sentence what went wrong
 * @fmt: printf() format of the sentence, without prefix and newline
 *
 * Called once for a failure, by the function that first sees it.
 */
void xc_err(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("xnetctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
