"""One HTTP exchange with a platform that may be anything: bounded in time and size."""

from __future__ import annotations

import asyncio
import errno
import io
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import aiohttp

from gateway.core.errors import SinkUnavailable

ANSWER_MAX = 4 * 1024 * 1024
"""Bytes of an answer: a range for every record of the largest request fits many times."""
LARGE_BODY = 512 * 1024
"""Beyond it a body is handed over in pieces, so that sending does not hold up the loop."""
IDLE_S = 4.0
"""Common servers close idle connections after 5 s; a request must not meet that moment."""
CONNECTIONS_MAX = 4
"""Live data, backlog, and one spare each."""
CLOSE_S = 5.0


WORDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "connection reset",
    errno.EHOSTUNREACH: "no route to it",
    errno.ENETUNREACH: "no route to it",
    errno.ETIMEDOUT: "no answer",
}
"""What an error of the network is called; others by their number's name."""


def _in_words(error: Exception) -> str:
    """Say an error of the network in our own words."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "the name is not known"
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
            return "closed before the answer was whole"
        case OSError(errno=int(number)):
            return WORDS.get(number) or errno.errorcode.get(number, "network error")
        case _:
            return "network error"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status, headers (names as sent, look-up ignores case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Requests to one base address; follows no redirect, reads no proxy from the environment.

    Names are looked up for every new connection, so a platform that moves is found again.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout_s: float,
        ca: Path | None = None,
        verify: bool = True,
        proxy: str | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {**headers, "Accept-Encoding": "identity"}
        self._timeout_s = timeout_s
        self._ca = ca
        self._verify = verify
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, method: str, parts: tuple[str, ...], body: bytes, headers: Mapping[str, str]
    ) -> HttpAnswer:
        """Send one request; `parts` are the segments of its path, quoted here.

        Raises:
            SinkUnavailable: no complete answer within the time; a certificate that is not trusted
                is marked `hold`.
        """
        path = "/".join(quote(part, safe="") for part in parts)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(method, f"{self._url}/{path}", body, headers)
        except TimeoutError as error:
            raise SinkUnavailable("timeout", f"no answer in {self._timeout_s:g} s") from error
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            raise SinkUnavailable("certificate", self._place, hold=True) from error
        except aiohttp.InvalidURL as error:
            raise SinkUnavailable("bad-address", self._url, hold=True) from error
        except (aiohttp.ClientError, OSError) as error:
            detail = f"{self._place}, {_in_words(error)}"
            raise SinkUnavailable("connection", detail) from error

    @property
    def _place(self) -> str:
        """The host and port of the platform, for people: no login, no path."""
        return urlsplit(self._url).netloc.rpartition("@")[2]

    async def _exchange(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> HttpAnswer:
        session = self._opened()
        data = io.BytesIO(body) if len(body) > LARGE_BODY else body
        async with session.request(
            method, url, data=data, headers=headers, allow_redirects=False, proxy=self._proxy
        ) as response:
            return HttpAnswer(response.status, response.headers, await _bounded(response))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                ssl=self._tls() if self._url.startswith("https:") else True,
                limit=CONNECTIONS_MAX,
                use_dns_cache=False,
                keepalive_timeout=IDLE_S,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                trust_env=False,
                auto_decompress=False,
            )
        return self._session

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._ca)
        except (OSError, ssl.SSLError) as error:
            raise SinkUnavailable("certificate", f"{self._ca} cannot be read", hold=True) from error
        if not self._verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    async def close(self) -> None:
        """Close connections, within 5 s."""
        session, self._session = self._session, None
        if session is not None:
            async with asyncio.timeout(CLOSE_S):
                await session.close()


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ANSWER_MAX:
            raise SinkUnavailable("not-an-answer", f"more than {ANSWER_MAX} bytes")
    return bytes(body)
