"""The keys of `usage:` in gateway.yaml: where events of use come from and where they go."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model

from gateway.config.scalars import Listen, secret_file
from gateway.core.config import FileModel, HttpUrl, Name, Seconds, Secret, UsageColumns
from gateway.core.intake_kinds import AnyIntakeKind

Code = Literal[
    "DO6001", "DO6002", "DO6003", "DO6004", "DO6005", "DO6006", "DO6007", "DO6999"
]  # fmt: skip
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
    """`usage:`; `words` give a solution's own words their code, `zone` is that of bare times.

    A list for each way in is added by `usage_model`.
    """

    solution: str = "MES"
    words: dict[str, Code] = Field(default={})
    unknown_word: Code = "DO6003"
    keep_words: bool = False
    zone: Zone = "+09:00"
    twelve_hour: bool = False
    address: UsageAddress = UsageAddress()
    keep: Annotated[Seconds, Field(ge=KEEP_MIN_S)] = YEARS_3_S
    receiver: UsageReceiver | None = None
    deliver: list[Delivery] = Field(default=[])

    def entries(self, section: str) -> Sequence[UsageColumns]:
        """Give what was written for one way in, by its key."""
        found: Sequence[UsageColumns] = getattr(self, section, ())
        return found

    @property
    def active(self) -> bool:
        """Say whether anything of it is asked for."""
        sections = type(self).model_fields.keys() - UsageKeys.model_fields.keys()
        return bool(self.receiver or self.deliver or any(map(self.entries, sections)))


@cache
def usage_model(kinds: tuple[AnyIntakeKind, ...]) -> type[UsageKeys]:
    """Join what `usage:` always has with a list for each way in."""
    sections: dict[str, Any] = {
        kind.section: (_list_of(kind.keys), Field(default=[])) for kind in kinds
    }
    return create_model(
        UsageKeys.__name__, __base__=UsageKeys, __doc__=UsageKeys.__doc__, **sections
    )


def _list_of(model: Any) -> Any:
    return list[model]
