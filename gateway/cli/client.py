"""A small client for the running service: standard library only, so that commands start at once."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 64 * 1024 * 1024

HTTP_BAD_REQUEST = 400


class ServiceUnreachable(Exception):
    """No service answers; the text says where it was looked for."""


class ServiceRefused(Exception):
    """The service answered with an error; `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


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
        from urllib.parse import quote, urlencode

        known = {key: value for key, value in (query or {}).items() if value is not None}
        target = quote(path) + (f"?{urlencode(known)}" if known else "")
        return self._answer(self._exchange("GET", target, TIMEOUT_S))

    def post(self, path: str, timeout_s: float = TIMEOUT_S) -> Any:
        """Ask for something to be done and give the JSON of the answer; raises as `get` does."""
        return self._answer(self._exchange("POST", path, timeout_s))

    def _answer(self, answer: tuple[int, bytes]) -> Any:
        status, body = answer
        try:
            content = json.loads(body)
        except ValueError:
            raise ServiceUnreachable(f"{self.url}: no JSON in the answer") from None
        if status >= HTTP_BAD_REQUEST:
            raise ServiceRefused(status, _message(content))
        return content

    def _exchange(self, method: str, target: str, timeout_s: float) -> tuple[int, bytes]:
        import http.client
        from urllib.parse import urlsplit

        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port or 80, timeout=timeout_s
        )
        try:
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(ANSWER_BYTES_MAX)
        except (OSError, http.client.HTTPException, socket.gaierror) as error:
            raise ServiceUnreachable(f"{self.url}: {error}") from None
        finally:
            connection.close()


def pages(client: Client, query: Mapping[str, str | int | None]) -> tuple[int, list[Any]]:
    """Give the version and all rows of the newest values, page by page.

    What changes between two pages comes again when asked for what is newer than the version.
    """
    answer = client.get("/api/live", query)
    version, found = answer["version"], list(answer["rows"])
    while "cursor" in answer:
        answer = client.get("/api/live", {**query, "cursor": answer["cursor"]})
        found += answer["rows"]
    return version, found


def known_tags(client: Client) -> list[str]:
    """Give DEVICE/TAG of everything that has a value."""
    _, rows = pages(client, {"match": "*"})
    return [f"{row['device']}/{row['name']}" for row in rows]


def _message(content: Any) -> str:
    match content:
        case {"messages": [{"text": str(text)}, *_]}:
            return text
        case {"note": str(note)}:
            return note
        case _:
            return "refused"
