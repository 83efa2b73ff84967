"""What these tests share: an event that is right, and the service's own rules of form."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from gateway.core.types import UnixNs
from gateway.usage.config import NormalConfig
from gateway.usage.model import Event, Raw, Unfit
from gateway.usage.normal.normalise import make_normaliser

SALT = b"a salt of a site, 32 bytes long.."
RIGHT: dict[str, str | None] = {
    "logDt": "2026-11-26 13:05:07.123",
    "useSe": "DO6001",
    "sysUser": "E2021-17",
    "conectIp": "192.168.0.21",
    "dataUsgqty": "2048",
}
FORM = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", re.ASCII)


def ns(text: str) -> UnixNs:
    """Give the instant of an ISO time with an offset."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return UnixNs(int(moment.timestamp()) * 10**9 + moment.microsecond * 1_000)


RECEIVED = ns("2026-11-26T13:05:08+09:00")


def raw(received: UnixNs = RECEIVED, **fields: Any) -> Raw:
    """Give an event that is right but for what is named; `intake`, `peer`, `extra` may be, too."""
    own = {name: fields.pop(name) for name in ("intake", "peer", "extra") if name in fields}
    said = {**RIGHT, **fields}
    said = {name: value for name, value in said.items() if value is not ABSENT}
    return Raw(
        own.get("intake", "receiver"),
        received,
        said,
        peer=own.get("peer", "10.0.0.7"),
        extra=own.get("extra", {}),
    )


ABSENT: Any = object()


def config(**changes: Any) -> NormalConfig:
    return NormalConfig(**{"salt": SALT, **changes})


def normal(given: Raw, **changes: Any) -> Event | Unfit:
    return make_normaliser(config(**changes))(given)


def event(given: Raw, **changes: Any) -> Event:
    found = normal(given, **changes)
    assert isinstance(found, Event), found
    return found


def unfit(given: Raw, **changes: Any) -> Unfit:
    found = normal(given, **changes)
    assert isinstance(found, Unfit), found
    return found


def assert_sendable(found: Event) -> None:
    """Hold an event to the service's own rules of form (korea.md §1.2)."""
    assert FORM.fullmatch(found.log_dt)
    assert found.at == ns(found.log_dt.replace(" ", "T") + "+09:00")
    assert re.fullmatch(r"DO\d{4}", found.use_se, re.ASCII)
    assert 1 <= len(found.user) <= 60
    assert found.user.strip() == found.user
    assert 1 <= len(found.address) <= 30
    assert 0 <= found.amount <= 999_999_999
    for text in (found.user, found.address, found.person):
        text.encode("utf-8")
        assert not any(ord(char) < 32 or ord(char) == 127 for char in text)
