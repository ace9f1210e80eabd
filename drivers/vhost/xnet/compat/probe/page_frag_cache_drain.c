// SPDX-License-Identifier: GPL-2.0-only
/* A page fragment cache has a function that empties it, and a layout of its own. */

#include <linux/skbuff.h>

void xnet_probe(struct page_frag_cache *cache);

void xnet_probe(struct page_frag_cache *cache)
{
	page_frag_cache_drain(cache);
}
