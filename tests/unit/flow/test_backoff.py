"""Claims about the waits between tries."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.flow.backoff import Backoff


@pytest.mark.invariant("I9")
def test_limits_grow_by_the_factor_up_to_the_cap() -> None:
    backoff = Backoff(1.0, 2.0, 30.0, draw=lambda: 1.0)
    assert [backoff.next_delay() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_reset_begins_again_at_the_first_delay() -> None:
    backoff = Backoff(1.0, 3.0, 30.0, draw=lambda: 1.0)
    backoff.next_delay()
    backoff.next_delay()
    backoff.reset()
    assert backoff.next_delay() == 1.0


@given(st.floats(0, 1, exclude_max=True), st.floats(0.01, 100), st.floats(1, 5))
def test_every_delay_lies_between_zero_and_its_limit(
    drawn: float, first_s: float, factor: float
) -> None:
    jittered = Backoff(first_s, factor, 30.0, draw=lambda: drawn)
    full = Backoff(first_s, factor, 30.0, draw=lambda: 1.0)
    limits = [full.next_delay() for _ in range(12)]
    assert all(low <= high <= 30.0 for low, high in pairwise(limits))
    for limit in limits:
        delay = jittered.next_delay()
        assert 0 <= delay <= limit


def test_two_gateways_do_not_wait_alike() -> None:
    ours, theirs = Backoff(), Backoff()
    assert [ours.next_delay() for _ in range(9)] != [theirs.next_delay() for _ in range(9)]
