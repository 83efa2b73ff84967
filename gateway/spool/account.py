"""A reader's account: where it is, what it has taken, and what became of the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from gateway.core.protocols import ReaderState
from gateway.core.types import Offset, UnixNs
from gateway.spool.cursor import Cursor
from gateway.spool.msgpack import packb, unpackb
from gateway.spool.summary import NOTHING, Totals

UNKNOWN = -1
JUMPS_MAX = 6
"""Places to which a reader jumped, or from which it did; a forwarder has three in hand at most."""


@dataclass(slots=True)
class ReaderAccount:
    """A reader's cursor and counts; the writer owns it, others get snapshots.

    Two counts of the same: `stored` is what was committed for the reader, up to the offset `upto`,
    as the one who commits counts it; `pending` is what the files hold beyond the cursor, and the
    other three are what became of the rest. `requeued` is what came back from quarantine, which was
    stored a second time. `upto` is UNKNOWN where nobody counted.
    """

    name: str
    cursor: Cursor
    pending: Totals = NOTHING
    delivered: Totals = NOTHING
    quarantined: Totals = NOTHING
    expired: Totals = NOTHING
    oldest: UnixNs | None = None
    jumps: tuple[int, ...] = ()
    stored: Totals = NOTHING
    requeued: Totals = NOTHING
    upto: int = UNKNOWN

    def copy(self) -> ReaderAccount:
        """Make a twin to work on: what a commit changes counts when the commit has succeeded."""
        return ReaderAccount(
            self.name, self.cursor.copy(), self.pending, self.delivered, self.quarantined,
            self.expired, self.oldest, self.jumps, self.stored, self.requeued, self.upto,
        )  # fmt: skip

    def jumped(self, places: Iterable[int]) -> None:
        """Note where the reader has something in hand; what it has settled since is forgotten."""
        new = tuple(places)
        known = [each for each in self.jumps if each not in new]
        here = [each for each in (*known, *new) if not self.cursor.is_settled(each)]
        self.jumps = tuple(here[-JUMPS_MAX:])

    def spooled(self) -> Totals:
        """Give what the spool ever had for this reader, as it was stored."""
        return self.stored.minus(self.requeued)

    def accounted(self) -> Totals:
        """Give the same as what became of it."""
        return self.delivered.plus(self.pending).plus(self.quarantined).plus(self.expired)

    def begin_counts(self, upto: int) -> None:
        """Take what is accounted for as what was stored, where nobody has counted so far."""
        self.stored, self.requeued, self.upto = self.accounted(), NOTHING, upto

    def write_off(self) -> None:
        """Count what damaged files leave unexplained as expired; what nobody knew of as stored."""
        records, samples, _ = self.spooled().minus(self.accounted())
        self.expired = self.expired.plus(Totals(max(records, 0), max(samples, 0)))
        self.stored = self.stored.plus(Totals(max(-records, 0), max(-samples, 0)))

    def state(self) -> ReaderState:
        """Take the snapshot that other threads get."""
        return ReaderState(
            self.name, Offset(self.cursor.position), self.cursor.intervals(), self.pending.records,
            self.quarantined.records, self.delivered.records, self.expired.records, self.oldest,
            self.pending.samples, self.pending.bytes, self.spooled().records,
            self.spooled().samples - self.accounted().samples,
        )  # fmt: skip

    def pack(self) -> bytes:
        """Give the durable form, with a checksum: a damaged cursor must not skip records."""
        fields = packb(
            [
                self.cursor.position, self.cursor.intervals(), self.delivered, self.quarantined,
                self.expired,
            ]
        )  # fmt: skip
        return crc32(fields).to_bytes(4, "big") + fields

    @staticmethod
    def unpack(name: str, data: bytes) -> ReaderAccount:
        """Read what `pack` wrote.

        Raises:
            ValueError: it is damaged.
        """
        if crc32(data[4:]) != int.from_bytes(data[:4], "big"):
            raise ValueError(f"the cursor of {name} does not match its checksum")
        position, settled, *counts = unpackb(data[4:])
        delivered, quarantined, expired = (Totals(*each) for each in counts)
        return ReaderAccount(
            name, Cursor(position, settled), NOTHING, delivered, quarantined, expired
        )

    def pack_counts(self, written: bytes) -> bytes:
        """Give what goes with `written`, the form that `pack` gave."""
        fields = packb([crc32(written), self.jumps, self.stored, self.requeued, self.upto])
        return crc32(fields).to_bytes(4, "big") + fields

    def take_counts(self, written: bytes, data: bytes) -> None:
        """Take what `pack_counts` gave; what is damaged, or of another moment, is left alone."""
        if crc32(data[4:]) != int.from_bytes(data[:4], "big"):
            return
        of, jumps, stored, requeued, upto = unpackb(data[4:])
        if of == crc32(written):
            self.jumps, self.upto = tuple(jumps), upto
            self.stored, self.requeued = Totals(*stored), Totals(*requeued)
