"""Mistakes that only many events together show are told once a day."""

from __future__ import annotations

from dataclasses import replace

from gateway.core.types import UnixNs
from gateway.usage.model import Event
from gateway.usage.normal.habits import ONE_ADDRESS_EVENTS, SOLUTIONS_MAX, Habits
from gateway.usage.normal.kst import NS_PER_S
from gateway.usage.rules.lints import Lint
from tests.unit.usage.normal.support import event, ns, raw

NOON, LATE = ns("2026-11-26T12:00:00+09:00"), ns("2026-11-26T23:59:00+09:00")


def said(
    number: int, *, received: int = NOON, age_s: int = 0, address: str = "192.168.0.5",
    peer: str = "10.0.0.7", solution: str = "",
) -> Event:  # fmt: skip
    one = raw(UnixNs(received), sysUser=f"u{number}", conectIp=address, peer=peer)
    found = event(replace(one, solution=solution))
    return replace(found, at=UnixNs(received - age_s * NS_PER_S))


def seen(habits: Habits, events: list[Event]) -> list[Lint]:
    return [lint for each in events for lint in habits.see(each)]


def test_one_address_for_many_users_is_told_once_a_day() -> None:
    habits = Habits()
    events = [said(number % 7) for number in range(60)]
    assert seen(habits, events[: ONE_ADDRESS_EVENTS - 1]) == []
    assert seen(habits, events[ONE_ADDRESS_EVENTS - 1 :]) == [Lint.ONE_ADDRESS]
    tomorrow = NOON + 86_400 * NS_PER_S
    assert seen(habits, [said(number, received=tomorrow) for number in range(30)]) == [
        Lint.ONE_ADDRESS
    ]


def test_one_user_or_two_addresses_are_nothing_to_tell() -> None:
    assert seen(Habits(), [said(1) for _ in range(60)]) == []
    two = [said(number, address=f"192.168.0.{number % 2 + 1}") for number in range(60)]
    assert seen(Habits(), two) == []


def test_two_servers_are_told_and_many_single_computers_are_not() -> None:
    servers = [
        said(number, peer=f"10.0.0.{number % 2}", address=f"192.168.0.{number}")
        for number in range(6)
    ]
    assert seen(Habits(), servers) == [Lint.SEVERAL_SENDERS]
    computers = [
        said(number, peer=f"10.0.0.{number}", address=f"10.0.0.{number}") for number in range(200)
    ]
    assert seen(Habits(), computers) == []


def test_a_batch_of_the_day_just_before_midnight_is_told() -> None:
    batch = [said(1, received=LATE + number, age_s=600 * number) for number in range(40)]
    assert seen(Habits(), batch) == [Lint.BURST]
    live = [said(1, received=LATE + number, age_s=1) for number in range(40)]
    assert seen(Habits(), live) == []
    noon = [said(1, received=NOON + number, age_s=600 * number) for number in range(40)]
    assert seen(Habits(), noon) == []


def test_the_same_event_again_is_told_once_and_counts_for_nothing_else() -> None:
    habits = Habits()
    assert habits.see(said(1), known=True) == (Lint.SENT_AGAIN,)
    assert habits.see(said(1), known=True) == ()
    assert Habits().see(replace(said(1), raw=raw(intake="file:x")), known=True) == ()


def test_solutions_are_watched_apart_and_only_so_many() -> None:
    habits = Habits()
    for number in range(SOLUTIONS_MAX * 3):
        assert habits.see(said(number, solution=f"s{number}")) == ()
    assert len(habits._days) == SOLUTIONS_MAX
