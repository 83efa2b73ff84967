"""Reading YAML: rules of 1.2, positions, and files that mean harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import yaml_reader
from gateway.config.findings import Report, Span
from gateway.config.render import as_text, cells
from gateway.config.yaml_reader import Document, plain, read


def never(document: Document, kind: str, node: Any) -> str:
    raise AssertionError((document, kind, node))


def reading(tmp_path: Path, content: str | bytes) -> Document:
    path = tmp_path / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, "a.yaml", Report(), never)


def codes_of(document: Document) -> list[str]:
    return [finding.code for finding in document.report.findings]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"), ("22:30", "22:30"),
        ("None", "None"), ("null", None), ("~", None), ("", None), ("true", True), ("FALSE", False),
        ("0012", 12), ("0x1F", 31), ("0o17", 15), ("1_000", "1_000"), ("-3", -3), ("+.5", 0.5),
        ("1e3", 1000.0), ("1.", 1.0), (".", "."), ("-", "-"), ("1.2.3", "1.2.3"),
        ("2026-11-24", "2026-11-24"), (".inf", float("inf")), ("9" * 41, "9" * 41),
    ],
)  # fmt: skip
def test_plain_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    read_value = plain(text)
    assert read_value == value
    assert type(read_value) is type(value)


def test_quoted_words_are_text(tmp_path: Path) -> None:
    assert reading(tmp_path, "a: '1'\nb: \"true\"\nc: !!str 5\n").data == {
        "a": "1", "b": "true", "c": "5",
    }  # fmt: skip


def test_every_key_and_value_has_its_place(tmp_path: Path) -> None:
    document = reading(tmp_path, "이름: { 가: 1, 나: [x, 둘] }\n")
    assert (document.span(("이름",), key=True).column, document.span(("이름",)).column) == (1, 5)
    span = document.span(("이름", "나", 1))
    assert (span.line, span.column, span.width) == (1, 20, 1)


def test_a_path_that_is_not_there_leads_to_what_is_nearest(tmp_path: Path) -> None:
    document = reading(tmp_path, "a:\n  b: 1\n")
    assert document.span(("a", "tag-of-a-union", "b")).line == 2
    assert document.span(("a", "missing")).line == 2


def test_a_mark_at_the_beginning_is_no_letter(tmp_path: Path) -> None:
    assert reading(tmp_path, b"\xef\xbb\xbfa: 1\n").data == {"a": 1}


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "BYTES_MAX", 10)
    assert codes_of(reading(tmp_path, "a: " + "x" * 20)) == ["E1017"]


def test_nested_references_do_not_grow_without_bound(tmp_path: Path) -> None:
    levels = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
    document = reading(tmp_path, f"a0: &a0 [x]\n{levels}")
    assert codes_of(document) == ["E1021"]


def test_a_reference_to_itself_ends(tmp_path: Path) -> None:
    assert "E1019" in codes_of(reading(tmp_path, "a: &a\n  b: *a\n"))


def test_deep_brackets_end_in_a_finding(tmp_path: Path) -> None:
    assert codes_of(reading(tmp_path, "[" * 5_000 + "]" * 5_000))


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_no_content_makes_the_reader_raise(tmp_path_factory: Any, content: str | bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    path.write_bytes(raw)
    report = Report()
    document = read(path, "any.yaml", report, lambda *_: "")
    assert not document.broken or report.findings
    for finding in report.findings:
        as_text(finding, "ko")


@given(before=st.text("가나다abc ", max_size=12), wrong=st.text("도씨xy", min_size=1, max_size=6))
def test_the_caret_stands_below_the_word_it_means(before: str, wrong: str) -> None:
    report = Report()
    line = f"{before}{wrong} # end"
    span = Span(1, len(before) + 1, len(wrong))
    report.add("E1203", "a.yaml", span, [line], unit=wrong, near="")
    shown = as_text(report.findings[0], "en").splitlines()
    source, caret = shown[1], shown[2]
    first = caret.index("^")
    assert cells(source[: source.index("|") + 2 + len(before)]) == first
    assert caret.count("^") == cells(wrong)
