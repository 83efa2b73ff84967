"""One request to the log service: what was said, what came back, or that nobody can know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.core.clock import Clock
from gateway.core.types import UnixNs
from gateway.usage.config import DeliveryConfig, Variant
from gateway.usage.sender.answers import ServiceAnswer, read_answer
from gateway.usage.sender.posting import HttpSettings, Outcome, Posted, Poster
from gateway.usage.sender.wire import PATHS, base_of, request_of

__all__ = ["Exchange", "HttpLogService", "LogService", "Outcome"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request. `answer` is there when answered; else `text` says what happened.

    `date` is the HTTP date in ns UTC, where there was one.
    """

    outcome: Outcome
    answer: ServiceAnswer | None = None
    text: str = ""
    date: UnixNs | None = None
    took_s: float = 0.0


class LogService(Protocol):
    """The service, as the sender sees it."""

    async def send(self, fields: Mapping[str, str], variant: Variant) -> Exchange:
        """Send one record, the key added here. Cancel: its outcome is unknown."""

    async def close(self) -> None:
        """Let connections go."""


class HttpLogService:
    """The log service over HTTP(S): POST only, one connection a request."""

    def __init__(self, config: DeliveryConfig, clock: Clock) -> None:
        self._config = config
        self._base = base_of(config.url)
        settings = HttpSettings(config.connect_timeout_s, config.timeout_s, config.ca, config.proxy)
        self._poster = Poster(settings, [config.key], clock)

    def __repr__(self) -> str:
        return f"HttpLogService({self._config.name!r})"

    async def send(self, fields: Mapping[str, str], variant: Variant) -> Exchange:
        """Send one record, the key added here. Cancel: its outcome is unknown."""
        kind, body = request_of(variant, self._config.key, fields)
        posted = await self._poster.post(self._base + PATHS[variant], kind, body)
        if posted.outcome is Outcome.ANSWERED:
            return self._understood(posted)
        return Exchange(posted.outcome, None, posted.text, posted.date, posted.took_s)

    async def close(self) -> None:
        """Close connections, within 5 s."""
        await self._poster.close()

    def _understood(self, posted: Posted) -> Exchange:
        answer = read_answer(posted.body)
        if answer is None:
            # A page of a proxy or a wrong address; the service itself answers 200 to everything.
            refused = 300 <= posted.status < 500
            outcome = Outcome.NOT_TAKEN if refused else Outcome.UNKNOWN
            return Exchange(outcome, None, self._poster.page(posted), posted.date, posted.took_s)
        shown = ServiceAnswer(
            answer.code,
            answer.answered,
            self._poster.hidden(answer.text),
            self._poster.hidden(answer.detail),
        )
        return Exchange(Outcome.ANSWERED, shown, "", posted.date, posted.took_s)
