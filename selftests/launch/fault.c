// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes calls of the launcher fail, to walk its error paths (LD_PRELOAD).
 *
 * FAULT names one call: "function:n:what", the n-th call of the function from
 * 1. "what" is an errno by number, "skip" (claim success, do nothing), "sigN"
 * (send itself signal N, then go on), or for sendto "bend" (make the number at
 * the end of the message 1, then go on), or "run" (the shell command in
 * FAULT_RUN, then go on). Calls of child processes count and
 * fail only if FAULT_CHILD is set. Programs run by exec are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static pid_t parent;
static char function[32];
static char what[32];
static int countdown;
static int bend;

__attribute__((constructor)) static void init(void)
{
	const char *spec = getenv("FAULT");

	parent = getpid();
	if (spec && sscanf(spec, "%31[^:]:%d:%31s", function, &countdown,
			   what) != 3) {
		fprintf(stderr, "fault: cannot read FAULT=%s\n", spec);
		abort();
	}
}

/* Shall this call not be made? errno and @ret say what it returns instead. */
static int faulty(const char *name, int *ret)
{
	if (strcmp(name, function) ||
	    (getpid() != parent && !getenv("FAULT_CHILD")) || --countdown)
		return 0;
	if (!strncmp(what, "sig", 3)) {
		raise(atoi(what + 3));
		return 0;
	}
	if (!strcmp(what, "bend")) {
		bend = 1;
		return 0;
	}
	if (!strcmp(what, "run")) {
		function[0] = '\0';
		if (system(getenv("FAULT_RUN")))
			abort();
		return 0;
	}
	*ret = strcmp(what, "skip") ? -1 : 0;
	errno = atoi(what);
	return 1;
}

#define REAL(name)	((typeof(name) *)dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...)
{
	int ret;

	if (faulty("open", &ret))
		return ret;
	return REAL(open)(path, flags);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (faulty("ioctl", &ret))
		return ret;
	return REAL(ioctl)(fd, request, arg);
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags,
	       const struct sockaddr *addr, socklen_t addr_len)
{
	int ret;

	if (faulty("sendto", &ret))
		return ret;
	if (bend) {
		/* The caller's buffer is writable, only not for sendto(). */
		*(int *)((char *)buf + len - sizeof(int)) = 1;
		bend = 0;
	}
	return REAL(sendto)(fd, buf, len, flags, addr, addr_len);
}

int setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	int ret;

	if (faulty("setresuid", &ret))
		return ret;
	return REAL(setresuid)(ruid, euid, suid);
}

int setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	int ret;

	if (faulty("setresgid", &ret))
		return ret;
	return REAL(setresgid)(rgid, egid, sgid);
}

int initgroups(const char *user, gid_t group)
{
	int ret;

	if (faulty("initgroups", &ret))
		return ret;
	return REAL(initgroups)(user, group);
}

int prctl(int option, ...)
{
	unsigned long arg[4];
	va_list ap;
	int i, ret;

	va_start(ap, option);
	for (i = 0; i < 4; i++)
		arg[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if ((option == PR_CAPBSET_DROP && faulty("capbset", &ret)) ||
	    (option == PR_SET_NO_NEW_PRIVS && faulty("nnp", &ret)) ||
	    (option == PR_CAP_AMBIENT && faulty("ambient", &ret)))
		return ret;
	return REAL(prctl)(option, arg[0], arg[1], arg[2], arg[3]);
}

pid_t fork(void)
{
	int ret;

	if (faulty("fork", &ret))
		return ret;
	return REAL(fork)();
}

int execv(const char *path, char *const argv[])
{
	int ret;

	if (faulty("execv", &ret))
		return ret;
	unsetenv("LD_PRELOAD");
	return REAL(execv)(path, argv);
}
