/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two programs are told by their arguments. */
#ifndef DIFF_ARGS_H
#define DIFF_ARGS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct args - arguments
 * @path: the reference, and the device that is compared with it
 * @seed: first seed
 * @count: how many sequences or scenarios
 * @seconds: no new ones after that many
 * @keep_going: after a difference too
 * @iotlb: all random sequences behind an IOTLB
 * @table: only print the table of differences
 */
struct args {
	const char *path[2];
	uint64_t seed;
	unsigned long count;
	unsigned int seconds;
	bool keep_going;
	bool iotlb;
	bool table;
};

/**
 * args_read() - read the arguments; ends on a wrong one, and on --help
 * @args: filled in
 * @argc: as main() has it
 * @argv: as main() has it
 * @about: what the program does, a sentence
 */
void args_read(struct args *args, int argc, char **argv, const char *about);

/** args_same() - are both the same device? */
bool args_same(const struct args *args);

/** features_of() - what a device offers; ends if it cannot be opened. */
uint64_t features_of(const char *path);

#endif /* DIFF_ARGS_H */
