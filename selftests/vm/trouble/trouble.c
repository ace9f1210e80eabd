// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that misbehaves as asked, so that tests of the harness can see
 * whether it notices. Loading it always fails, if it comes to that.
 */
#include <asm/barrier.h>
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

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

static DECLARE_WAIT_QUEUE_HEAD(trouble_wait);
static bool enough;

static int trouble_set_enough(const char *value, const struct kernel_param *param)
{
	int err = param_set_bool(value, param);

	wake_up(&trouble_wait);
	return err;
}

static const struct kernel_param_ops trouble_enough_ops = {
	.set = trouble_set_enough,
	.get = param_get_bool,
};

module_param_cb(enough, &trouble_enough_ops, &enough, 0600);
MODULE_PARM_DESC(enough, "set it to end what would go on for ever");

/* What the checker of hung tasks takes for one: no signal gets through. */
static void trouble_stuck(void)
{
	wait_event(trouble_wait, READ_ONCE(enough));
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

/* One work waits for the other, which waits to be allowed to end. */
static void trouble_work_wait(struct work_struct *work)
{
	wait_event(trouble_wait, READ_ONCE(enough));
}

static void trouble_work(void)
{
	static DECLARE_WORK(first, trouble_work_wait);
	struct workqueue_struct *queue = alloc_ordered_workqueue("trouble", 0);
	struct work_struct *second = kzalloc(sizeof(*second), GFP_KERNEL);

	if (!queue || !second)
		return;
	INIT_WORK(second, trouble_work_wait);
	queue_work(queue, &first);
	queue_work(queue, second);
	/* The object checker takes it off the queue after it has complained. */
	kfree(second);
	WRITE_ONCE(enough, true);
	wake_up(&trouble_wait);
	destroy_workqueue(queue);
}

static void trouble_rcu_done(struct rcu_head *head)
{
}

static void trouble_rcu(void)
{
	static struct rcu_head head;

	/* It cannot be done with the first before it hears of the second. */
	rcu_read_lock();
	call_rcu(&head, trouble_rcu_done);
	call_rcu(&head, trouble_rcu_done);
	rcu_read_unlock();
	rcu_barrier();
}

static int trouble_list_thread(void *unused)
{
	static LIST_HEAD(list);
	static struct list_head entry, other;

	list_add(&entry, &list);
	list.next = &other;
	list_del(&entry);
	return 0;
}

/* The kernel ends whoever does this, so somebody else does. */
static void trouble_list(void)
{
	struct task_struct *thread = kthread_create(trouble_list_thread, NULL, "trouble");

	if (IS_ERR(thread))
		return;
	get_task_struct(thread);
	wake_up_process(thread);
	while (!READ_ONCE(thread->exit_state))
		msleep(20);
	put_task_struct(thread);
}

static long trouble_shared;

static void trouble_touch(void)
{
	trouble_shared++;
	/*
	 * For KCSAN, which takes an access to be under way until a barrier comes, and
	 * in an interrupt does not find in the stack then where it began, and warns.
	 */
	smp_mb();
}

static int trouble_race_thread(void *unused)
{
	while (!kthread_should_stop()) {
		trouble_touch();
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
		trouble_touch();
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
	{ "work", trouble_work },
	{ "rcu", trouble_rcu },
	{ "list", trouble_list },
	{ "stuck", trouble_stuck },
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
