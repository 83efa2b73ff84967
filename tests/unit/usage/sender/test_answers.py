"""Answers in every shape that was seen are read; what is none is not taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.usage.sender.answers import TEXT_MAX, ServiceAnswer, read_answer

MEMBERS = {
    "recptnDt": "2026-03-03 09:00:00.123",
    "recptnRsltCd": "AP1002",
    "recptnRslt": "데이터 이관 완료",
    "recptnRsltDtl": "",
}
PLAIN = json.dumps(MEMBERS, ensure_ascii=False)
XML = "".join(f"<{name}>{value}</{name}>" for name, value in MEMBERS.items())
GOOD = ServiceAnswer("AP1002", "2026-03-03 09:00:00.123", "데이터 이관 완료", "")
SHAPES = {
    "wrapped": f'{{"result": {PLAIN}}}'.encode(),
    "unwrapped": PLAIN.encode(),
    "bom": b"\xef\xbb\xbf" + PLAIN.encode(),
    "bom and blanks": b"\r\n\xef\xbb\xbf \n" + PLAIN.encode() + b"\r\n\r\n",
    "cp949": PLAIN.encode("cp949"),
    "list of one": f"[{PLAIN}]".encode(),
    "text of text": json.dumps(f'{{"result": {PLAIN}}}').encode(),
    "null detail": json.dumps({"result": {**MEMBERS, "recptnRsltDtl": None}}).encode(),
    "xml": f'<?xml version="1.0" encoding="UTF-8"?><Result>{XML}</Result>'.encode(),
    "xml with blanks": f"\n<Result>\n {XML} \n</Result>".encode(),
    "xml cdata": f"<Result>{XML}</Result>".replace(
        "AP1002", "<![CDATA[AP1002]]>"
    ).encode(),
    "xml empty detail": f"<Result>{XML}</Result>".replace(
        "<recptnRsltDtl></recptnRsltDtl>", "<recptnRsltDtl/>"
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_reads_the_same(shape: str) -> None:
    assert read_answer(SHAPES[shape]) == GOOD


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body>AP1002</body></html>", b"OK", b"[1,2]", b"{}", b'{"result": {}}',
     b'{"result": {"recptnRsltCd": ""}}', b'{"result": {"recptnRsltCd": {"a": 1}}}', b"\xff\xfe",
     PLAIN[:40].encode(), b"[" * 100_000],
)  # fmt: skip
def test_what_has_no_code_is_no_answer(body: bytes) -> None:
    assert read_answer(body) is None


def test_texts_are_cut() -> None:
    answer = read_answer(json.dumps({**MEMBERS, "recptnRslt": "가" * 10_000}).encode())
    assert answer is not None
    assert len(answer.text) == TEXT_MAX


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(body: bytes) -> None:
    read_answer(body)


@given(st.text(max_size=100).map(lambda text: f"<Result><recptnRsltCd>{text}".encode()))
def test_no_broken_xml_makes_it_fail(body: bytes) -> None:
    read_answer(body)
