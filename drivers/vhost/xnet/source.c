// SPDX-License-Identifier: GPL-2.0-only
/* Where the frames of a receive queue come from. */

#include <linux/if_vlan.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/uio.h>

#include "backend.h"
#include "source.h"

/**
 * xnet_source_init() - begin with a backend
 * @src: memory for it, all zero
 * @backend: the backend; has to stay for as long as @src is used
 */
void xnet_source_init(struct xnet_source *src, const struct xnet_backend *backend)
{
	src->file = backend->file;
	src->ring = backend->rx_ring;
	src->sk = backend->sock->sk;
}

/**
 * xnet_source_peek() - look at the oldest frame of a socket that keeps them
 * @src: one that keeps them; @len, @tagged and @tag are set
 *
 * It stays where it is, and somebody else who has the socket may take it before
 * it is received.
 *
 * Context: the worker.
 * Return: false if there is none.
 */
bool xnet_source_peek(struct xnet_source *src)
{
	struct sk_buff_head *list = &src->sk->sk_receive_queue;
	struct sk_buff *skb;
	unsigned long flags;

	spin_lock_irqsave(&list->lock, flags);
	skb = skb_peek(list);
	if (skb) {
		src->len = skb->len;
		src->tagged = skb_vlan_tag_present(skb);
		if (src->tagged) {
			src->len += VLAN_HLEN;
			src->tag[0] = skb->vlan_proto;
			src->tag[1] = htons(skb_vlan_tag_get(skb));
		}
	}
	spin_unlock_irqrestore(&list->lock, flags);
	return skb;
}

/**
 * xnet_source_drop() - throw a frame away
 * @src: the source
 * @frame: the frame
 *
 * Context: the worker; may sleep.
 * Return: false if it was not there any more, or if its socket reported an
 * error of its own first.
 */
bool xnet_source_drop(struct xnet_source *src, void *frame)
{
	struct socket *sock = src->sk->sk_socket;
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };
	int ret;

	if (frame) {
		tun_ptr_free(frame);
		return true;
	}
	/* No room at all, not even for a header: an error, but it is gone. */
	iov_iter_kvec(&msg.msg_iter, ITER_DEST, NULL, 0, 0);
	ret = sock->ops->recvmsg(sock, &msg, 0, MSG_DONTWAIT | MSG_TRUNC);
	return !xnet_source_missed(ret);
}

/* A ring that is full tells of each frame that it does not take, but not of whom it was. */
static DEFINE_MUTEX(source_refused_mutex);
static unsigned int source_refused;

static void source_refuse(void *frame)
{
	tun_ptr_free(frame);
	source_refused++;
}

/**
 * xnet_source_return() - give frames that were not delivered back to the backend
 * @src: the source
 *
 * Context: the worker; may sleep.
 * Return: how many it did not take and were dropped: its ring was filled meanwhile.
 */
unsigned int xnet_source_return(struct xnet_source *src)
{
	unsigned int refused = 0;

	if (xnet_source_at_hand(src)) {
		mutex_lock(&source_refused_mutex);
		source_refused = 0;
		ptr_ring_unconsume(src->ring, src->queue + src->head, src->tail - src->head,
				   source_refuse);
		refused = source_refused;
		mutex_unlock(&source_refused_mutex);
	}
	src->head = 0;
	src->tail = 0;
	return refused;
}
