"""The one way into the ledger: normalise, find the delivery, store, tell who wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.core.clock import Clock
from gateway.ops.events import usage_intakes as events
from gateway.usage.config import DeliveryConfig
from gateway.usage.model import Event, Move, Raw, State, Taken, Unfit
from gateway.usage.normal.habits import Habits
from gateway.usage.ports import Ledger, Normaliser, Outcomes

NO_DELIVERY = ""


class Intake:
    """The implementation of `UsageIntake`.

    Args:
        normalise: makes events fit to be sent.
        ledger: where they are stored.
        deliveries: the keys of the log service; a solution goes to the first that names it, else
            to the first that takes all.
        clock: for the time of a quarantine.
        outcomes: told of events that end here already, because nobody can send them.
        solution: the name of the solution where a source gives none.
    """

    def __init__(
        self,
        normalise: Normaliser,
        ledger: Ledger,
        deliveries: Sequence[DeliveryConfig],
        clock: Clock,
        outcomes: Sequence[Outcomes] = (),
        solution: str = "",
    ) -> None:
        self._normalise = normalise
        self._ledger = ledger
        self._named = _by_solution(deliveries)
        self._rest = next((d.name for d in deliveries if not d.solutions), NO_DELIVERY)
        self._clock = clock
        self._outcomes = outcomes
        self._solution = solution
        self._habits = Habits()

    async def take(self, raws: Sequence[Raw]) -> list[Taken | Unfit]:
        """Normalise and store; see `UsageIntake.take`.

        Raises:
            LedgerUnavailable: nothing of this call was stored.
        """
        made = [self._normalise(self._named_raw(raw)) for raw in raws]
        if not made:
            return []
        receipts = await self._ledger.append(
            [(self._delivery(each.raw.solution), each) for each in made]
        )
        answers: list[Taken | Unfit] = []
        for each, receipt in zip(made, receipts, strict=True):
            answers.append(each if isinstance(each, Unfit) else receipt)
            if isinstance(each, Unfit) and not receipt.known:
                await self._tell(each, receipt)
            if isinstance(each, Event):
                self._watch(each, receipt)
        return answers

    def _watch(self, event: Event, receipt: Taken) -> None:
        """Say what only many events of a solution show, each once a day."""
        for lint in self._habits.see(event, known=receipt.known):
            events.habit_seen(event.raw.solution, lint.value)

    def _named_raw(self, raw: Raw) -> Raw:
        return raw if raw.solution else replace(raw, solution=self._solution)

    def _delivery(self, solution: str) -> str:
        name = self._named.get(solution, self._rest)
        if name == NO_DELIVERY:
            events.delivery_missing(solution)
        return name

    async def _tell(self, unfit: Unfit, receipt: Taken) -> None:
        move = Move(receipt.id, State.QUARANTINED, self._clock.now(), unfit.code)
        for each in self._outcomes:
            await each.outcome(receipt.id, unfit.raw, move)


def _by_solution(deliveries: Sequence[DeliveryConfig]) -> dict[str, str]:
    named: dict[str, str] = {}
    for delivery in deliveries:
        for solution in delivery.solutions:
            named.setdefault(solution, delivery.name)
    return named
