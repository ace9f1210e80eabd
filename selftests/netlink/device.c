// SPDX-License-Identifier: GPL-2.0-only
/* Devices to look at. */
#include <stdlib.h>
#include <string.h>

#include "nltest.h"

/**
 * dev_path() - the device under test
 *
 * Return: its path.
 */
const char *dev_path(void)
{
	const char *path = getenv("XNET_DEVICE");

	return path ? path : "/dev/vhost-xnet";
}

/**
 * dev_open() - open the device, or fail the test
 *
 * Return: a descriptor.
 */
int dev_open(void)
{
	int fd = xg_open(dev_path());

	CHECK(fd >= 0, "cannot open %s: %s", dev_path(), strerror(-fd));
	return fd;
}

/**
 * dev_open_owned() - open the device and become its owner, or fail the test
 *
 * Return: a descriptor.
 */
int dev_open_owned(void)
{
	int fd = dev_open();

	EQUAL(xg_ioctl_set_owner(fd), 0);
	return fd;
}

/**
 * dev_newest() - number of the device that was opened last
 *
 * Numbers rise until they wrap around, which takes longer than a test.
 *
 * Return: the number; the test fails if no device is open.
 */
__u32 dev_newest(void)
{
	struct ask ask;
	__u32 id;

	ask_open(&ask);
	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_DEV_GET, NULL, 0), 0);
	CHECK(ask.view.ndevs, "no device is open");
	id = ask.view.devs[ask.view.ndevs - 1].id;
	ask_close(&ask);
	return id;
}
