"""Everything that was ever stored in an epoch, and what became of it, for status and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.spool.account import ReaderAccount
from gateway.spool.store import Store
from gateway.spool.summary import Totals


@dataclass(frozen=True, slots=True)
class ReaderCounters:
    """spooled = delivered + pending + quarantined + expired, in records and samples.

    Who stores counts `spooled`; the others are what became of it. `bytes` of `spooled` are 0.
    """

    spooled: Totals
    delivered: Totals
    pending: Totals
    quarantined: Totals
    expired: Totals


@dataclass(frozen=True, slots=True)
class SpoolCounters:
    """What was ever stored in this epoch; `received` = spooled + rejected + dropped in samples.

    A message that could not be read counts as one; `dropped` are samples that gap records of the
    sources say are missing.
    """

    received: int
    spooled: Totals
    rejected: int
    dropped: int
    requeued: Totals
    readers: dict[str, ReaderCounters]
    used_bytes: int
    quota_bytes: int


def count_everything(store: Store) -> SpoolCounters:
    """Take the counts between two commits, so that the sums agree."""
    everything = store.summary()
    spooled = everything.totals.minus(everything.requeued)
    return SpoolCounters(
        spooled.samples + everything.rejected + everything.dropped,
        spooled,
        everything.rejected,
        everything.dropped,
        everything.requeued,
        {name: _reader_counters(account) for name, account in store.readers.items()},
        store.used_bytes(),
        store.settings.quota_bytes,
    )


def _reader_counters(account: ReaderAccount) -> ReaderCounters:
    return ReaderCounters(
        account.spooled(), account.delivered, account.pending, account.quarantined, account.expired
    )
