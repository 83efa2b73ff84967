"""What the usage room runs from; made by the composition root from `usage:`. Times in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

KST_OFFSET_S = 9 * 3600
"""Korea has no summer time, so no time zone database is needed."""
Privacy = Literal["pseudonym", "masked", "raw"]
Reply = Literal["queued", "compat", "relay"]
Variant = Literal["form", "json", "xml"]
DEFAULT_ORDER = (
    ("DO6001", "DO6002"),
    ("DO6006",),
    ("DO6004",),
    ("DO6007",),
    ("DO6005",),
    ("DO6003",),
)
"""First what is sent first; codes in one group are equal."""


@dataclass(frozen=True, slots=True)
class NormalConfig:
    """How events are made normal.

    `words` map a solution's own words to codes, before the built-in table. `unknown_word` is the
    code for the rest. `loopback`: what becomes of 127.0.0.1 and ::1: the peer's address, the
    site's, or unfit. `utc_offset_s` is that of times that come without one. `twelve_hour`: the
    solution writes hours without AM or PM; the half of the day nearest to arrival is taken. `salt`
    keys pseudonyms.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    unknown_word: str = "DO6003"
    keep_words: bool = False
    """Send a solution's words unchanged; for old keys."""
    utc_offset_s: int = KST_OFFSET_S
    twelve_hour: bool = False
    loopback: Literal["peer", "site", "refuse"] = "peer"
    site_address: str = ""
    user: Privacy = "pseudonym"
    salt: bytes = field(default=b"", repr=False)
    solution: str = "MES"


@dataclass(frozen=True, slots=True)
class ReceiverConfig:
    """The drop-in listener. `tls_listen` is a second one where a certificate is given.

    `expected_key` is compared with a solution's key when `check_key`; else any key is taken, and
    never kept. `origins` are sites whose pages may call it.
    """

    listen: str
    reply: Reply = "queued"
    tls_listen: str = ""
    certificate: Path | None = None
    private_key: Path | None = None
    check_key: bool = False
    expected_keys: tuple[str, ...] = field(default=(), repr=False)
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryConfig:
    """One key of the log service. `key` is never shown, logged or kept anywhere but here."""

    name: str
    url: str
    key: str = field(repr=False)
    variant: Variant = "form"
    log_dt: Literal["event", "send"] = "event"
    sample: Literal["best", "sum"] = "best"
    order: tuple[tuple[str, ...], ...] = DEFAULT_ORDER
    interval_s: float = 605.0
    """Source: research of public senders: ten minutes after a stored record, and a margin."""
    stored_max: int = 144
    requests_max: int = 4_500
    """Below the 5,000 at which the service may block a key."""
    connect_timeout_s: float = 5.0
    timeout_s: float = 15.0
    ca: Path | None = None
    proxy: str | None = None
    lease: Path | None = None
    """A file that several gateways of one site share, so that one of them sends."""
    work_days: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Monday is 0; an alarm when such a day ends with nothing stored."""
    solutions: tuple[str, ...] = ()
    """Which solutions' events are its; empty for all."""
    codes: Path | None = None
    """A site's own table of result codes beside the built-in one."""


@dataclass(frozen=True, slots=True)
class KpiConfig:
    """The KPI service of the small-workshop programme; test paths until `live`."""

    name: str
    url: str
    key: str = field(repr=False)
    live: bool = False
    heartbeat_at: str = "18:00"
    """Korean time of day of the daily report that the system was in use."""
    connect_timeout_s: float = 5.0
    timeout_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a source is which field: a name, or a number from 0.

    `constants` are fields that the source does not have, such as `useSe`.
    """

    fields: Mapping[str, str | int]
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileIntakeConfig:
    """A log file that grows (`tail`), or a folder into which whole files are dropped.

    `path` is a file or a glob. `after`: what becomes of a dropped file that was read.
    """

    name: str
    path: str
    mode: Literal["tail", "drop"]
    format: Literal["csv", "tsv", "jsonl", "regex"] = "csv"
    encoding: Literal["auto", "utf-8", "cp949"] = "auto"
    columns: Columns = field(default_factory=lambda: Columns({}))
    header: bool = True
    pattern: str = ""
    after: Literal["move", "delete", "keep"] = "move"
    every_s: float = 2.0
    solution: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseIntakeConfig:
    """A table that is polled. `url` is `postgresql://host:port/db`, `sqlite:FILE`, `mysql://`, ...

    With `flag` rows of value `pending` are read and written back as `stored` or `failed`, with code
    and time where columns are named; with `watermark` rows beyond the last seen value are read.
    `read_only` never writes.
    """

    name: str
    url: str
    table: str
    key_column: str
    columns: Columns
    user: str = ""
    password: str = field(default="", repr=False)
    where: str = ""
    flag: str = ""
    pending: str = "N"
    stored: str = "Y"
    failed: str = "F"
    code_column: str = ""
    time_column: str = ""
    watermark: str = ""
    read_only: bool = False
    every_s: float = 60.0
    rows_max: int = 500
    solution: str = ""
    sampled_out: str = "S"
    """Written for a row of which the service got another event of the same ten minutes."""
    expired: str = "E"
    """Written for a row whose day ended before it could be sent. Neither is `stored`."""
    encoding: Literal["auto", "cp949"] = "auto"
    """`cp949`: columns hold cp949 bytes that the database takes for latin-1."""


@dataclass(frozen=True, slots=True)
class MessageIntakeConfig:
    """Messages with one JSON object, or an array of them, each.

    `kind` says how they come and begins the intake's name, `address` where from, in words.
    """

    name: str
    kind: str
    address: str
    columns: Columns
    solution: str = ""
