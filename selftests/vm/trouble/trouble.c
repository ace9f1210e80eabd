// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that misbehaves as asked, so that tests of the harness can see
 * whether it notices. Loading it always fails, if it comes to that.
 */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>

static char *kind = "";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "what to do wrong");

static void trouble_warn(void)
{
	WARN(1, "as asked\n");
}

static void trouble_oops(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	*nowhere = 1;
}

static void trouble_hang(void)
{
	msleep(1000 * 1000);
}

static void trouble_sleep(void)
{
	preempt_disable();
	msleep(20);
	preempt_enable();
}

static void trouble_freed(void)
{
	char *p = kmalloc(100, GFP_KERNEL);

	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[50], 1);
}

static void trouble_bounds(void)
{
	size_t n = 100;
	char *p;

	OPTIMIZER_HIDE_VAR(n);
	p = kmalloc(n, GFP_KERNEL);
	if (p)
		WRITE_ONCE(p[n], 1);
	kfree(p);
}

static void trouble_locks(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

static void trouble_shift(void)
{
	int by = 40, value = 1;

	OPTIMIZER_HIDE_VAR(by);
	value <<= by;
	OPTIMIZER_HIDE_VAR(value);
}

static void trouble_leak(void)
{
	unsigned int i;
	void *p;

	/* Several, as the address of one may well be left on a stack. */
	for (i = 0; i < 20; i++) {
		p = kmalloc(512, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(p);
	}
}

static void trouble_tick(struct timer_list *timer)
{
}

static void trouble_object(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, trouble_tick, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	/* The object checker stops the timer after it has complained. */
	kfree(timer);
}

static long trouble_shared;

static int trouble_race_thread(void *unused)
{
	while (!kthread_should_stop()) {
		trouble_shared++;
		cond_resched();
	}
	return 0;
}

static void trouble_race(void)
{
	struct task_struct *thread = kthread_run(trouble_race_thread, NULL, "trouble");
	unsigned long end = jiffies + 5 * HZ;

	if (IS_ERR(thread))
		return;
	while (time_before(jiffies, end)) {
		trouble_shared++;
		cond_resched();
	}
	kthread_stop(thread);
}

static const struct {
	const char *name;
	void (*fn)(void);
} trouble[] = {
	{ "warn", trouble_warn },
	{ "oops", trouble_oops },
	{ "hang", trouble_hang },
	{ "sleep", trouble_sleep },
	{ "freed", trouble_freed },
	{ "bounds", trouble_bounds },
	{ "locks", trouble_locks },
	{ "shift", trouble_shift },
	{ "leak", trouble_leak },
	{ "object", trouble_object },
	{ "race", trouble_race },
};

static int __init trouble_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(trouble); i++) {
		if (!strcmp(kind, trouble[i].name))
			trouble[i].fn();
	}
	return -ECANCELED;
}
module_init(trouble_init);

MODULE_DESCRIPTION("misbehaves on request");
MODULE_LICENSE("GPL");
