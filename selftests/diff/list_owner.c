// SPDX-License-Identifier: GPL-2.0-only
/* The list of calls that somebody thought of: whose device it is, and what comes first. */
#include <fcntl.h>

#include "call.h"
#include "xguest.h"

void list_in_order(struct seq *s)
{
	struct vhost_vring_addr a = usual_addr(0);

	/* Addresses before sizes, a backend before either, and without memory. */
	list_owned(s);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, -1);
	seq_addr(s, &a);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP);
	seq_mem(s, 0, 0, NULL);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP);
	seq_state(s, VHOST_SET_VRING_NUM, 0, 256);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, -1);
	seq_state(s, VHOST_SET_VRING_NUM, 0, 256);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP2);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP_DUP);
	seq_state(s, VHOST_SET_VRING_BASE, 0, 1);
	seq_mem(s, 1, 0, &usual_region);
	seq_u64(s, VHOST_SET_FEATURES, 0);
	list_ask(s);
	/* Owners come and go. */
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0)->who = 1;
	seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0)->who = 1;
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0);
	list_ask(s);
	seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0)->who = 1;
	list_ask(s);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, -1);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, -1)->who = 1;
	seq_addr(s, &a)->who = 1;
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP)->who = 1;
	seq_state(s, VHOST_GET_VRING_BASE, 0, 9)->who = 1;
	seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0)->who = 1;
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	seq_addr(s, &a);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP);
	seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0);
	/* Ready, taken back, ready again. */
	list_running(s);
	seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0);
	list_ask(s);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	list_ask(s);
	seq_file(s, VHOST_NET_SET_BACKEND, 0, FD_TAP);
	seq_file(s, VHOST_NET_SET_BACKEND, 1, FD_TAP);
	seq_add(s, K_OPEN, O_RDONLY, NULL, 0);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	list_ask(s);
	seq_add(s, K_OPEN, O_WRONLY, NULL, 0);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	list_ask(s);
}

/* Of what an owner has set nothing is left for the next one. */
void list_taken_back(struct seq *s)
{
	struct vhost_vring_addr a;
	uint32_t i, run;

	for (run = 0; run < 2; run++) {
		list_ready(s, 256);
		for (i = 0; i < 2; i++) {
			seq_state(s, VHOST_SET_VRING_BASE, i, 5 + i);
			seq_state(s, VHOST_SET_VRING_BUSYLOOP_TIMEOUT, i, 50 + i);
			seq_state(s, VHOST_SET_VRING_ENDIAN, i, VHOST_VRING_BIG_ENDIAN);
		}
		for (i = 0; run && i < 2; i++)
			seq_file(s, VHOST_NET_SET_BACKEND, i, FD_TAP);
		list_ask(s);
		seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0);
		seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
		list_ask(s);
		for (i = 0; i < 2; i++) {
			a = usual_addr(i);
			seq_file(s, VHOST_NET_SET_BACKEND, i, FD_TAP);
			seq_mem(s, 1, 0, &usual_region);
			seq_file(s, VHOST_NET_SET_BACKEND, i, FD_TAP);
			seq_addr(s, &a);
			seq_file(s, VHOST_NET_SET_BACKEND, i, FD_TAP);
		}
		list_ask(s);
	}
}
