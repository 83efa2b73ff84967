"""The keys of gateway.yaml. Times are in seconds and sizes in bytes once read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from gateway.config.scalars import HttpUrl, Listen, Name, secret_file
from gateway.config.usage import UsageKeys
from gateway.core.config import ByteSize, FileModel, LocalText, Seconds, Secret

VERSION = 1
UNBUILT_PLATFORMS = ("mqtt", "kafka", "mos-rest", "mos-mqtt", "file")
HANGUL = re.compile(r"[\uac00-\ud7a3\u3131-\u318e]")
BUSINESS_NUMBER = r"^\d{3}-\d{2}-\d{5}$"
QUOTA_MIN = 16_000_000
DAY_S = 86_400.0


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _local(value: Any) -> Any:
    """A plain text is Korean where it has a Korean letter."""
    if isinstance(value, str):
        return LocalText(ko=value) if HANGUL.search(value) else LocalText(en=value)
    return value


def _version(value: Any) -> Any:
    if value != VERSION or isinstance(value, bool):
        raise PydanticCustomError("E1112", "not a known version", {"version": str(value)})
    return value


Version = Annotated[Literal[1], BeforeValidator(_version)]
Local = Annotated[LocalText, BeforeValidator(_local)]
SendWord = Literal["samples", "gaps", "usage"]
Keep = Annotated[Seconds, Field(ge=3600)]


class Identity(FileModel):
    """`gateway:`."""

    id: Name
    site: Local = LocalText()
    business_number: str | None = Field(default=None, pattern=BUSINESS_NUMBER)
    id_base: HttpUrl | None = None


class SpoolKeys(FileModel):
    """`spool:`; `path` is relative to the data folder."""

    path: str = "spool"
    quota: Annotated[ByteSize, Field(ge=QUOTA_MIN)] = 10 * 10**9


class EmbeddedHistory(FileModel):
    """`history: { kind: embedded }`."""

    kind: Literal["embedded"] = "embedded"
    keep: Keep = 30 * DAY_S


class InfluxHistory(FileModel):
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
    keep: Keep = 30 * DAY_S


class HttpPlatform(FileModel):
    """A central platform over HTTP; `backlog_rate` limits old samples a second beside live ones."""

    name: Name
    kind: Literal["http"]
    url: HttpUrl
    token: Secret | None = Field(default=None, repr=False)
    compression: Literal["zstd", "gzip", "none"] = "zstd"
    send: list[SendWord] = Field(default=["samples", "gaps", "usage"])
    backlog_rate: int = Field(default=20_000, ge=1, le=10_000_000)
    ca: str | None = None
    proxy: HttpUrl | None = None
    timeout: Annotated[Seconds, Field(gt=0, le=300)] = 30.0


class ApiKeys(FileModel):
    """`api:`; `hosts` are further names it answers to, `origins` sites whose pages may read.

    `url` is how others reach it: addresses inside AAS files begin with it.
    """

    listen: Listen = "127.0.0.1:8080"
    url: HttpUrl | None = None
    hosts: list[str] = Field(default=[])
    origins: list[HttpUrl] = Field(default=[])
    users: Annotated[Path | None, BeforeValidator(secret_file)] = None


class GatewayFile(FileModel):
    """All of gateway.yaml."""

    version: Version = 1
    gateway: Identity
    devices: Annotated[list[str], BeforeValidator(_one_or_many)] = Field(
        default=["devices/*.yaml"], min_length=1
    )
    spool: SpoolKeys = SpoolKeys()
    history: Annotated[EmbeddedHistory | InfluxHistory, Field(discriminator="kind")] = (
        EmbeddedHistory()
    )
    platform: list[HttpPlatform] = Field(default=[])
    usage: UsageKeys = UsageKeys()
    api: ApiKeys = ApiKeys()
