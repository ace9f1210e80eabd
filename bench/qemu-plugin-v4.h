/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What insnprof needs of version 4 of QEMU's plugin interface (QEMU 9.2 to
 * 10). Distributions ship no header for it.
 */
#ifndef QEMU_PLUGIN_V4_H
#define QEMU_PLUGIN_V4_H

#include <stddef.h>
#include <linux/types.h>

#define QEMU_PLUGIN_API		4
#define QEMU_PLUGIN_ADD		0	/* the only operation used: add a constant */

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;

/**
 * struct plugin_u64 - one number in a scoreboard, passed by value
 * @score: the scoreboard, which has a copy for each CPU
 * @offset: bytes from the start of a copy
 */
struct plugin_u64 {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};

void qemu_plugin_register_vcpu_tb_trans_cb(__u64 id,
					   void (*cb)(__u64 id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_atexit_cb(__u64 id, void (*cb)(__u64 id, void *arg),
				    void *arg);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
							 int op, struct plugin_u64 entry,
							 __u64 imm);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t index);
__u64 qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
__u64 qemu_plugin_u64_get(struct plugin_u64 entry, unsigned int cpu);
int qemu_plugin_install(__u64 id, const void *info, int argc, char **argv);

#endif
