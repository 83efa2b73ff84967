"""How an event becomes a log line: JSON for machines, one aligned line for people."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, TextIO

from gateway.ops.metrics import counter
from gateway.ops.scope import scope

LOGGER = logging.getLogger("gateway")
NOISY_LIBRARIES = ("uvicorn", "aiohttp", "influxdb_client", "basyx")

_EVENTS = counter("gateway_events_total", "Log events by name", ["event"])


class Level(IntEnum):
    """`warning`: unexpected, nothing lost; `error`: lost, refused, or waiting for a person."""

    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARNING = logging.WARNING
    ERROR = logging.ERROR


def emit(level: Level, event: str, /, *, repeat_key: str | None = None, **fields: Any) -> None:
    """Count an event and write its line.

    Args:
        level: see `Level`.
        event: `<noun>_<past verb>`, fixed.
        repeat_key: with it, the same event with this key is written at most every 10 s.
        fields: facts; None values are left out.
    """
    _EVENTS.labels(event).inc()
    if not LOGGER.isEnabledFor(level):
        return
    facts = {key: value for key, value in fields.items() if value is not None}
    if repeat_key is not None:
        held = scope().repeats.held_before((event, repeat_key))
        if held is None:
            return
        if held:
            facts["repeated"] = held
    LOGGER.log(level, event, extra={"facts": facts})


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, event, then the facts."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": stamp.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.name != LOGGER.name:
            line["logger"] = record.name
        return json.dumps(line, ensure_ascii=False, default=str)


class ConsoleFormatter(logging.Formatter):
    """`10:02:11 WARN  source_lost  device=press-01 reason=...`, control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        facts = getattr(record, "facts", {})
        detail = " ".join(f"{key}={_printable(value)}" for key, value in facts.items())
        return f"{stamp} {record.levelname[:5]:<5} {_printable(record.getMessage()):<26} {detail}"


def _printable(value: Any) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in str(value)
    )


def keep_silent() -> None:
    """Let no event and no library write to the terminal: the command shows results itself."""
    logging.getLogger().addHandler(logging.NullHandler())


def set_up_logging(
    *,
    as_json: bool,
    debug: bool = False,
    stream: TextIO | None = None,
    libraries: Iterable[str] = (),
) -> None:
    """Send all events to standard error; libraries only from WARNING on.

    The noisy ones, `libraries` among them, only from ERROR on.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else ConsoleFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    LOGGER.setLevel(logging.DEBUG if debug else logging.INFO)
    for name in (*NOISY_LIBRARIES, *libraries):
        logging.getLogger(name).setLevel(logging.ERROR)


def silence(*names: str) -> None:
    """Let loggers of a library write nothing, also in commands that set up no log at all."""
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL)
