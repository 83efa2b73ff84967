"""Signals that never speak."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.core.records import Batch
from gateway.core.types import BAD, UnixNs
from gateway.flow.silence import NO_VALUE_YET, SILENT_S, Silence
from gateway.ops.health import DeviceHealth, DeviceState
from tests.unit.flow.test_types import table

PLAN = table("xs:double", "xs:double", "xs:double")
AT = UnixNs(5)


@pytest.fixture
def health() -> DeviceHealth:
    made = DeviceHealth("press-01", 3)
    made.connected(AT)
    return made


def spoke(signal: int, status: int = 0) -> Batch:
    return Batch(
        PLAN,
        np.array([signal], np.int32),
        np.array([1], np.int64),
        np.array([1.0]),
        AT,
        np.array([status], np.uint32) if status else None,
    )


def wait(silence: Silence, seconds: float = SILENT_S) -> None:
    silence.look(100.0, AT)
    silence.look(100.0 + seconds, AT)


def names(*signals: int) -> set[str]:
    return {PLAN.signals[signal].name for signal in signals}


def test_a_signal_without_a_value_is_bad_after_half_a_minute_and_says_where_it_comes_from(
    health: DeviceHealth,
) -> None:
    silence = Silence(PLAN, frozenset({2}), health)
    silence.broken_by(spoke(0))
    wait(silence, SILENT_S - 1)
    assert health.state == "good"
    silence.look(100.0 + SILENT_S, AT)
    assert set(health.bad) == names(1), "2 may be silent for long"
    found = health.bad[PLAN.signals[1].name]
    assert (found.reason, found.detail) == (NO_VALUE_YET, PLAN.signals[1].source)
    assert health.state == "partly"


def test_its_first_value_makes_it_good(health: DeviceHealth) -> None:
    silence = Silence(PLAN, frozenset(), health)
    wait(silence)
    silence.broken_by(spoke(1))
    assert set(health.bad) == names(0, 2)


def test_a_bad_sample_is_no_value(health: DeviceHealth) -> None:
    silence = Silence(PLAN, frozenset({0, 2}), health)
    silence.broken_by(spoke(1, BAD))
    wait(silence)
    assert set(health.bad) == names(1)


def test_only_time_with_a_connection_counts(health: DeviceHealth) -> None:
    silence = Silence(PLAN, frozenset(), health)
    silence.look(0.0, AT)
    health.change(DeviceState.LOST, AT)
    silence.look(SILENT_S, AT)
    health.connected(AT)
    silence.look(SILENT_S + 1, AT)
    assert not health.bad


def test_another_reason_is_not_written_over(health: DeviceHealth) -> None:
    health.signal_bad(PLAN.signals[0].name, "BadNodeIdUnknown", AT)
    wait(Silence(PLAN, frozenset(), health))
    assert health.bad[PLAN.signals[0].name].reason == "BadNodeIdUnknown"


def test_who_spoke_before_a_reload_is_not_silent_after_it(health: DeviceHealth) -> None:
    before = Silence(PLAN, frozenset(), health)
    before.broken_by(spoke(0))
    wait(before)
    after = Silence(PLAN, frozenset(), health, before)
    assert not health.bad, "what the old configuration found is over"
    wait(after)
    assert set(health.bad) == names(1, 2)
