#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Data tests once more, with the device behind an IOMMU that tells it of memory
# 4 KiB at a time, as it asks; and then with each of these pages somewhere else in
# the owner's memory, so that rings and buffers lie in pieces. The tests do not know
# of it, and what they see must be the same.
#
# Programs: data/tx data/rx data/ring_size data/ring_layout data/ring_index
# Time limit: 600 s

set -u
# A ring of 32768 alone takes more than 200 questions, one after the other.
slow=$((3 * ${XGUEST_SLOW:-1}))
programs=$(sed -n 's/^# Programs: //p' "$0")
nr=0

echo "KTAP version 1"
for page in 4096 scatter; do
	for program in $programs; do
		# Their long chains would need more questions than there is time for.
		case "$page $program" in
		"scatter data/ring_layout") continue ;;
		"scatter data/ring_size") [ "${XGUEST_SLOW:-1}" -eq 1 ] || continue ;;
		esac
		log=$(mktemp) || exit 2
		XGUEST_IOMMU=$page XGUEST_SLOW=$slow "$XNET_TESTS/$program" >"$log" 2>&1
		while read -r line; do
			case $line in
			"ok "* | "not ok "*)
				nr=$((nr + 1))
				echo "${line%%ok *}ok $nr $program, $page: ${line#*ok [0-9]* }" ;;
			"#  RUN"* | *" OK "*) ;;
			*) echo "# $line" ;;
			esac
		done <"$log"
		rm -f "$log"
	done
done
echo "1..$nr"
