// SPDX-License-Identifier: GPL-2.0-only
/* xnetctl: looks at open /dev/vhost-xnet devices over netlink. */
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "err.h"
#include "nl.h"
#include "print.h"
#include "watch.h"

/**
 * xc_flush() - have everything printed reach its reader
 *
 * Return: 0, or -1 after saying why it does not.
 */
int xc_flush(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	xc_err("cannot write to standard output: %m");
	return -1;
}

static int look_once(struct xc_nl *nl, const struct xc_args *args)
{
	struct xc_view view;
	int err = 0;

	if (xc_nl_look(nl, args->dev, &view))
		return -1;
	if (args->command == XC_SHOW && args->json)
		err = xc_json_show(&view);
	else if (args->command == XC_SHOW)
		xc_show(&view);
	else if (args->json)
		err = xc_json_stats(&view, NULL);
	else
		xc_stats(&view, NULL, args->all);
	xc_view_free(&view);
	return err ? err : xc_flush();
}

int main(int argc, char **argv)
{
	struct xc_args args;
	struct xc_nl nl;
	int err;

	if (xc_args_parse(argc, argv, &args))
		return 2;
	if (args.command == XC_DONE)
		return xc_flush() ? EXIT_FAILURE : EXIT_SUCCESS;

	if (xc_nl_open(&nl))
		return EXIT_FAILURE;
	if (args.watch)
		err = xc_watch(&nl, &args);
	else
		err = look_once(&nl, &args);
	xc_nl_close(&nl);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
