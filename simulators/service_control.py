"""`/__sim__/...` beside a simulated service: orders and questions of tests, from this PC only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from simulators.control import BadRequest
from simulators.small_http import Reply, Request

BASE = "/__sim__/"
JSON_TYPE = "application/json;charset=UTF-8"
LIMIT_DEFAULT = 10_000
LOOPBACK = ("127.", "::1", "::ffff:127.")

Question = Callable[[dict[str, str]], Any]
Order = Callable[[dict[str, Any]], None]


class ServiceControl:
    """`GET` asks, `POST` orders with a JSON object; an order is answered with the state."""

    def __init__(self, questions: Mapping[str, Question], orders: Mapping[str, Order]) -> None:
        self._questions = questions
        self._orders = orders

    def handles(self, request: Request) -> bool:
        return request.path.startswith(BASE) and request.peer.startswith(LOOPBACK)

    async def handle(self, request: Request) -> Reply:
        """Answer; what cannot be understood is 400 with the reason, an unknown path 404."""
        name = request.path.removeprefix(BASE)
        try:
            if request.method == "GET" and name in self._questions:
                query = dict(parse_qsl(request.query.decode("latin-1")))
                return _json(self._questions[name](query))
            if request.method == "POST" and name in self._orders:
                self._orders[name](_object(request.body))
                return _json(self._questions["state"]({}))
        except (BadRequest, ValueError) as error:
            return _json({"error": str(error)}, 400)
        known = [f"GET {each}" for each in self._questions] + [f"POST {o}" for o in self._orders]
        return _json({"error": f"known are: {', '.join(known)}"}, 404)


def page(rows: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    """Give rows from the `after`-th on, at most `limit`."""
    start = max(0, int(query.get("after", 0)))
    return rows[start : start + max(1, int(query.get("limit", LIMIT_DEFAULT)))]


def _object(body: bytes) -> dict[str, Any]:
    order = json.loads(body or b"{}")
    if not isinstance(order, dict):
        raise BadRequest("a JSON object is needed")
    return order


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(value, ensure_ascii=False).encode(), JSON_TYPE, status)
