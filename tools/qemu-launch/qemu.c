// SPDX-License-Identifier: GPL-2.0-only
/* The QEMU program: found, tried as the user who will run it, run. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "qemu.h"

#define DEFAULT_PATH	"/usr/local/bin:/usr/bin:/bin"

/* 0 when @path is a program, a negative errno otherwise. */
static int is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EISDIR;
	return access(path, X_OK) ? -errno : 0;
}

static char *search_path(const char *command)
{
	const char *dir = getenv("PATH");
	char path[PATH_MAX];
	bool denied = false;
	size_t len;
	int n;

	if (!dir || !*dir)
		dir = DEFAULT_PATH;
	for (;; dir += len + 1) {
		len = strcspn(dir, ":");
		n = snprintf(path, sizeof(path), "%.*s%s%s", (int)len, dir,
			     len ? "/" : "./", command);
		if (n > 0 && (size_t)n < sizeof(path)) {
			n = is_program(path);
			if (!n)
				return strdup(path);
			denied |= n == -EACCES;
		}
		if (!dir[len])
			break;
	}
	xq_err(denied ? "'%s' in PATH is not executable: see 'ls -l' for its mode" :
			"'%s' is not in PATH: install it, or give its whole path",
	       command);
	return NULL;
}

/**
 * xq_qemu_find() - find the program to run
 * @command: its path, or a name to look for in PATH
 *
 * Return: its path, to be freed, or NULL after printing why there is none.
 */
char *xq_qemu_find(const char *command)
{
	char *path;
	int ret;

	if (!strchr(command, '/'))
		return search_path(command);
	ret = is_program(command);
	if (ret == -ENOENT) {
		xq_err("'%s' does not exist: give the path of a QEMU program",
		       command);
		return NULL;
	}
	if (ret) {
		xq_err("'%s' cannot be run: %s", command, strerror(-ret));
		return NULL;
	}
	path = strdup(command);
	if (!path)
		xq_err("out of memory");
	return path;
}

static void try_in_child(const char *path, const struct xq_user *user)
{
	int ret;

	if (xq_user_become(user, false))
		_exit(EXIT_FAILURE);
	ret = is_program(path);
	if (ret) {
		xq_err("user %s may not run '%s': %s", user->name, path,
		       strerror(-ret));
		_exit(EXIT_FAILURE);
	}
	_exit(EXIT_SUCCESS);
}

/**
 * xq_qemu_try() - see whether a user can be become and may run the program
 * @path: from xq_qemu_find()
 * @user: the user
 *
 * A child tries, so that all that can go wrong on giving up root does so
 * before anything was changed.
 *
 * Return: 0, or -1 after the reason was printed.
 */
int xq_qemu_try(const char *path, const struct xq_user *user)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0) {
		xq_err("cannot fork: %s", strerror(errno));
		return -1;
	}
	if (!pid)
		try_in_child(path, user);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			xq_err("cannot wait for a child: %s", strerror(errno));
			return -1;
		}
	}
	if (WIFSIGNALED(status))
		xq_err("a child was killed by signal %d", WTERMSIG(status));
	return status ? -1 : 0;
}

/**
 * xq_qemu_exec() - turn into QEMU
 * @path: from xq_qemu_find()
 * @command: from xq_qemu_command()
 *
 * Returns only on failure, after printing it.
 */
void xq_qemu_exec(const char *path, char *const *command)
{
	execv(path, command);
	switch (errno) {
	case ENOENT:
		xq_err("cannot run '%s': the interpreter or loader that it names does not exist",
		       path);
		break;
	case ENOEXEC:
		xq_err("cannot run '%s': it is not a program for this machine",
		       path);
		break;
	default:
		xq_err("cannot run '%s': %s", path, strerror(errno));
	}
}
