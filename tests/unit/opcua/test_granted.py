"""What a server granted less is told where values are lost by it, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.opcua.granted import Rate, Subscription, lost_by, subscription_note
from tests.services.opcua_peer import source

ASKED = Rate(0.1, 100)


@pytest.mark.parametrize(
    ("asked", "given", "publishing_s"),
    [
        (ASKED, Rate(0.1, 100), 1.0),
        (ASKED, Rate(0.125, 80), 1.0),  # rounded to the server's cycle
        (ASKED, Rate(0.1, 10), 1.0),  # covers what comes between two publishings
        (ASKED, Rate(0.05, 100), 1.0),
        (Rate(1.0, 1), Rate(1.0, 1), 1.0),  # one value is what was asked
        (Rate(0.1, 1), Rate(0.1, 1), 1.0),
        (Rate(1.0, 10), Rate(1.0, 2), 1.0),
        (Rate(0.0, 10_000), Rate(0.0, 1_000), 1.0),
        (Rate(0.0, 10_000), Rate(0.25, 1_000), 1.0),  # as fast as it can
    ],
)
def test_as_good_as_asked_is_no_alarm(asked: Rate, given: Rate, publishing_s: float) -> None:
    assert lost_by(asked, given, publishing_s) == ""


@pytest.mark.parametrize(
    ("asked", "given", "publishing_s", "words"),
    [
        (ASKED, Rate(1.0, 1), 1.0, "asked 100 ms x 100, granted 1 s x 1"),
        (ASKED, Rate(1.0, 100), 1.0, "asked 100 ms x 100, granted 1 s x 100"),
        (ASKED, Rate(0.1, 1), 0.1, "asked 100 ms x 100, granted 100 ms x 1"),
        (ASKED, Rate(0.1, 9), 1.0, "asked 100 ms x 100, granted 100 ms x 9"),
        (Rate(0.0, 10_000), Rate(5.0, 10), 1.0, "asked every change x 10000, granted 5 s x 10"),
        (ASKED, Rate(0.1, 20), 5.0, "asked 100 ms x 100, granted 100 ms x 20"),
        (
            ASKED, Rate(0.1, 50), 30.0,
            "asked 100 ms x 100, granted 100 ms x 50, published every 30 s",
        ),
    ],
)  # fmt: skip
def test_what_is_lost_in_silence_is_an_alarm(
    asked: Rate, given: Rate, publishing_s: float, words: str
) -> None:
    assert lost_by(asked, given, publishing_s) == words


def test_a_slower_subscription_is_a_note_as_long_as_nothing_is_lost(tmp_path: Path) -> None:
    made = source("opc.tcp://h:4840", tmp_path, ["T"], publishing_s=1.0, keepalive_s=5.0)
    assert subscription_note(made, Subscription(1, 1.0, 5.0, 20.0)) == ""
    assert subscription_note(made, Subscription(1, 1.5, 6.0, 18.0)) == ""
    slow = subscription_note(made, Subscription(1, 10.0, 100.0, 5.0))
    assert slow == (
        "the server granted: publishing 10 s instead of 1 s, "
        "keep-alive 1 min 40 s instead of 5 s, lifetime 5 s instead of 20 s"
    )
