"""The keys of `usage:` in gateway.yaml: where events of use come from and where they go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from adapters.mqtt.settings import broker_url, topic_filter
from gateway.config.scalars import Listen, secret_file
from gateway.core.config import FileModel, HttpUrl, Name, Seconds, Secret

FieldName = Literal["logDt", "useSe", "sysUser", "conectIp", "dataUsgqty"]
FieldPlaces = Annotated[dict[FieldName, str | int], Field(min_length=1)]
"""A column's name, or its number from 0."""
Code = Literal[
    "DO6001", "DO6002", "DO6003", "DO6004", "DO6005", "DO6006", "DO6007", "DO6999"
]  # fmt: skip
IDENTIFIER = r"^[^\W\d]\w*(\.[^\W\d]\w*)*$"
Identifier = Annotated[str, Field(pattern=IDENTIFIER, max_length=128)]
Every = Annotated[Seconds, Field(ge=0.5, le=86_400)]
KEEP_MIN_S = 86_400.0
YEARS_3_S = 3 * 366 * 86_400.0
ZONE = r"^[+-](0\d|1[0-4]):[0-5]\d$"
TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d$"
Zone = Annotated[str, Field(pattern=ZONE)]
TimeOfDay = Annotated[str, Field(pattern=TIME_OF_DAY)]


def zone_seconds(zone: str) -> int:
    """Read `+09:00` as 32400."""
    seconds = int(zone[1:3]) * 3600 + int(zone[4:]) * 60
    return -seconds if zone.startswith("-") else seconds


class UsageTls(FileModel):
    """`usage.receiver.tls:`; a second listener for clients that speak HTTPS."""

    listen: Listen
    certificate: str
    key: Annotated[Path, BeforeValidator(secret_file)]


class UsageReceiver(FileModel):
    """`usage.receiver:`; `check_key` refuses events with another key than those of `deliver`."""

    listen: Listen
    reply: Literal["queued", "compat", "relay"] = "queued"
    tls: UsageTls | None = None
    check_key: bool = False
    origins: list[HttpUrl] = Field(default=[])


class UsageAddress(FileModel):
    """`usage.address:`; what becomes of 127.0.0.1 and ::1."""

    loopback: Literal["peer", "site", "refuse"] = "peer"
    site: str | None = None


class UsageColumns(FileModel):
    """What sources of rows have in common."""

    name: Name
    columns: FieldPlaces
    constants: dict[FieldName, str] = Field(default={})
    solution: str | None = None


class UsageFile(UsageColumns):
    """One entry of `usage.files` (a log that grows) or `usage.folders` (files dropped in)."""

    path: str
    format: Literal["csv", "tsv", "jsonl", "regex"] = "csv"
    encoding: Literal["auto", "utf-8", "cp949"] = "auto"
    header: bool = True
    pattern: str | None = None
    every: Every = 2.0


class UsageFolder(UsageFile):
    """`after` says what becomes of a file that was read."""

    after: Literal["move", "delete", "keep"] = "move"


class UsageFlag(FileModel):
    """`usage.databases.flag:`; the column that says which rows are new, and its words.

    `sampled_out` and `expired` mark rows that the service never got; neither is `stored`.
    """

    column: Identifier
    pending: str = "N"
    stored: str = "Y"
    failed: str = "F"
    sampled_out: str = "S"
    expired: str = "E"
    code: Identifier | None = None
    time: Identifier | None = None


class UsageDatabase(UsageColumns):
    """One entry of `usage.databases:`; new rows are known by `flag` or by `watermark`."""

    connect: str
    user: str | None = None
    password: Secret | None = Field(default=None, repr=False)
    table: Identifier
    key: Identifier
    flag: UsageFlag | None = None
    watermark: Identifier | None = None
    read_only: bool = False
    encoding: Literal["auto", "cp949"] = "auto"
    every: Every = 60.0


class UsageMqtt(UsageColumns):
    """One entry of `usage.mqtt:`; each message is a JSON object or an array of them."""

    connect: Annotated[str, AfterValidator(broker_url)]
    topic: Annotated[str, AfterValidator(topic_filter)]
    user: str | None = None
    password: Secret | None = Field(default=None, repr=False)
    ca: str | None = None


class UsageDelivery(FileModel):
    """One key of the programme's log service.

    `order` names codes, first what is sent first; `lease` is a file that gateways with one key
    share; `codes` a table of result codes beside the built-in one.
    """

    name: Name
    kind: Literal["smart-factory-log"]
    url: HttpUrl
    key: Secret = Field(repr=False)
    user: Literal["pseudonym", "masked", "raw"] = "pseudonym"
    solutions: list[str] = Field(default=[])
    format: Literal["form", "json", "xml"] = "form"
    log_dt: Literal["event", "send"] = "event"
    sample: Literal["best", "sum"] = "best"
    order: list[Code] = Field(default=[])
    lease: str | None = None
    codes: str | None = None
    ca: str | None = None
    proxy: HttpUrl | None = None


class KpiDelivery(FileModel):
    """The KPI service of the small-workshop programme; test paths until `live`."""

    name: Name
    kind: Literal["workshop-kpi"]
    url: HttpUrl
    key: Secret = Field(repr=False)
    live: bool = False
    heartbeat: TimeOfDay = "18:00"


Delivery = Annotated[UsageDelivery | KpiDelivery, Field(discriminator="kind")]


class UsageKeys(FileModel):
    """`usage:`; `words` give a solution's own words their code, `zone` is that of bare times."""

    solution: str = "MES"
    words: dict[str, Code] = Field(default={})
    unknown_word: Code = "DO6003"
    keep_words: bool = False
    zone: Zone = "+09:00"
    twelve_hour: bool = False
    address: UsageAddress = UsageAddress()
    keep: Annotated[Seconds, Field(ge=KEEP_MIN_S)] = YEARS_3_S
    receiver: UsageReceiver | None = None
    files: list[UsageFile] = Field(default=[])
    folders: list[UsageFolder] = Field(default=[])
    databases: list[UsageDatabase] = Field(default=[])
    mqtt: list[UsageMqtt] = Field(default=[])
    deliver: list[Delivery] = Field(default=[])

    @property
    def active(self) -> bool:
        """Say whether anything of it is asked for."""
        sources: tuple[Any, ...] = (self.files, self.folders, self.databases, self.mqtt)
        return bool(self.receiver or self.deliver or any(sources))
