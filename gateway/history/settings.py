"""What stands in `history:` of gateway.yaml, for each kind of store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from gateway.core.config import HistoryKeys, HttpUrl, Secret
from gateway.core.hosts import is_loopback
from gateway.core.kinds import Problem

NEEDS = {1: ("database",), 2: ("org", "bucket", "token"), 3: ("bucket", "token")}
"""Keys that each version of InfluxDB cannot do without."""


class EmbeddedHistory(HistoryKeys):
    """`history: { kind: embedded }`."""

    kind: Literal["embedded"] = "embedded"


class InfluxHistory(HistoryKeys):
    """`history: { kind: influxdb }`; which keys it needs depends on the version."""

    kind: Literal["influxdb"]
    url: HttpUrl
    version: Literal[1, 2, 3] = 2
    org: str | None = None
    bucket: str | None = None
    token: Secret | None = Field(default=None, repr=False)
    database: str | None = None
    retention_policy: str | None = None
    user: str | None = None
    password: Secret | None = Field(default=None, repr=False)
    layout: Literal["submodel", "mos"] = "submodel"


def influx_problems(keys: InfluxHistory) -> Iterator[Problem]:
    """Find what the version of the database needs and nobody gave."""
    for key in NEEDS[keys.version]:
        if not getattr(keys, key) and key not in keys.model_fields_set:
            yield Problem("E1219", (), {"key": key, "version": keys.version}, at_key=True)
    if keys.password is not None and keys.user is None:
        yield Problem("E1307", ("password",), {"key": "password", "needs": "user"}, at_key=True)
    parts = urlsplit(keys.url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        yield Problem("W1502", ("url",), {"url": keys.url})
