"""Lines of files as fields, whatever wrote them."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.usage.config import Columns
from gateway.usage.intakes.encodings import Encoding, decode, detect
from gateway.usage.intakes.lines import LineError, LineParser
from gateway.usage.intakes.mapping import Cells, text_of
from tests.unit.usage.intakes.parts import BY_NAME, HEADER, file_config, row


def parser(header: bytes | None = None, **changes: Any) -> LineParser:
    made = LineParser(file_config("x", **changes))
    if header is not None:
        made.begin(header, None)
    return made


def parsed(line: str | bytes, made: LineParser, encoding: Encoding | None = None) -> Cells:
    cells = made.parse(line.encode() if isinstance(line, str) else line, encoding)
    assert cells is not None
    return cells


def test_columns_are_found_by_the_names_of_the_header_in_any_order() -> None:
    made = parser("접속자 ,시각,구분".encode(), columns=Columns(
        {"logDt": "시각", "sysUser": "접속자"}, {"useSe": "DO6001"}
    ))  # fmt: skip
    cells = parsed("김철수,2026-11-26 09:00:00,x", made)
    assert cells.fields == {
        "logDt": "2026-11-26 09:00:00", "sysUser": "김철수", "useSe": "DO6001",
    }  # fmt: skip


def test_columns_are_found_by_number_where_there_is_no_header() -> None:
    made = parser(header=None, columns=Columns({"logDt": 2, "sysUser": 0}))
    made = LineParser(file_config("x", header=False, columns=Columns({"logDt": 2, "sysUser": 0})))
    assert parsed("kim,ignored,09:00", made).fields == {"logDt": "09:00", "sysUser": "kim"}


def test_a_header_names_the_columns_that_it_lacks() -> None:
    made = LineParser(file_config("x"))
    assert made.begin(b"logDt,useSe,user,conectIp,dataUsgqty", None) == ["sysUser"]


def test_quotes_trailing_commas_and_short_lines_cost_nothing() -> None:
    made = parser(HEADER.encode())
    cells = parsed('"2026-11-26 09:00:00","DO6001","Kim, ""A""",10.0.0.1,,,,', made)
    assert cells.fields["sysUser"] == 'Kim, "A"'
    assert cells.fields["dataUsgqty"] is None
    assert parsed("2026-11-26 09:00:00,DO6001", made).fields["conectIp"] is None


@pytest.mark.parametrize("line", [b'2026,"lost quote,x,y', b"\xff\xfe\xff\xff,\xff", b",,,,"])
def test_a_bad_line_is_an_error_of_its_own(line: bytes) -> None:
    made = parser(HEADER.encode())
    with pytest.raises(LineError, match=r"."):
        made.parse(line, "utf-8")
    assert parsed(row(1), made).fields["dataUsgqty"] == "1"


def test_blank_lines_and_the_header_again_say_nothing() -> None:
    made = parser(HEADER.encode())
    assert made.parse(b" \r", None) is None
    assert made.parse(b"\0\0\0\0", None) is None
    assert made.parse(HEADER.encode() + b"\r", None) is None


def test_nuls_before_a_line_are_what_a_power_cut_leaves() -> None:
    assert parsed(b"\0\0" + row(7).encode(), parser(HEADER.encode())).fields["dataUsgqty"] == "7"


def test_tab_separated() -> None:
    made = parser(HEADER.replace(",", "\t").encode(), format="tsv")
    assert parsed("09:00\tDO6001\tkim, jr\t\t5", made).fields["sysUser"] == "kim, jr"


def test_json_lines_by_name_and_by_path() -> None:
    made = parser(format="jsonl", columns=Columns(
        {"logDt": "at", "sysUser": "user.id", "dataUsgqty": "bytes", "conectIp": "a.b", "menu": "m"}
    ))  # fmt: skip
    cells = parsed('{"at":"09:00","user":{"id":17},"bytes":12.0,"a.b":"1.1.1.1","m":[1]}', made)
    assert cells.fields == {
        "logDt": "09:00", "sysUser": "17", "dataUsgqty": "12", "conectIp": "1.1.1.1",
    }  # fmt: skip
    assert cells.extra == {"menu": "[1]"}
    for bad in (b"{", b"3", b"{}", b'{"x":1}', b"[" * 50_000):
        with pytest.raises(LineError):
            made.parse(bad, None)


def test_a_regular_expression_by_group_names_and_numbers() -> None:
    made = LineParser(file_config(
        "x", format="regex", pattern=r"^(\S+ \S+) \[(?P<user>\w+)\] LOGIN",
        columns=Columns({"logDt": 0, "sysUser": "user"}, {"useSe": "DO6001"}),
    ))  # fmt: skip
    cells = parsed("2026-11-26 09:00:00 [kim] LOGIN ok", made)
    assert cells.fields == {"logDt": "2026-11-26 09:00:00", "sysUser": "kim", "useSe": "DO6001"}
    with pytest.raises(LineError, match="does not match"):
        made.parse(b"something else", None)


def test_a_pattern_may_pass_over_unrelated_lines() -> None:
    columns = Columns({"logDt": "at"}, {"useSe": "DO6001"})
    pattern = r"^(?P<at>\S+) LOGIN|.*"
    made = LineParser(file_config("x", format="regex", pattern=pattern, columns=columns))
    assert made.parse(b"09:00 something else", None) is None
    assert parsed("09:00 LOGIN", made).fields["logDt"] == "09:00"


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": Columns({})},
        {"columns": Columns({"logDt": 0, "crtfcKey": 1})},
        {"columns": Columns({"logDt": 0}, {"crtfcKey": "x"})},
        {"header": False},
        {"format": "regex", "pattern": "("},
        {"format": "regex", "pattern": "(?P<other>.)"},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"columns|pattern"):
        LineParser(file_config("x", **changes))


def test_the_solution_may_come_from_a_column() -> None:
    columns = Columns({"logDt": 0, "solution": 1}, {"solution": "MES"})
    made = LineParser(file_config("x", header=False, columns=columns))
    assert parsed("09:00,ERP", made).solution == "ERP"
    assert parsed("09:00", made).solution == "MES"
    assert "solution" not in parsed("09:00,ERP", made).fields


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_korean_is_read_in_every_encoding_that_korean_windows_writes(encoding: str) -> None:
    data = "로그인,김철수\r".encode(encoding)
    assert decode(data, detect(data)).strip("\ufeff\r") == "로그인,김철수"


def test_a_sample_cut_inside_a_character_is_still_known() -> None:
    data = "사용 로그를 수집합니다".encode()
    assert {detect(data[:end]) for end in range(4, len(data))} == {"utf-8"}
    assert detect(b"abc\xea") is None
    assert detect(b"abc") is None


@settings(deadline=None)
@given(st.text(st.characters(codec="cp949", exclude_categories=["Cc"]), min_size=8))
def test_what_cp949_can_say_is_read_back_where_the_file_is_known_to_be_cp949(text: str) -> None:
    assert decode(text.encode("cp949"), "cp949") == text


CELL = st.text(st.characters(exclude_characters="\r\n\0\ufeff", exclude_categories=["Cs"]))


@settings(deadline=None)
@given(st.lists(CELL, min_size=5, max_size=8))
def test_whatever_a_csv_writer_wrote_is_read(cells: list[str]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    made = LineParser(file_config("x", header=False, columns=Columns({"sysUser": 1, "logDt": 0})))
    try:
        found = made.parse(written.getvalue().encode(), "utf-8")
    except LineError:
        assert not cells[0].strip()
        assert not cells[1].strip()
        return
    if found is not None:
        assert found.fields["sysUser"] == (cells[1].strip() or None)


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "jsonl", "regex"]))
def test_no_bytes_do_more_than_refuse_their_own_line(line: bytes, form: Any) -> None:
    columns = Columns({"logDt": "a"}) if form == "regex" else BY_NAME
    made = LineParser(file_config("x", format=form, pattern="(?P<a>..)", columns=columns))
    if made.has_header:
        made.begin(HEADER.replace(",", "\t" if form == "tsv" else ",").encode(), None)
    for encoding in (None, "utf-8", "cp949"):
        try:
            made.parse(line, encoding)
        except LineError:
            continue


def test_values_of_databases_become_what_a_solution_would_write() -> None:
    from datetime import UTC, date, datetime
    from decimal import Decimal

    assert text_of(datetime(2026, 11, 26, 9, 0, 1, 5000)) == "2026-11-26 09:00:01.005000"
    assert text_of(datetime(2026, 11, 26, 9, tzinfo=UTC)) == "2026-11-26 09:00:00+00:00"
    assert text_of(date(2026, 11, 26)) == "2026-11-26"
    assert [text_of(v) for v in (Decimal("1E+3"), 5.0, 2.5, 7, None)] == [
        "1000", "5", "2.5", "7", None,
    ]  # fmt: skip
    assert text_of("김".encode("cp949")) == "김"
