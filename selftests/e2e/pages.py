#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares the memory of a guest that has migrated with what it was before.

Usage: pages.py BEFORE AFTER SIZE CLOCK

Leaves the 12 bytes at CLOCK out. Prints a hash of BEFORE and the number of
pages that differ; then for each of the first of them, by number, the first words
that differ, and what is around them: whose page it is shows by that.
"""
import hashlib
import sys

PAGE = 4096
WORD = 8
SHOWN = 8


def words(memory, at):
    """The word at an address, and two on each side of it, in its page."""
    begin, end = max(at - 2 * WORD, at & -PAGE), min(at + 3 * WORD, (at | (PAGE - 1)) + 1)
    return " ".join("%016x" % int.from_bytes(memory[i:i + WORD], "little")
                    for i in range(begin, end, WORD))


def show(page, before, after):
    """One page, a line for each of its first words that differ."""
    differ = [i for i in range(page, page + PAGE, WORD)
              if before[i:i + WORD] != after[i:i + WORD]]
    for i in differ[:2]:
        print("page %x, %d words differ; about %03x there was %s, there is %s" %
              (page // PAGE, len(differ), i % PAGE, words(before, i), words(after, i)))


def main():
    """See above."""
    size, clock = map(int, sys.argv[3:])
    before, after = (bytearray(open(name, "rb").read()) for name in sys.argv[1:3])
    assert len(before) == len(after) == size
    for memory in before, after:
        memory[clock:clock + 12] = bytes(12)
    differ = [at for at in range(0, size, PAGE)
              if before[at:at + PAGE] != after[at:at + PAGE]]
    print(hashlib.sha256(before).hexdigest()[:16], len(differ))
    for at in differ[:SHOWN]:
        show(at, before, after)


main()
