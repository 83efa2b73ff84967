"""Reads back from InfluxDB, in InfluxQL, which 1.x, 2.x and 3.x answer alike; blocking."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from gateway.core.types import GOOD, UnixNs, Value
from gateway.history.fields import FieldType
from gateway.history.influx_http import InfluxServer, NotThere
from gateway.history.influx_setup import quoted
from gateway.history.interface import ROWS_MIN, Aggregate, Bucket, Rows, Series
from gateway.history.layout import MOS, QUALITY, SPECIAL, STATUS, Place, place_of, series_at

_TYPES = {
    "float": FieldType.FLOAT,
    "integer": FieldType.INTEGER,
    "unsigned": FieldType.INTEGER,
    "boolean": FieldType.BOOLEAN,
    "string": FieldType.STRING,
}
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_NUMBERS_ONLY = {Aggregate.MEAN, Aggregate.MIN, Aggregate.MAX}
_QUALITY_STATUS = {"uncertain": 0x40000000, "bad": 0x80000000}
_QUALITY_ORDER = {None: 0, "good": 0, "uncertain": 1, "bad": 2}
_Row = tuple[int, int, Value, int]


class InfluxReader:
    """Queries of one server."""

    def __init__(self, server: InfluxServer) -> None:
        self._server = server
        config = server.config
        self._database = config.database if config.version == 1 else config.bucket
        self._policy = config.retention_policy if config.version == 1 else ""
        self._layout = config.layout

    def rows(self, series: Series, start: int, end: int, limit: int) -> Rows:
        """Give raw rows; a page ends between two instants."""
        limit = max(limit, ROWS_MIN)
        place = place_of(self._layout, series)
        types = self._types(place.measurement)
        if not any(place.field + end_ in types for end_ in ("", SPECIAL, STATUS)):
            return Rows()
        names = [place.field, place.field + SPECIAL, place.field + STATUS]
        columns = ", ".join(quoted(name) for name in names)
        text = (
            f"SELECT {columns}, {quoted(QUALITY)} FROM {quoted(place.measurement)}"  # noqa: S608 - every part is quoted
            f"{_where(place, start, end)} ORDER BY time ASC LIMIT {limit + ROWS_MIN}"
        )
        found = self._values(text)
        field_type = types.get(place.field, FieldType.STRING)
        rows = sorted((_row(row, field_type) for row in found), key=lambda row: row[:2])
        return _page(rows, limit)

    def buckets(self, series: Series, start: int, end: int, limit: int, bucket: Bucket) -> Rows:
        """Give one row for each bucket that has values."""
        place = place_of(self._layout, series)
        field_type = self._types(place.measurement).get(place.field)
        if field_type is None or (
            bucket.aggregate in _NUMBERS_ONLY
            and field_type not in {FieldType.FLOAT, FieldType.INTEGER}
        ):
            return Rows()
        text = (
            f"SELECT {bucket.aggregate}({quoted(place.field)})"  # noqa: S608 - names are quoted
            f" FROM {quoted(place.measurement)}"
            f"{_where(place, start, end)} GROUP BY time({bucket.every}ns) fill(none)"
            f" LIMIT {limit + 1}"
        )
        result_type = _result_type(bucket.aggregate, field_type)
        rows = [(time, 0, typed(value, result_type), GOOD) for time, value in self._values(text)]
        return _page(rows, limit)

    def series(self) -> list[Series]:
        """Give every series that has a value, sorted."""
        found: set[Series] = set()
        tag = "host" if self._layout == MOS else "asset"
        for measurement in self._measurements():
            name = quoted(measurement)
            text = f"SELECT last(*) FROM {name} GROUP BY {quoted(tag)}"  # noqa: S608 - every part is quoted
            for one in self._ask(text):
                fields = (name.removeprefix("last_") for name in _filled(one))
                asset = one.get("tags", {}).get(tag, "")
                for field in fields:
                    series = series_at(self._layout, measurement, asset, field)
                    if series is not None:
                        found.add(series)
        return sorted(found)

    def _measurements(self) -> list[str]:
        return [row[-1] for one in self._ask("SHOW MEASUREMENTS") for row in one.get("values", ())]

    def _types(self, measurement: str) -> dict[str, FieldType]:
        found = self._values(f"SHOW FIELD KEYS FROM {quoted(measurement)}")
        return {row[-2]: _TYPES.get(row[-1], FieldType.STRING) for row in found}

    def _values(self, text: str) -> Iterator[list[Any]]:
        for one in self._ask(text):
            yield from one.get("values", ())

    def _ask(self, text: str) -> list[dict[str, Any]]:
        try:
            return self._server.influxql(text, database=self._database, policy=self._policy)
        except NotThere:  # no bucket, no database, or no mapping yet: nothing is stored
            return []


def _where(place: Place, start: int, end: int) -> str:
    asset = place.asset.replace("\\", "\\\\").replace("'", "\\'")
    return f" WHERE {quoted(place.tag)} = '{asset}' AND time >= {start} AND time < {end}"


def _filled(one: dict[str, Any]) -> list[str]:
    columns = one["columns"][1:]
    return [
        name
        for place, name in enumerate(columns, 1)
        if any(row[place] is not None for row in one.get("values", ()))
    ]


def _row(row: list[Any], field_type: FieldType) -> _Row:
    time, value, special, status, quality = row
    if value is None and special is not None:
        value = _WORDS.get(special)
        if value is None:
            value = int(special)
    else:
        value = typed(value, field_type)
    code = status if status is not None else _QUALITY_STATUS.get(quality, GOOD)
    return time, _QUALITY_ORDER.get(quality, 0), value, int(code)


def typed(value: Any, field_type: FieldType) -> Value:
    """Give a JSON value the type its field has: JSON writes 20.0 as 20."""
    if value is None:
        return None
    match field_type:
        case FieldType.FLOAT:
            return float(value)
        case FieldType.INTEGER:
            return int(value)
        case FieldType.BOOLEAN:
            return bool(value)
        case _:
            return str(value)


def _result_type(aggregate: Aggregate, field_type: FieldType) -> FieldType:
    match aggregate:
        case Aggregate.MEAN:
            return FieldType.FLOAT
        case Aggregate.COUNT:
            return FieldType.INTEGER
        case _:
            return field_type


def _page(rows: list[_Row], limit: int) -> Rows:
    next_start = None
    if len(rows) > limit:
        cut = rows[limit][0]
        next_start = UnixNs(cut)
        rows = [row for row in rows if row[0] < cut]
    return Rows(
        [row[0] for row in rows], [row[2] for row in rows], [row[3] for row in rows], next_start
    )
