"""The write-back of several intakes behind one hook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.usage.model import Move, Raw
from gateway.usage.ports import Outcomes


class WrittenBack(Outcomes, Protocol):
    """An intake that is told what became of its events."""

    @property
    def name(self) -> str:
        """What its events have as `Raw.intake`."""


class WriteBacks:
    """Takes each outcome to the intake that its event came from; one of `Outcomes`."""

    def __init__(self, intakes: Sequence[WrittenBack] = ()) -> None:
        self._intakes = {intake.name: intake for intake in intakes}

    def add(self, intake: WrittenBack) -> None:
        """Tell this one, too."""
        self._intakes[intake.name] = intake

    async def outcome(self, event: str, raw: Raw, move: Move) -> None:
        """Note an outcome; events of other intakes are none of its business."""
        intake = self._intakes.get(raw.intake)
        if intake is not None:
            await intake.outcome(event, raw, move)
