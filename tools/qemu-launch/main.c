// SPDX-License-Identifier: GPL-2.0-only
/*
 * xnet-qemu: starts QEMU with tap and vhost device ready, without root.
 *
 * The order is what makes "nothing left behind" hold: all that can be checked
 * is checked first; then the device is opened, which changes nothing; then the
 * tap is made; and from there on every way out but a successful exec undoes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "args.h"
#include "err.h"
#include "link.h"
#include "mac.h"
#include "qemu.h"
#include "tap.h"
#include "user.h"
#include "vhost.h"

/**
 * struct launch - all that a launch needs to know
 * @args: the command line
 * @user: who runs QEMU
 * @path: the QEMU program
 * @mac: the guest's MAC address
 * @rtnl: conversation with rtnetlink
 * @tap: the tap
 * @vhost: the vhost device
 * @unblocked: signal mask to give QEMU, the one the launcher was started with
 */
struct launch {
	struct xq_args args;
	struct xq_user user;
	char *path;
	unsigned char mac[ETH_ALEN];
	struct xq_rtnl *rtnl;
	struct xq_tap tap;
	struct xq_vhost vhost;
	sigset_t unblocked;
};

/* A tap must not become somebody's standard output. */
static int fill_stdio(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0) {
			xq_err("cannot open /dev/null: %s", strerror(errno));
			return -1;
		}
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

/* May the caller have this user run QEMU? Judged only for a real launch. */
static int check_rights(const struct launch *launch)
{
	if (!launch->user.change && launch->user.uid != geteuid()) {
		xq_err("only root can run QEMU as user %s: run xnet-qemu as root",
		       launch->user.name);
		return -1;
	}
	return 0;
}

/* All that needs no privilege and changes nothing; undone by finish(). */
static int prepare(struct launch *launch)
{
	const struct xq_args *args = &launch->args;

	if (xq_qemu_check_id(args))
		return -1;
	if (args->have_mac)
		memcpy(launch->mac, args->mac, ETH_ALEN);
	else if (xq_mac_derive(args->ifname, launch->mac))
		return -1;
	if (xq_user_find(args->user, &launch->user))
		return -1;
	launch->path = xq_qemu_find(args->qemu_argv[0]);
	if (!launch->path || xq_vhost_check(args->device))
		return -1;
	launch->rtnl = xq_rtnl_open();
	if (!launch->rtnl)
		return -1;
	return xq_tap_plan(&launch->tap, launch->rtnl, args);
}

static void finish(struct launch *launch)
{
	if (launch->rtnl)
		xq_rtnl_close(launch->rtnl);
	free(launch->path);
	xq_user_release(&launch->user);
}

/* Until exec, a signal only sets a mark: there may be things to undo. */
static int block_signals(struct launch *launch)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, &launch->unblocked)) {
		xq_err("cannot block signals: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* Has a signal arrived that would have ended the launcher? */
static bool was_signalled(const struct launch *launch)
{
	struct sigaction action;
	sigset_t pending;
	int sig;

	if (sigpending(&pending))
		return false;
	for (sig = 1; sig < NSIG; sig++) {
		/* A blocked signal waits even if it is ignored, as by nohup. */
		if (sigismember(&pending, sig) == 1 &&
		    !sigismember(&launch->unblocked, sig) &&
		    !sigaction(sig, NULL, &action) &&
		    action.sa_handler != SIG_IGN) {
			xq_err("interrupted by signal %d (%s)", sig,
			       strsignal(sig));
			return true;
		}
	}
	return false;
}

static int pass_fds(const struct launch *launch)
{
	unsigned int i;

	for (i = 0; i < launch->args.queues; i++) {
		if (fcntl(launch->tap.fds[i], F_SETFD, 0) ||
		    fcntl(launch->vhost.fds[i], F_SETFD, 0)) {
			xq_err("cannot pass a file descriptor to QEMU: %s",
			       strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* With tap and device open: become the user, then QEMU. */
static void hand_over(struct launch *launch)
{
	char **command = xq_qemu_command(&launch->args, launch->mac,
					 launch->tap.fds, launch->vhost.fds);

	if (!command)
		return;
	if (pass_fds(launch) ||
	    xq_user_become(&launch->user, launch->tap.reuse) ||
	    was_signalled(launch))
		goto free_command;
	sigprocmask(SIG_SETMASK, &launch->unblocked, NULL);
	xq_qemu_exec(launch->path, command);

free_command:
	xq_qemu_free(command, &launch->args);
}

/* Returns only when it failed, with nothing left behind. */
static void run(struct launch *launch)
{
	const struct xq_args *args = &launch->args;

	if (check_rights(launch) || xq_qemu_try(launch->path, &launch->user))
		return;
	if (xq_vhost_open(&launch->vhost, args->device, args->queues))
		return;
	if (block_signals(launch))
		goto close_vhost;
	if (xq_tap_open(&launch->tap, launch->rtnl) ||
	    xq_tap_setup(&launch->tap, launch->rtnl))
		goto undo_tap;
	hand_over(launch);

undo_tap:
	xq_user_net_admin();
	xq_tap_undo(&launch->tap, launch->rtnl);
	/* What was held back may now do what it always does. */
	sigprocmask(SIG_SETMASK, &launch->unblocked, NULL);
close_vhost:
	xq_vhost_close(&launch->vhost);
}

static void print_plan(const struct launch *launch)
{
	const struct xq_args *args = &launch->args;
	const struct xq_tap *tap = &launch->tap;

	printf("# %s tap %s with vnet headers and %u queue%s\n",
	       tap->reuse ? "reuse" : "make", tap->name, tap->nqueues,
	       tap->nqueues > 1 ? "s" : "");
	if (tap->mtu)
		printf("# set its MTU to %u\n", tap->mtu);
	if (tap->has_bridge)
		printf("# put it in bridge %s\n", tap->bridge.name);
	printf("# set it up\n");
	printf("# open %s %u time%s\n", args->device, args->queues,
	       args->queues > 1 ? "s" : "");
	printf("# run %s as user %s, without capabilities:\n", launch->path,
	       launch->user.name);
}

/*
 * Show the plan. The file descriptors in it are the ones a launch from here
 * would use, so they are taken in the same order, of something harmless.
 */
static int dry_run(struct launch *launch)
{
	unsigned int n = launch->args.queues;
	struct xq_vhost taps;
	char **command;

	if (xq_vhost_open(&launch->vhost, "/dev/null", n))
		return -1;
	if (xq_vhost_open(&taps, "/dev/null", n)) {
		xq_vhost_close(&launch->vhost);
		return -1;
	}
	command = xq_qemu_command(&launch->args, launch->mac, taps.fds,
				  launch->vhost.fds);
	xq_vhost_close(&taps);
	xq_vhost_close(&launch->vhost);
	if (!command)
		return -1;
	print_plan(launch);
	xq_qemu_print(command);
	xq_qemu_free(command, &launch->args);
	if (fflush(stdout)) {
		xq_err("cannot write the plan: %s", strerror(errno));
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct launch launch = { 0 };
	int status = EXIT_FAILURE;

	if (getauxval(AT_SECURE)) {
		xq_err("refusing to run set-user-ID or with file capabilities: run it as root, for example with sudo");
		return EXIT_FAILURE;
	}
	if (fill_stdio())
		return EXIT_FAILURE;
	switch (xq_args_parse(argc, argv, &launch.args)) {
	case XQ_DONE:
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	case XQ_BAD:
		return EXIT_FAILURE;
	case XQ_RUN:
		break;
	}
	if (prepare(&launch))
		goto out;
	if (!launch.args.dry_run)
		run(&launch);
	else if (!dry_run(&launch))
		status = EXIT_SUCCESS;
out:
	finish(&launch);
	return status;
}
