"""A month of the ledger for the audit: a workbook, or CSV files, with Korean headers.

Sums are numbers of the ledger's own counting, not formulas: they are what it says, whatever a
spreadsheet does with the rows. Texts are written as texts: a user named `=1+1` is not reckoned.
"""

from __future__ import annotations

import calendar
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.usage.ledger.days import shown
from gateway.usage.ledger.read import EventLine, Filter, Receipt, View
from gateway.usage.ledger.words import state_name
from gateway.usage.model import State

SHEET_ROWS_MAX = 1_048_576
"""Rows of a sheet. Source: Office Open XML as spreadsheets implement it."""

SUMMARY, EVENTS, REQUESTS = "요약", "이벤트", "전송이력"
CSV_NAMES = {SUMMARY: "summary", EVENTS: "events", REQUESTS: "requests"}
WIDTHS = {
    SUMMARY: (12, 14, 12, *(14,) * len(State), 16),
    EVENTS: (16, 24, 10, 26, 18, 16, 16, 14, 14, 24, 10, 8),
    REQUESTS: (10, 24, 14, 16, 24, 10, 10, 26, 24, 16, 10, 20),
}
SUMMARY_HEAD = (
    "날짜", "전송처", "게이트웨이 접수 합계", *(state_name(state, "ko") for state in State),
    "데이터 사용량 합계",
)  # fmt: skip
EVENT_HEAD = (
    "ID", "사용일시(logDt)", "구분(useSe)", "사용자(sysUser)", "접속IP(conectIp)",
    "데이터 사용량", "상태", "수집 경로", "전송처", "게이트웨이 접수일시", "결과코드", "요청 수",
)  # fmt: skip
REQUEST_HEAD = (
    "원장 행", "요청일시", "전송처", "이벤트 ID", "사용일시(logDt)", "구분(useSe)", "결과코드",
    "결과 내용", "서비스 수신일시(recptnDt)", "상태", "소요(초)", "사유",
)  # fmt: skip
TOTAL = "합계"
NOTE = (
    "'게이트웨이 접수'는 사업관리시스템 적재가 아닙니다. "
    "서비스가 적재를 답한 건수는 '서비스 적재'입니다."
)
_FORMULA = re.compile(r"^[=+\-@\t\r]")
Cells = Sequence[str | int | float | None]


@dataclass(frozen=True, slots=True)
class Month:
    """A month, `yyyy-MM`."""

    text: str

    @property
    def filter(self) -> Filter:
        """Its days.

        Raises:
            ValueError: not a month.
        """
        if not re.fullmatch(r"\d{4}-\d{2}", self.text):
            raise ValueError(f"not a month: {self.text}")
        year, month = int(self.text[:4]), int(self.text[5:])
        if not (1 <= month <= 12 and year):
            raise ValueError(f"not a month: {self.text}")
        return Filter(f"{self.text}-01", f"{self.text}-{calendar.monthrange(year, month)[1]:02d}")


def sheets(view: View, month: Month, made_at: int) -> Iterator[tuple[str, Iterator[Cells]]]:
    """Give each sheet's name and rows, the head first."""
    yield SUMMARY, _summary(view, month, made_at)
    yield EVENTS, _with_head(EVENT_HEAD, map(_event, view.events(month.filter)))
    yield REQUESTS, _with_head(REQUEST_HEAD, map(_request, view.receipts(month.filter)))


def _with_head(head: Cells, rows: Iterable[Cells]) -> Iterator[Cells]:
    yield head
    yield from rows


def _summary(view: View, month: Month, made_at: int) -> Iterator[Cells]:
    yield SUMMARY_HEAD
    lines: dict[tuple[str, str], dict[State, int]] = {}
    sizes: dict[tuple[str, str], int] = {}
    for day, delivery, state, count, size in view.sums(month.filter):
        lines.setdefault((day, delivery), {})[state] = count
        sizes[day, delivery] = sizes.get((day, delivery), 0) + size
    for (day, delivery), counts in lines.items():
        yield _sum_row(day, delivery, counts, sizes[day, delivery])
    whole = {state: sum(counts.get(state, 0) for counts in lines.values()) for state in State}
    yield _sum_row(TOTAL, "", whole, sum(sizes.values()))
    yield ()
    yield (NOTE,)
    yield ("원장", f"{view.ledger}, 행 {view.rows}, 해시 {view.head}")
    yield ("작성", f"{month.text}, {shown(made_at)}")


def _sum_row(day: str, delivery: str, counts: dict[State, int], size: int) -> Cells:
    per_state = [counts.get(state, 0) for state in State]
    return (day, delivery, sum(per_state), *per_state, size)


def _event(each: EventLine) -> Cells:
    return (
        each.id, each.log_dt, each.use_se, each.user, each.address, each.amount,
        state_name(each.state, "ko"), each.intake, each.delivery, shown(each.received), each.code,
        each.requests,
    )  # fmt: skip


def _request(each: Receipt) -> Cells:
    return (
        each.seq, shown(each.started), each.delivery, each.id, each.log_dt, each.use_se, each.code,
        each.text, each.answered, state_name(each.state, "ko"), each.took_s, each.why,
    )  # fmt: skip


def write_workbook(path: Path, view: View, month: Month, made_at: int) -> None:
    """Write an .xlsx file.

    Raises:
        ValueError: not a month.
        OSError: it cannot be written.
    """
    import xlsxwriter

    _ = month.filter  # before any file is made
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        book = xlsxwriter.Workbook(file, {"constant_memory": True})
        try:
            bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
            for name, rows in sheets(view, month, made_at):
                _write_sheets(book, name, rows, bold)
        finally:
            book.close()
    partial.replace(path)


def _write_sheets(book: Any, name: str, rows: Iterator[Cells], bold: Any) -> None:
    """Write rows; what does not fit one sheet goes on in `name (2)`."""
    head = next(rows)
    sheet, place, number = None, SHEET_ROWS_MAX, 0
    for row in _at_least_once(rows):
        if place >= SHEET_ROWS_MAX:
            number += 1
            sheet = book.add_worksheet(name if number == 1 else f"{name} ({number})")
            sheet.freeze_panes(1, 0)
            for column, wide in enumerate(WIDTHS[name]):
                sheet.set_column(column, column, wide)
            _write_row(sheet, 0, head, bold)
            place = 1
        if row is not None:
            _write_row(sheet, place, row, bold if row[:1] == (TOTAL,) else None)
            place += 1


def _at_least_once(rows: Iterator[Cells]) -> Iterator[Cells | None]:
    yield None
    yield from rows


def _write_row(sheet: Any, place: int, cells: Cells, form: Any) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, str):
            sheet.write_string(place, column, cell, form)
        elif cell is not None:
            sheet.write_number(place, column, cell, form)


def write_csv(stem: Path, view: View, month: Month, made_at: int) -> list[Path]:
    """Write `<stem>-summary.csv`, `-events.csv` and `-requests.csv`, UTF-8 with BOM; give them.

    Raises:
        ValueError: not a month.
        OSError: one cannot be written.
    """
    _ = month.filter  # before any file is made
    paths = []
    for name, rows in sheets(view, month, made_at):
        path = stem.with_name(f"{stem.name}-{CSV_NAMES[name]}.csv")
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([_csv_cell(cell) for cell in row] for row in rows)
        paths.append(path)
    return paths


def _csv_cell(cell: str | float | None) -> str | int | float:
    """Keep a spreadsheet from reckoning a text."""
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell
