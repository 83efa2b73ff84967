"""What gap records say, held against what was said and what arrived.

A gap explains a missing sample when its window, by this PC's clock, meets the time in which the
sample was on its way: its true production, for a message the time until its broker took it.

A gap is a **phantom**, declared missing but delivered, when one of these holds:

- it has a count, and fewer samples of its signals are missing in its window than that (each missing
  sample is counted for one gap only);
- a sample of one of its signals, produced in its window, did arrive. Not counted are samples within
  `edge_ns` of either end: a window begins a sampling and a publishing interval early and ends when
  the new subscription is known to stand, for nobody can know better. Nor is the newest sample
  before its end, which is the value that a machine still shows when it is asked again, nor what
  came as "last usable value" only. Where a queue overflowed, only the times of a clock that is
  right could say which part of the window what is left fills: a signal that does miss samples there
  is not judged;
- the machine spoke all through the window, without a pause of `PAUSE_NS`, and nothing that it said
  there is missing: the gap explains nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gateway.demo.samples import Bools, Ints

EDGE_NS = 3_000_000_000
PAUSE_NS = 300_000_000
OVERFLOW = "overflow"
SPOKEN_MIN_NS = 1_000_000_000
"""In a shorter window the speech of a machine is not judged."""


@dataclass(frozen=True, slots=True)
class DeclaredGap:
    """A gap record; `signals` None means every signal of the device."""

    device: str
    signals: frozenset[int] | None
    start: int
    end: int
    reason: str
    count: int | None = None

    def shown(self) -> str:
        """Give the gap in one line for people."""
        who = "all" if self.signals is None else f"{len(self.signals)} signals"
        return f"{self.device} ({who}) {self.start}..{self.end} {self.reason}"

    def concerns(self, device: str, signal: int) -> bool:
        """Say whether the gap speaks of this signal."""
        return self.device == device and (self.signals is None or signal in self.signals)


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """One signal's samples in the order in which they were said.

    `arrived` leaves out what came as "last usable value" only; `missing` counts also what nobody
    could demand.
    """

    device: str
    signal: int
    sent: Ints
    until: Ints
    arrived: Bools
    missing: Bools

    def between(self, start: int, end: int) -> Bools:
        """Tell which samples were on their way at some time from `start` to `end`."""
        return (self.sent <= end) & (self.until >= start)


def covered(account: Account, gaps: Iterable[DeclaredGap]) -> Bools:
    """Tell which samples a gap would explain."""
    found = np.zeros(len(account.sent), bool)
    for gap in gaps:
        if gap.concerns(account.device, account.signal):
            found |= account.between(gap.start, gap.end)
    return found


def phantoms(
    gaps: Sequence[DeclaredGap], accounts: Iterable[Account], edge_of: Callable[[str], int]
) -> list[tuple[DeclaredGap, str]]:
    """Give the gaps that declare missing what was delivered, each with the reason in words.

    `edge_of` gives `edge_ns` for a device.
    """
    devices: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        devices[account.device].append(account)
    left = {id(each): each.missing.copy() for of_one in devices.values() for each in of_one}
    found = []
    for gap in gaps:
        meant = [each for each in devices[gap.device] if gap.concerns(gap.device, each.signal)]
        edge_ns = edge_of(gap.device)
        lacking = _lacking(gap, meant, left, edge_ns)
        if lacking:
            found.append((gap, f"{lacking} of the {gap.count} that it counts are not missing"))
        elif inside := sum(_arrived_inside(gap, each, edge_ns) for each in meant):
            found.append((gap, f"{inside} samples of its window arrived"))
        elif _explains_nothing(gap, meant, edge_ns):
            found.append((gap, "nothing is missing in it"))
    return found


def _lacking(
    gap: DeclaredGap, meant: Sequence[Account], left: dict[int, Bools], edge_ns: int
) -> int:
    """Give how many of a gap's count are not missing; those that are will explain no other."""
    wanted = gap.count or 0
    for account in meant if wanted else ():
        mine = left[id(account)]
        inside = account.between(gap.start - edge_ns, gap.end + edge_ns)
        places = np.flatnonzero(mine & inside)[:wanted]
        mine[places] = False
        wanted -= len(places)
    return wanted


def _arrived_inside(gap: DeclaredGap, account: Account, edge_ns: int) -> int:
    first, last = gap.start + edge_ns, gap.end - edge_ns
    if first >= last:
        return 0
    lost = account.missing & account.between(gap.start, gap.end)
    if gap.reason == OVERFLOW and lost.any():
        return 0
    inside = account.arrived & (account.sent >= first) & (account.until <= last)
    before = np.flatnonzero(account.sent <= gap.end)
    if len(before):
        inside[before[-1]] = False
    return int(inside.sum())


def _explains_nothing(gap: DeclaredGap, meant: Sequence[Account], edge_ns: int) -> bool:
    if gap.end - gap.start < SPOKEN_MIN_NS:
        return False
    moments = [np.array([gap.start, gap.end], np.int64)]
    for account in meant:
        if (account.missing & account.between(gap.start - edge_ns, gap.end + edge_ns)).any():
            return False
        moments.append(account.until[account.between(gap.start, gap.end)])
    spoken = np.clip(np.sort(np.concatenate(moments)), gap.start, gap.end)
    return bool(np.diff(spoken).max() < PAUSE_NS)
