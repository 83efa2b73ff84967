"""Sequence numbers of notification messages: 1 to 2^32-1, then 1 again; 0 is never used.

A keep-alive carries the number of the *next* message. Source: OPC UA Part 4 §5.14.1.1, §7.26.
"""

from __future__ import annotations

from collections.abc import Iterator

LAST = (1 << 32) - 1


def following(number: int) -> int:
    """Give the number after this one."""
    return 1 if number >= LAST else number + 1


def distance(start: int, end: int) -> int:
    """Give how many steps lead from start to end; negative when end lies behind."""
    steps = (end - start) % LAST
    return steps if steps <= LAST // 2 else steps - LAST


def span(start: int, count: int) -> Iterator[int]:
    """Give `count` numbers from `start` on."""
    number = start
    for _ in range(count):
        yield number
        number = following(number)
