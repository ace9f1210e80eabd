// SPDX-License-Identifier: GPL-2.0-only
/* The launcher's command line: read and checked, nothing is looked up here. */
#include <ctype.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "err.h"
#include "mac.h"

#ifndef XNET_QEMU_VERSION
#define XNET_QEMU_VERSION "unversioned"
#endif

enum {
	OPT_IFNAME = 256,
	OPT_BRIDGE,
	OPT_QUEUES,
	OPT_MTU,
	OPT_USER,
	OPT_MAC,
	OPT_ID,
	OPT_DEVICE,
	OPT_DRY_RUN,
	OPT_VERSION,
};

static const struct option options[] = {
	{ "ifname", required_argument, NULL, OPT_IFNAME },
	{ "bridge", required_argument, NULL, OPT_BRIDGE },
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "mtu", required_argument, NULL, OPT_MTU },
	{ "user", required_argument, NULL, OPT_USER },
	{ "mac", required_argument, NULL, OPT_MAC },
	{ "id", required_argument, NULL, OPT_ID },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static const char help_text[] =
"usage: xnet-qemu [options] -- qemu-system-x86_64 [QEMU's options]\n"
"\n"
"Start QEMU with a virtio-net device on a tap, its packets moved by the\n"
"kernel through /dev/vhost-xnet, and QEMU itself without root.\n"
"\n"
"  --ifname NAME   tap to make, or to reuse if it exists (default: tap0)\n"
"  --bridge NAME   existing bridge to put the tap in\n"
"  --queues N      queue pairs, 1 to 256 (default: 1)\n"
"  --mtu BYTES     MTU of the tap and of the guest's device, 68 to 65521\n"
"  --user NAME     user to run QEMU as (default: who called sudo)\n"
"  --mac ADDRESS   MAC address of the guest's device\n"
"                  (default: derived from the machine-id and the tap's name)\n"
"  --id NAME       id of QEMU's netdev (default: xnet0)\n"
"  --device PATH   vhost device (default: /dev/vhost-xnet)\n"
"  --dry-run       show what would be made and run, change nothing\n"
"  -h, --help      show this text\n"
"  --version       show the version\n";

/* A decimal number from @min to @max, or an error that names the option. */
static int parse_number(const char *option, const char *text,
			unsigned int min, unsigned int max, unsigned int *out)
{
	char *end = NULL;
	unsigned long n;

	n = isdigit((unsigned char)*text) ? strtoul(text, &end, 10) : 0;
	if (!end || *end || n < min || n > max) {
		xq_err("%s takes a number from %u to %u, not '%s'",
		       option, min, max, text);
		return -1;
	}
	*out = n;
	return 0;
}

/*
 * The kernel's rules for a name, and one more: a '%' is refused because tun
 * would take it for a pattern and make an interface of another name.
 */
static int check_ifname(const char *option, const char *name)
{
	const char *p;

	if (strlen(name) >= IFNAMSIZ) {
		xq_err("interface name '%s' is too long: use at most %d characters",
		       name, IFNAMSIZ - 1);
		return -1;
	}
	for (p = name; *p; p++) {
		if (isspace((unsigned char)*p) || strchr("/:%", *p))
			break;
	}
	if (!*name || *p || *name == '-' || !strcmp(name, ".") ||
	    !strcmp(name, "..")) {
		xq_err("%s '%s' is not an interface name: use letters, digits, '-', '_' and '.'",
		       option, name);
		return -1;
	}
	return 0;
}

/* What QEMU accepts as an id. */
static int check_id(const char *id)
{
	const char *p = id;

	if (isalpha((unsigned char)*p)) {
		while (isalnum((unsigned char)*p) || (*p && strchr("-._", *p)))
			p++;
		if (!*p)
			return 0;
	}
	xq_err("--id '%s' cannot be an id for QEMU: begin with a letter, then use letters, digits, '-', '.' and '_'",
	       id);
	return -1;
}

static int parse_option(int opt, const char *value, struct xq_args *args)
{
	switch (opt) {
	case OPT_IFNAME:
		args->ifname = value;
		return check_ifname("--ifname", value);
	case OPT_BRIDGE:
		args->bridge = value;
		return check_ifname("--bridge", value);
	case OPT_QUEUES:
		return parse_number("--queues", value, 1, XQ_MAX_QUEUES,
				    &args->queues);
	case OPT_MTU:
		return parse_number("--mtu", value, XQ_MIN_MTU, XQ_MAX_MTU,
				    &args->mtu);
	case OPT_USER:
		args->user = value;
		return 0;
	case OPT_MAC:
		args->have_mac = true;
		if (!xq_mac_parse(value, args->mac))
			return 0;
		xq_err("--mac '%s' is not a unicast MAC address such as 52:54:00:12:34:56",
		       value);
		return -1;
	case OPT_ID:
		args->id = value;
		return check_id(value);
	case OPT_DEVICE:
		args->device = value;
		return 0;
	default:
		args->dry_run = true;
		return 0;
	}
}

/* @word: the argument getopt_long() stopped at, right unless it was short. */
static void bad_option(const char *word)
{
	char letter[] = { '-', optopt, '\0' };

	xq_err("option '%s' is unknown or takes no value: see xnet-qemu --help",
	       optopt > 0 && optopt < OPT_IFNAME ? letter : word);
}

/* The command after "--"; everything before it must have been an option. */
static int take_command(int argc, char **argv, struct xq_args *args)
{
	if (optind < argc && strcmp(argv[optind - 1], "--")) {
		xq_err("'%s' is not an option: put QEMU's command line after '--'",
		       argv[optind]);
		return -1;
	}
	if (optind >= argc || !*argv[optind]) {
		xq_err("no QEMU command line: give it after '--', see xnet-qemu --help");
		return -1;
	}
	args->qemu_argv = argv + optind;
	args->qemu_argc = argc - optind;
	return 0;
}

/**
 * xq_args_parse() - read the launcher's command line
 * @argc: main()'s
 * @argv: main()'s; @args points into it afterwards
 * @args: filled in, defaults included
 *
 * Return: what to do next; after %XQ_BAD the reason was printed.
 */
enum xq_parsed xq_args_parse(int argc, char **argv, struct xq_args *args)
{
	int opt;

	*args = (struct xq_args) {
		.ifname = "tap0",
		.device = "/dev/vhost-xnet",
		.id = "xnet0",
		.queues = 1,
	};
	/* The colon in front keeps getopt_long() itself quiet. */
	while ((opt = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		switch (opt) {
		case 'h':
			fputs(help_text, stdout);
			return XQ_DONE;
		case OPT_VERSION:
			puts("xnet-qemu " XNET_QEMU_VERSION);
			return XQ_DONE;
		case ':':
			xq_err("option '%s' needs a value: see xnet-qemu --help",
			       argv[optind - 1]);
			return XQ_BAD;
		case '?':
			bad_option(argv[optind - 1]);
			return XQ_BAD;
		default:
			if (parse_option(opt, optarg, args))
				return XQ_BAD;
		}
	}
	return take_command(argc, argv, args) ? XQ_BAD : XQ_RUN;
}
