// SPDX-License-Identifier: GPL-2.0-only
/* How a failed check leaves. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

struct way_out *check_out;

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
	if (!check_out)
		abort();
	longjmp(check_out->jump, 1);
}
