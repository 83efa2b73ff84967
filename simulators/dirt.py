"""Payloads as devices and their software really send them: not wrong enough to be of no use.

A kind takes one reading and gives the message's bytes. Most of them can be read by who knows how;
`truncated` ones cannot, and the truth log says so.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

SEOUL = timezone(timedelta(hours=9))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPACES = (" ", "\r\n", "\n\t ", "  \r\n")
ODD_NUMBERS = ("NaN", "nan", "-Infinity", "Infinity", "-nan")
NO_TIMES: tuple[Any, ...] = ("soon", None, "2026-13-45T10:00:00", "", {}, True, "1e999")
HEAD_BYTES = 256
"""So much of a message that cannot be read stands in the truth log."""
MS_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that a device says; `claimed` (ns UTC) is what its clock shows."""

    number: int
    value: int | float | str
    claimed: int | None


@dataclass(slots=True)
class Payload:
    """A message's bytes and what the truth has to say of them."""

    data: bytes
    truth: dict[str, Any] = field(default_factory=dict)
    retain: bool = False
    times: int = 1
    """So often it is published."""


Kind = Callable[[Reading, Random], Payload]


def _json(reading: Reading, **more: Any) -> str:
    return json.dumps({"ts": reading.claimed, "v": reading.value, **more}, ensure_ascii=False)


def _plain(text: str) -> Payload:
    return Payload(text.encode())


def _nul(reading: Reading, rng: Random) -> Payload:
    return Payload(_json(reading).encode() + bytes(rng.randint(1, 4)))


def _spaces(reading: Reading, rng: Random) -> Payload:
    return _plain(rng.choice(SPACES) + _json(reading) + rng.choice(SPACES))


def _odd_number(reading: Reading, rng: Random) -> Payload:
    """Put a word that is no JSON number beside the value."""
    document = _json(reading, other="?")
    return _plain(document.replace('"?"', rng.choice(ODD_NUMBERS)))


def _text(reading: Reading, _: Random) -> Payload:
    """Write numbers as a display shows them: as text, with a comma and a unit."""
    value = reading.value
    text = value if isinstance(value, str) else f"{value:.1f} bar".replace(".", ",")
    return _plain(json.dumps({"ts": reading.claimed, "v": text}))


def _order(reading: Reading, rng: Random) -> Payload:
    """Put the fields in any order, with others between them."""
    fields = {"ts": reading.claimed, "v": reading.value, "unit": "bar", "n": {"v": 1, "ts": 2}}
    names = list(fields)
    rng.shuffle(names)
    return _plain(json.dumps({name: fields[name] for name in names}))


def _truncated(reading: Reading, rng: Random) -> Payload:
    """Cut every fourth message off, as a device with a small buffer does."""
    whole = _json(reading).encode()
    if rng.random() >= 0.25:
        return Payload(whole)
    cut = whole[: rng.randrange(len(whole) // 2, len(whole))]
    return Payload(cut, {"unreadable": base64.b64encode(cut[:HEAD_BYTES]).decode()})


def _retained(reading: Reading, _: Random) -> Payload:
    return Payload(_json(reading).encode(), {"retain": True}, retain=True)


def _twice(reading: Reading, _: Random) -> Payload:
    return Payload(_json(reading).encode(), {"again": True}, times=2)


def _again(reading: Reading, _: Random) -> Payload:
    """Say that the broker sends it again (`--again`), marked as a duplicate."""
    return Payload(_json(reading).encode(), {"again": True})


def _korean(reading: Reading, _: Random) -> Payload:
    document = {"상태": "가동", "설비": "똠방각하 펲시", "ts": reading.claimed, "v": reading.value}
    return Payload(json.dumps(document, ensure_ascii=False).encode("cp949"))


def _local(reading: Reading, rng: Random) -> Payload:
    """Write the time as a clock on a Korean wall shows it, without a zone, to the microsecond."""
    text = None if reading.claimed is None else iso(reading.claimed, SEOUL)[:26]
    shown = text and text.replace("T", rng.choice("T "))
    claimed = None if reading.claimed is None else reading.claimed // 1000 * 1000
    return Payload(json.dumps({"ts": shown, "v": reading.value}).encode(), {"claimed": claimed})


def _zoned(reading: Reading, _: Random) -> Payload:
    text = None if reading.claimed is None else iso(reading.claimed, UTC)
    claimed = None if reading.claimed is None else reading.claimed // 1000 * 1000
    return Payload(json.dumps({"ts": text, "v": reading.value}).encode(), {"claimed": claimed})


def _no_time(reading: Reading, rng: Random) -> Payload:
    """Every second message has no time that can be read."""
    if rng.random() < 0.5:
        return Payload(_json(reading).encode())
    odd = json.dumps({"ts": rng.choice(NO_TIMES), "v": reading.value})
    return Payload(odd.encode(), {"claimed": None})


DIRT: dict[str, Kind] = {
    "clean": lambda reading, _: _plain(_json(reading)),
    "nul": _nul,
    "spaces": _spaces,
    "bom": lambda reading, _: _plain("\ufeff" + _json(reading)),
    "odd-number": _odd_number,
    "text": _text,
    "order": _order,
    "truncated": _truncated,
    "retained": _retained,
    "twice": _twice,
    "again": _again,
    "cp949": _korean,
    "local-time": _local,
    "zoned-time": _zoned,
    "no-time": _no_time,
}
"""By name; README.md says what each looks like."""
LIST = "list"
"""All signals of the group in one message, those that changed only, in any order."""


def iso(time: int, zone: timezone) -> str:
    """Give a time (ns UTC) as ISO 8601 text with six digits after the point."""
    moment = (EPOCH + timedelta(microseconds=time // 1000)).astimezone(zone)
    return moment.isoformat(timespec="microseconds")


def as_list(readings: Sequence[Reading], stamp_ms: int, rng: Random) -> tuple[bytes, list[Reading]]:
    """Give a message as OPC servers with an MQTT client write it, and the readings in it."""
    chosen = rng.sample(readings, rng.randint(1, len(readings)))
    entries = [
        {
            "id": f"truth/{each.number}",
            "v": each.value,
            "q": True,
            "t": None if each.claimed is None else each.claimed // MS_NS,
        }
        for each in chosen
    ]
    return json.dumps({"timestamp": stamp_ms, "values": entries}).encode(), chosen
