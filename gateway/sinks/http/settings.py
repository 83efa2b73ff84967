"""What stands in one entry of `platform:` for a platform over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from gateway.core.config import HttpUrl, PlatformKeys, Seconds, Secret
from gateway.core.destination_kinds import SinkContext
from gateway.core.hosts import is_loopback
from gateway.core.kinds import Problem
from gateway.sinks.http.config import HttpPlatformConfig
from gateway.sinks.words import Compression, SendKind


class HttpPlatform(PlatformKeys):
    """A central platform over HTTP; `backlog_rate` limits old samples a second beside live ones."""

    kind: Literal["http"]
    url: HttpUrl
    token: Secret | None = Field(default=None, repr=False)
    compression: Compression = "zstd"
    send: list[SendKind] = Field(default=["samples", "gaps", "usage"])
    ca: str | None = None
    proxy: HttpUrl | None = None
    timeout: Annotated[Seconds, Field(gt=0, le=300)] = 30.0


def problems(keys: HttpPlatform, folder: Path) -> Iterator[Problem]:
    """Find an address without protection, and a file that is not there."""
    parts = urlsplit(keys.url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        yield Problem("W1502", ("url",), {"url": keys.url})
    if keys.ca is not None and not (folder / keys.ca).is_file():
        yield Problem("E1304", ("ca",), {"path": keys.ca})


def config_of(context: SinkContext[HttpPlatform]) -> HttpPlatformConfig:
    """Describe a platform to its sink."""
    keys = context.keys
    return HttpPlatformConfig(
        name=keys.name,
        url=keys.url,
        gateway=context.gateway,
        token=None if keys.token is None else str(keys.token),
        site=context.site,
        compression=keys.compression,
        send=frozenset({"samples"}) if context.backfilled else frozenset(keys.send),
        ca=None if keys.ca is None else context.folder / keys.ca,
        proxy=keys.proxy,
        timeout_s=keys.timeout,
        backfilled=context.backfilled,
    )
