// SPDX-License-Identifier: GPL-2.0-only
/* What the launcher says on standard error. */
#include <stdarg.h>
#include <stdio.h>

#include "err.h"

static void say(const char *prefix, const char *fmt, va_list ap)
{
	fprintf(stderr, "xnet-qemu: %s", prefix);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

/**
 * xq_err() - say in one sentence why the launch failed
 * @fmt: printf() format of the sentence, without prefix and newline
 *
 * Called once for a failure, by the function that first sees it; its callers
 * only pass the failure on.
 */
void xq_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

/**
 * xq_warn() - mention something that does not stop the launch
 * @fmt: printf() format of the sentence, without prefix and newline
 */
void xq_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning: ", fmt, ap);
	va_end(ap);
}
