"""Which web pages may call the receiver: those of configured origins, no others.

A browser lets any page send a plain form to any address, so a foreign page is refused here, before
anything is stored; otherwise a page on the internet could write into a factory's ledger. Programs
send no Origin and are not asked. Source: WHATWG Fetch §3.2; Private Network Access §3.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from gateway.usage.receiver.head import Request

METHODS = "GET, POST, OPTIONS"
PREFLIGHT_AGE_S = 600
DEFAULT_HEADERS = "content-type, x-requested-with, idempotency-key"
_SHOWN = re.compile(r"null|[a-z][a-z0-9+.-]{1,20}://[A-Za-z0-9._:\[\]-]{1,100}")
_HEADER_LIST = re.compile(r"[A-Za-z0-9_, -]{1,500}")


class Origins:
    """The origins that may call, each `scheme://host[:port]`."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = frozenset(map(_normal, allowed))

    def refused(self, headers: Mapping[str, str]) -> str:
        """Give the origin of a page that may not call, fit to be logged; "" where the caller may.

        A script or an image of another site sends no Origin; a browser tells it all the same.
        """
        origin = headers.get("origin", "")
        if not origin and headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            origin = _origin_of(headers.get("referer", "")) or "unknown"
        if not origin or _normal(origin) in self._allowed:
            return ""
        return origin if _SHOWN.fullmatch(origin) else "unknown"

    def headers(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Give what an answer needs so that the page may read it."""
        origin = request.headers.get("origin", "")
        if not origin or _normal(origin) not in self._allowed:
            return ()
        return (
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", "X-Gateway-Event"),
            ("Vary", "Origin"),
        )

    def preflight(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Give what the answer to a preflight of an allowed page needs beside that."""
        wished = request.headers.get("access-control-request-headers", "")
        lines = [
            ("Access-Control-Allow-Methods", METHODS),
            (
                "Access-Control-Allow-Headers",
                wished if _HEADER_LIST.fullmatch(wished) else DEFAULT_HEADERS,
            ),
            ("Access-Control-Max-Age", str(PREFLIGHT_AGE_S)),
        ]
        if request.headers.get("access-control-request-private-network") == "true":
            lines.append(("Access-Control-Allow-Private-Network", "true"))
        return tuple(lines)


def _normal(origin: str) -> str:
    return origin.strip().rstrip("/").lower()


def _origin_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
