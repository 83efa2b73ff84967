"""What is sent next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.usage.config import DEFAULT_ORDER
from gateway.usage.model import State, Waiting
from gateway.usage.sender.sampler import choose, ranked, summed


def waiting(name: str, second: int, user: str, use_se: str = "DO6001", amount: int = 1) -> Waiting:
    log_dt = f"2026-03-03 08:{second // 60:02d}:{second % 60:02d}.000"
    return Waiting(name, log_dt, use_se, user, "10.0.0.1", amount, State.QUEUED)


def names(events: list[Waiting]) -> str:
    return "".join(event.id for event in events)


def test_priority_comes_before_users_and_users_before_time() -> None:
    events = [
        waiting("a", 1, "kim", "DO6003"),
        waiting("b", 2, "kim", "DO6001"),
        waiting("c", 3, "kim", "DO6002"),
        waiting("d", 4, "lee", "DO6001"),
        waiting("e", 5, "park", "DO6006"),
        waiting("f", 6, "choi", "DO6999"),
    ]
    assert names(ranked(events, DEFAULT_ORDER, set())) == "fbdcea"
    assert names(ranked(events, DEFAULT_ORDER, {"kim"})) == "fdbcea"


def test_the_order_is_a_setting_and_codes_it_does_not_name_come_last() -> None:
    events = [waiting("a", 1, "kim", "DO6001"), waiting("b", 2, "kim", "DO6007")]
    assert names(ranked(events, [["DO6007"]], set())) == "ba"


def test_only_what_twice_the_day_could_not_take_is_put_aside() -> None:
    events = [waiting(f"{number:03d}", number, f"u{number}") for number in range(100)]
    choice = choose(events, DEFAULT_ORDER, set(), slots_left=10)
    assert choice is not None
    assert len(choice.kept) == 39
    assert choice.best.id == "000"
    assert {event.id for event in choice.out} == {f"{number:03d}" for number in range(40, 100)}


def test_a_sum_is_clamped() -> None:
    events = [waiting("a", 1, "kim", amount=600_000_000), waiting("b", 2, "lee", amount=-5)]
    assert summed(events[0], events[1:]) == 600_000_000
    assert summed(events[0], [events[0]]) == 999_999_999


EVENTS = st.lists(
    st.builds(
        waiting,
        st.integers(0, 10**6).map(str),
        st.integers(0, 3_000),
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from([f"DO600{number}" for number in range(1, 8)]),
    ),
    max_size=30,
    unique_by=lambda event: event.id,
)


@given(EVENTS, st.sets(st.sampled_from(["a", "b", "c", "d"])))
def test_the_order_is_that_of_choosing_one_after_the_other(
    events: list[Waiting], users: set[str]
) -> None:
    places = {code: place for place, group in enumerate(DEFAULT_ORDER) for code in group}
    left, seen, expected = list(events), set(users), []
    while left:
        best = min(
            left,
            key=lambda event: (places[event.use_se], event.user in seen, event.log_dt, event.id),
        )
        left.remove(best)
        seen.add(best.user)
        expected.append(best)
    assert ranked(events, DEFAULT_ORDER, users) == expected
