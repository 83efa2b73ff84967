"""What the KPI service takes: three levels, each an array of entries with texts of a known form."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

ENTRIES_MAX = 1_000
NAME_MAX = 100
_KEY = re.compile(r"[0-9a-f]{4}(-[0-9a-f]{4}){3}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
Check = Callable[[str], bool]


class RefusedEntry(ValueError):
    """The request is refused; the text says why."""


def _is_time(pattern: str, digits: int) -> Check:
    def check(text: str) -> bool:
        if not re.fullmatch(r"\d+", text, re.ASCII) or len(text) != digits:
            return False
        try:
            dt.datetime.strptime(text, pattern)  # noqa: DTZ007 - its form only
        except ValueError:
            return False
        return True

    return check


def _is_text(text: str) -> bool:
    return bool(text.strip()) and len(text) <= NAME_MAX


_HEAD: dict[str, Check] = {
    "kpiCertKey": lambda text: bool(_KEY.fullmatch(text)),
    "ocrDttm": _is_time("%Y%m%d", 8),
}
_WHICH: dict[str, Check] = {
    "kpiFldCd": lambda text: text in {"P", "Q", "C", "D"},
    "kpiDtlCd": lambda text: bool(re.fullmatch(r"[A-Z]", text)),
    "kpiDtlNm": _is_text,
}
_TAIL: dict[str, Check] = {"trsDttm": _is_time("%Y%m%d%H%M%S", 14)}
_IS_NUMBER: Check = lambda text: bool(_NUMBER.fullmatch(text))  # noqa: E731 - in a table of such
FIELDS: dict[int, dict[str, Check]] = {
    1: {**_HEAD, "systmOprYn": lambda text: text in {"Y", "N"}, **_TAIL},
    2: {**_HEAD, **_WHICH, "achrt": _IS_NUMBER, **_TAIL},
    3: {**_HEAD, **_WHICH, "msmtVl": _IS_NUMBER, "unt": _is_text, **_TAIL},
}


def entries(level: int, body: bytes, companies: Mapping[str, str]) -> list[dict[str, str]]:
    """Read the entries of a request; all are right, or none is taken.

    Raises:
        RefusedEntry: with the service's text.
    """
    array = _object(body).get(f"KPILEVEL{level}")
    if not isinstance(array, list) or not 0 < len(array) <= ENTRIES_MAX:
        raise RefusedEntry(f"KPILEVEL{level} 배열이 필요합니다.")
    return [_entry(level, place, each, companies) for place, each in enumerate(array)]


def question(body: bytes) -> dict[str, str]:
    """Read what a query asks for.

    Raises:
        RefusedEntry: it is no JSON object.
    """
    return {name: str(value) for name, value in _object(body).items()}


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedEntry("JSON 형식 오류") from error
    if not isinstance(value, dict):
        raise RefusedEntry("JSON 형식 오류")
    return value


def _entry(level: int, place: int, entry: Any, companies: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(entry, dict):
        raise RefusedEntry(f"[{place}] JSON 형식 오류")
    for name, check in FIELDS[level].items():
        value = entry.get(name)
        if isinstance(value, bool | list | dict | None) or not check(str(value)):
            raise RefusedEntry(f"[{place}] {name} 값이 올바르지 않습니다.")
    if entry["kpiCertKey"] not in companies:
        raise RefusedEntry(f"[{place}] 등록되지 않은 인증키입니다.")
    return {name: str(value) for name, value in entry.items()}
