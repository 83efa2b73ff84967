"""A read-only query route in the shape of InfluxDB 2: AAS viewers draw history from it.

A LinkedSegment (IDTA 02008-1-1) names this address and a query. The store behind may be any; its
login never reaches a viewer, who logs in here as everywhere. Source of the shape: InfluxDB 2 API,
`POST /api/v2/query`, and its annotated CSV.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.aas.ports import AasView
from gateway.api.flux import FluxError, FluxQuery, parse_flux
from gateway.api.ports import QUERY_PATH, HistoryRows, ReadHistory
from gateway.core.clock import Clock
from gateway.core.errors import SinkUnavailable
from gateway.core.signals import XS_FLOATS, XS_INTEGERS, Signal
from gateway.core.types import Value

ROWS_MAX = 50_000
SERIES_MAX = 50
DEADLINE_S = 20.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = ("result", "table", "_start", "_stop", "_time", "_value", "_measurement", "_field")
_GROUPS = "#group,false,false,true,true,false,false,true,true"
_DEFAULTS = "#default,_result,,,,,,,"
ANNOTATIONS = ("datatype", "group", "default")


class _Refused(Exception):
    """A query that is answered with an error of InfluxDB's shape."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


@dataclass(frozen=True, slots=True)
class _Table:
    signal: Signal
    variable: str
    datatype: str
    rows: Sequence[tuple[int, Value]]


class InfluxRoutes:
    """The query route over the running history."""

    def __init__(self, view: AasView, history: ReadHistory | None, clock: Clock) -> None:
        self._view = view
        self._history = history
        self._clock = clock

    def routes(self) -> list[Route]:
        """Give the route."""
        return [Route(QUERY_PATH, self._query, methods=["POST"])]

    async def _query(self, request: Request) -> Response:
        try:
            text, annotations = _asked(await request.body(), request.headers)
            query = parse_flux(text, self._clock.now())
            async with asyncio.timeout(DEADLINE_S):
                tables = await self._tables(query)
        except FluxError as error:
            return _error(400, "invalid", str(error))
        except _Refused as refused:
            return _error(refused.status, refused.code, refused.text)
        except (SinkUnavailable, TimeoutError) as error:
            return _error(503, "unavailable", f"the history does not answer: {error}")
        body = "\r\n".join([*_csv(tables, query, annotations), ""]).encode()
        return Response(body, media_type="text/csv", headers={"cache-control": "no-store"})

    async def _tables(self, query: FluxQuery) -> list[_Table]:
        read = self._history
        if read is None:
            raise _Refused(503, "unavailable", "there is no history here")
        room = ROWS_MAX
        tables: list[_Table] = []
        for variable, signal in self._wanted(query).items():
            rows = await _read(read, signal, query, room)
            if rows.next_start is not None or len(rows.times) > room:
                raise _Refused(400, "invalid", f"more than {ROWS_MAX} rows; ask for longer windows")
            room -= len(rows.times)
            tables.append(_Table(signal, variable, *_typed(signal, rows, query)))
        return [table for table in tables if table.rows]

    def _wanted(self, query: FluxQuery) -> dict[str, Signal]:
        known = self._view.variables(query.bucket)
        if not known:
            raise _Refused(404, "not found", f'could not find bucket "{query.bucket}"')
        wanted = {
            name: signal
            for name, signal in known.items()
            if (name in query.fields if query.fields else _is_number(signal))
            and (not query.measurements or signal.submodel_id_short in query.measurements)
        }
        if len(wanted) > SERIES_MAX:
            raise _Refused(400, "invalid", f"more than {SERIES_MAX} variables; filter by _field")
        return wanted


async def _read(read: ReadHistory, signal: Signal, query: FluxQuery, room: int) -> HistoryRows:
    aggregate = query.aggregate
    if aggregate in {"mean", "min", "max"} and not _is_number(signal):
        aggregate = "last"  # a text has no mean, and one segment may name both kinds
    return await read(
        signal, query.start, query.stop, limit=room + 1, every=query.every, aggregate=aggregate
    )


def _typed(
    signal: Signal, rows: HistoryRows, query: FluxQuery
) -> tuple[str, Sequence[tuple[int, Value]]]:
    shift = query.every  # Flux stamps a window with its end
    pairs: list[tuple[int, Value]] = [
        (min(time + shift, query.stop) if shift else time, value)
        for time, value in zip(rows.times, rows.values, strict=True)
        if value is not None
    ]
    if query.every and query.aggregate == "count":
        return "long", pairs
    if _is_number(signal):
        return "double", pairs
    if signal.value_type == "xs:boolean":
        return "boolean", [(time, bool(value)) for time, value in pairs]
    return "string", pairs


def _is_number(signal: Signal) -> bool:
    return signal.value_type in XS_FLOATS or signal.value_type in XS_INTEGERS


def _asked(body: bytes, headers: Mapping[str, str]) -> tuple[str, Sequence[str]]:
    """Read the query and which annotations are wanted: none for plain Flux, as InfluxDB does."""
    if not headers.get("content-type", "").startswith("application/json"):
        return body.decode("utf-8", "replace"), ()
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _Refused(400, "invalid", "the body is not JSON") from None
    match given:
        case {"query": str(text), "dialect": {"annotations": list(wanted)}}:
            return text, [name for name in ANNOTATIONS if name in wanted]
        case {"query": str(text)}:
            return text, ()
        case _:
            raise _Refused(400, "invalid", "the body has no query")


def _csv(tables: Iterable[_Table], query: FluxQuery, annotations: Sequence[str]) -> Iterator[str]:
    datatype = None
    span = f"{_utc(query.start)},{_utc(query.stop)}"
    result = "" if "default" in annotations else "_result"
    for number, table in enumerate(tables):
        if table.datatype != datatype:
            if datatype is not None:
                yield ""
            datatype = table.datatype
            yield from _head(datatype, annotations)
        tail = f"{table.signal.submodel_id_short},{table.variable}"
        for time, value in table.rows:
            yield f",{result},{number},{span},{_utc(time)},{_cell(value)},{tail}"


def _head(datatype: str, annotations: Sequence[str]) -> Iterator[str]:
    time = "dateTime:RFC3339"
    lines = {
        "datatype": f"#datatype,string,long,{time},{time},{time},{datatype},string,string",
        "group": _GROUPS,
        "default": _DEFAULTS,
    }
    for name in annotations:
        yield lines[name]
    yield "," + ",".join(_COLUMNS)


def _cell(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    if any(char in text for char in ',"\r\n'):
        text = '"' + text.replace('"', '""') + '"'
    return text


def _utc(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    text = moment.replace(tzinfo=None).isoformat()
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{text}{fraction}Z"


def _error(status: int, code: str, text: str) -> Response:
    body: dict[str, Any] = {"code": code, "message": text}
    return Response(orjson.dumps(body), status, media_type="application/json")
