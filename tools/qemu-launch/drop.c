// SPDX-License-Identifier: GPL-2.0-only
/* Giving up root, for good. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "err.h"
#include "user.h"

#define NET_ADMIN_BIT	CAP_TO_MASK(CAP_NET_ADMIN)

/**
 * struct caps - the capability sets of this process
 * @data: low and high 32 capabilities, as capget() and capset() take them
 */
struct caps {
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static int caps_call(long nr, struct caps *caps)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	return syscall(nr, &header, caps->data);
}

/* Exec cannot bring back what is not in the bounding set. */
static int empty_bounding_set(void)
{
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0)) {
			xq_err("cannot give up capability %d: %s", cap,
			       strerror(errno));
			return -1;
		}
	}
	return 0;
}

static int change_ids(const struct xq_user *user)
{
	if (initgroups(user->name, user->gid)) {
		xq_err("cannot take on the groups of user %s: %s", user->name,
		       strerror(errno));
		return -1;
	}
	if (setresgid(user->gid, user->gid, user->gid)) {
		xq_err("cannot take on group %u of user %s: %s", user->gid,
		       user->name, strerror(errno));
		return -1;
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) ||
	    setresuid(user->uid, user->uid, user->uid)) {
		xq_err("cannot become user %s: %s", user->name,
		       strerror(errno));
		return -1;
	}
	return 0;
}

/* Leave no capability but, if @keep, CAP_NET_ADMIN, and that one dormant. */
static int shed_caps(bool keep)
{
	struct caps caps;
	unsigned int kept;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    caps_call(SYS_capget, &caps))
		goto failed;
	kept = keep ? caps.data[0].permitted & NET_ADMIN_BIT : 0;
	memset(&caps, 0, sizeof(caps));
	caps.data[0].permitted = kept;
	if (caps_call(SYS_capset, &caps) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		goto failed;
	return 0;

failed:
	xq_err("cannot give up capabilities: %s", strerror(errno));
	return -1;
}

/* Believe nothing that was not tried. */
static int check_gone(const struct xq_user *user)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	struct caps caps;

	if (getresuid(&ruid, &euid, &suid) || getresgid(&rgid, &egid, &sgid) ||
	    ruid != user->uid || euid != user->uid || suid != user->uid ||
	    rgid != user->gid || egid != user->gid || sgid != user->gid)
		goto still_there;
	if (user->uid && (!setresuid(-1, 0, -1) || !setresuid(0, -1, -1)))
		goto still_there;
	if (user->uid && user->gid &&
	    (!setresgid(-1, 0, -1) || !setresgid(0, -1, -1)))
		goto still_there;
	if (caps_call(SYS_capget, &caps) ||
	    caps.data[0].effective || caps.data[1].effective ||
	    caps.data[0].inheritable || caps.data[1].inheritable ||
	    caps.data[0].permitted & ~NET_ADMIN_BIT || caps.data[1].permitted)
		goto still_there;
	return 0;

still_there:
	xq_err("root could be regained after becoming user %s, so QEMU is not started",
	       user->name);
	return -1;
}

static int set_environment(const struct xq_user *user)
{
	if (setenv("HOME", user->home, 1) || setenv("USER", user->name, 1) ||
	    setenv("LOGNAME", user->name, 1)) {
		xq_err("out of memory");
		return -1;
	}
	return 0;
}

/**
 * xq_user_become() - be @user, without any way back
 * @user: from xq_user_find()
 * @keep_net_admin: keep CAP_NET_ADMIN permitted, but not effective, so that a
 *	failing exec can be undone; a succeeding one takes it away, because
 *	nothing is inheritable, ambient or, after root, in the bounding set
 *
 * Return: 0, or -1 after printing what could not be given up.
 */
int xq_user_become(const struct xq_user *user, bool keep_net_admin)
{
	if (user->change) {
		if (empty_bounding_set() || change_ids(user) ||
		    set_environment(user))
			return -1;
	}
	if (shed_caps(keep_net_admin))
		return -1;
	return user->change ? check_gone(user) : 0;
}

/**
 * xq_user_net_admin() - use what xq_user_become() kept
 *
 * Without effect when nothing was kept, or nothing was given up yet.
 */
void xq_user_net_admin(void)
{
	struct caps caps;

	if (caps_call(SYS_capget, &caps))
		return;
	caps.data[0].effective |= caps.data[0].permitted & NET_ADMIN_BIT;
	caps_call(SYS_capset, &caps);
}
