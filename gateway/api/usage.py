"""`POST /usage`: events of a solution's use, answered only when they are on disk (I1)."""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, Strict, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.answers import ApiError, json_answer
from gateway.api.ports import UsagePort, UsageReceipt
from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable, SpoolFull, SpoolUnavailable
from gateway.core.records import Usage
from gateway.core.types import UnixNs
from gateway.ops.events import api as events

EVENTS_MAX = 1_000
COMMIT_TIMEOUT_S = 10.0
RETRY_AFTER_S = 5
KEYS_MAX = 10_000
"""Answers remembered by Idempotency-Key; older ones go first."""

KEY_LENGTH_MAX = 200
EXTRA_MAX = 32
Word = Annotated[str, Field(min_length=1, max_length=200)]
IsoTime = Annotated[datetime, Strict()]
"""Text only: a number would be taken for seconds."""
Short = Annotated[str, Field(max_length=200)]


class UsageEvent(BaseModel):
    """One event as a solution sends it; `at` is ns UTC or ISO 8601 with an offset, default now."""

    model_config = ConfigDict(extra="forbid")

    at: Annotated[int, Field(strict=True, ge=0, lt=2**63)] | IsoTime | None = None
    solution: Word
    event: Word
    user: Short = ""
    address: Annotated[str, Field(max_length=64)] = ""
    bytes: Annotated[int, Field(ge=0, lt=2**63)] = 0
    extra: Annotated[dict[Word, str | bool | int | float | None], Field(max_length=EXTRA_MAX)] = (
        Field(default_factory=dict)
    )


_EVENTS: TypeAdapter[UsageEvent | list[UsageEvent]] = TypeAdapter(
    Annotated[list[UsageEvent], Field(min_length=1, max_length=EVENTS_MAX)] | UsageEvent
)


class UsageRoute:
    """The handler and its memory of keys."""

    def __init__(self, port: UsagePort, clock: Clock) -> None:
        self._port = port
        self._clock = clock
        self._answered: OrderedDict[str, dict[str, Any]] = OrderedDict()

    async def post(self, request: Request) -> Response:
        """Store events and answer 201 with their ledger ids once they are durable.

        An `Idempotency-Key` that was answered before gets the same answer again and stores nothing;
        the gateway remembers keys until it is restarted.
        """
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise ApiError(415, "send application/json")
        key = request.headers.get("idempotency-key", "")[:KEY_LENGTH_MAX]
        if key in self._answered:
            return json_answer(self._answered[key], 200)
        usages = self._usages(_parsed(await request.body()))
        answer = await self._taken(usages, key)
        if key:
            self._answered[key] = answer
            while len(self._answered) > KEYS_MAX:
                self._answered.popitem(last=False)
        return json_answer(answer, 201)

    def _usages(self, given: Sequence[UsageEvent]) -> list[Usage]:
        now = self._clock.now()
        return [
            Usage(
                _at(each.at, now),
                each.solution,
                each.event,
                each.user,
                each.address,
                each.bytes,
                str(uuid.uuid4()),
                each.extra,
            )
            for each in given
        ]

    async def _taken(self, usages: Sequence[Usage], key: str) -> dict[str, Any]:
        """Store events where they belong; an event that nobody can send is stored and named."""
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                if self._port.take is not None:
                    return _answer(await self._port.take(usages, key))
                offset = await self._port.append(usages)
                ledger = [usage.ledger for usage in usages]
                return {"accepted": len(usages), "ledger": ledger, "offset": offset}
        except (SpoolFull, SpoolUnavailable, LedgerUnavailable) as error:
            reason = error.reason
        except TimeoutError:
            reason = "slow-disk"
        events.usage_refused(reason)
        raise ApiError(
            503, f"not stored: {reason}; send it again", {"retry-after": str(RETRY_AFTER_S)}
        )


def _answer(receipts: Sequence[UsageReceipt]) -> dict[str, Any]:
    unfit = [
        {"place": place, "code": each.code, "detail": each.detail}
        for place, each in enumerate(receipts)
        if each.code
    ]
    accepted = len(receipts) - len(unfit)
    return {"accepted": accepted, "ledger": [each.id for each in receipts], "unfit": unfit}


def _parsed(body: bytes) -> list[UsageEvent]:
    try:
        made = _EVENTS.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ApiError(422, f"{place}: {first['msg']}" if place else first["msg"]) from None
    return made if isinstance(made, list) else [made]


def _at(given: int | datetime | None, now: UnixNs) -> UnixNs:
    if given is None:
        return now
    if isinstance(given, int):
        return UnixNs(given)
    if given.tzinfo is None:
        raise ApiError(422, "at: an ISO time needs an offset, such as Z or +09:00")
    whole = int(given.replace(microsecond=0).timestamp())
    return UnixNs(whole * 10**9 + given.microsecond * 1_000)
