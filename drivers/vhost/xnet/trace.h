/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of a queue's life. Nothing on the data path. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vhost_xnet

#if !defined(_XNET_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _XNET_TRACE_H

#include <linux/tracepoint.h>

#include "vq.h"

/* All of them tell @dev (number of the device), @queue (0 receive, 1 transmit),
 * @num (ring size), @base (the device's position in the available ring) and
 * @fault (enum xnet_fault).
 */
DECLARE_EVENT_CLASS(xnet_vq,
		    TP_PROTO(const struct xnet_vq *vq),
		    TP_ARGS(vq),
		    TP_STRUCT__entry(
			    __field(u32, dev)
			    __field(u32, queue)
			    __field(u32, num)
			    __field(u16, base)
			    __field(u32, fault)
		    ),
		    TP_fast_assign(
			    __entry->dev = vq->dev_id;
			    __entry->queue = vq->index;
			    __entry->num = vq->ring.num;
			    __entry->base = vq->ring.taken;
			    __entry->fault = vq->ring.fault;
		    ),
		    TP_printk("dev=%u queue=%u num=%u base=%u fault=%u", __entry->dev,
			      __entry->queue, __entry->num, __entry->base, __entry->fault)
);

/* The queue got a backend. */
DEFINE_EVENT(xnet_vq, xnet_vq_start, TP_PROTO(const struct xnet_vq *vq), TP_ARGS(vq));
/* The queue lost its backend. */
DEFINE_EVENT(xnet_vq, xnet_vq_stop, TP_PROTO(const struct xnet_vq *vq), TP_ARGS(vq));
/* The queue found its ring malformed. */
DEFINE_EVENT(xnet_vq, xnet_vq_break, TP_PROTO(const struct xnet_vq *vq), TP_ARGS(vq));

#endif /* _XNET_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
