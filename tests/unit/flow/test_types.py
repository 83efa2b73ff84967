"""What a signal's first values teach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gateway.core.records import Batch
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import BAD, UnixNs, Value
from gateway.flow.types import TypedTable


def table(*types: str | None) -> PlanTable:
    return PlanTable(
        "press-01",
        tuple(
            Signal(
                index=place,
                device="press-01",
                name=f"t{place}",
                source=f"ns=1;s=t{place}",
                aas="a",
                asset="b",
                submodel="c",
                submodel_id_short="OperationalData",
                submodel_semantic_id="d",
                element=f"T{place}",
                value_type=value_type,
            )
            for place, value_type in enumerate(types)
        ),
    )


def batch(plan: PlanTable, signals: list[int], values: object, status: object = None) -> Batch:
    count = len(signals)
    return Batch(
        plan,
        np.array(signals, np.int32),
        np.arange(count, dtype=np.int64),
        values,  # type: ignore[arg-type]
        UnixNs(1),
        status,  # type: ignore[arg-type]
    )


def types(plan: PlanTable) -> list[str | None]:
    return [signal.value_type for signal in plan.signals]


def test_integers_keep_their_width_and_declared_types_stay() -> None:
    plan = table(None, "xs:double", None)
    typed = TypedTable(plan)
    learned = typed.learn(batch(plan, [0, 1], np.array([1, 2], np.int16)))
    assert types(learned) == ["xs:short", "xs:double", None]
    assert learned.digest != plan.digest


def test_a_bad_sample_teaches_nothing() -> None:
    plan = table(None)
    typed = TypedTable(plan)
    status = np.array([BAD | 0x340000], np.uint32)
    assert types(typed.learn(batch(plan, [0], np.array([0.0]), status))) == [None]


def test_mixed_columns_teach_each_signal_its_own_type() -> None:
    plan = table(None, None, None, None, None)
    values: list[Value] = ["run", True, 1.5, 2**70, None]
    learned = TypedTable(plan).learn(batch(plan, [0, 1, 2, 3, 4], values))
    assert types(learned) == ["xs:string", "xs:boolean", "xs:double", "xs:integer", None]


def test_the_first_shown_type_wins() -> None:
    plan = table(None)
    typed = TypedTable(plan)
    first = typed.learn(batch(plan, [0], np.array([1.5])))
    second = typed.learn(batch(plan, [0], ["now a text"]))
    assert first is second


def test_types_known_from_an_earlier_run_are_taken_over_by_name_and_source() -> None:
    plan = table(None, None)
    known = table("xs:int", "xs:string")
    moved = replace(known.signals[1], source="ns=1;s=other")
    earlier = PlanTable("press-01", (known.signals[0], moved))
    assert types(TypedTable(plan, earlier).table) == ["xs:int", None]
