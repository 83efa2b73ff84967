"""Claims about reading a record out of a request, whichever way a program sends it."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.usage.model import FIELDS
from gateway.usage.receiver.charset import charset_of, declared
from gateway.usage.receiver.documents import Unreadable
from gateway.usage.receiver.form_fields import unquoted
from gateway.usage.receiver.head import Request
from gateway.usage.receiver.submission import HIDDEN, Submission, read_submission
from gateway.usage.rules.lints import Lint
from tests.unit.usage.receiver.styles import CANARY, KEY, RECORD, STYLES
from tests.unit.usage.receiver.support import (
    assert_no_canary,
    form,
    get,
    parsed,
    post,
)

SIX, DO, XML = "/apisvc/sendLogData.json", "/apisvc/sendLogDataJSON.do", "/apisvc/sendLogDataXML.do"
FORM_TYPE = "Content-Type: application/x-www-form-urlencoded"
JSON_TYPE, PARTS_TYPE = (
    "Content-Type: application/json",
    "Content-Type: Multipart/Form-Data; boundary=",
)
EUC_KR = '<?xml version="1.0" encoding="euc-kr"?>'
OBJECT = {"crtfcKey": KEY, **RECORD}
DOCUMENT = "<logData>" + "".join(f"<{n}>{v}</{n}>" for n, v in OBJECT.items()) + "</logData>"


def multipart(fields: dict[str, str]) -> str:
    parts = (
        f'--b-1\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return "".join(parts) + "--b-1--\r\n"


def read(request: Request) -> Submission:
    return read_submission(request, single=b".do" in request.path)


def code_of(request: Request) -> str:
    with pytest.raises(Unreadable) as refused:
        read(request)
    assert_no_canary(refused.value, refused.value.__cause__, refused.value.__context__)
    return refused.value.code


@pytest.mark.parametrize("style", STYLES)
def test_eight_styles_say_the_same(style: str) -> None:
    said = read(parsed(STYLES[style]))
    assert said.fields == RECORD
    assert said.key == KEY
    assert_no_canary(repr(said))


@pytest.mark.parametrize(
    "make",
    [
        lambda text: post(SIX, json.dumps(OBJECT), FORM_TYPE),
        lambda text: post(SIX, form(), JSON_TYPE),
        lambda text: post(SIX, json.dumps(OBJECT), "Content-Type: text/plain"),
        lambda text: post(f"{SIX}?{quote(form(), safe='=&')}", b"", JSON_TYPE),
        lambda text: get(f"{SIX}?{form()}"),
        lambda text: post(SIX, "\ufeff" + json.dumps(OBJECT)),
        lambda text: post(SIX, json.dumps(OBJECT).encode("utf-16")),
        lambda text: post(SIX, text.encode("utf-16-le"), JSON_TYPE + ";charset=utf-16"),
        lambda text: post(SIX, "logData=" + quote(text)),
        lambda text: post(DO, json.dumps({"logData": OBJECT})),
        lambda text: post(DO, json.dumps({"logData": text})),
        lambda text: post(DO, text, JSON_TYPE),
        lambda text: get(f"{DO}?logData={quote_plus(text)}"),
        lambda text: get(f"{DO}?LOGDATA={quote(text)}&_=1695711"),
        lambda text: get(f"{DO}?_=1&logData={text}&callback=x"),
        lambda text: get(f"{DO}?logData={text}".encode("cp949")),
        lambda text: get(f"{XML}?logData={DOCUMENT}"),
        lambda text: post(XML, DOCUMENT, "Content-Type: application/xml"),
        lambda text: post(XML, (EUC_KR + DOCUMENT).encode("cp949")),
        lambda text: post(XML, "logData=" + quote(text)),
        lambda text: post(DO, "logData=" + quote(DOCUMENT)),
        lambda text: post(SIX, multipart(OBJECT), PARTS_TYPE + "b-1"),
        lambda text: post(DO, multipart({"logData": text}), PARTS_TYPE + '"b-1"'),
        lambda text: get(f"{DO}?logData=" + quote(text).replace(quote("김"), "%uAE40")),
    ],
)  # fmt: skip
def test_variants_of_public_senders_and_their_mistakes_say_the_same(make: object) -> None:
    text = json.dumps(OBJECT, ensure_ascii=False)
    said = read(make(text))  # type: ignore[operator]
    assert said.fields == RECORD
    assert said.key == KEY


def test_numbers_stay_as_they_are_written_and_null_is_nothing() -> None:
    body = '{"dataUsgqty": 12345678901234567890.50, "sysUser": null, "useSe": true, "logDt": ""}'
    fields = read(post(SIX, body)).fields
    assert fields["dataUsgqty"] == "12345678901234567890.50"
    assert (fields["sysUser"], fields["useSe"], fields["logDt"]) == (None, "true", "")
    assert fields["conectIp"] is None


def test_names_are_known_in_any_case_and_others_are_dropped() -> None:
    said = read(post(SIX, "LOGDT=a&Usese=b&certKey=c&password=d"))
    assert dict(said.fields) == {
        "logDt": "a", "useSe": "b", "sysUser": None, "conectIp": None, "dataUsgqty": None,
    }  # fmt: skip


def test_the_first_of_two_values_counts_and_the_query_before_the_body() -> None:
    said = read(post(f"{SIX}?useSe=query", "useSe=body&sysUser=first&sysUser=second"))
    assert (said.fields["useSe"], said.fields["sysUser"]) == ("query", "first")


def test_a_document_that_was_not_encoded_may_have_an_ampersand_in_it() -> None:
    text = json.dumps({**OBJECT, "sysUser": "R&D 팀"}, ensure_ascii=False)
    for request in (get(f"{DO}?logData={text}&x=1"), post(DO, f"logData={text}")):
        assert read(request).fields == {**RECORD, "sysUser": "R&D 팀"}


@pytest.mark.parametrize(
    ("sent", "meant"),
    [(b"a+b", b"a b"), (b"a%2Bb", b"a+b"), (b"a+b%20c", b"a+b c"), (b"a+b c", b"a+b c"),
     (b'{"a":"1+2"}', b'{"a":"1+2"}'), (b"100%", b"100%"), (b"%zz", b"%zz"),
     (b"%uD55C", "한".encode())],
)  # fmt: skip
def test_a_plus_is_a_space_only_where_spaces_are_written_so(sent: bytes, meant: bytes) -> None:
    assert unquoted(sent) == meant


@pytest.mark.parametrize(
    ("text", "charset", "named", "expected"),
    [
        ("김민수", "utf-8", "", "utf-8"),
        ("김민수", "cp949", "", "cp949"),
        ("김민수", "cp949", "utf-8", "cp949"),
        ("김민수", "utf-8", "cp949", "utf-8"),
        ("똠방각하", "cp949", "", "cp949"),
        ("뷁", "cp949", "cp949", "cp949"),
        ("한", "cp949", "", "cp949"),
        ("kim", "ascii", "cp949", "utf-8"),
        ("é", "utf-8", "", "cp949"),  # 챕: in a Korean factory the likelier of the two
        ("é", "utf-8", "utf-8", "utf-8"),
    ],
)
def test_the_character_set_is_found_declared_or_not(
    text: str, charset: str, named: str, expected: str
) -> None:
    assert charset_of([text.encode(charset)], named) == expected


@given(
    st.text("가나다라마바사아자차카타파하김이박최정강조윤장임민수영희철", min_size=1, max_size=10)
)
def test_korean_names_are_told_apart_in_both_character_sets(name: str) -> None:
    assert charset_of([name.encode("utf-8")]) == "utf-8"
    assert charset_of([name.encode("cp949")]) == "cp949"


def test_the_names_of_character_sets_that_korean_programs_use_are_known() -> None:
    assert declared("text/html; charset=EUC-KR") == "cp949"
    assert declared('text/html;charset="ks_c_5601-1987"') == "cp949"
    assert declared("application/json;charset=UTF-8") == "utf-8"
    assert declared("text/plain;charset=ISO-8859-1") == ""
    assert declared("") == ""


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: post(DO, form()), "AP1025"),
        (lambda: post(DO), "AP1025"),
        (lambda: post(DO, "logData="), "AP1025"),
        (lambda: get(DO), "AP1025"),
        (lambda: get(f"{XML}?crtfcKey=x"), "AP1025"),
        (lambda: post(SIX), "AP1025"),
        (lambda: post(SIX, "foo=bar"), "AP1025"),
        (lambda: post(DO, "logData={"), "AP1023"),
        (lambda: post(DO, "logData=[]"), "AP1023"),
        (lambda: post(DO, f"logData=[{json.dumps(OBJECT)}]"), "AP1023"),
        (lambda: post(DO, f"logData={CANARY}"), "AP1023"),
        (lambda: post(SIX, f'{{"crtfcKey":"{KEY}",}}'), "AP1023"),
        (lambda: post(SIX, '{"logDt":"\\ud800"}'), "AP1023"),
        (lambda: post(SIX, "[" * 30_000), "AP1023"),
        (lambda: post(SIX, '{"logDt":' + "[" * 5_000 + "]" * 5_000 + "}"), "AP1023"),
        (lambda: post(SIX, b"logDt=\xff\xff"), "AP1023"),
        (lambda: post(XML, f"logData=<logData><crtfcKey>{KEY}</logData>"), "AP1023"),
        (lambda: post(XML, "<a>" * 20 + "</a>" * 20), "AP1023"),
        (lambda: post(XML, "<logData>&nbsp;</logData>"), "AP1023"),
    ],
)  # fmt: skip
def test_what_is_no_record_has_the_code_of_the_service(make: object, code: str) -> None:
    assert code_of(make()) == code  # type: ignore[operator]


@pytest.mark.parametrize(
    ("request_", "lints"),
    [
        (parsed(STYLES["browser-ajax-form"]), ()),
        (parsed(STYLES["json"]), ()),
        (parsed(STYLES["winforms-get-raw-korean"]), (Lint.NOT_ENCODED, Lint.KEY_IN_URL)),
        (parsed(STYLES["spring-resttemplate-json-do"]), (Lint.KEY_IN_URL,)),
        (get(f"{DO}?logData=%7B%22logDt%22:1%7D"), ()),
        (post(SIX, "crtfcKey=.abc&logDt=1"), (Lint.KEY_DAMAGED,)),
        (post(SIX, "crtfcKey=&logDt=1"), ()),
    ],
)
def test_what_a_client_should_do_otherwise_is_noted(request_: Request, lints: object) -> None:
    assert read(request_).lints == lints


def test_an_object_without_names_is_a_record_without_fields() -> None:
    assert set(read(post(DO, "logData={}")).fields.values()) == {None}
    assert set(read(post(SIX, f"crtfcKey={KEY}")).fields.values()) == {None}


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE logData [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE logData [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE logData SYSTEM "http://127.0.0.1:1/x.dtd">',
        "<!DOCTYPE logData>",
    ],
)
def test_xml_with_a_document_type_is_refused_whole(declaration: str) -> None:
    assert code_of(post(XML, declaration + DOCUMENT)) == "AP1023"


def test_a_key_is_compared_whole_and_never_found_in_another_field() -> None:
    said = read(post(SIX, form(sysUser=f"x{KEY}y", conectIp=KEY[:40])))
    assert said.fields["sysUser"] == f"x{HIDDEN}y"
    assert said.fields["conectIp"] == HIDDEN
    assert_no_canary(said.fields)
    assert said.key_among(["other", KEY])
    assert not said.key_among([KEY[:-1], KEY + "x"])
    assert not said.key_among([])
    assert not read(post(SIX, form(crtfcKey=""))).key_among([""])


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([SIX, DO, XML]),
    st.binary(max_size=120).map(lambda data: data.translate(None, b"\x00\r\n\x7f #")),
    st.one_of(
        st.binary(max_size=200),
        st.sampled_from([b"logData=", b"<logData>", b"{", b'{"logData":'])
        .flatmap(lambda start: st.binary(max_size=80).map(lambda rest: start + rest)),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["logDt", "logData", "crtfcKey", "useSe"]), inner),
            max_leaves=8,
        ).map(lambda made: json.dumps(made).encode()),
    ),
    st.sampled_from(
        ["", "application/json;charset=euc-kr", "text/xml;charset=utf-16",
         "multipart/form-data;boundary=b"]
    ),
)  # fmt: skip
def test_any_bytes_are_a_record_or_unreadable(
    path: str, query: bytes, body: bytes, kind: str
) -> None:
    request = Request(
        "POST", path.encode() + b"?" + query, {"content-type": kind}, body, keep_alive=True
    )
    try:
        said = read_submission(request, single=path != SIX)
    except Unreadable as error:
        code = error.code
    else:
        code = "AP1023"
        assert set(said.fields) == set(FIELDS)
        for value in said.fields.values():
            assert value is None or value.encode() is not None
    assert code in {"AP1023", "AP1025"}
