"""The one way into the ledger."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.core.errors import LedgerUnavailable
from gateway.usage.config import DeliveryConfig
from gateway.usage.intakes.intake import Intake
from gateway.usage.model import Event, Move, Raw, State, Taken, Unfit
from gateway.usage.ports import Outcomes
from tests.unit.usage.intakes.parts import AT, StillClock, fields


class FakeLedger:
    def __init__(self) -> None:
        self.entries: list[tuple[str, Event | Unfit]] = []
        self.down = False
        self.known = False

    async def append(self, entries: Sequence[tuple[str, Event | Unfit]]) -> list[Taken]:
        if self.down:
            raise LedgerUnavailable("disk-full")
        self.entries += entries
        return [
            Taken(
                f"e{number}",
                State.QUARANTINED if isinstance(entry, Unfit) else State.QUEUED,
                known=self.known,
            )
            for number, (_, entry) in enumerate(entries)
        ]


class Told:
    def __init__(self) -> None:
        self.moves: list[tuple[str, str, Move]] = []

    async def outcome(self, event: str, raw: Raw, move: Move) -> None:
        self.moves.append((event, raw.source_id, move))


def normalise(raw: Raw) -> Event | Unfit:
    if not raw.fields.get("logDt"):
        return Unfit(raw, "AP1012", "logDt")
    return Event(AT, str(raw.fields["logDt"]), "DO6001", "kim", "10.0.0.1", 1, raw)


def raw(source_id: str, solution: str = "", **changes: str | None) -> Raw:
    return Raw("file:mes", AT, fields(**changes), source_id, solution=solution)


def delivery(name: str, *solutions: str) -> DeliveryConfig:
    return DeliveryConfig(name, "https://example.invalid", "key", solutions=solutions)


def made(ledger: FakeLedger, *deliveries: DeliveryConfig, told: Told | None = None) -> Intake:
    outcomes: list[Outcomes] = [told] if told else []
    return Intake(normalise, ledger, deliveries, StillClock(), outcomes)  # type: ignore[arg-type]


async def test_answers_are_in_the_order_of_the_events_and_unfit_ones_are_stored_too() -> None:
    ledger, told = FakeLedger(), Told()
    intake = made(ledger, delivery("main"), told=told)
    answers = await intake.take([raw("a"), raw("b", logDt=None), raw("c")])
    assert [type(answer).__name__ for answer in answers] == ["Taken", "Unfit", "Taken"]
    assert [entry.raw.source_id for _, entry in ledger.entries] == ["a", "b", "c"]
    assert [(event, source) for event, source, _ in told.moves] == [("e1", "b")]
    assert told.moves[0][2].state is State.QUARANTINED
    assert told.moves[0][2].why == "AP1012"


async def test_an_unfit_event_that_was_known_is_not_told_again() -> None:
    ledger, told = FakeLedger(), Told()
    ledger.known = True
    await made(ledger, told=told).take([raw("b", logDt=None)])
    assert told.moves == []


async def test_a_solution_goes_to_the_delivery_that_names_it_else_to_one_for_all() -> None:
    ledger = FakeLedger()
    intake = made(ledger, delivery("erp", "ERP"), delivery("rest"), delivery("mes", "MES"))
    await intake.take([raw("a", "MES"), raw("b", "ERP"), raw("c", "POP"), raw("d")])
    assert [name for name, _ in ledger.entries] == ["mes", "erp", "rest", "rest"]


async def test_an_event_of_no_solution_belongs_to_the_sites_own() -> None:
    ledger = FakeLedger()
    intake = Intake(normalise, ledger, [delivery("mes", "MES")], StillClock(), solution="MES")  # type: ignore[arg-type]
    await intake.take([raw("a"), raw("b", "ERP")])
    assert [(name, entry.raw.solution) for name, entry in ledger.entries] == [
        ("mes", "MES"), ("", "ERP"),
    ]  # fmt: skip


async def test_without_a_delivery_an_event_is_stored_all_the_same() -> None:
    ledger = FakeLedger()
    await made(ledger, delivery("erp", "ERP")).take([raw("a", "MES")])
    assert [name for name, _ in ledger.entries] == [""]


async def test_a_ledger_that_cannot_write_is_the_callers_to_know() -> None:
    ledger = FakeLedger()
    ledger.down = True
    with pytest.raises(LedgerUnavailable):
        await made(ledger, delivery("main")).take([raw("a")])
    assert await made(ledger).take([]) == []


async def test_a_mistake_that_only_many_events_show_is_told_in_the_log_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def by_user(raw: Raw) -> Event:
        user = str(raw.fields["sysUser"])
        return Event(AT, str(raw.fields["logDt"]), "DO6001", user, "10.0.0.1", 1, raw)

    intake = Intake(by_user, FakeLedger(), [], StillClock())  # type: ignore[arg-type]
    with caplog.at_level("WARNING", "gateway"):
        await intake.take([raw(str(number), sysUser=f"u{number}") for number in range(60)])
    told = [r for r in caplog.records if r.getMessage() == "usage_habit_seen"]
    assert [vars(each)["facts"]["code"] for each in told] == ["U1207"]
