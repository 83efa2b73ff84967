"""What readers have in hand: read, and neither settled nor given back.

A destination may have what is in hand, whatever became of its answer. So none of it is declared
missing: a part that is given up leaves such records behind in the file of survivors, where they
wait until they are settled, or given back and then given up like all others.

Two threads know this. Readers take and give back on the event loop; the writer asks before it
declares anything missing, and from then on nobody can take of that, until the loop has heard what
became of it: what was read in between is not handed out but read again.

What is in hand when the process ends is nowhere to be found afterwards. It can only lie where a
reader went on: at its position, behind what it settled last, and where it jumped to (which is
noted in its books). A start presumes so much to be in hand there as a reader takes at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import NamedTuple

from gateway.core.records import Record
from gateway.spool.cursor import Range

LANES = 2
"""Reads that a destination has in hand at once, see `gateway.flow.forward`; a third beside them may
wait for its turn to be tried again, and is one of these after a restart."""
SHARE = 8
"""All that is in hand takes about this part of the quota at most (I9): a read gives no more than
its share of it, except a first record that is larger by itself."""
PRESUMED_BYTES = 1_048_576
PRESUMED_RECORDS = 4_000
"""More than a forwarder takes at once (`ForwardLimits`)."""
HELD_MAX = 12
"""A reader that reads on and on without settling or giving back loses what it took first (I9)."""
ROUNDS_MAX = 64


class Lease(NamedTuple):
    """One read: its offsets, its encoded size, and the records, which are in memory anyway."""

    first: int
    last: int
    size: int
    records: Sequence[Record]

    def without(self, first: int, last: int) -> Iterator[Lease]:
        """Give what is left of it when a range is cut out."""
        if self.last < first or self.first > last:
            yield self
            return
        for low, high in ((self.first, first - 1), (last + 1, self.last)):
            if low <= high:
                some = [each for each in self.records if low <= each.offset <= high]
                yield Lease(low, high, self.size, some)


class Leases:
    """Every method may be called from either thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: dict[str, list[Lease]] = {}
        self._rounds: deque[tuple[int, int, int]] = deque(maxlen=ROUNDS_MAX)
        self.round = 0
        """How often the writer declared a range missing, or began to."""
        self.heard = 0
        """The last such round of which the event loop knows the outcome."""

    def take(self, name: str, since: int, records: Sequence[Record], size: int) -> bool:
        """Take records (at least one) that were read; False when they have to be read again.

        `since` is `heard` as it was before the read began.
        """
        first, last = records[0].offset, records[-1].offset
        with self._lock:
            if self._declared(since, first, last):
                return False
            self._cut(name, first, last)
            held = self._held.setdefault(name, [])
            held.append(Lease(first, last, size, records))
            del held[:-HELD_MAX]
            return True

    def _declared(self, since: int, first: int, last: int) -> bool:
        if self.round - since > len(self._rounds):
            return True
        return any(
            number > since and low <= last and first <= high for number, low, high in self._rounds
        )

    def give_back(self, name: str, first: int, last: int) -> None:
        """Let go of a range: it is settled, or the destination certainly does not have it."""
        with self._lock:
            self._cut(name, first, last)

    def _cut(self, name: str, first: int, last: int) -> None:
        held = self._held.get(name)
        if held:
            self._held[name] = [left for each in held for left in each.without(first, last)]

    def presume(self, name: str, ranges: Iterable[Range]) -> None:
        """Take what may have been in hand when the last process ended."""
        with self._lock:
            self._held[name] = [Lease(first, last, 0, ()) for first, last in ranges]

    def places(self, name: str) -> list[int]:
        """Give where each read begins that is in hand."""
        with self._lock:
            return [each.first for each in self._held.get(name, ())]

    def declare(self, first: int, last: int) -> dict[str, list[Lease]]:
        """Begin to declare a range missing; give what each reader has in hand of it."""
        with self._lock:
            self.round += 1
            self._rounds.append((self.round, first, last))
            return {
                name: [each for each in held if each.first <= last and each.last >= first]
                for name, held in self._held.items()
            }

    def forget(self, name: str) -> None:
        """The reader is no more."""
        with self._lock:
            self._held.pop(name, None)
