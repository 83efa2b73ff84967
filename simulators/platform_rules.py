"""What the platform accepts: the shape of plans and records, and values that fit their type."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

GAP_REASONS = frozenset(
    {
        "disconnected",
        "overflow",
        "quota",
        "gateway-down",
        "source-restart",
        "rejected-by-source",
    }
)
NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
INTEGER_RANGES = {
    "xs:byte": (-(2**7), 2**7 - 1),
    "xs:short": (-(2**15), 2**15 - 1),
    "xs:int": (-(2**31), 2**31 - 1),
    "xs:long": (-(2**63), 2**63 - 1),
    "xs:unsignedByte": (0, 2**8 - 1),
    "xs:unsignedShort": (0, 2**16 - 1),
    "xs:unsignedInt": (0, 2**32 - 1),
    "xs:unsignedLong": (0, 2**64 - 1),
    "xs:integer": (None, None),
}
FLOATS = frozenset({"xs:float", "xs:double"})
SAMPLE_COLUMNS = ("signals", "times", "values", "status")
STATUS_MAX = 2**32 - 1
BAD = 0x80000000
USAGE_TEXTS = ("solution", "event", "user", "address", "ledger")


class UnknownPlan(LookupError):
    """A record names a plan that this platform does not have."""


class RefusedError(ValueError):
    """This record will never be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it was sent, and what is asked of it for every record."""

    digest: str
    body: dict[str, Any]
    devices: tuple[str, ...]
    types: tuple[str | None, ...]

    @staticmethod
    def read(digest: str, body: Any) -> Plan:
        """Check a plan and its digest."""
        entries = body.get("signals") if isinstance(body, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise RefusedError("plan has no list of signals")
        if [entry.get("index") for entry in entries] != list(range(len(entries))):
            raise RefusedError("plan indices are not 0, 1, 2, ...")
        for entry in entries:
            for key in ("device", "name", "source", "aas", "asset", "submodel", "element"):
                if not isinstance(entry.get(key), str) or not entry[key]:
                    raise RefusedError(f"signal {entry['index']} has no {key}")
        if digest_of(entries) != digest:
            raise RefusedError("digest does not fit the signals")
        return Plan(
            digest,
            body,
            tuple(entry["device"] for entry in entries),
            tuple(entry.get("valueType") for entry in entries),
        )


def digest_of(entries: list[dict[str, Any]]) -> str:
    """Compute the digest over the canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(entries, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256-{hashlib.sha256(text.encode()).hexdigest()}"


def check_samples(record: dict[str, Any], plan: Plan) -> None:
    """Refuse columns that do not fit one another or the plan."""
    columns: list[Any] = [record.get(key) for key in SAMPLE_COLUMNS]
    if not all(isinstance(column, list) for column in columns):
        raise RefusedError("signals, times, values and status must be lists")
    signals, times, values, status = columns
    if not len(signals) == len(times) == len(values) == len(status) > 0:
        raise RefusedError("columns differ in length or are empty")
    if "raw" in record and not (
        isinstance(record["raw"], list) and len(record["raw"]) == len(values)
    ):
        raise RefusedError("raw differs in length")
    _all_integers(signals, "signals", 0, len(plan.types) - 1)
    _all_integers(times, "times", -(2**63), 2**63 - 1)
    _all_integers(status, "status", 0, STATUS_MAX)
    _all_integers([record.get("received")], "received", -(2**63), 2**63 - 1)
    _check_values(signals, values, status, plan)


def _all_integers(column: list[Any], name: str, low: int, high: int) -> None:
    if set(map(type, column)) != {int}:
        raise RefusedError(f"{name} must be integers")
    if min(column) < low or max(column) > high:
        raise RefusedError(f"{name} out of range")


def _check_values(signals: list[int], values: list[Any], status: list[int], plan: Plan) -> None:
    if max(status) >= BAD:
        for value, code in zip(values, status, strict=True):
            if code >= BAD and value is not None:
                raise RefusedError("a Bad sample has a value")
    expected = {plan.types[index] for index in set(signals)}
    found = set(map(type, values))
    if expected <= FLOATS and found <= {float, int, type(None)}:
        return
    if len(expected) == 1 and _column_fits(next(iter(expected)), values, found):
        return
    for index, value in zip(signals, values, strict=True):
        if value is not None and not fits(value, plan.types[index]):
            text = f"value {str(value)[:40]!r} of signal {index} is no {plan.types[index]}"
            raise RefusedError(text)


def _column_fits(value_type: str | None, values: list[Any], found: set[type]) -> bool:
    """Decide a column of one type at once; False only means: look at each."""
    if value_type in INTEGER_RANGES and found == {int}:
        low, high = INTEGER_RANGES[value_type]
        return low is None or high is None or (min(values) >= low and max(values) <= high)
    return value_type == "xs:boolean" and found == {bool}


def fits(value: Any, value_type: str | None) -> bool:
    """Tell whether one JSON value can be of this XSD type."""
    if value_type is None:
        return True
    if value_type in FLOATS:
        return type(value) in (float, int) or value in NOT_FINITE
    if value_type in INTEGER_RANGES:
        low, high = INTEGER_RANGES[value_type]
        return type(value) is int and (low is None or high is None or low <= value <= high)
    if value_type == "xs:boolean":
        return type(value) is bool
    if value_type == "xs:base64Binary":
        return isinstance(value, dict) and isinstance(value.get("b64"), str)
    if value_type == "xs:string":
        return isinstance(value, (str, list, dict))
    return isinstance(value, str)


def check_gap(record: dict[str, Any], knows_device: Callable[[str], bool]) -> None:
    """Refuse a gap that does not say which device, when and why."""
    if not knows_device(str(record.get("device"))):
        raise RefusedError("unknown-device")
    start, end = record.get("from"), record.get("to")
    if type(start) is not int or type(end) is not int or end < start:
        raise RefusedError("from and to must be integers in order")
    if record.get("reason") not in GAP_REASONS:
        raise RefusedError("unknown reason")
    if "count" not in record or not (record["count"] is None or type(record["count"]) is int):
        raise RefusedError("count must be an integer or null")
    signals = record.get("signals")
    if not (signals is None or _are_integers(signals)):
        raise RefusedError("signals must be a list of indices")


def _are_integers(value: Any) -> bool:
    return isinstance(value, list) and all(type(entry) is int for entry in value)


def check_usage(record: dict[str, Any]) -> None:
    """Refuse a usage event without its facts."""
    for key in USAGE_TEXTS:
        if not isinstance(record.get(key), str):
            raise RefusedError(f"{key} must be text")
    for key in ("at", "bytes"):
        if type(record.get(key)) is not int:
            raise RefusedError(f"{key} must be an integer")


def check_request(body: Any) -> Sequence[dict[str, Any]]:
    """Give the records of a request; a request of the wrong shape is an error as a whole."""
    if not isinstance(body, dict) or not isinstance(body.get("epoch"), str) or not body["epoch"]:
        raise ValueError("no epoch")
    records = body.get("records")
    if not isinstance(records, list) or not records:
        raise ValueError("no records")
    offsets: list[Any] = [
        record.get("offset") if isinstance(record, dict) else None for record in records
    ]
    if not _are_integers(offsets):
        raise ValueError("a record without an offset")
    if any(later <= earlier for earlier, later in pairwise(offsets)):
        raise ValueError("offsets do not grow")
    if body.get("first") != offsets[0] or body.get("last") != offsets[-1]:
        raise ValueError("first and last do not fit the records")
    return records
