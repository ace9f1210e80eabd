// SPDX-License-Identifier: GPL-2.0-only
/* Nothing is left over: files, eventfds, threads, memory. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "traffic.h"
#include "xtest.h"

/* Open files of the whole machine. */
static long files_open(void)
{
	long n = -1;
	FILE *f = fopen("/proc/sys/fs/file-nr", "re");

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

/* A line of /proc/meminfo, in KiB. */
static long meminfo_kib(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			kib = atol(strchr(line, ':') + 1);
	if (f)
		fclose(f);
	return kib;
}

/* What the kernel has handed out for itself, in KiB. */
static long kernel_memory(void)
{
	return meminfo_kib("SUnreclaim:") + meminfo_kib("KernelStack:") +
	       meminfo_kib("VmallocUsed:") + meminfo_kib("Percpu:");
}

/* Does @what() settle at no more than @limit? */
static bool settles(long (*what)(void), long limit)
{
	return XT_UNTIL(what() <= limit);
}

#define LOOPS		400
/* Each CPU counts up to some tens of files for itself. */
#define FILE_NOISE	150

/*
 * What a new eventfd would be numbered, which is the lowest number not in use:
 * one that somebody still refers to keeps its number.
 */
static long eventfd_id(void)
{
	char path[64], line[128];
	int ev = xg_event();
	long id = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ev);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "eventfd-id: %ld", &id);
	if (f)
		fclose(f);
	close(ev);
	return id;
}

/* Runs @body @loops times and looks at the machine's open files and eventfds. */
static void file_loops(struct __test_metadata *_metadata, int (*body)(void), long loops)
{
	long before, id, i;

	/* The first times fill caches. */
	for (i = 0; i < 5; i++)
		XT_OK(body());
	xt_msleep(100);
	before = files_open();
	ASSERT_LE(0, before);
	id = eventfd_id();
	ASSERT_LE(0, id);
	for (i = 0; i < loops; i++)
		XT_OK(body());
	EXPECT_TRUE(settles(files_open, before + FILE_NOISE))
		TH_LOG("%ld files open before, %ld after %ld turns", before, files_open(), loops);
	EXPECT_TRUE(settles(eventfd_id, id + 20))
		TH_LOG("eventfd number %ld before, %ld after %ld turns", id, eventfd_id(), loops);
}

static void file_loop(struct __test_metadata *_metadata, int (*body)(void))
{
	file_loops(_metadata, body, LOOPS);
}

/* Eventfds replaced and left set; closing the device has to let go of them. */
static int eventfds_left_set(void)
{
	int fd = xg_open(xt_dev()), ret, i, ev;
	unsigned int q;

	ret = fd < 0 ? fd : xg_ioctl_set_owner(fd);
	for (i = 0; !ret && i < 2; i++) {
		for (q = 0; !ret && q < XG_MAX_VQS; q++) {
			ev = xg_event();
			ret = xg_ioctl_set_vring_kick(fd, q, ev);
			if (!ret)
				ret = xg_ioctl_set_vring_call(fd, q, ev);
			if (!ret)
				ret = xg_ioctl_set_vring_err(fd, q, ev);
			if (!ret)
				ret = xg_ioctl_set_log_fd(fd, ev);
			close(ev);
		}
	}
	close(fd);
	return ret;
}

TEST(eventfds_at_close)
{
	file_loop(_metadata, eventfds_left_set);
}

static int shared_fd;

static int replace_eventfds(void)
{
	int ev = xg_event(), ret;

	ret = xg_ioctl_set_vring_kick(shared_fd, 0, ev);
	if (!ret)
		ret = xg_ioctl_set_vring_kick(shared_fd, 0, ev);
	if (!ret)
		ret = xg_ioctl_set_vring_call(shared_fd, 0, ev);
	if (!ret)
		ret = xg_ioctl_set_vring_err(shared_fd, 0, ev);
	/* Refused: what was set stays, what was offered is let go. */
	if (!ret && xg_ioctl_set_vring_kick(shared_fd, 0, shared_fd) != -EINVAL)
		ret = -EPROTO;
	close(ev);
	return ret;
}

static int replace_log_fd(void)
{
	int ev = xg_event(), ret;

	ret = xg_ioctl_set_log_fd(shared_fd, ev);
	close(ev);
	return ret;
}

/* One eventfd was lost with each ioctl. */
TEST(cve_2015_6252)
{
	shared_fd = xg_open(xt_dev());
	ASSERT_LE(0, shared_fd);
	XT_OK(xg_ioctl_set_owner(shared_fd));
	file_loops(_metadata, replace_log_fd, 10000);
	XT_OK(xg_ioctl_set_log_fd(shared_fd, xg_event()));
	close(shared_fd);
}

TEST(eventfds_replaced)
{
	shared_fd = xg_open(xt_dev());
	ASSERT_LE(0, shared_fd);
	XT_OK(xg_ioctl_set_owner(shared_fd));
	file_loop(_metadata, replace_eventfds);
	close(shared_fd);
}

static int eventfds_reset(void)
{
	int ev = xg_event(), ret;

	ret = xg_ioctl_set_owner(shared_fd);
	if (!ret)
		ret = xg_ioctl_set_vring_kick(shared_fd, 1, ev);
	if (!ret)
		ret = xg_ioctl_set_vring_call(shared_fd, 1, ev);
	if (!ret)
		ret = xg_ioctl_set_vring_err(shared_fd, 1, ev);
	close(ev);
	return ret ? ret : xg_ioctl_reset_owner(shared_fd);
}

TEST(eventfds_at_reset)
{
	shared_fd = xg_open(xt_dev());
	ASSERT_LE(0, shared_fd);
	file_loop(_metadata, eventfds_reset);
	close(shared_fd);
}

static struct xg_net net;

/* A tap taken, offered again, replaced by nothing good, and let go. */
static int backends(void)
{
	int tap, sock = socket(AF_UNIX, SOCK_STREAM, 0), ret;

	tap = dup(net.tap.fd[0]);
	ret = xg_ioctl_net_set_backend(net.fd, XG_TX, tap);
	if (!ret)
		ret = xg_ioctl_net_set_backend(net.fd, XG_TX, tap);
	if (!ret && xg_ioctl_net_set_backend(net.fd, XG_TX, sock) != -ENOTSOCK)
		ret = -EPROTO;
	if (!ret)
		ret = xg_ioctl_net_set_backend(net.fd, XG_TX, -1);
	close(tap);
	close(sock);
	return ret;
}

TEST(backend_files)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN };

	XT_OK(xg_netns());
	XT_OK(xg_net_open(&net, &cfg));
	file_loop(_metadata, backends);
	xg_net_close(&net);
}

/* Runs @body @loops times; memory may not grow by more than @kib. */
static void memory_loop(struct __test_metadata *_metadata, int (*body)(void), int loops,
			long kib)
{
	long before;
	int i;

	if (xt_config("CONFIG_KASAN") == 1)
		SKIP(return, "freed memory is held back here; the leak checker looks");
	for (i = 0; i < loops / 10; i++)
		XT_OK(body());
	xt_msleep(300);
	before = kernel_memory();
	for (i = 0; i < loops; i++)
		XT_OK(body());
	EXPECT_TRUE(settles(kernel_memory, before + kib))
		TH_LOG("%ld KiB before, %ld after %d turns", before, kernel_memory(), loops);
	TH_LOG("grew by %ld KiB", kernel_memory() - before);
}

static int open_close(void)
{
	int fd = xg_open(xt_dev());

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

TEST(devices)
{
	memory_loop(_metadata, open_close, 4000, 1500);
}

static int owner_close(void)
{
	int fd = xg_open(xt_dev()), ret;

	ret = fd < 0 ? fd : xg_ioctl_set_owner(fd);
	close(fd);
	return ret;
}

TEST(owners)
{
	memory_loop(_metadata, owner_close, 300, 2000);
	EXPECT_TRUE(XT_UNTIL(!xg_worker_find(getpid(), NULL, 0)));
}

#define OWNER_MIB	4
#define OWNERS		20

static long anonymous_memory(void)
{
	return meminfo_kib("AnonPages:");
}

/* An owner with some memory that ends without closing anything. */
static int owner_exits(void)
{
	pid_t pid = fork();

	if (!pid) {
		mmap(NULL, OWNER_MIB << 20, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		_exit(xg_ioctl_set_owner(xg_open(xt_dev())) ? 1 : 0);
	}
	return pid < 0 || waitpid(pid, NULL, 0) != pid ? -ECHILD : 0;
}

/* The worker uses the owner's memory, and gives it up with the owner. */
TEST(address_spaces)
{
	long before = anonymous_memory();
	int i;

	for (i = 0; i < OWNERS; i++)
		XT_OK(owner_exits());
	EXPECT_TRUE(settles(anonymous_memory, before + 1024 * OWNER_MIB * OWNERS / 4))
		TH_LOG("%ld KiB of memory in use before, %ld after %d owners", before,
		       anonymous_memory(), OWNERS);
}

static struct vhost_memory *table;

static int set_table(void)
{
	int ret = xg_ioctl_set_mem_table(shared_fd, table);

	table->regions[1].memory_size = 0;
	if (!ret && xg_ioctl_set_mem_table(shared_fd, table) != -EFAULT)
		ret = -EPROTO;
	table->regions[1].memory_size = 4096;
	return ret;
}

TEST(memory_tables)
{
	unsigned int i, n = 64;

	shared_fd = xg_open(xt_dev());
	ASSERT_LE(0, shared_fd);
	XT_OK(xg_ioctl_set_owner(shared_fd));
	table = calloc(1, sizeof(*table) + n * sizeof(table->regions[0]));
	table->nregions = n;
	for (i = 0; i < n; i++) {
		table->regions[i].guest_phys_addr = i << 16;
		table->regions[i].memory_size = 4096;
		table->regions[i].userspace_addr = 0x100000;
	}
	memory_loop(_metadata, set_table, 2000, 1000);
	close(shared_fd);
	free(table);
}

static int start_stop(void)
{
	unsigned int q;
	int ret = 0;

	for (q = 0; !ret && q < XG_MAX_VQS; q++)
		ret = xg_ioctl_net_set_backend(net.fd, q, net.tap.fd[0]);
	for (q = 0; !ret && q < XG_MAX_VQS; q++)
		ret = xg_ioctl_net_set_backend(net.fd, q, -1);
	return ret;
}

TEST(starts)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN };

	XT_OK(xg_netns());
	XT_OK(xg_net_open(&net, &cfg));
	memory_loop(_metadata, start_stop, 300, 1000);
	xg_net_close(&net);
}

/* Frames that are dropped or wait in the tap at the end are freed, too. */
static int drop_frames(void)
{
	struct xt_traffic t;
	char frame[1000];
	int i, ret;

	ret = xt_traffic_open(&t, NULL);
	if (ret)
		return ret;
	xg_frame_fill(frame, sizeof(frame), 1);
	for (i = 0; i < 300; i++) {
		xg_pkt_send(t.rx_pkt, frame, sizeof(frame));
		xg_net_tx(&t.net, NULL, frame, i % 60);
	}
	xt_traffic_close(&t);
	return 0;
}

TEST(frames)
{
	memory_loop(_metadata, drop_frames, 40, 2500);
}

TEST_HARNESS_MAIN
