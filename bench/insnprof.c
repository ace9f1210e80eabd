// SPDX-License-Identifier: GPL-2.0-only
/*
 * insnprof: a QEMU plugin that counts the kernel instructions the first CPU
 * executes, by address. In the icount lane the counts are exact and repeat.
 *
 *   -plugin insnprof.so,out=FILE
 *
 * At exit FILE gets a line "ADDRESS COUNT" (hexadecimal, decimal) for each
 * kernel instruction that ran. insnprof-report makes symbols of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin-v4.h"

#define EXPORT		__attribute__((visibility("default")))

/* Room for different instructions; a kernel with modules runs far fewer. */
enum {
	SLOT_BITS = 22,
	SLOTS = 1 << SLOT_BITS,
};

EXPORT int qemu_plugin_version = QEMU_PLUGIN_API;

static __u64 address[SLOTS];		/* open hashing; 0 is a free slot */
static unsigned int slots_used;
static struct qemu_plugin_scoreboard *counters;
static const char *out;

static struct plugin_u64 counter(unsigned int slot)
{
	return (struct plugin_u64){ counters, slot * sizeof(__u64) };
}

/* Translation is serialised by QEMU in the single-threaded icount lane. */
static unsigned int slot_for(__u64 vaddr)
{
	unsigned int slot = (vaddr * 0x9e3779b97f4a7c15ull) >> (64 - SLOT_BITS);

	while (address[slot] && address[slot] != vaddr)
		slot = (slot + 1) & (SLOTS - 1);
	if (!address[slot]) {
		if (++slots_used > SLOTS / 2) {
			fprintf(stderr, "insnprof: too many different instructions\n");
			exit(1);
		}
		address[slot] = vaddr;
	}
	return slot;
}

static void translated(__u64 id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	size_t i;

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		__u64 vaddr = qemu_plugin_insn_vaddr(insn);
		struct plugin_u64 c;

		/* The upper half of the address space is the kernel's. */
		if (!(vaddr >> 63))
			continue;
		c = counter(slot_for(vaddr));
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_ADD,
								    c, 1);
	}
}

static void write_counts(__u64 id, void *arg)
{
	FILE *f = fopen(out, "w");
	unsigned int slot;
	__u64 n;

	(void)id;
	(void)arg;
	if (!f) {
		fprintf(stderr, "insnprof: cannot write %s: %s\n", out, strerror(errno));
		return;
	}
	for (slot = 0; slot < SLOTS; slot++) {
		n = address[slot] ? qemu_plugin_u64_get(counter(slot), 0) : 0;
		if (n)
			fprintf(f, "%llx %llu\n", address[slot], n);
	}
	if (fclose(f))
		fprintf(stderr, "insnprof: cannot write all of %s\n", out);
}

EXPORT int qemu_plugin_install(__u64 id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	if (!out) {
		fprintf(stderr, "insnprof: give out=FILE\n");
		return -1;
	}
	counters = qemu_plugin_scoreboard_new(SLOTS * sizeof(__u64));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, write_counts, NULL);
	return 0;
}
