"""What was written, counted at the commit itself and apart from every reader's books.

The conservation laws compare these counts with those that intake and readers keep: a number that is
compared with itself proves nothing. They begin with the process; what a reader has at its start
is its base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.core.protocols import Stored
from gateway.core.records import Batch, Rejected

if TYPE_CHECKING:
    from gateway.spool.state import Ledger
    from gateway.spool.store import Entry


@dataclass(slots=True)
class Written:
    """Counts of records by reader, and of samples and unreadable messages by device."""

    shared: int = 0
    addressed: dict[str, int] = field(default_factory=dict)
    devices: dict[str, list[int]] = field(default_factory=dict)
    bases: dict[str, int] = field(default_factory=dict)

    def add(self, entries: Sequence[Entry]) -> None:
        """Count entries that were committed; what was put back from quarantine is not new."""
        for entry in entries:
            if entry.requeued:
                continue
            if entry.reader is None:
                self.shared += 1
            else:
                self.addressed[entry.reader] = self.addressed.get(entry.reader, 0) + 1
            item = entry.item
            if isinstance(item, Batch):
                self._of(item.plan.device)[0] += len(item.signals)
            elif isinstance(item, Rejected):
                self._of(item.device)[1] += 1

    def _of(self, device: str) -> list[int]:
        known = self.devices.get(device)
        if known is None:
            known = self.devices[device] = [0, 0]
        return known

    def stored(self, device: str) -> Stored:
        """Give what was committed of a device; any thread may ask."""
        samples, rejected = self.devices.get(device, (0, 0))
        return Stored(samples, rejected)

    def begin(self, ledgers: Mapping[str, Ledger]) -> None:
        """Take the readers' books for right, as they are: the files were just read."""
        self.bases = {name: self._base(ledger) for name, ledger in ledgers.items()}

    def _base(self, ledger: Ledger) -> int:
        return ledger.spooled().records - self._since_start(ledger.name)

    def _since_start(self, reader: str) -> int:
        return self.shared + self.addressed.get(reader, 0)

    def records_for(self, ledger: Ledger) -> int:
        """Give how many records were ever written for a reader; a new one begins here."""
        if ledger.name not in self.bases:
            self.bases[ledger.name] = self._base(ledger)
        return self.bases[ledger.name] + self._since_start(ledger.name)

    def forget(self, reader: str) -> None:
        """The reader is no more."""
        self.bases.pop(reader, None)
