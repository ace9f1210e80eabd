// SPDX-License-Identifier: GPL-2.0-only
/* A page fragment cache has a function that empties it, and a layout of its own. */

#include <linux/gfp.h>
#include <linux/mm_types.h>
#if __has_include(<linux/page_frag_cache.h>)
#include <linux/page_frag_cache.h>
#endif

void xnet_probe(struct page_frag_cache *cache);

void xnet_probe(struct page_frag_cache *cache)
{
	page_frag_cache_drain(cache);
}
