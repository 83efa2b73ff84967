"""Client handles: the numbers by which a server names our items in what it sends."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

_HANDLE_END = 1 << 32
"""IntegerId, a UInt32. Source: OPC UA Part 4 §7.19."""


class Handles:
    """Client handles, unique in one gateway: a notification that strays finds no signal."""

    def __init__(self) -> None:
        self._next = 1 + secrets.randbelow(1 << 31)
        self._given: list[tuple[int, int]] = []
        self._old: set[int] = set()

    def take(self, count: int) -> int:
        """Give the first of `count` handles that were never used."""
        if self._next + count > _HANDLE_END:
            self._next = 1
        first = self._next
        self._next += count
        if self._given and self._given[-1][1] == first:
            first_given, _ = self._given.pop()
            self._given.append((first_given, self._next))
        else:
            self._given.append((first, self._next))
        return first

    def reserve(self, handles: Sequence[int]) -> bool:
        """Take handles of a process before this one; False when one may be in use here.

        New ones start above them.
        """
        old = set(handles)
        fine = len(old) == len(handles) and all(0 < handle < _HANDLE_END for handle in old)
        given = any(start <= handle < end for handle in old for start, end in self._given)
        if not fine or given or old & self._old:
            return False
        self._old |= old
        self._next = max(self._next, max(old, default=0) + 1)
        return True
