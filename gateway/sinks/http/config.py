"""What a platform sink needs, free of any protocol library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.sinks.words import SEND_ALL, Compression, SendKind


@dataclass(frozen=True, slots=True)
class HttpPlatformConfig:
    """A central platform over HTTP(S). Source: platform interface, version 1.

    `name` is also the name of its spool reader: a gap that names another reader is not sent here.
    `ca` replaces the system's certificate authorities. `proxy` is used only when it is given here,
    never from the environment. `timeout_s` bounds one request from name look-up to last byte.
    `backfilled` marks every record of samples as sent again from history.
    """

    name: str
    url: str
    gateway: str
    token: str | None = field(default=None, repr=False)
    site: Mapping[str, str] = field(default_factory=dict)
    compression: Compression = "zstd"
    send: frozenset[SendKind] = SEND_ALL
    ca: Path | None = None
    verify: bool = True
    proxy: str | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    backfilled: bool = False
