// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's command line: checked, extended, shown. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mac.h"
#include "qemu.h"

/* Options that are added, each with its name: -netdev ... -device ... */
#define ADDED	4

/* Does a comma-separated QEMU option contain this field? */
static bool has_field(const char *option, const char *field)
{
	size_t len = strlen(field);
	const char *p = option;

	while (strncmp(p, field, len) || (p[len] && p[len] != ',')) {
		p = strchr(p, ',');
		if (!p)
			return false;
		p++;
	}
	return true;
}

/**
 * xq_qemu_check_id() - see that the ids to be added are still free
 * @args: what the command line asks for
 *
 * Return: 0, or -1 after printing which is taken.
 */
int xq_qemu_check_id(const struct xq_args *args)
{
	char *netdev = NULL, *device = NULL;
	int i, ret = -1;

	if (asprintf(&netdev, "id=%s", args->id) < 0) {
		netdev = NULL;
		goto no_memory;
	}
	if (asprintf(&device, "id=%s-nic", args->id) < 0) {
		device = NULL;
		goto no_memory;
	}
	for (i = 1; i < args->qemu_argc; i++) {
		if (has_field(args->qemu_argv[i], netdev) ||
		    has_field(args->qemu_argv[i], device)) {
			xq_err("QEMU's command line uses the id '%s' already: choose another with --id",
			       args->id);
			goto out;
		}
	}
	ret = 0;
	goto out;

no_memory:
	xq_err("out of memory");
out:
	free(netdev);
	free(device);
	return ret;
}

static void put_fds(FILE *out, const char *key, const int *fds, unsigned int n)
{
	unsigned int i;

	fprintf(out, ",%s%s=", key, n > 1 ? "s" : "");
	for (i = 0; i < n; i++)
		fprintf(out, "%s%d", i ? ":" : "", fds[i]);
}

static void put_netdev(FILE *out, const struct xq_args *args,
		       const int *tap_fds, const int *vhost_fds)
{
	fprintf(out, "tap,id=%s", args->id);
	put_fds(out, "fd", tap_fds, args->queues);
	fputs(",vhost=on", out);
	put_fds(out, "vhostfd", vhost_fds, args->queues);
}

/*
 * One interrupt vector for each queue of each pair, one for the control queue
 * and one for configuration changes.
 */
static void put_device(FILE *out, const struct xq_args *args,
		       const unsigned char mac[ETH_ALEN])
{
	char text[XQ_MAC_STRLEN];

	xq_mac_format(mac, text);
	fprintf(out, "virtio-net-pci,netdev=%s,id=%s-nic,mac=%s", args->id,
		args->id, text);
	if (args->queues > 1)
		fputs(",mq=on", out);
	fprintf(out, ",vectors=%u", 2 * args->queues + 2);
	if (args->mtu)
		fprintf(out, ",host_mtu=%u", args->mtu);
}

/**
 * xq_qemu_command() - the whole command line
 * @args: what the launcher's command line asks for
 * @mac: the guest's MAC address
 * @tap_fds: tap queues, one a queue pair
 * @vhost_fds: vhost devices, one a queue pair
 *
 * The caller's own arguments stay first and as they are.
 *
 * Return: a NULL-terminated vector for xq_qemu_free(), or NULL after saying
 * that memory ran out.
 */
char **xq_qemu_command(const struct xq_args *args,
		       const unsigned char mac[ETH_ALEN],
		       const int *tap_fds, const int *vhost_fds)
{
	int n = args->qemu_argc;
	char **command = calloc(n + ADDED + 1, sizeof(*command));
	char *added[2] = { NULL, NULL };
	size_t size;
	FILE *out;
	int i;

	if (!command)
		goto no_memory;
	for (i = 0; i < 2; i++) {
		out = open_memstream(&added[i], &size);
		if (!out)
			goto no_memory;
		if (i)
			put_device(out, args, mac);
		else
			put_netdev(out, args, tap_fds, vhost_fds);
		if (fclose(out))
			goto no_memory;
	}
	memcpy(command, args->qemu_argv, n * sizeof(*command));
	command[n] = "-netdev";
	command[n + 1] = added[0];
	command[n + 2] = "-device";
	command[n + 3] = added[1];
	return command;

no_memory:
	xq_err("out of memory");
	free(added[0]);
	free(added[1]);
	free(command);
	return NULL;
}

/**
 * xq_qemu_free() - free what xq_qemu_command() made
 * @command: the vector
 * @args: what it was made for
 */
void xq_qemu_free(char **command, const struct xq_args *args)
{
	free(command[args->qemu_argc + 1]);
	free(command[args->qemu_argc + 3]);
	free(command);
}

/* Is there nothing in it that means something to a shell? */
static bool is_plain(const char *word)
{
	const char *p = word;

	while (isalnum((unsigned char)*p) || (*p && strchr("%+,-./:=@_", *p)))
		p++;
	return *word && !*p;
}

static void print_quoted(const char *word)
{
	if (is_plain(word)) {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*word);
	}
	putchar('\'');
}

/**
 * xq_qemu_print() - show a command line, quoted for the shell
 * @command: NULL-terminated vector
 */
void xq_qemu_print(char *const *command)
{
	for (; *command; command++) {
		print_quoted(*command);
		putchar(command[1] ? ' ' : '\n');
	}
}
