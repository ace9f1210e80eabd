// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that misbehaves as asked, so that test.sh can see whether the
 * harness notices. Loading it always fails, if it comes to that.
 */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

static char *kind = "";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "warn, oops or hang");

static int __init trouble_init(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	if (!strcmp(kind, "warn"))
		WARN(1, "as asked\n");
	else if (!strcmp(kind, "oops"))
		*nowhere = 1;
	else if (!strcmp(kind, "hang"))
		msleep(1000 * 1000);
	return -ECANCELED;
}
module_init(trouble_init);

MODULE_DESCRIPTION("misbehaves on request");
MODULE_LICENSE("GPL");
