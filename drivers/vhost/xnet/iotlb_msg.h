/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages about the IOTLB, by read(), write() and poll() of the device's file. */
#ifndef _XNET_IOTLB_MSG_H
#define _XNET_IOTLB_MSG_H

#include <linux/poll.h>
#include <linux/types.h>

struct iov_iter;
struct xnet_dev;

ssize_t xnet_iotlb_read(struct xnet_dev *dev, struct iov_iter *to, bool nonblock);
ssize_t xnet_iotlb_write(struct xnet_dev *dev, struct iov_iter *from);
__poll_t xnet_iotlb_poll(struct xnet_dev *dev, struct file *file, poll_table *wait);

#endif /* _XNET_IOTLB_MSG_H */
