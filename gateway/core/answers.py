"""A destination's answer, reduced to what was asked: nothing else may be settled (I4)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from gateway.core.records import Answer, Refusal, accepted_ranges


def checked_answer(answer: Answer, offsets: Sequence[int]) -> tuple[Answer, int]:
    """Give the part of an answer that is about these ascending offsets, and how much was not.

    Offsets accepted that were not written are left out and counted, and so are refusals of such
    offsets. What is both accepted and refused counts as refused: quarantine keeps it.
    Ranges are never walked through, however wide they are.
    """
    asked = set(offsets)
    refused = {r.offset: r for r in answer.refused if r.offset in asked}
    strange = sum(r.offset not in asked for r in answer.refused)
    taken = bytearray(len(offsets))
    for first, last in answer.accepted:
        low, high = bisect_left(offsets, first), bisect_right(offsets, last)
        if high - low < last - first + 1 or last < first:
            strange += 1
        taken[low:high] = b"\x01" * (high - low)
    good = (o for o, mark in zip(offsets, taken, strict=True) if mark and o not in refused)
    refusals: tuple[Refusal, ...] = tuple(refused[o] for o in sorted(refused))
    return Answer(accepted_ranges(good), refusals), strange
