// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost-xnet: an in-kernel back end for virtio-net.
 *
 * An instance knows three things: the guest's memory map, and for each queue a
 * kick eventfd and a call eventfd. It knows nothing of PCI, of negotiation or
 * of KVM: user space keeps the control plane, and a thread here moves packets
 * between the rings in the guest's memory and a tap.
 */

#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "ctl.h"
#include "dev.h"
#include "iotlb_msg.h"
#include "netlink.h"

static int xnet_open(struct inode *inode, struct file *file)
{
	struct xnet_dev *dev = xnet_dev_open();

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	file->private_data = dev;
	return 0;
}

static int xnet_release(struct inode *inode, struct file *file)
{
	xnet_dev_release(file->private_data);
	return 0;
}

static long xnet_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return xnet_ctl(file->private_data, cmd, (void __user *)arg);
}

static ssize_t xnet_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;

	return xnet_iotlb_read(file->private_data, to, file->f_flags & O_NONBLOCK);
}

static ssize_t xnet_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return xnet_iotlb_write(iocb->ki_filp->private_data, from);
}

static __poll_t xnet_poll(struct file *file, poll_table *wait)
{
	return xnet_iotlb_poll(file->private_data, file, wait);
}

static const struct file_operations xnet_fops = {
	.owner = THIS_MODULE,
	.open = xnet_open,
	.release = xnet_release,
	.read_iter = xnet_read_iter,
	.write_iter = xnet_write_iter,
	.poll = xnet_poll,
	.unlocked_ioctl = xnet_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* A misc device like vhost-net: some programs tell vhost devices by the major. */
static struct miscdevice xnet_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vhost-xnet",
	.fops = &xnet_fops,
};

static int __init xnet_init(void)
{
	int err;

	err = xnet_nl_init();
	if (err)
		return err;
	err = misc_register(&xnet_misc);
	if (err)
		goto exit_nl;
	return 0;

exit_nl:
	xnet_nl_exit();
	return err;
}

static void __exit xnet_exit(void)
{
	misc_deregister(&xnet_misc);
	xnet_nl_exit();
}

module_init(xnet_init);
module_exit(xnet_exit);

MODULE_DESCRIPTION("In-kernel back end for virtio-net");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
