// SPDX-License-Identifier: GPL-2.0-only
/*
 * Features by the array, more than 64 of them. The caller says how many words
 * there are, which may be any number, so nothing here relies on it to be small.
 */

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "ctl.h"
#include "dev.h"

/* Words looked at before others may have the CPU. */
#define FEATURES_TURN_WORDS	512

/* Words that are cleared at a time; others may have the CPU after each. */
static const u64 features_none[128];

/* Let others run; tells whether the caller is being killed and need not hear the rest. */
static bool features_turn(void)
{
	cond_resched();
	return fatal_signal_pending(current);
}

/* As clear_user(), for any length, and able to fail when a test wants it to. */
static long features_clear(u8 __user *at, size_t len)
{
	if (!access_ok(at, len))
		return -EFAULT;
	while (len) {
		size_t part = min_t(size_t, len, sizeof(features_none));

		if (copy_to_user(at, features_none, part))
			return -EFAULT;
		at += part;
		len -= part;
		if (features_turn())
			return -EINTR;
	}
	return 0;
}

/**
 * xnet_ctl_get_features_array() - VHOST_GET_FEATURES_ARRAY
 * @dev: the device
 * @arg: struct vhost_features_array; the words of features beyond the last one
 *	known here are cleared
 *
 * Context: any process, with the device mutex; may sleep.
 * Return: 0; -EFAULT; -EINTR if the caller is killed meanwhile.
 */
long xnet_ctl_get_features_array(struct xnet_dev *dev, void __user *arg)
{
	struct vhost_features_array __user *array = arg;
	size_t known;
	u64 count;

	if (copy_from_user(&count, &array->count, sizeof(count)))
		return -EFAULT;
	known = min_t(u64, count, XNET_FEATURE_WORDS);
	if (copy_to_user(array->features, xnet_offer, known * sizeof(u64)))
		return -EFAULT;
	return features_clear((u8 __user *)&array->features[known],
			      size_mul(count - known, sizeof(u64)));
}

/* All features from the word @i on have to be off. */
static long features_check_rest(const u64 __user *features, u64 i, u64 count)
{
	u64 word;

	for (; i < count; i++) {
		if (copy_from_user(&word, features + i, sizeof(word)))
			return -EFAULT;
		if (word)
			return -EOPNOTSUPP;
		if (!(i % FEATURES_TURN_WORDS) && features_turn())
			return -EINTR;
	}
	return 0;
}

/**
 * xnet_ctl_set_features_array() - VHOST_SET_FEATURES_ARRAY
 * @dev: the device
 * @arg: struct vhost_features_array; words that are not there count as zero
 *
 * Context: any process, with the device mutex; may sleep.
 * Return: 0; -EFAULT; -EOPNOTSUPP if one of the features is not on offer;
 * -EINTR if the caller is killed meanwhile; errors of xnet_dev_set_features().
 */
long xnet_ctl_set_features_array(struct xnet_dev *dev, void __user *arg)
{
	struct vhost_features_array __user *array = arg;
	u64 features[XNET_FEATURE_WORDS] = {};
	unsigned int i;
	size_t known;
	u64 count;
	long err;

	if (copy_from_user(&count, &array->count, sizeof(count)))
		return -EFAULT;
	known = min_t(u64, count, XNET_FEATURE_WORDS);
	if (copy_from_user(features, array->features, known * sizeof(u64)))
		return -EFAULT;
	err = features_check_rest(array->features, known, count);
	if (err)
		return err;
	for (i = 0; i < XNET_FEATURE_WORDS; i++)
		if (features[i] & ~xnet_offer[i])
			return -EOPNOTSUPP;
	return xnet_dev_set_features(dev, features);
}
