// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of what the kernel tells in numbers; those of the family are the ones
 * that its specification uses. A number that is not known here, from a newer
 * module, gets a name that shows it.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "model.h"
#include "names.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Newer than some headers that this may be built with. */
#define FEATURE_RING_RESET			40
#define FEATURE_GUEST_UDP_TUNNEL_GSO		65
#define FEATURE_GUEST_UDP_TUNNEL_GSO_CSUM	66
#define FEATURE_HOST_UDP_TUNNEL_GSO		67
#define FEATURE_HOST_UDP_TUNNEL_GSO_CSUM	68

static const char * const counters[] = {
	[VHOST_XNET_A_COUNTERS_PACKETS - 1] = "packets",
	[VHOST_XNET_A_COUNTERS_BYTES - 1] = "bytes",
	[VHOST_XNET_A_COUNTERS_BATCHES - 1] = "batches",
	[VHOST_XNET_A_COUNTERS_KICKS - 1] = "kicks",
	[VHOST_XNET_A_COUNTERS_WAKEUPS - 1] = "wakeups",
	[VHOST_XNET_A_COUNTERS_SIGNALS - 1] = "signals",
	[VHOST_XNET_A_COUNTERS_SIGNALS_SAVED - 1] = "signals-saved",
	[VHOST_XNET_A_COUNTERS_YIELDS - 1] = "yields",
	[VHOST_XNET_A_COUNTERS_BACKEND_FULL - 1] = "backend-full",
	[VHOST_XNET_A_COUNTERS_NO_BUFFERS - 1] = "no-buffers",
	[VHOST_XNET_A_COUNTERS_DROP_RUNT - 1] = "drop-runt",
	[VHOST_XNET_A_COUNTERS_DROP_BAD_HEADER - 1] = "drop-bad-header",
	[VHOST_XNET_A_COUNTERS_DROP_NO_MEMORY - 1] = "drop-no-memory",
	[VHOST_XNET_A_COUNTERS_DROP_BACKEND - 1] = "drop-backend",
	[VHOST_XNET_A_COUNTERS_DROP_FAULT - 1] = "drop-fault",
	[VHOST_XNET_A_COUNTERS_DROP_TOO_SMALL - 1] = "drop-too-small",
	[VHOST_XNET_A_COUNTERS_RING_ERRORS - 1] = "ring-errors",
};

static_assert(ARRAY_SIZE(counters) == XC_COUNTERS, "every counter needs a name");
static_assert(XC_COUNTERS <= 64, "struct xc_queue has a bit for each counter");

static const char * const directions[] = {
	[VHOST_XNET_DIRECTION_RX] = "rx",
	[VHOST_XNET_DIRECTION_TX] = "tx",
};

static const char * const states[] = {
	[VHOST_XNET_STATE_STOPPED] = "stopped",
	[VHOST_XNET_STATE_RUNNING] = "running",
	[VHOST_XNET_STATE_BROKEN] = "broken",
};

static const char * const faults[] = {
	[VHOST_XNET_FAULT_NONE] = "none",
	[VHOST_XNET_FAULT_RING_ACCESS] = "ring-access",
	[VHOST_XNET_FAULT_AVAIL_IDX] = "avail-idx",
	[VHOST_XNET_FAULT_HEAD] = "head",
	[VHOST_XNET_FAULT_NEXT] = "next",
	[VHOST_XNET_FAULT_LOOP] = "loop",
	[VHOST_XNET_FAULT_DIRECTION] = "direction",
	[VHOST_XNET_FAULT_INDIRECT] = "indirect",
	[VHOST_XNET_FAULT_ADDRESS] = "address",
	[VHOST_XNET_FAULT_LENGTH] = "length",
	[VHOST_XNET_FAULT_SEGMENTS] = "segments",
	[VHOST_XNET_FAULT_LOG] = "log",
	[VHOST_XNET_FAULT_PERMISSION] = "permission",
};

/* Those that a vhost device offers or may offer; the rest is QEMU's matter. */
static const char * const features[] = {
	[VIRTIO_NET_F_MRG_RXBUF] = "mrg-rxbuf",
	[VIRTIO_F_NOTIFY_ON_EMPTY] = "notify-on-empty",
	[VHOST_F_LOG_ALL] = "log-all",
	[VHOST_NET_F_VIRTIO_NET_HDR] = "virtio-net-hdr",
	[VIRTIO_RING_F_INDIRECT_DESC] = "indirect-desc",
	[VIRTIO_RING_F_EVENT_IDX] = "event-idx",
	[VIRTIO_F_VERSION_1] = "version-1",
	[VIRTIO_F_ACCESS_PLATFORM] = "access-platform",
	[VIRTIO_F_RING_PACKED] = "ring-packed",
	[VIRTIO_F_IN_ORDER] = "in-order",
	[VIRTIO_F_ORDER_PLATFORM] = "order-platform",
	[FEATURE_RING_RESET] = "ring-reset",
	[FEATURE_GUEST_UDP_TUNNEL_GSO] = "guest-udp-tunnel-gso",
	[FEATURE_GUEST_UDP_TUNNEL_GSO_CSUM] = "guest-udp-tunnel-gso-csum",
	[FEATURE_HOST_UDP_TUNNEL_GSO] = "host-udp-tunnel-gso",
	[FEATURE_HOST_UDP_TUNNEL_GSO_CSUM] = "host-udp-tunnel-gso-csum",
};

static const char *name_of(const char * const *names, size_t n, __u32 i,
			   const char *what, char buf[XC_NAME_LEN])
{
	if (i < n && names[i])
		return names[i];
	snprintf(buf, XC_NAME_LEN, "%s-%u", what, i);
	return buf;
}

/**
 * xc_counter_name() - what a counter is called
 * @counter: less than XC_COUNTERS
 *
 * Return: its name.
 */
const char *xc_counter_name(unsigned int counter)
{
	return counters[counter];
}

/**
 * xc_counter_is_drop() - does a counter count frames that were dropped?
 * @counter: less than XC_COUNTERS
 *
 * Return: whether it does.
 */
bool xc_counter_is_drop(unsigned int counter)
{
	return !strncmp(counters[counter], "drop-", 5);
}

/**
 * xc_direction_name() - what a direction is called
 * @direction: enum vhost_xnet_direction, or any other value
 * @buf: room for a name that has to be made up
 *
 * Return: the name, perhaps @buf.
 */
const char *xc_direction_name(__u32 direction, char buf[XC_NAME_LEN])
{
	return name_of(directions, ARRAY_SIZE(directions), direction, "direction", buf);
}

/**
 * xc_state_name() - what a queue's state is called
 * @state: enum vhost_xnet_state, or any other value
 * @buf: room for a name that has to be made up
 *
 * Return: the name, perhaps @buf.
 */
const char *xc_state_name(__u32 state, char buf[XC_NAME_LEN])
{
	return name_of(states, ARRAY_SIZE(states), state, "state", buf);
}

/**
 * xc_fault_name() - what a fault is called
 * @fault: enum vhost_xnet_fault, or any other value
 * @buf: room for a name that has to be made up
 *
 * Return: the name, perhaps @buf.
 */
const char *xc_fault_name(__u32 fault, char buf[XC_NAME_LEN])
{
	return name_of(faults, ARRAY_SIZE(faults), fault, "fault", buf);
}

/**
 * xc_feature_name() - what a feature is called
 * @bit: its number
 * @buf: room for a name that has to be made up
 *
 * Return: the name, perhaps @buf.
 */
const char *xc_feature_name(unsigned int bit, char buf[XC_NAME_LEN])
{
	return name_of(features, ARRAY_SIZE(features), bit, "bit", buf);
}
