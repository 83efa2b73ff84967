"""Plans, batches and clocks for the tests of the embedded store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import UnixNs
from gateway.history.columns import Ranked
from gateway.history.interface import Rows, Series
from gateway.history.query import query_rows
from gateway.history.writer import StoreWriter

S = 10**9
DAY = 86_400 * S
T0 = 20_000 * DAY + 3_600 * S


def plan_of(signals: int = 4, device: str = "press-01") -> PlanTable:
    return PlanTable(
        device,
        tuple(
            Signal(
                index=index,
                device=device,
                name=f"tag{index}",
                source=f"ns=2;s=t{index}",
                aas="urn:a",
                asset="urn:b",
                submodel="urn:c",
                submodel_id_short="OperationalData",
                submodel_semantic_id="urn:d",
                element=f"Tag{index}",
            )
            for index in range(signals)
        ),
    )


PLAN = plan_of()


def batch(
    times: Sequence[int] | NDArray[Any],
    values: object,
    *,
    signals: Sequence[int] | NDArray[Any] | None = None,
    status: Sequence[int] | NDArray[Any] | None = None,
    plan: PlanTable = PLAN,
    received: int | None = None,
    raw: object = None,
) -> Batch:
    return Batch(
        plan,
        np.array(signals if signals is not None else [0] * len(times), np.int32),
        np.array(times, np.int64),
        values if isinstance(values, np.ndarray) else list(values),  # type: ignore[call-overload]
        UnixNs(received if received is not None else int(max(times))),
        None if status is None else np.array(status, np.uint32),
        raw=raw,  # type: ignore[arg-type]
    )


def opened(folder: Path, keep_s: float = 30 * 86_400.0) -> StoreWriter:
    writer = StoreWriter(folder, keep_s)
    writer.open()
    return writer


def put(writer: StoreWriter, *batches: tuple[int, Batch], epoch: str = "e1") -> None:
    writer.append([(epoch, [Ranked(offset, item) for offset, item in batches])])


def compact_all(writer: StoreWriter) -> None:
    """Rewrite every file's recent rows, due or not."""
    from gateway.history import compact

    for file in list(writer._files.values()):
        while file.recent_rows:
            for _ in compact.steps(file, last=True):
                pass


def rows(folder: Path, signal: int = 0, device: str = "press-01", limit: int = 10**6) -> Rows:
    series = Series(device, "OperationalData", f"Tag{signal}")
    return query_rows(folder, series, -(2**62), 2**62, limit)
