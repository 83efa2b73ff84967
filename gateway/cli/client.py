"""A small client for the running service: standard library only, so that commands start at once."""

from __future__ import annotations

import http.client
import json
import locale
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

DATA_DEFAULT = Path("data")
TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024

EXIT_FINE, EXIT_UNHEALTHY, EXIT_CONFIG, EXIT_UNREACHABLE, EXIT_NOT_ALLOWED = range(5)


class ServiceUnreachable(Exception):
    """No service answers; the text says where it was looked for."""


class ServiceRefused(Exception):
    """The service answered with an error; `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def language(option: str | None) -> Literal["ko", "en"]:
    """Give ko or en: the option, else GATEWAY_LANG, else the system's language."""
    given = option or os.environ.get("GATEWAY_LANG") or ""
    if not given:
        given = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return "ko" if given.lower().startswith(("ko", "korean")) else "en"


@dataclass(frozen=True, slots=True)
class Client:
    """Speaks to one service."""

    url: str
    token: str

    @staticmethod
    def of(data: Path) -> Client:
        """Find the service that uses a data folder.

        Raises:
            ServiceUnreachable: there is no run.json, or it cannot be read.
        """
        path = data / "run.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return Client(str(content["url"]), str(content["token"]))
        except FileNotFoundError:
            raise ServiceUnreachable(str(path)) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ServiceUnreachable(f"{path}: {error}") from None

    def get(self, path: str, query: Mapping[str, str | int | None] | None = None) -> Any:
        """Give the JSON of an answer.

        Raises:
            ServiceUnreachable: nobody answers.
            ServiceRefused: it answers with an error.
        """
        known = {key: value for key, value in (query or {}).items() if value is not None}
        target = quote(path) + (f"?{urlencode(known)}" if known else "")
        status, body = self._exchange(target)
        try:
            content = json.loads(body)
        except ValueError:
            raise ServiceUnreachable(f"{self.url}: no JSON in the answer") from None
        if status >= http.client.BAD_REQUEST:
            raise ServiceRefused(status, _message(content))
        return content

    def _exchange(self, target: str) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port or 80, timeout=TIMEOUT_S
        )
        try:
            connection.request("GET", target, headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, answer.read(ANSWER_BYTES_MAX)
        except (OSError, http.client.HTTPException, socket.gaierror) as error:
            raise ServiceUnreachable(f"{self.url}: {error}") from None
        finally:
            connection.close()


def _message(content: Any) -> str:
    match content:
        case {"messages": [{"text": str(text)}, *_]}:
            return text
        case {"note": str(note)}:
            return note
        case _:
            return "refused"
