// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much an IOTLB holds: as much as the module was told to, by a parameter that
 * is read here; control/module loads it with others than the usual one.
 */
#include <poll.h>

#include "xtest.h"

#define PAGE	4096ULL

/* So much memory that nobody is given it in one piece. */
#define TOO_MANY	100000000

static int room;

static void read_room(struct __test_metadata *_metadata)
{
	const char *path = xt_is_xnet() ? "/sys/module/vhost_xnet/parameters/max_iotlb_entries" :
					  "/sys/module/vhost/parameters/max_iotlb_entries";
	FILE *f = fopen(path, "re");

	ASSERT_NE(NULL, f) TH_LOG("%s", path);
	ASSERT_EQ(1, fscanf(f, "%d", &room));
	fclose(f);
}

static void tell(struct __test_metadata *_metadata, struct xg_net *net, uint64_t gpa, uint64_t len)
{
	XT_OK(xg_iotlb_update(net->fd, gpa, len, xg_mem_ptr(&net->mem, gpa, len),
			      VHOST_ACCESS_RW));
}

/* Tell of a queue's ring, which takes three entries, of part @first first. */
static void tell_ring(struct __test_metadata *_metadata, struct xg_net *net, unsigned int first)
{
	const struct xg_vq_cfg *cfg = &net->vq[XG_TX].cfg;
	uint64_t gpa[] = { cfg->desc_gpa, cfg->driver_gpa, cfg->device_gpa };
	uint64_t len[] = { 16 * cfg->num, 6 + 2 * cfg->num, 6 + 8 * cfg->num };
	unsigned int i;

	for (i = 0; i < 3; i++)
		tell(_metadata, net, gpa[(first + i) % 3], len[(first + i) % 3]);
}

/* Entries far from everything else, which have nothing to do with each other. */
static void tell_more(struct __test_metadata *_metadata, struct xg_net *net, int n)
{
	int i;

	for (i = 0; i < n; i++)
		XT_OK(xg_iotlb_update(net->fd, (1ULL << 40) + 2 * i * PAGE, PAGE,
				      net->mem.region[0].host, VHOST_ACCESS_RW));
}

static bool in_ring(const struct xg_net *net, unsigned int part, uint64_t iova)
{
	const struct xg_vq_cfg *cfg = &net->vq[XG_TX].cfg;
	uint64_t gpa[] = { cfg->desc_gpa, cfg->driver_gpa, cfg->device_gpa };
	uint64_t len[] = { 16 * cfg->num, 6 + 2 * cfg->num, 6 + 8 * cfg->num };

	return iova - gpa[part] < len[part];
}

/* One entry more than there is room for: the oldest one is gone, and asked for; no other. */
static void oldest(struct __test_metadata *_metadata, unsigned int first)
{
	struct xg_net_cfg cfg = {
		.path = xt_dev(), .features = XG_F_MODERN | XG_F_ACCESS_PLATFORM,
	};
	struct pollfd p = { .events = POLLIN };
	struct vhost_iotlb_msg msg = {};
	struct xg_net net;
	int ret;

	XT_OK(xg_net_open(&net, &cfg));
	XT_OK(xg_iommu_stop(&net.iommu));
	tell_ring(_metadata, &net, first);
	tell_more(_metadata, &net, room - 3);
	XT_OK(xg_vq_attach(&net.vq[XG_TX], net.tap.fd[0]));
	XT_OK(xg_vq_attach(&net.vq[XG_TX], -1));

	tell_ring(_metadata, &net, first);
	tell_more(_metadata, &net, room - 2);
	/* A start needs the device area alone, the rest is asked for when there is work. */
	ret = xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]);
	EXPECT_TRUE(ret == -EFAULT || (!ret && first != 2)) TH_LOG("%s", xt_errno(ret));
	if (!ret)
		XT_OK(xg_vq_kick_always(&net.vq[XG_TX]));
	p.fd = net.fd;
	ASSERT_EQ(1, poll(&p, 1, xg_patience(XT_PATIENCE_MS)));
	XT_OK(xg_iotlb_read(net.fd, &msg));
	EXPECT_EQ(VHOST_IOTLB_MISS, msg.type);
	EXPECT_TRUE(in_ring(&net, first, msg.iova))
		TH_LOG("room %d, part %u: asked for %#llx", room, first, msg.iova);
	xg_net_close(&net);
}

TEST(oldest_is_asked_for)
{
	unsigned int first;

	read_room(_metadata);
	if (room < 3 || room >= TOO_MANY)
		SKIP(return, "a ring does not fit in %d entries", room);
	XT_OK(xg_netns());
	for (first = 0; first < 3; first++)
		oldest(_metadata, first);
}

/* No table at all, or one beyond measure: there is no IOTLB; all else works. */
TEST(senseless)
{
	uint64_t features[] = { XG_F_ACCESS_PLATFORM, XG_F_VERSION_1 | XG_F_ACCESS_PLATFORM };
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN };
	struct xg_net net;
	unsigned int i;
	int fd;

	read_room(_metadata);
	if (room > 0 && room < TOO_MANY)
		SKIP(return, "%d entries are possible", room);
	fd = xg_open(xt_dev());
	ASSERT_LE(0, fd);
	XT_OK(xg_ioctl_set_owner(fd));
	for (i = 0; i < 20; i++)
		XT_ERR(-EFAULT, xg_ioctl_set_features(fd, features[i % 2]));
	XT_ERR(-EFAULT, xg_iotlb_invalidate(fd, 0, PAGE));
	close(fd);
	XT_OK(xg_netns());
	XT_OK(xg_net_open(&net, &cfg));
	XT_OK(xg_net_start(&net));
	xg_net_close(&net);
}

TEST_HARNESS_MAIN
