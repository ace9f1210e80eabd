// SPDX-License-Identifier: GPL-2.0-only
/* Who runs QEMU: looked up here, become in drop.c. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "user.h"

/* The user who called sudo, or NULL when it was not used. */
static const struct passwd *sudo_caller(void)
{
	const char *text = getenv("SUDO_UID");
	char *end;
	unsigned long uid;

	if (!text || !*text)
		return NULL;
	errno = 0;
	uid = strtoul(text, &end, 10);
	if (*end || errno || !uid || uid >= (uid_t)-1)
		return NULL;
	return getpwuid(uid);
}

static const struct passwd *lookup(const char *name)
{
	const struct passwd *pw;

	if (name) {
		pw = getpwnam(name);
		if (!pw)
			xq_err("there is no user '%s': name an existing one with --user",
			       name);
		return pw;
	}
	if (geteuid()) {
		pw = getpwuid(geteuid());
		if (!pw)
			xq_err("your user id %u has no name in the user database: add it there",
			       geteuid());
		return pw;
	}
	pw = sudo_caller();
	if (!pw)
		xq_err("root does not run QEMU unasked: name the user it is to run as with --user");
	return pw;
}

/**
 * xq_user_find() - find the user to run QEMU as
 * @name: --user, or NULL: then the caller, or who called sudo
 * @user: filled in; release it with xq_user_release()
 *
 * Whether the launcher may become that user is not looked at here.
 *
 * Return: 0, or -1 after printing why there is none.
 */
int xq_user_find(const char *name, struct xq_user *user)
{
	const struct passwd *pw = lookup(name);

	if (!pw)
		return -1;
	user->uid = pw->pw_uid;
	user->gid = pw->pw_gid;
	user->change = !geteuid();
	user->name = strdup(pw->pw_name);
	user->home = strdup(pw->pw_dir);
	if (!user->name || !user->home) {
		xq_err("out of memory");
		xq_user_release(user);
		return -1;
	}
	return 0;
}

/**
 * xq_user_release() - give back what xq_user_find() took
 * @user: the user
 */
void xq_user_release(struct xq_user *user)
{
	free(user->name);
	free(user->home);
	user->name = NULL;
	user->home = NULL;
}
