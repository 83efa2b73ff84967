"""Which event goes next, of all that could.

Candidates are all events of the Korean day that were not stored yet, not only those since the last
record (research §1.7, "Candidates"): a login that lost against another at 08:00 is sent in the
quiet quarter at noon. That is a true event with its true time, so it is no filler, and the factory
shows more of its use. `sum` (S2) adds the bytes of everything that waits to the chosen event; what
was added has been told, so it is not sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from gateway.usage.model import Waiting

AMOUNT_MAX = 999_999_999
TEST_CODE = "DO6999"
SPARE = 20
"""More than the day can take are kept, in case some are refused: twice as many, and these."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`best` goes next; `kept` wait on; `out` cannot be chosen any more today."""

    best: Waiting
    kept: tuple[Waiting, ...]
    out: tuple[Waiting, ...]


def ranked(
    waiting: Sequence[Waiting], order: Sequence[Sequence[str]], users: AbstractSet[str]
) -> list[Waiting]:
    """Give candidates in the order in which they would be sent.

    By `order` of their codes (a test first, unknown codes last); among equals those first whose
    user has nothing stored today, then the earliest.

    Args:
        waiting: candidates.
        order: groups of codes, the most important first.
        users: who has a stored event today.
    """
    places = {code: place for place, group in enumerate(order) for code in group}
    places.setdefault(TEST_CODE, -1)
    groups: dict[int, list[Waiting]] = {}
    for event in sorted(waiting, key=lambda event: (event.log_dt, event.id)):
        groups.setdefault(places.get(event.use_se, len(order)), []).append(event)
    seen = set(users)
    result: list[Waiting] = []
    for place in sorted(groups):
        again: list[Waiting] = []
        for event in groups[place]:
            (again if event.user in seen else result).append(event)
            seen.add(event.user)
        result += again
    return result


def choose(
    waiting: Sequence[Waiting],
    order: Sequence[Sequence[str]],
    users: AbstractSet[str],
    slots_left: int,
) -> Choice | None:
    """Choose one; None when there is none.

    Args:
        waiting: candidates.
        order: groups of codes, the most important first.
        users: who has a stored event today.
        slots_left: how many can still be sent today, this one included.
    """
    in_order = ranked(waiting, order, users)
    if not in_order:
        return None
    keep = 2 * max(slots_left, 1) + SPARE
    return Choice(in_order[0], tuple(in_order[1:keep]), tuple(in_order[keep:]))


def summed(best: Waiting, others: Sequence[Waiting]) -> int:
    """Give the bytes of a window, at most what the field takes."""
    return min(AMOUNT_MAX, best.amount + sum(max(0, event.amount) for event in others))
