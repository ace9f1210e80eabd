// SPDX-License-Identifier: GPL-2.0-only
/* Runs one test: nltest NAME. Without a name, says which there are. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nltest.h"

#define STATUS_SKIP	4

static const struct test * const files[] = {
	family_tests, dump_tests, race_tests, error_tests, counter_tests, helpers,
};

/**
 * test_fail() - end the test as failed
 * @file: where
 * @line: where in it
 * @what: the condition that did not hold
 * @fmt: printf() format of what was found instead
 */
void test_fail(const char *file, int line, const char *what, const char *fmt, ...)
{
	va_list ap;

	printf("%s:%d: not true: %s:", file, line, what);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

/**
 * test_skip() - end the test as impossible here
 * @why: what it would need
 */
void test_skip(const char *why)
{
	puts(why);
	fflush(stdout);
	_exit(STATUS_SKIP);
}

int main(int argc, char **argv)
{
	const struct test *test;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		for (test = files[i]; test->name; test++) {
			if (argc < 2) {
				if (files[i] != helpers)
					puts(test->name);
			} else if (!strcmp(argv[1], test->name)) {
				test->run();
				return EXIT_SUCCESS;
			}
		}
	}
	if (argc < 2)
		return EXIT_SUCCESS;
	printf("there is no test '%s'\n", argv[1]);
	return EXIT_FAILURE;
}
