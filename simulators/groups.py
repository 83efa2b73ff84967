"""Groups of truth signals that are alike: their device's clock, their pace, their payloads.

Written `FIRST-LAST:clock=MODE,every=SECONDS,dirt=KIND`; what is not said is right, steady, clean.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from simulators.clocks import CLOCKS, Reading, clock

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """Signals `first` to `last`, both included."""

    first: int
    last: int
    clock: str = "right"
    every_s: float = 0.0
    """Something new is said so often only; 0: at every tick."""
    dirt: str = "clean"


@dataclass(slots=True)
class Course:
    """A group as it runs: its clock, and when it speaks next."""

    group: Group
    read: Reading
    numbers: range
    _next: int = field(default=0)

    def due(self, now: int) -> bool:
        """Say whether the group speaks at this time, and plan the next one."""
        if now < self._next:
            return False
        period = round(self.group.every_s * SECOND_NS)
        self._next = max(self._next + period, now - period) if self._next else now + period
        return True


def group_reader(kinds: Collection[str]) -> Callable[[str], Group]:
    """Give the reader of a group for argparse; `kinds` are the payload kinds that there are."""

    def read(text: str) -> Group:
        try:
            return _parsed(text, kinds)
        except (ValueError, KeyError) as error:
            raise argparse.ArgumentTypeError(f"{text}: {error}") from None

    return read


def _parsed(text: str, kinds: Collection[str]) -> Group:
    span, _, wishes = text.partition(":")
    first, _, last = span.partition("-")
    said = dict(wish.split("=", 1) for wish in wishes.split(",") if wish)
    mode, dirt = said.pop("clock", "right"), said.pop("dirt", "clean")
    every_s = float(said.pop("every", "0").removesuffix("s"))
    if mode not in CLOCKS:
        raise ValueError(f"clock is one of {', '.join(CLOCKS)}")
    if dirt not in kinds:
        raise ValueError(f"dirt is one of {', '.join(kinds)}")
    if said or every_s < 0 or int(last or first) < int(first):
        raise ValueError("FIRST-LAST:clock=MODE,every=SECONDS,dirt=KIND")
    return Group(int(first), int(last or first), mode, every_s, dirt)


def courses(groups: Iterable[Group], numbers: Sequence[int], began: int, seed: int) -> list[Course]:
    """Give the groups as they run; signals that are in none are right and clean.

    Raises:
        ValueError: a group names a signal that is not there, or that is in another group.
    """
    made, free = [], dict.fromkeys(numbers)
    for place, group in enumerate(groups):
        inside = range(group.first, group.last + 1)
        if any(number not in free for number in inside):
            raise ValueError(f"signals {group.first} to {group.last} are not free")
        for number in inside:
            del free[number]
        made.append(Course(group, clock(group.clock, began, seed * 100 + place), inside))
    rest = _runs(list(free))
    made += [Course(Group(run[0], run[-1]), clock("right", began), run) for run in rest]
    return made


def _runs(numbers: list[int]) -> list[range]:
    runs: list[range] = []
    for number in numbers:
        if runs and number == runs[-1].stop:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return runs
