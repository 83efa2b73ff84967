"""The write-back of several databases behind one hook."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.usage.intakes.database import DatabaseIntake
from gateway.usage.model import Move, Raw


class WriteBacks:
    """Takes each outcome to the database intake that its event came from; one of `Outcomes`."""

    def __init__(self, intakes: Sequence[DatabaseIntake] = ()) -> None:
        self._intakes = {intake.name: intake for intake in intakes}

    def add(self, intake: DatabaseIntake) -> None:
        """Tell this one, too."""
        self._intakes[intake.name] = intake

    async def outcome(self, event: str, raw: Raw, move: Move) -> None:
        """Note an outcome; events of other intakes are none of its business."""
        intake = self._intakes.get(raw.intake)
        if intake is not None:
            await intake.outcome(event, raw, move)
