"""The month export opens in a spreadsheet and its sums are the ledger's."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from gateway.usage.ledger import export
from gateway.usage.ledger.export import Month, write_csv, write_workbook
from gateway.usage.ledger.read import Filter, looking
from gateway.usage.ledger.words import STATES
from gateway.usage.model import State
from tests.unit.usage.ledger import makers

NOW = makers.StillClock().now()
COUNTS = range(3, 3 + len(State))


async def three_days(folder: Path) -> None:
    ledger = await makers.opened(folder)
    for day in ("2026-10-31", "2026-11-01", "2026-11-02", "2026-12-01"):
        entries = [("mes", makers.event(number, day=day)) for number in range(7)]
        taken = await ledger.append([*entries, ("erp", makers.event(9, day=day))])
        await ledger.move([makers.moved(taken[0].id, State.DELIVERED, "AP1002", day=day)])
        await ledger.move([makers.moved(taken[1].id, State.DELIVERED_PRESUMED, "AP1029", day=day)])
        await ledger.move([makers.moved(each.id, State.SAMPLED_OUT) for each in taken[2:5]])
    await ledger.append([("mes", makers.event(1, sysUser="=1+1", day="2026-11-02"))])
    await ledger.close()


def sheet(book: Any, name: str) -> list[tuple[Any, ...]]:
    return list(book[name].iter_rows(values_only=True))


async def test_the_workbooks_sums_are_the_ledgers(tmp_path: Path) -> None:
    await three_days(tmp_path)
    with looking(tmp_path) as view:
        write_workbook(tmp_path / "out.xlsx", view, Month("2026-11"), NOW)
        events = list(view.events(Filter("2026-11-01", "2026-11-30")))
        requests = list(view.receipts(Filter("2026-11-01", "2026-11-30")))
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == ["요약", "이벤트", "전송이력"]
    summary, listed, sent = (sheet(book, name) for name in book.sheetnames)
    assert summary[0][:3] == ("날짜", "전송처", "게이트웨이 접수 합계")
    assert listed[0][:2] == ("ID", "사용일시(logDt)")
    (total,) = [row for row in summary if row[0] == "합계"]
    days = [row for row in summary[1:] if row[0] and str(row[0]).startswith("2026-11-0")]
    assert total[2] == len(events) == len(listed) - 1 == sum(row[2] for row in days) == 17
    states = Counter(each.state for each in events)
    for place, state in zip(COUNTS, State, strict=True):
        assert summary[0][place] == STATES[state]["ko"]
        assert total[place] == states[state] == sum(row[place] for row in days)
    assert total[-1] == sum(each.amount or 0 for each in events) == sum(r[5] for r in listed[1:])
    assert len(sent) - 1 == len(requests) == 4
    assert {row[6] for row in sent[1:]} == {"AP1002", "AP1029"}
    assert [row[0] for row in listed[1:]] == [each.id for each in events]


async def test_csv_files_have_a_mark_and_the_same_rows(tmp_path: Path) -> None:
    await three_days(tmp_path)
    with looking(tmp_path) as view:
        paths = write_csv(tmp_path / "out", view, Month("2026-11"), NOW)
    assert [path.name for path in paths] == [
        "out-summary.csv", "out-events.csv", "out-requests.csv",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in paths)
    rows = [list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines())) for path in paths]
    (total,) = [row for row in rows[0] if row[:1] == ["합계"]]
    assert int(total[2]) == len(rows[1]) - 1 == 17


async def test_a_text_that_looks_like_a_formula_is_not_reckoned(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    event = makers.event(1)
    entry = type(event)(event.at, event.log_dt, event.use_se, "=1+1", "@x", 1, event.raw)
    await ledger.append([("mes", entry)])
    await ledger.close()
    with looking(tmp_path) as view:
        write_workbook(tmp_path / "out.xlsx", view, Month("2026-11"), NOW)
        write_csv(tmp_path / "out", view, Month("2026-11"), NOW)
    cell = openpyxl.load_workbook(tmp_path / "out.xlsx")["이벤트"].cell(2, 4)
    assert (cell.value, cell.data_type) == ("=1+1", "s") or cell.data_type != "f"
    assert "'=1+1,'@x" in (tmp_path / "out-events.csv").read_text(encoding="utf-8-sig")


async def test_more_rows_than_a_sheet_holds_go_on_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "SHEET_ROWS_MAX", 10)
    await makers.filled(tmp_path)
    with looking(tmp_path) as view:
        write_workbook(tmp_path / "out.xlsx", view, Month("2026-11"), NOW)
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    names = [name for name in book.sheetnames if name.startswith("이벤트")]
    assert names == ["이벤트", "이벤트 (2)", "이벤트 (3)", "이벤트 (4)"]
    assert sum(len(sheet(book, name)) - 1 for name in names) == 33


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-1", "11-2026", "0000-01", "2026-11-01"])
def test_what_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        _ = Month(text).filter


def test_the_last_day_of_a_leap_february_is_in_it() -> None:
    assert Month("2028-02").filter.last == "2028-02-29"
