"""A device with its signals, for the tests of the AAS side and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gateway.core.assets import AssetInfo, AssetModel, LocalName
from gateway.core.records import Batch, Record
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import Column, Offset, UnixNs

BASE = "https://hanil.example/ids"
SEMANTICS = "https://factory-telemetry.example/smt/OperationalData/1/0"


def signal(
    index: int,
    element: str,
    *,
    device: str = "press-01",
    name: str | None = None,
    value_type: str | None = "xs:double",
    unit: str | None = None,
    semantic_id: str | None = None,
    submodel: str = "OperationalData",
) -> Signal:
    return Signal(
        index,
        device,
        name or element,
        f"nsu=urn:hanil:press;s={element}",
        f"{BASE}/aas/{device}",
        f"{BASE}/asset/{device}",
        submodel_id(device, submodel),
        submodel,
        SEMANTICS,
        element,
        semantic_id,
        value_type,
        unit,
    )


def submodel_id(device: str, id_short: str) -> str:
    return f"{BASE}/sm/{device}/{id_short}/1/0"


def asset_model(
    signals: Sequence[Signal],
    *,
    device: str = "press-01",
    info: AssetInfo | None = None,
    enumerations: Mapping[int, Mapping[int, str]] | None = None,
    display: Mapping[int, LocalName] | None = None,
) -> AssetModel:
    return AssetModel(
        info
        or AssetInfo(
            device,
            f"{BASE}/aas/{device}",
            f"{BASE}/asset/{device}",
            LocalName("프레스 1호기", "Press 1"),
            LocalName("한일프레스", "Hanil Press"),
            "HP-300",
            "HP-300-0071",
            2019,
        ),
        PlanTable(device, tuple(signals)),
        {
            name: submodel_id(device, name)
            for name in ("Nameplate", "TechnicalData", "OperationalData")
        },
        enumerations or {},
        display or {},
    )


def press(device: str = "press-01") -> AssetModel:
    """A press as a technician would map it."""
    return asset_model(
        [
            signal(0, "Mold.TemperatureLower", device=device, name="금형온도_하", unit="degC"),
            signal(1, "Mold.TemperatureUpper", device=device, name="금형온도_상", unit="degC"),
            signal(2, "State", device=device, name="가동상태", value_type="xs:string"),
            signal(3, "Count", device=device, value_type="xs:long"),
            signal(4, "Running", device=device, value_type="xs:boolean"),
            signal(5, "Power", device=device, unit="kW", semantic_id="0173-1#02-AAN411#004"),
        ],
        device=device,
        enumerations={2: {0: "stop", 1: "run", 2: "alarm"}},
        display={0: LocalName("금형온도 하", "Mold temperature, lower")},
    )


def batch(
    table: PlanTable,
    indices: Sequence[int],
    values: Column,
    *,
    at: int = 1_000,
    status: Sequence[int] | None = None,
    raw: Column | None = None,
) -> Batch:
    return Batch(
        table,
        np.array(indices, np.int32),
        np.full(len(indices), at, np.int64),
        values,
        UnixNs(at + 5),
        None if status is None else np.array(status, np.uint32),
        raw=raw,
    )


def records(*batches: Batch, first: int = 1) -> list[Record]:
    return [Record(Offset(place), each) for place, each in enumerate(batches, first)]
