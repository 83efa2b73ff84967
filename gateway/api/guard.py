"""What every request passes before a route: host, origin, size, time, login and role.

Deny by default: a method or path that is not named needs the highest role.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.answers import ApiError, error_body
from gateway.api.ports import QUERY_PATH
from gateway.api.users import Authenticator, Login, Role
from gateway.core.clock import Clock
from gateway.ops.events import api as events

BODY_MAX = 1024 * 1024
FILE_MAX = 32 * 1024 * 1024
FILES = ("/attachment", "/thumbnail")
DOCUMENT_MAX = 8 * 1024 * 1024
DOCUMENTS = re.compile(r"(/api/v3\.[01])?/(shells|submodels|concept-descriptions)(/|$)")
BODY_DEADLINE_S = 10.0
PUBLIC = frozenset({"/healthz"})
READING = frozenset({"GET", "HEAD"})
QUESTIONS = frozenset({"/lookup/shellsByAssetLink", QUERY_PATH})
"""POST requests that only ask."""
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
CORS_HEADERS = "authorization, content-type, if-none-match, idempotency-key"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_loopback(host: str) -> bool:
    """Tell whether an address or name is this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def needed_role(method: str, path: str) -> Role | None:
    """Give the role that a request needs; None: nobody needs to log in."""
    if method in READING:
        return None if path in PUBLIC else Role.VIEWER
    if method == "POST" and _bare(path) in QUESTIONS:
        return Role.VIEWER
    return Role.OPERATOR


def body_max(path: str) -> int:
    """Give how large a body may be, in bytes."""
    if not DOCUMENTS.match(path):
        return BODY_MAX
    return FILE_MAX if path.endswith(FILES) else DOCUMENT_MAX


def _bare(path: str) -> str:
    return path.removeprefix("/api/v3.0").removeprefix("/api/v3.1")


def _too_large(most: int) -> str:
    return f"the body is larger than {most} bytes"


class Guard:
    """ASGI middleware around all routes.

    Args:
        hosts: names in `Host` that are answered; empty: all (there is a login then).
        origins: origins of other sites whose scripts may read.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        clock: Clock,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._clock = clock
        self._hosts = frozenset(hosts)
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        answer = self._dressed(send, headers)
        most = body_max(scope["path"])
        refusal = self._refusal(scope["method"], headers, most) or await self._login(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        await self._app(scope, _Bounded(receive, most), answer)

    def _error(self, status: int, text: str, headers: dict[str, str] | None = None) -> Response:
        body = error_body(status, text, self._clock.now())
        return Response(body, status, headers, "application/json")

    def _refusal(self, method: str, headers: Headers, most: int) -> Response | None:
        host = headers.get("host", "").lower()
        if self._hosts and _without_port(host) not in self._hosts:
            return self._error(421, "this host name is not answered here")
        origin = headers.get("origin")
        if origin is not None and method not in READING and not self._knows(origin, host):
            return self._error(403, "requests of other sites are not answered")
        if method == "OPTIONS" and origin in self._origins:
            return Response(None, 204, {
                "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
                "access-control-allow-headers": CORS_HEADERS,
                "access-control-max-age": "600",
            })  # fmt: skip
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            return self._error(413, _too_large(most))
        return None

    def _knows(self, origin: str, host: str) -> bool:
        return origin in self._origins or urlsplit(origin).netloc.lower() == host

    async def _login(self, scope: Scope, headers: Headers) -> Response | None:
        needed = needed_role(scope["method"], scope["path"])
        if needed is None:
            return None
        client = scope.get("client")
        address = str(client[0]) if client else ""
        given = headers.get("authorization", "")
        login = await self._authenticator.check(given, address, loopback=is_loopback(address))
        if login.role is not None and login.role >= needed:
            scope["user"] = login.name
            return None
        return self._not_allowed(login, address, given)

    def _not_allowed(self, login: Login, address: str, given: str) -> Response:
        if login.wait_s > 0:
            events.login_locked(address, login.wait_s)
            wait = {"retry-after": str(int(login.wait_s) + 1)}
            return self._error(429, "too many failed logins; wait", wait)
        if login.role is not None:
            return self._error(403, "this user may not do this")
        if given:
            events.login_failed(address, "wrong-credentials")
        scheme = {"www-authenticate": 'Basic realm="gateway", charset="UTF-8"'}
        return self._error(401, "log in first", scheme)

    def _dressed(self, send: Send, headers: Headers) -> Send:
        origin = headers.get("origin")

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    out.setdefault(name, value)
                if origin in self._origins:
                    out["access-control-allow-origin"] = origin or ""
                    out["access-control-expose-headers"] = "etag"
                    out["cross-origin-resource-policy"] = "cross-origin"
                    out.add_vary_header("Origin")
            await send(message)

        return dressed


class _Bounded:
    """A request body of bounded size that arrives in bounded time."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0
        self._whole = False
        self._deadline: float | None = None

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()  # waits for the client to leave: no deadline
        loop = asyncio.get_running_loop()
        if self._deadline is None:
            self._deadline = loop.time() + BODY_DEADLINE_S
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise ApiError(408, "the body did not arrive in time") from None
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._size > self._most:
            raise ApiError(413, _too_large(self._most))
        return message


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
