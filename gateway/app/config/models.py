"""The keys of gateway.yaml. Times are in seconds and sizes in bytes once read."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from gateway.core.config import ByteSize, FileModel, LocalText, Referenced, Seconds, Secret

VERSION = 1
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
UNBUILT_PLATFORMS = ("mqtt", "kafka", "mos-rest", "mos-mqtt", "file")
HANGUL = re.compile(r"[\uac00-\ud7a3\u3131-\u318e]")
QUOTA_MIN = 16_000_000
DAY_S = 86_400.0


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise PydanticCustomError("E1108", "not a name", {"name": text})
    return text


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


def http_url(text: str) -> str:
    """Accept `http://host[:port][/path]` and https."""
    parts = urlsplit(text)
    try:
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if "@" in parts.netloc:
        raise PydanticCustomError("E1308", "a login in an address", {})
    if not fine or any(char.isspace() for char in text):
        raise PydanticCustomError("E1109", "not an address", {"address": text})
    return text.rstrip("/")


def listen_address(text: str) -> str:
    """Accept `host:port`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise PydanticCustomError("E1113", "not host:port", {"address": text})
    return text


def is_loopback(host: str) -> bool:
    """Tell whether only this PC can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _file_itself(value: Any) -> Any:
    if value is None or isinstance(value, Path):
        return value
    if isinstance(value, Referenced) and value.path is not None:
        return value.path
    raise PydanticCustomError("E1311", "not a file reference", {"value": str(value)[:60]})


Version = Annotated[Literal[1], BeforeValidator(_version)]
Name = Annotated[str, AfterValidator(_name)]
Local = Annotated[LocalText, BeforeValidator(_local)]
HttpUrl = Annotated[str, AfterValidator(http_url)]
Listen = Annotated[str, AfterValidator(listen_address)]
SendWord = Literal["samples", "gaps", "usage"]
Keep = Annotated[Seconds, Field(ge=3600)]


class Identity(FileModel):
    """`gateway:`."""

    id: Name
    site: Local = LocalText()
    business_number: str | None = Field(default=None, pattern=r"^\d{3}-\d{2}-\d{5}$")
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


class UsageReceiver(FileModel):
    """`usage.receiver:`."""

    listen: Listen
    reply: Literal["queued", "compat", "relay"] = "queued"


class UsageDelivery(FileModel):
    """One entry of `usage.deliver:`."""

    name: Name
    kind: Literal["smart-factory-log"]
    url: HttpUrl
    key: Secret = Field(repr=False)
    user: Literal["pseudonym", "masked", "raw"] = "pseudonym"


class UsageKeys(FileModel):
    """`usage:`."""

    receiver: UsageReceiver | None = None
    deliver: list[UsageDelivery] = Field(default=[])


class ApiKeys(FileModel):
    """`api:`; `hosts` are further names it answers to, `origins` sites whose pages may read."""

    listen: Listen = "127.0.0.1:8080"
    hosts: tuple[str, ...] = ()
    origins: tuple[HttpUrl, ...] = ()
    users: Annotated[Path | None, BeforeValidator(_file_itself)] = None


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
