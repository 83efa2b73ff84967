"""Requests to InfluxDB through influxdb-client's plain REST client; blocking, no retry inside."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
import urllib3.exceptions
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from gateway.core.errors import SinkUnavailable
from gateway.history.config import HistoryConfig

RETRY_AFTER_MAX_S = 300.0
DETAIL_MAX = 300
WRITTEN = 204
_REFUSED = {400, 413, 422}
_NEEDS_PERSON = {401, 403}
_TEXT = "text/plain; charset=utf-8"


class LinesRefused(Exception):
    """The server will not take these lines as they are (400, 413, 422); its text."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class NotThere(Exception):
    """404: the database or bucket does not exist, or this version has no such address."""


class InfluxServer:
    """One server; used from worker threads, its connection pool is shared."""

    def __init__(self, config: HistoryConfig) -> None:
        self.config = config
        self._url = config.url.rstrip("/")
        self._client = InfluxDBClient(
            url=self._url,
            token=config.token or "-",
            org=config.org or "-",
            timeout=int(config.timeout_s * 1000),
            retries=False,
        )
        self._rest = self._client.api_client.rest_client
        self._headers = _authorization(config)

    def write(self, body: bytes) -> None:
        """Write lines, times in ns.

        Raises:
            LinesRefused, NotThere, SinkUnavailable: nothing else; some lines may be written.
        """
        path, query = self._write_address()
        answer = self._send("POST", path, query, body)
        if answer.status != WRITTEN:  # a portal in between may answer 200 to anything
            raise SinkUnavailable("influx-unexpected", f"{answer.status} to a write")

    def ask(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None
    ) -> dict[str, Any]:
        """Send a request with a JSON answer and give that; an empty one is an empty object."""
        text = self._send(method, path, query, body).data
        if not text:
            return {}
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise SinkUnavailable("influx-unexpected", "the answer is not JSON") from error
        return found if isinstance(found, dict) else {"items": found}

    def influxql(self, text: str, *, database: str, policy: str = "") -> list[dict[str, Any]]:
        """Run statements and give the `series` of them all.

        Raises:
            QueryFailed: the server understood and refused.
        """
        query = {"db": database, "q": text, "epoch": "ns"}
        if policy:
            query["rp"] = policy
        method = "GET" if text.startswith(("SELECT", "SHOW")) else "POST"
        results = self.ask(method, "/query", query).get("results", [])
        for result in results:
            if "error" in result:
                raise QueryFailed(result["error"])
        return [series for result in results for series in result.get("series", ())]

    def ping(self) -> None:
        """Return when the server answers. Raises SinkUnavailable."""
        with suppress(NotThere, LinesRefused):
            self._send("GET", "/ping", {}, None)

    def close(self) -> None:
        """Release connections."""
        self._rest.pool_manager.clear()

    def _write_address(self) -> tuple[str, dict[str, str]]:
        config = self.config
        if config.version == 1:
            query = {"db": config.database, "precision": "ns"}
            if config.retention_policy:
                query["rp"] = config.retention_policy
            return "/write", query
        query = {"bucket": config.bucket, "precision": "ns"}
        if config.org:
            query["org"] = config.org
        return "/api/v2/write", query

    def _send(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Any:
        headers = dict(self._headers)
        headers["Content-Type"] = _TEXT if isinstance(body, bytes) else "application/json"
        try:
            return self._rest.request(  # type: ignore[no-untyped-call]  # the library has no types
                method, self._url + path, query_params=dict(query), headers=headers, body=body
            )
        except ApiException as error:
            raise _problem(error) from error
        except (urllib3.exceptions.HTTPError, UnicodeDecodeError, OSError) as error:
            raise SinkUnavailable("influx-unreachable", self._url) from error


class QueryFailed(Exception):
    """InfluxQL was refused; the text is the server's."""


def _authorization(config: HistoryConfig) -> dict[str, str]:
    if config.version == 1:
        if not config.user:
            return {}
        pair = base64.b64encode(f"{config.user}:{config.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    scheme = "Bearer" if config.version == 3 else "Token"
    return {"Authorization": f"{scheme} {config.token}"} if config.token else {}


def _problem(error: ApiException) -> Exception:
    status = error.status or 0
    text = _short(_message(error.body) or str(error.reason or ""))
    if status in _REFUSED:
        return LinesRefused(text, status)
    if status == 404:
        return NotThere(text)
    if status in _NEEDS_PERSON:
        return SinkUnavailable("influx-unauthorized", f"{status} {text}", hold=True)
    wait_s = _retry_after(error.headers)
    return SinkUnavailable("influx-status", f"{status} {text}", retry_after_s=wait_s)


def _message(body: Any) -> str:
    if not isinstance(body, str):
        return ""
    with suppress(orjson.JSONDecodeError):
        found = orjson.loads(body)
        if isinstance(found, dict):
            return _with_detail(str(found.get("message") or found.get("error") or body), found)
    return body


def _with_detail(text: str, found: dict[str, Any]) -> str:
    """Version 3 tells what is wrong with a line beside the message."""
    detail = found.get("data")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return f"{text}: {detail[0].get('error_message', '')}"
    return text


def _retry_after(headers: Any) -> float | None:
    value = headers.get("Retry-After") if headers is not None else None
    try:
        return min(max(float(value), 0.0), RETRY_AFTER_MAX_S) if value else None
    except ValueError:  # an HTTP date: the runner's own waiting will do
        return None


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= DETAIL_MAX else f"{plain[:DETAIL_MAX]}..."
