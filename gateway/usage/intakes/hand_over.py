"""What the file intakes share: handing over pieces and keeping the place."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.usage.model import Raw, Taken, Unfit
from gateway.usage.ports import UsageIntake

TAKE_MAX = 500
"""Events handed over in one call; one call is one transaction of the ledger."""


async def hand_over(intake: UsageIntake, raws: Sequence[Raw]) -> list[Taken | Unfit]:
    """Hand over any number of events, some at a time; durable on return.

    Raises:
        LedgerUnavailable: some may be stored; hand over all again, they are known then.
    """
    answers: list[Taken | Unfit] = []
    for start in range(0, len(raws), TAKE_MAX):
        answers += await intake.take(raws[start : start + TAKE_MAX])
    return answers
