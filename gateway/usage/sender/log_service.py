"""One request to the log service: what was said, what came back, or that nobody can know.

It never raises for what a network does: a request that failed before it left, and one whose answer
was lost, are different things for the sender, and both are data here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Protocol
from urllib.parse import quote, urlsplit

import aiohttp

from gateway.core.clock import Clock
from gateway.core.types import UnixNs
from gateway.usage.config import DeliveryConfig, Variant
from gateway.usage.sender.answers import TEXT_MAX, ServiceAnswer, decoded, read_answer
from gateway.usage.sender.kst import NS
from gateway.usage.sender.wire import PATHS, base_of, percent, request_of

ANSWER_MAX = 64 * 1024
"""Bytes of an answer; the longest known has 200, an error page of a proxy some thousand."""
CLOSE_S = 5.0
HIDDEN = "****"


class Outcome(StrEnum):
    """What is known of a request."""

    ANSWERED = "answered"
    NOT_TAKEN = "not-taken"
    """It never left, or something else than the service refused it: surely not stored."""
    UNKNOWN = "unknown"
    """It may have been stored."""


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


@dataclass(slots=True)
class _Reply:
    status: int
    body: bytes = b""
    date: UnixNs | None = None


class HttpLogService:
    """The log service over HTTP(S): POST only, no redirect followed, nothing kept open between.

    A request comes every ten minutes, so each has its own connection: one that idled might be
    closed by the other side at the moment of the next, and nobody would know what was read of it.
    """

    def __init__(self, config: DeliveryConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._base = base_of(config.url)
        self._secrets = _secrets(config)
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"HttpLogService({self._config.name!r})"

    async def send(self, fields: Mapping[str, str], variant: Variant) -> Exchange:
        """Send one record, the key added here. Cancel: its outcome is unknown."""
        began = self._clock.monotonic()
        reply = _Reply(0)
        try:
            async with asyncio.timeout(self._config.timeout_s):
                await self._post(fields, variant, reply)
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ClientHttpProxyError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
            aiohttp.NonHttpUrlClientError,
            _NoTrustError,
        ) as error:
            return self._failed(Outcome.NOT_TAKEN, error, reply, began)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return self._failed(Outcome.UNKNOWN, error, reply, began)
        return self._understood(reply, self._clock.monotonic() - began)

    async def close(self) -> None:
        """Close connections, within 5 s."""
        session, self._session = self._session, None
        if session is not None:
            async with asyncio.timeout(CLOSE_S):
                await session.close()

    async def _post(self, fields: Mapping[str, str], variant: Variant, reply: _Reply) -> None:
        kind, body = request_of(variant, self._config.key, fields)
        async with self._opened().post(
            self._base + PATHS[variant],
            data=body,
            headers={"Content-Type": kind, "Accept": "*/*", "Accept-Encoding": "identity"},
            allow_redirects=False,
            proxy=self._config.proxy,
        ) as response:
            reply.status = response.status
            reply.date = _date(response.headers.get("Date", ""))
            reply.body = await _bounded(response)

    def _understood(self, reply: _Reply, took_s: float) -> Exchange:
        answer = read_answer(reply.body)
        if answer is not None:
            shown = ServiceAnswer(
                answer.code,
                answer.answered,
                self._without_secrets(answer.text),
                self._without_secrets(answer.detail),
            )
            return Exchange(Outcome.ANSWERED, shown, "", reply.date, took_s)
        # A page of a proxy or of the wrong address; the service itself answers 200 to everything.
        refused = 300 <= reply.status < 500
        page = self._without_secrets(" ".join(decoded(reply.body).split())[:TEXT_MAX])
        text = f"HTTP {reply.status}: {page}" if page else f"HTTP {reply.status}"
        outcome = Outcome.NOT_TAKEN if refused else Outcome.UNKNOWN
        return Exchange(outcome, None, text, reply.date, took_s)

    def _failed(
        self, outcome: Outcome, error: BaseException, reply: _Reply, began: float
    ) -> Exchange:
        detail = self._without_secrets(str(error))[:TEXT_MAX]
        word = "timeout" if isinstance(error, TimeoutError) else type(error).__name__
        text = f"{word}: {detail}" if detail else word
        return Exchange(outcome, None, text, reply.date, self._clock.monotonic() - began)

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connect_s = self._config.connect_timeout_s
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=self._tls(), limit=1, use_dns_cache=False, force_close=True
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=connect_s, sock_connect=connect_s
                ),
                trust_env=False,
            )
        return self._session

    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._config.ca)
        except (OSError, ssl.SSLError) as error:
            raise _NoTrustError(f"{self._config.ca}: {error}") from error


class _NoTrustError(Exception):
    """The file of trusted certificates cannot be read."""


def _secrets(config: DeliveryConfig) -> tuple[str, ...]:
    """Give all spellings of what must not be shown, longest first."""
    plain = [config.key]
    if config.proxy:
        plain.append(urlsplit(config.proxy).password or "")
    spelled = {
        text
        for secret in plain
        if secret
        for text in (secret, quote(secret), quote(secret, safe=""), percent(secret))
    }
    return tuple(sorted(spelled, key=len, reverse=True))


def _date(text: str) -> UnixNs | None:
    try:
        return UnixNs(int(parsedate_to_datetime(text).timestamp()) * NS)
    except (TypeError, ValueError, OverflowError):
        return None


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ANSWER_MAX:
            raise ValueError(f"an answer of more than {ANSWER_MAX} bytes")
    return bytes(body)
