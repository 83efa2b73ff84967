"""One POST over HTTP(S) that never raises for what a network does.

A request that failed before it left, and one whose answer was lost, are different things for a
sender, and both are data here. No redirect is followed, no proxy is taken from the environment, and
nothing is kept open between requests: they come minutes apart, and a connection that idled might be
closed by the other side at the moment of the next, when nobody would know what was read of it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, urlsplit

import aiohttp

from gateway.core.clock import Clock
from gateway.core.types import UnixNs
from gateway.usage.sender.answers import TEXT_MAX, decoded
from gateway.usage.sender.kst import NS
from gateway.usage.sender.wire import percent

ANSWER_MAX = 64 * 1024
"""Bytes of an answer; the longest known has 200, an error page of a proxy some thousand."""
HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "factory-telemetry-gateway",
}
"""A name of its own: filters in front of such services turn away what looks like a script."""
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
class HttpSettings:
    """How one service is reached."""

    connect_timeout_s: float
    timeout_s: float
    ca: Path | None = None
    proxy: str | None = None


@dataclass(slots=True)
class Posted:
    """`outcome` is answered when a whole response came, whatever it says. `date` is in ns UTC."""

    outcome: Outcome = Outcome.ANSWERED
    status: int = 0
    body: bytes = b""
    date: UnixNs | None = None
    text: str = ""
    took_s: float = 0.0


class Poster:
    """Sends bodies to one service."""

    def __init__(self, settings: HttpSettings, secrets: Iterable[str], clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        password = urlsplit(settings.proxy).password if settings.proxy else None
        self._secrets = _spellings([*secrets, password or ""])
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return "Poster()"

    async def post(self, url: str, kind: str, body: bytes) -> Posted:
        """Send a body of this content type. Cancel: its outcome is unknown."""
        began = self._clock.monotonic()
        posted = Posted()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                await self._exchange(url, kind, body, posted)
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ClientHttpProxyError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
            aiohttp.NonHttpUrlClientError,
            _NoTrustError,
        ) as error:
            self._fail(posted, Outcome.NOT_TAKEN, error)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            self._fail(posted, Outcome.UNKNOWN, error)
        posted.took_s = self._clock.monotonic() - began
        return posted

    def page(self, posted: Posted) -> str:
        """Give a response as one line for people."""
        page = self.hidden(" ".join(decoded(posted.body).split())[:TEXT_MAX])
        return f"HTTP {posted.status}: {page}" if page else f"HTTP {posted.status}"

    def hidden(self, text: str) -> str:
        """Give a text without keys and passwords."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    async def close(self) -> None:
        """Close connections, within 5 s."""
        session, self._session = self._session, None
        if session is not None:
            async with asyncio.timeout(CLOSE_S):
                await session.close()

    async def _exchange(self, url: str, kind: str, body: bytes, posted: Posted) -> None:
        async with self._opened().post(
            url,
            data=body,
            headers={"Content-Type": kind, **HEADERS},
            allow_redirects=False,
            proxy=self._settings.proxy,
        ) as response:
            posted.status = response.status
            posted.date = _date(response.headers.get("Date", ""))
            posted.body = await _bounded(response)

    def _fail(self, posted: Posted, outcome: Outcome, error: BaseException) -> None:
        detail = self.hidden(str(error))[:TEXT_MAX]
        word = "timeout" if isinstance(error, TimeoutError) else type(error).__name__
        posted.outcome = outcome
        posted.text = f"{word}: {detail}" if detail else word

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connect_s = self._settings.connect_timeout_s
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
            return ssl.create_default_context(cafile=self._settings.ca)
        except (OSError, ssl.SSLError) as error:
            raise _NoTrustError(f"{self._settings.ca}: {error}") from error


class _NoTrustError(Exception):
    """The file of trusted certificates cannot be read."""


def _spellings(plain: Iterable[str]) -> tuple[str, ...]:
    """Give all ways in which secrets may be written, longest first."""
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
