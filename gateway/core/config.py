"""Building blocks of every configuration model; the only module of core that imports pydantic.

Times are `500ms 1s 10m 2h 30d`, sizes `64MB 10GB`. A bare number is an error with a hint, because
nobody remembers which unit an option meant.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from gateway.core.time_policy import AHEAD_S

TIME_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SIZE_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(KB|MB|GB|TB)")


class StrictModel(BaseModel):
    """Frozen; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class FileModel(StrictModel):
    """A part of a configuration file: no type is guessed, `"5"` is no number.

    Validators are built when first used: most of these are only parts of others.
    """

    model_config = ConfigDict(strict=True, defer_build=True)


def seconds_from_text(value: Any) -> float:
    """Read `10m` as 600.0."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("duration", "not a time: {value}", {"value": str(value)})
    return float(match[1]) * TIME_UNITS_S[match[2]]


def duration(seconds: float) -> str:
    """Write a time as a file has it: `2s`, `500ms`."""
    return f"{seconds:.0f}s" if seconds == int(seconds) else f"{seconds * 1000:.10g}ms"


def bytes_from_text(value: Any) -> int:
    """Read `10GB` as 10,000,000,000."""
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("size", "not a size: {value}", {"value": str(value)})
    return round(float(match[1]) * SIZE_UNITS[match[2]])


Seconds = Annotated[
    float,
    BeforeValidator(seconds_from_text),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d)$"}),
]
ByteSize = Annotated[
    int,
    BeforeValidator(bytes_from_text),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(KB|MB|GB|TB)$"}),
]


class TimeKeys(FileModel):
    """`time:` of any device: are its source times taken, and how far ahead of ours may they be."""

    source: Literal["trust", "receive"] = "trust"
    ahead: Annotated[Seconds, Field(ge=0, le=86_400)] = AHEAD_S


class LocalText(StrictModel):
    """A name in both languages; one of them is enough."""

    ko: str | None = None
    en: str | None = None


class Referenced(str):
    """The text that `!secret`, `!env` or `!file` stands for; its repr never shows it."""

    __slots__ = ("kind", "name", "path")

    kind: str
    name: str
    path: Path | None
    """The file itself where `kind` is `file`."""

    def __new__(cls, text: str, kind: str, name: str, path: Path | None = None) -> Self:
        made = super().__new__(cls, text)
        made.kind, made.name, made.path = kind, name, path
        return made

    def __repr__(self) -> str:
        return f"!{self.kind} {self.name}"


def secret_from_reference(value: Any) -> str:
    """Take a secret only from outside the file."""
    if not isinstance(value, Referenced):
        raise PydanticCustomError("literal_secret", "a secret written into the file")
    return str(value)


Secret = Annotated[str, BeforeValidator(secret_from_reference), WithJsonSchema({"type": "string"})]
"""A password, token or key: only by reference. Hide it with `Field(repr=False)`."""


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise PydanticCustomError("E1108", "not a name", {"name": text})
    return text


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


Name = Annotated[str, AfterValidator(_name)]
HttpUrl = Annotated[str, AfterValidator(http_url)]
Keep = Annotated[Seconds, Field(ge=3600)]


class HistoryKeys(FileModel):
    """What `history:` has of any kind; `keep` is how long samples stay, in seconds."""

    kind: str = ""
    keep: Keep = 30 * 86_400.0


class PlatformKeys(FileModel):
    """What an entry of `platform:` has of any kind.

    `name` is also that of its place in the spool; `backlog_rate` limits old samples a second beside
    live ones.
    """

    name: Name
    kind: str
    backlog_rate: int = Field(default=20_000, ge=1, le=10_000_000)


FieldName = Literal["logDt", "useSe", "sysUser", "conectIp", "dataUsgqty"]
FieldPlaces = Annotated[dict[FieldName, str | int], Field(min_length=1)]
"""A column's name, or its number from 0."""
IDENTIFIER = r"^[^\W\d]\w*(\.[^\W\d]\w*)*$"
Identifier = Annotated[str, Field(pattern=IDENTIFIER, max_length=128)]
"""A name in a database, with that of its schema where it has one."""


class UsageColumns(FileModel):
    """What sources of events of use have in common."""

    name: Name
    columns: FieldPlaces
    constants: dict[FieldName, str] = Field(default={})
    solution: str | None = None
