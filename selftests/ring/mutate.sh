#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Does ring-test notice? Each line below is a bug, put into a copy of the ring
# files by sed; ring-test has to fail with every one of them.
#
#   mutate.sh [NAME...]     all bugs, or those named

set -u
cd "$(dirname "$0")" || exit
work=$(mktemp -d) || exit
ring=$work/ring
trap 'rm -rf "$work"' EXIT

wanted=("$@")
caught=0 missed=0 stale=0 nr=0

copy_files()
{
	cp -p "$ring"/* "$work/src/" || exit
}

# Tests that are tried before the others.
first='*'

passes()
{
	{ timeout 120 "$work/obj/ring-test" --seed 1 --stop "$@" >"$work/log" 2>&1; } 2>/dev/null
}

# mutant NAME FILE SED: the bug, where it goes, and how. ring_split.c stands
# for all the files of the split ring.
mutant()
{
	local name=$1 file=$2 sed=$3 f changed=no why

	if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then
		return
	fi
	nr=$((nr + 1))
	copy_files
	for f in "$ring/${file%.*}"*.[ch]; do
		# A full name, or all that begin with it.
		[ "$file" = ring_split.c ] || [ "${f##*/}" = "$file" ] || continue
		sed "$sed" "$f" >"$work/mutated"
		cmp -s "$work/mutated" "$f" && continue
		changed=yes
		cp "$work/mutated" "$work/src/${f##*/}"
	done
	if [ $changed = no ]; then
		echo "not ok $nr $name # the pattern is not in $file"
		stale=$((stale + 1))
		return
	fi
	rm -rf "$work/obj"
	cp -rp "$work/good" "$work/obj"
	if ! make -s RING="$work/src" O="$work/obj" WERROR= >"$work/log" 2>&1; then
		echo "not ok $nr $name # does not build"
		sed 's/^/# /' "$work/log" | head -n 5
		stale=$((stale + 1))
		return
	fi
	if passes --test "$first" && { [ "$first" = '*' ] || passes; }; then
		echo "not ok $nr $name # ring-test passed"
		missed=$((missed + 1))
		return
	fi
	why=$(grep -E '^# |runtime error|ERROR: AddressSanitizer' "$work/log" |
		grep -vE '^# (seed|to see|.*interleavings)' | head -n 1)
	echo "ok $nr $name # ${why#\# }"
	caught=$((caught + 1))
}

echo "KTAP version 1"
mkdir "$ring" "$work/src" "$work/good"
# All bugs go into the same files, whatever happens to the tree meanwhile.
cp -p ../../drivers/vhost/xnet/{ring_split*.[ch],ringmem.[ch],ring.h,mem.[ch],iotlb.[ch],log.[ch]} "$ring/" || exit
copy_files
make -s RING="$work/src" O="$work/good" || exit
if ! "$work/good/ring-test" --seed 1 >"$work/log" 2>&1; then
	echo "Bail out! ring-test fails without any bug put in; see make check"
	exit 1
fi

# Bounds
mutant head-bound ring_split.c 's/heads\[i\] >= ring->num/heads[i] > ring->num/'
mutant next-bound ring_split.c 's/desc->next >= ring->num/desc->next > ring->num/'
mutant table-next-bound ring_split.c 's/desc\.next >= num/desc.next > num/'
mutant loop-limit ring_split.c 's/seen >= ring->num/0/'
mutant table-loop-limit ring_split.c 's/if (seen >= num)/if (0)/'
mutant avail-too-far ring_split.c 's/taken) > ring->num ||/taken) > ring->num + 1 ||/'
mutant avail-backwards ring_split.c 's/(u16)(idx - ring->taken) < (u16)(ring->fetched - ring->taken)/0/'
mutant segment-limit ring_split.c 's/if (at == XNET_MAX_SEGS)/if (0)/'
mutant descriptor-limit ring_split.c 's/++chain->ndescs > XNET_MAX_SEGS/++chain->ndescs > 65535/'
mutant total-length ring_split.c 's/ || chain\.len > U32_MAX//'
mutant empty-receive ring_split.c 's/(ring->in && !chain\.len) || //'

# Rules
mutant direction ring_split.c 's/!= ring->in)/!= ring->in \&\& 0)/'
mutant nested-table ring_split.c 's/if (desc\.flags & VRING_DESC_F_INDIRECT)/if (0)/'
mutant ragged-table ring_split.c 's/table->len % sizeof(struct vring_desc))/0)/'
mutant empty-table ring_split.c 's/|| !num ||/||/'
mutant not-negotiated ring_split.c 's/!ring->indirect || //'
mutant table-goes-on ring_split.c 's/ || table->flags & VRING_DESC_F_NEXT//'
mutant table-wraps ring_split.c 's/if (table->addr + (table->len - 1) < table->addr)/if (0)/'
mutant table-past-end ring_split.c 's/min_t(unsigned int, num - i, SPLIT_WINDOW)/SPLIT_WINDOW/'
mutant table-in-pieces ring_split.c '/to += segs\[i\]\.iov_len/d'
mutant byte-order ring_split.c 's/__virtio32_to_cpu(split_le(ring), raw->len)/le32toh(raw->len)/'

# The look-ahead
mutant avail-wrap ring_split.c 's/(ring->fetched + i) & mask/(ring->fetched + i) \& (mask >> 1)/'
mutant compact-segments ring_split.c '/ring->bufs\[i\]\.seg -= seg/d'
mutant no-compaction ring_split.c 's/err == -ENOBUFS && ring->first/0/'
mutant early-error ring_split.c 's/if (have == before)/if (1)/'
mutant fault-stays ring_split.c '/for (i = 0; i < n; i++) {/,/return i;/s/ring->fault = XNET_FAULT_NONE;/;/'
mutant full-by-room ring.h 's/ || *$/ ||/; s/ring->fetched != ring->avail_idx;/0;/'
mutant forget-fetched ring.h '/ring->fetched = ring->taken;/d'
mutant take-untold ring.h '/ring->taken += n;/d'
mutant poll-stale ring_split.c 's/split16(ring, idx) != ring->fetched/ring->avail_idx != ring->fetched/'

# Read twice
mutant head-again ring_split.c 's/heads\[i\] = array_index_nospec(heads\[i\], ring->num);/{ __virtio16 v = 0; (void)get_user(v, \&ring->avail->ring[(ring->fetched + i) \& (ring->num - 1)]); heads[i] = split16(ring, v); }/'
mutant index-again ring_split.c 's/ring->avail_idx = idx;/(void)get_user(raw, \&ring->avail->idx); ring->avail_idx = split16(ring, raw);/'
mutant used-index-again ring_split.c 's/ring->used_idx += n;/{ __virtio16 v = 0; (void)get_user(v, \&ring->used->idx); ring->used_idx = split16(ring, v) + n; }/'
mutant next-again ring_split.c 's/next = array_index_nospec(desc->next, ring->num);/{ __virtio16 v = 0; (void)get_user(v, \&ring->desc[ring->bufs[ring->end].id % ring->num].next); next = split16(ring, v) % ring->num; }/'
mutant left-open ring_split.c '/^fault:/{n;d}'

# Completions
mutant used-wrap ring_split.c 's/ring->used->ring\[at & mask\]/ring->used->ring[at \& mask \& ~(ring->num >> 1)]/'
mutant used-length ring_split.c 's/done\[i\]\.len), &elem->len/done[i].len + 1), \&elem->len/'
mutant staged-stays ring_split.c '/ring->used_idx += n;/{n;d}'
mutant start-index ring_split.c 's/ring->used_idx = split16(ring, idx);/ring->used_idx = ring->taken;/'

# Notifications
mutant used-event-ignored ring_split.c 's/return vring_need_event(.*/return 1;/'
mutant used-event-late ring_split.c 's/return vring_need_event(.*/return split16(ring, raw) == (u16)(ring->used_idx - 1);/'
mutant used-event-old ring_split.c 's/ring->used_idx, old);/ring->used_idx, old + 1);/'
mutant first-signal ring_split.c 's/if (!valid)/if (0)/'
mutant signal-on-empty ring_split.c 's/ring->notify_on_empty && /0 \&\& /'
mutant no-interrupt-ignored ring_split.c 's/return !(split16(ring, raw) & VRING_AVAIL_F_NO_INTERRUPT);/return 1;/'
mutant avail-event-off ring_split.c 's/split_to16(ring, seen), event/split_to16(ring, seen - 1), event/'
mutant arm-without-look ring_split.c 's/return ring->avail_idx != seen;/return 0;/'
mutant disarm-nothing ring_split.c 's/split_set_flags(ring, VRING_USED_F_NO_NOTIFY)/0/'
mutant flags-stale ring_split.c '/^int xnet_split_put_flags/,/^}/{/ring->used_flags = flags;/d}'

# Barriers
mutant no-rmb ring_split.c '/smp_rmb()/d'
mutant no-wmb ring_split.c '/smp_wmb()/d'
mutant no-mb-publish ring_split.c '/split_want_signal(struct/,/^}/{/smp_mb()/d}'
mutant no-mb-arm ring_split.c '/^int xnet_split_arm/,/^}/{/smp_mb()/d}'
mutant mb-before-wish ring_split.c '/^int xnet_split_arm/,/^}/{/smp_mb()/d;s/int err;/int err = 0;\n\n\tsmp_mb();/}'

# Translation
mutant region-last mem.c 's/gpa > mem->regions\[mid\]\.last/gpa >= mem->regions[mid].last/'
mutant region-hole mem.c 's/ || gpa < mem->regions\[low\]\.gpa//'
mutant piece-short mem.c 's/(u32)left + 1/(u32)left/'
mutant piece-room mem.c 's/if (n == max)/if (0)/'
mutant space-wraps mem.c 's/if (len && gpa + part < gpa)/if (0)/'
mutant overlap mem.c 's/regions\[i\]\.gpa <= mem/regions[i].gpa < mem/'
mutant unsorted mem.c '/^\tsort(/d'
mutant hint-stays mem.c '/\*hint = r - mem->regions/d'
mutant fast-past-last mem.h 's/gpa <= r->last && //'
mutant fast-empty mem.h 's/(u64)len - 1/len - 1U/'
mutant fast-length mem.h 's/(u64)len - 1 <=/(u64)len - 2 <=/'

# The dirty log
mutant log-early ring_split_used.c 's/err = put_user(split_to16(ring, ring->used_idx), &ring->used->idx);/err = 0; if (ring->log.used) err = split_log_published(ring, n, true); if (!err) err = put_user(split_to16(ring, ring->used_idx), \&ring->used->idx);/; s/if (unlikely(ring->log.used) && split_log_published/if (0 \&\& split_log_published/'
mutant log-no-barrier log.h '/smp_wmb()/d'
mutant log-last-page log.c 's/while (page <= last)/while (page < last || page == gpa \/ XNET_LOG_PAGE)/'
mutant log-index ring_split_used.c 's/if (err || !shown)/if (1)/'
mutant log-entries ring_split_used.c 's/int err = split_log_entries(ring, ring->used_idx - n, n);/int err = 0; xnet_log_begin(\&ring->log); (void)n;/'
mutant log-entries-wrap ring_split_used.c 's/return err ? err : split_log(ring, head, (n - part) \* size);/return err;/'
mutant log-entries-one ring_split_used.c 's/split_log_entries(ring, ring->used_idx - n, n)/split_log_entries(ring, ring->used_idx - n, 1)/'
mutant log-flags ring_split_used.c 's/return ring->log.used ? split_log_field(ring, &ring->used->flags) : 0;/return 0;/'
mutant log-event ring_split_used.c 's/return unlikely(ring->log.used) ? split_log_field(ring, event) : 0;/return 0;/'
mutant log-broken ring_split_used.c 's/^\tif (ring->log.used)$/\tif (0)/'
mutant log-half ring_split_used.c 's/ring->staged + i + 1)/ring->staged + i)/'
mutant log-page-kept log.h '/log->last = XNET_LOG_NONE/d'
mutant log-fault ring_split_used.c 's/return split_fault(ring, XNET_FAULT_LOG);/return 0;/'
mutant log-alias mem.c 's/mem->aliased = mem_aliased(mem);/mem->aliased = false;/'
mutant log-step log.c 's/len = min(len, r->hva - hva);/;/'
mutant log-hint log.c 's/len - 1 <= r->last - r->gpa - (hva - r->hva)/1/'
mutant log-hole log.c 's/if (!step)/if (!step \&\& len == 1)/; s/return held ? len : 0;/return held || len > 1 ? len : 0;/'
mutant log-segment log.c 's/u64 part = min_t(u64, len, segs->iov_len);/u64 part = segs->iov_len;/; s/len -= part;/len -= min(len, part);/'
mutant log-word log.c 's/(U32_MAX >> (32 - n)) << bit/1U << bit/'
mutant log-base log.c 's/at % 4 \* 8 + page % 8/page % 32/'
mutant log-again log.c 's/while (err == -EAGAIN && --tries)/while (0)/'
mutant log-gives-up log.c 's/return err ? -EFAULT : 0;/return err == -EFAULT ? err : 0;/'
mutant log-untold log.h '/log->fresh = true/d'

# The IOTLB
first='iotlb*'
mutant iotlb-seek iotlb.c 's/if (iova > tlb->entries\[mid\]\.last)/if (iova >= tlb->entries[mid].last)/'
mutant iotlb-hole iotlb.c 's/ && iova >= tlb->entries\[i\]\.iova//'
mutant iotlb-end iotlb.c 's/iova <= tlb->entries\[i\]\.last/iova < tlb->entries[i].last/'
mutant iotlb-permission iotlb.c 's/if (!(e->perm & perm))/if (0)/'
mutant iotlb-permission-next iotlb.c 's/ && e\[1\]\.perm & perm &&/ \&\&/'
mutant iotlb-merge iotlb.c 's/e\[1\]\.hva == e->hva + (e->last - e->iova) + 1/1/'
mutant iotlb-merge-gap iotlb.c 's/e\[1\]\.iova == e->last + 1 && //'
mutant iotlb-piece-long iotlb.c 's/min_t(u64, left, len - 1) + 1/len/'
mutant iotlb-hint iotlb.c 's/^\t\*hint = i;$/;/'
mutant iotlb-last-address iotlb.c 's/if (len && iova + part < iova)/if (0)/'
mutant iotlb-room iotlb.c 's/if (n == max)/if (0)/'
mutant iotlb-missing iotlb.c 's/\*missing = iova;/*missing = iova + 1;/'
mutant iotlb-cut-left iotlb.c 's/\.last = iova - 1/.last = iova/'
mutant iotlb-cut-right iotlb.c 's/if (i < tlb->n && tlb->entries\[i\]\.iova <= last)/if (0)/'
mutant iotlb-cut-memory iotlb.c '/e->hva += iova - e->iova;/d'
mutant iotlb-cut-room iotlb.c 's/if (tlb->n < tlb->max)/if (1)/'
mutant iotlb-full iotlb.c 's/if (tlb->n == tlb->max)/if (0)/'
mutant iotlb-oldest iotlb.c 's/\.age < tlb->entries\[oldest\]\.age/.age > tlb->entries[oldest].age/'
mutant iotlb-drop-part iotlb.c 's/tlb->entries\[end\]\.iova <= last; end++/tlb->entries[end].last <= last; end++/'
mutant iotlb-backwards iotlb.c 's/if (last < iova)/if (0)/'

# Rings behind an IOTLB
mutant area-permission ringmem.c 's/area == XNET_AREA_USED ? VHOST_ACCESS_WO : VHOST_ACCESS_RO/VHOST_ACCESS_RO/'
mutant area-whole ringmem.c 's/whole = false;/;/'
mutant area-past-end ringmem.c 's/if (size && ring->iova/if (0 \&\& ring->iova/'
mutant area-stays ringmem.c 's/ring->placed = false;/;/'
mutant area-look-ahead-stays ringmem.c '/^\txnet_ring_forget(ring);/d'
mutant area-scattered ringmem.c 's/ring->scattered &= ~BIT(area);/;/'
mutant area-torn ringmem.c 's/if (seg\.iov_len == sizeof(\*at))/if (1)/'
mutant area-torn-unasked ringmem.c '/(const u8 __user \*)at + seg\.iov_len/d'
mutant area-miss-permission ringmem.c 's/ring->miss\.perm = perm;/ring->miss.perm = VHOST_ACCESS_RO;/'
mutant area-miss-lost ringmem.c 's/return n == -EAGAIN ? ringmem_missing(ring, missing, perm) : n;/return n;/'
mutant area-read-first ringmem.c 's/^\t\tfrom += seg\.iov_len;$/\t\t(void)from;/'
mutant area-event ring_split.c 's/size_t unused = ring->event_idx ? 0 : sizeof(__virtio16);/size_t unused = 0;/'
mutant area-no-event ring_split.c 's/size_t unused = ring->event_idx ? 0 : /size_t unused = /'
mutant area-denied ring_split.c 's/if (err == -EPERM)/if (0)/'
mutant buffer-denied ring_split.h 's/return split_fault(ring, XNET_FAULT_PERMISSION);/return split_fault(ring, XNET_FAULT_ADDRESS);/'
mutant buffer-permission ring_split.h 's/ring->in ? VHOST_ACCESS_WO : VHOST_ACCESS_RO/VHOST_ACCESS_RO/'
mutant table-permission ring_split_walk.c 's/VHOST_ACCESS_RO, segs/VHOST_ACCESS_WO, segs/'
mutant start-miss-stays ring_split.c '/ring->miss\.perm = 0;/d'
mutant pieces-avail-wrap ring_split_pieces.c 's/(ring->fetched + i) & mask/(ring->fetched + i) \& (mask >> 1)/'
mutant pieces-descs ring_split_pieces.c 's/&ring->desc\[at\[i\]\], &out/\&ring->desc[at[0]], \&out/'
mutant pieces-used-wrap ring_split_pieces.c 's/ring->used->ring\[at & mask\]/ring->used->ring[at \& mask \& ~(ring->num >> 1)]/'
mutant pieces-staged ring_split_pieces.c '/ring->staged += n;/d'
mutant pieces-byte-order ring_split_pieces.c 's/__cpu_to_virtio32(split_le(ring), done\[i\]\.len)/htole32(done[i].len)/'
mutant log-iotlb ring_split_used.c 's/if (ring->iotlb)/if (0)/'
mutant log-iotlb-piece ring_split_used.c 's/from += seg\.iov_len, len -= seg\.iov_len/len = 0/'

echo "1..$nr"
echo "$caught passed, $((missed + stale)) failed, 0 skipped"
[ "$caught" -eq "$nr" ]
