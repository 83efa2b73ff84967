"""What a history store needs to know; made from `history:` of gateway.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

DEFAULT_KEEP_S = 30 * 86_400.0
DEFAULT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """Which store, and how to reach it.

    `version` is the major version of InfluxDB. Version 1 takes `database`, `retention_policy`,
    `user` and `password`; 2 takes `org`, `bucket` and `token`; 3 takes `bucket` (its database)
    and `token`. `layout` names how samples become measurements, tags and fields.
    """

    kind: Literal["embedded", "influxdb"] = "embedded"
    keep_s: float = DEFAULT_KEEP_S
    url: str = ""
    version: Literal[1, 2, 3] = 2
    org: str = ""
    bucket: str = ""
    token: str = field(default="", repr=False)
    database: str = ""
    retention_policy: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    layout: Literal["submodel", "mos"] = "submodel"
    timeout_s: float = DEFAULT_TIMEOUT_S
