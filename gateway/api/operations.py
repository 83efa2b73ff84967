"""Routes for people and programs that run the gateway: liveness, metrics, status, live, trace."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.aas.ports import AasView, NewestView
from gateway.api.answers import (
    PAGE_MAX,
    ApiError,
    Query,
    json_answer,
    page_cursor,
    page_start,
)
from gateway.core.protocols import ReaderState
from gateway.core.types import BAD, SEVERITY_MASK, UNCERTAIN
from gateway.ops.metrics import exposition
from gateway.ops.problems import tag_problems
from gateway.ops.status import StatusBoard

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class OperationRoutes:
    """Handlers over the status and the newest values."""

    def __init__(self, board: StatusBoard, view: AasView) -> None:
        self._board = board
        self._view = view

    def routes(self) -> list[Route]:
        """Give all routes."""
        handlers = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
            "/api/status": self._status,
            "/api/live": self._live,
            "/api/trace": self._trace,
        }
        return [Route(path, handler, methods=["GET"]) for path, handler in handlers.items()]

    async def _healthz(self, _: Request) -> Response:
        """The process lives and its loop turns."""
        return json_answer({"status": "ok"})

    async def _readyz(self, _: Request) -> Response:
        """Values can be stored."""
        health = self._board.health
        if health.spool_ready:
            return json_answer({"status": "ready"})
        spool = health.spool
        answer = {"status": "not-ready", "state": spool.state.value, "reason": spool.reason}
        return json_answer({**answer, "note": spool.note}, 503)

    async def _metrics(self, _: Request) -> Response:
        return Response(exposition(), media_type=METRICS_TYPE)

    async def _status(self, _: Request) -> Response:
        return json_answer(self._board.status())

    async def _live(self, request: Request) -> Response:
        """Give the newest samples; `since` is the `version` of an earlier answer's first page."""
        query = Query(request)
        since = query.number("since", 0, 0, 2**62)
        limit = query.number("limit", PAGE_MAX, 1, PAGE_MAX)
        first = page_start(query)
        version = self._view.version
        found = self._view.rows(query.text("device"), query.text("match"), since)
        rows = [row_json(row) for row in islice(found, first, first + limit + 1)]
        answer: dict[str, Any] = {"version": version, "rows": rows[:limit]}
        if len(rows) > limit:
            answer["cursor"] = page_cursor(first + limit).decode()
        return json_answer(answer)

    async def _trace(self, request: Request) -> Response:
        """Follow the newest sample of one signal from the machine to each destination."""
        query = Query(request)
        device, name = query.text("device"), query.text("name")
        if not device or not name:
            raise ApiError(400, "device and name are needed")
        signal = self._view.find(device, name)
        if signal is None:
            raise ApiError(404, f"no signal {name} of {device}")
        rows = self._view.rows(device)
        row = next((each for each in rows if each.signal.index == signal.index), None)
        health = self._board.health.devices.get(device)
        bad = health.bad.get(signal.name) if health else None
        return json_answer(
            {
                "signal": signal.as_json(),
                "state": health.state.value if health else "unknown",
                "note": (health.note if health else "") or "",
                "problem": bad.reason if bad else None,
                "problems": (
                    tag_problems(health, signal.name, self._board.advice) if health else []
                ),
                "clock_offset_s": health.clock_offset_s if health else None,
                "sample": row_json(row) if row else None,
                "readers": _settled(row, self._board.readers()) if row else [],
                "now": self._board.clock.now(),
            }
        )


def _settled(row: NewestView, states: Iterable[ReaderState]) -> list[dict[str, Any]]:
    """Tell which readers are done with the sample; what is refused is done as well."""
    return [
        {
            "reader": state.name,
            "done": row.offset < state.position
            or any(first <= row.offset <= last for first, last in state.settled),
        }
        for state in states
    ]


def quality(code: int) -> str:
    """Name the severity of a status code. Source: OPC UA Part 4 §7.39."""
    severity = code & SEVERITY_MASK
    return "bad" if severity & BAD else "uncertain" if severity == UNCERTAIN else "good"


def row_json(row: NewestView) -> dict[str, Any]:
    """Write a sample for people and programs."""
    signal = row.signal
    return {
        "device": signal.device,
        "name": signal.name,
        "label": dict(row.name),
        "submodel": signal.submodel_id_short,
        "element": signal.element,
        "unit": signal.unit,
        "type": signal.value_type,
        "value": plain(row.value),
        "raw": plain(row.raw),
        "quality": quality(row.status),
        "status": row.status,
        "time": row.time,
        "server_time": row.server_time,
        "received": row.received,
        "offset": row.offset,
        "version": row.version,
    }


def plain(value: Any) -> Any:
    """Give a value as JSON can carry it: NaN and infinities as words, bytes as base64."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else str(value)
        case float():
            return value if math.isfinite(value) else _word(value)
        case bytes() | bytearray() | memoryview():
            return {"b64": base64.b64encode(bytes(value)).decode()}
        case np.ndarray() | np.generic():
            return plain(value.tolist())
        case Mapping():
            return {str(key): plain(part) for key, part in value.items()}
        case Sequence():
            return [plain(part) for part in value]
        case _:
            return str(value)


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
