/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of a test program share without the harness, which may be
 * included by one file of a program only.
 */
#ifndef XT_WORDS_H
#define XT_WORDS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** xt_errno() - name of a negative errno ("EBADF"), or the number itself. */
const char *xt_errno(long ret);

/**
 * xt_dev() - path of the device under test
 *
 * Return: the variable XNET_DEV, "/dev/vhost-xnet" when it is not set.
 */
const char *xt_dev(void);

/** xt_is_xnet() - is it ours, so that what differs from vhost-net is tested? */
bool xt_is_xnet(void);

/**
 * xt_config() - was the running kernel built with an option?
 * @name: such as "CONFIG_VHOST_CROSS_ENDIAN_LEGACY"
 *
 * Return: 1 for y or m, 0 for neither, -ENOENT when no configuration is found.
 */
int xt_config(const char *name);

/** xt_msleep() - sleep for a number of milliseconds. */
void xt_msleep(unsigned int ms);

#endif /* XT_WORDS_H */
