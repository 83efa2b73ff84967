"""Rests between reads never become the speed of a broker."""

from __future__ import annotations

from adapters.mqtt.pace import NEXT_TRIAL_S, Pace

REST_S, COMMIT_S = 0.02, 0.003


def drained(window: int, messages: int) -> float:
    """Give the seconds until a broker with a window of its own got rid of its messages."""
    pace, now = Pace(REST_S), 100.0
    while messages > 0:
        messages -= window
        now += max(pace.rest_s(now, window, window), COMMIT_S)
    return now - 100.0


def test_a_broker_with_a_small_window_is_not_slowed_down() -> None:
    unhindered = 32_000 / 32 * COMMIT_S
    assert drained(32, 32_000) < 1.2 * unhindered


def test_an_even_stream_keeps_its_rests() -> None:
    pace, now, rests, rest = Pace(REST_S), 100.0, 0, REST_S
    while now < 100.0 + NEXT_TRIAL_S:
        count = round(2_000 * (rest or 0.001))  # as many as came meanwhile at 2,000 a second
        rest = pace.rest_s(now, count, count)
        rests += rest > 0
        now += rest or 0.001
    assert rests > 0.9 * NEXT_TRIAL_S / REST_S


def test_changing_counts_are_no_reason_for_a_trial() -> None:
    pace = Pace(REST_S)
    assert all(pace.rest_s(n * REST_S, 40 + n % 2, 40 + n % 2) for n in range(100))
