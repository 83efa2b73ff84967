"""How a signal becomes measurement, tags and field of InfluxDB.

`submodel`: measurement = submodel idShort, tags `asset` (device) and `quality`, field = idShort
path.
`mos`: measurement `mos`, tag `host` (device), field = the node id of the AAS element; a good point
has no quality tag, so that readers of that layout find exactly what they expect. Source:
manufacturing operating system service interface (2023-11), store model.

Beside the field stand two others where they are needed: `#status` with the full status code of a
sample that is not plainly good, `#special` with a value that the field's type cannot hold (NaN,
Infinity, integers beyond 64 bits signed) as text. `#` cannot occur in an idShort.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gateway.core.signals import Signal
from gateway.history.interface import Series

LayoutName = Literal["submodel", "mos"]

SPECIAL = "#special"
STATUS = "#status"
QUALITY = "quality"
QUALITY_NAMES = ("good", "uncertain", "bad")
MOS = "mos"
MOS_NAMESPACE = "ns=2;s="

_SPACES = re.compile(r"\s")
_IN_MEASUREMENT = re.compile(r"([, ])")
_IN_KEY = re.compile(r"([,= ])")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a series is found: names as they are, not escaped."""

    measurement: str
    tag: str
    asset: str
    field: str


def place_of(layout: LayoutName, series: Series) -> Place:
    """Give where the samples of a series are stored."""
    if layout == MOS:
        return Place(MOS, "host", series.asset, mos_node_id(series))
    return Place(series.submodel, "asset", series.asset, series.element)


def series_at(layout: LayoutName, measurement: str, asset: str, field: str) -> Series | None:
    """Give the series that is stored there, None for fields of others."""
    if field.endswith((SPECIAL, STATUS)):
        return None
    if layout != MOS:
        return Series(asset, measurement, field)
    shell = f"{MOS_NAMESPACE}{id_short_of(asset)}."
    submodel, found, element = field.removeprefix(shell).partition(".")
    return Series(asset, submodel, element) if field.startswith(shell) and found else None


def mos_node_id(series: Series) -> str:
    """Give `ns=2;s=<AAS idShort>.<submodel idShort>.<idShort path>`."""
    return f"{MOS_NAMESPACE}{id_short_of(series.asset)}.{series.submodel}.{series.element}"


def id_short_of(device: str) -> str:
    """Give the idShort of a device's shell: `press-01` is `Press01`, as the AAS side names it."""
    made = "".join(part.capitalize() for part in device.split("-") if part)
    return made if made[:1].isalpha() and len(made) > 1 else f"Device{made}"


def prefix(layout: LayoutName, signal: Signal, quality: int, suffix: str = "") -> bytes:
    """Give a line up to its `=`: measurement, tags and field, escaped."""
    place = place_of(layout, Series.of(signal))
    tags = f"{_escaped(_IN_KEY, place.tag)}={_escaped(_IN_KEY, place.asset)}"
    if layout != MOS or quality:
        tags += f",{QUALITY}={QUALITY_NAMES[quality]}"
    measurement = _escaped(_IN_MEASUREMENT, place.measurement)
    return f"{measurement},{tags} {_escaped(_IN_KEY, place.field + suffix)}=".encode()


def _escaped(pattern: re.Pattern[str], name: str) -> str:
    # A line ends at a line break and a backslash before a separator would escape it.
    plain = _SPACES.sub(" ", name).rstrip("\\")
    return pattern.sub(r"\\\1", plain) or "_"
