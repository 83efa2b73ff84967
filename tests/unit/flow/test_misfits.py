"""Values that could not be converted are told of."""

from __future__ import annotations

import numpy as np

from gateway.core.records import Batch
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import BAD_TYPE_MISMATCH, UnixNs
from gateway.flow.misfits import QUIET_NS, Misfits
from gateway.mapping.mapper import Mapper
from gateway.mapping.rules import NumberForm, Rule
from gateway.ops.health import DeviceHealth

PLAN = PlanTable(
    "d",
    tuple(Signal(i, "d", name, name, "", "", "", "", "", name) for i, name in enumerate("ab")),
)
RULES = {0: Rule(number=NumberForm(".", ("bar",))), 1: Rule(values=((0, "stop"), (1, "run")))}
AT = 1_795_439_647_000_000_000


def given(misfits: Misfits, at: int, *values: object) -> None:
    """Map and look at one sample of each signal."""
    count = len(values)
    signals, times = np.arange(count, dtype=np.int32), np.zeros(count, np.int64)
    batch = Batch(PLAN, signals, times, list(values), UnixNs(AT + at))  # type: ignore[arg-type]
    for part in Mapper(RULES, PLAN).map(batch):
        misfits.look_at(part)


def test_a_value_that_does_not_fit_is_told_with_what_the_machine_said() -> None:
    health = DeviceHealth("d", 2)
    misfits = Misfits(PLAN, health)
    given(misfits, 0, "12 bar", 1)
    assert not health.bad
    given(misfits, 0, "12 p\x07si", 7)
    assert {n: (bad.reason, bad.detail) for n, bad in health.bad.items()} == {
        "a": ("value-misfit", "12 p·si"),
        "b": ("value-misfit", "7"),
    }


def test_it_is_over_once_values_have_fitted_for_half_a_minute() -> None:
    health = DeviceHealth("d", 2)
    misfits = Misfits(PLAN, health)
    given(misfits, 0, "12 psi", 1)
    given(misfits, QUIET_NS // 2, "12 bar", 1)
    assert health.bad
    again = Misfits(PLAN, health)
    given(again, 2 * QUIET_NS, "12 bar", 1)
    assert not health.bad


def test_a_status_that_the_machine_itself_gave_is_no_misfit() -> None:
    health = DeviceHealth("d", 2)
    status = np.array([BAD_TYPE_MISMATCH], np.uint32)
    signals, times = np.zeros(1, np.int32), np.zeros(1, np.int64)
    Misfits(PLAN, health).look_at(Batch(PLAN, signals, times, [None], UnixNs(AT), status))
    assert not health.bad
