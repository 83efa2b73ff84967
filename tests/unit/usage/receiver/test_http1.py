"""Claims about reading HTTP requests: old clients are understood, doubtful ones refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.usage.receiver.head import BODY_MAX, HttpError, Request
from gateway.usage.receiver.http1 import HEAD_MAX, HEADERS_MAX, LINE_MAX, RequestReader

Outcome = tuple[list[tuple[str, bytes, dict[str, str], bytes, bool]], tuple[int, str] | None]


def outcome(pieces: list[bytes], *, eof: bool) -> Outcome:
    """Feed pieces and give the requests and the refusal that came of them."""
    reader, requests = RequestReader(), []

    def drain() -> None:
        while (made := reader.next_request()) is not None:
            requests.append(
                (made.method, made.target, dict(made.headers), made.body, made.keep_alive)
            )

    try:
        for piece in pieces:
            reader.feed(piece)
            drain()
            assert reader.buffered <= BODY_MAX + LINE_MAX + 2 * len(piece)
        if eof:
            reader.feed_eof()
            drain()
    except HttpError as error:
        refused = (error.status, error.reason)
    else:
        return requests, None
    assert reader.buffered == 0
    with pytest.raises(HttpError) as again:
        reader.next_request()
    assert (again.value.status, again.value.reason) == refused
    return requests, refused


def only(data: bytes, *, eof: bool = False) -> Request:
    reader = RequestReader()
    reader.feed(data)
    if eof:
        reader.feed_eof()
    made = reader.next_request()
    assert made is not None
    assert reader.next_request() is None
    return made


def refusal(data: bytes, *, eof: bool = False) -> tuple[int, str]:
    requests, refused = outcome([data], eof=eof)
    assert requests == []
    assert refused is not None
    return refused


def test_a_target_may_have_raw_korean_spaces_and_quotes() -> None:
    target = '/a?logData={"k":"$5$API$a/b+c.", "u":"김 민수"}'.encode()
    assert only(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n").target == target
    korean = "/a?u=김".encode("cp949")
    assert only(b"GET " + korean + b" HTTP/1.0\r\n\r\n").target == korean


@pytest.mark.parametrize(
    "target", [b"http://log.example/a?b=c", b"HTTPS://log.example:443/a?b=c", b"/a?b=c"]
)
def test_an_absolute_target_is_read_as_its_path(target: bytes) -> None:
    request = only(b"GET " + target + b" HTTP/1.1\r\n\r\n")
    assert (request.path, request.query) == (b"/a", b"b=c")


def test_lines_may_end_in_lf_and_names_may_be_in_any_case() -> None:
    request = only(b"\r\npost /a http/1.1\ncontent-LENGTH:  3 \nX-A:\n\nabc")
    assert (request.method, request.body) == ("POST", b"abc")
    assert request.headers == {"content-length": "3", "x-a": ""}


def test_a_1_0_body_without_a_length_ends_with_the_connection() -> None:
    head = b"POST /a HTTP/1.0\r\n\r\n"
    assert outcome([head + b"a=b"], eof=False) == ([], None)
    request = only(head + b"a=b", eof=True)
    assert request.body == b"a=b"
    assert not request.keep_alive


def test_a_1_1_post_without_a_length_has_no_body_unless_it_closes() -> None:
    assert only(b"POST /a?b=c HTTP/1.1\r\n\r\n").body == b""
    assert only(b"POST /a HTTP/1.1\r\nConnection: Close\r\n\r\nx", eof=True).body == b"x"


@pytest.mark.parametrize(
    ("body", "whole"),
    [(b'logData={"a":1}', True), (b"logData=%7B%22a%22:1%7D\r\n", True), (b"<a></a>", True),
     (b"a=1&b=2", False), (b'{"a":', False)],
)  # fmt: skip
def test_a_pause_ends_a_body_without_length_only_behind_a_whole_document(
    body: bytes, whole: bool
) -> None:
    reader = RequestReader()
    reader.feed(b"POST /a HTTP/1.0\r\n\r\n" + body)
    assert reader.next_request() is None
    assert reader.until_close
    assert reader.settles() is whole


def test_a_pause_ends_a_missing_body_only_where_the_target_has_fields() -> None:
    for target, whole in ((b"/a?b=c", True), (b"/a", False)):
        reader = RequestReader()
        reader.feed(b"POST " + target + b" HTTP/1.0\r\n\r\n")
        assert reader.next_request() is None
        assert reader.settles() is whole


def test_chunks_are_put_together() -> None:
    request = only(
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
        b"3;x=y\r\nabc\r\n0A \r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    assert request.body == b"abc0123456789"


def wants_continue(reader: RequestReader) -> bool:
    return reader.wants_continue  # a call of its own: mypy takes a property for a constant


def test_a_client_that_waits_for_continue_is_told_once() -> None:
    reader = RequestReader()
    reader.feed(b"POST /a HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
    assert reader.next_request() is None
    assert wants_continue(reader)
    reader.continued()
    assert not wants_continue(reader)
    reader.feed(b"ok")
    made = reader.next_request()
    assert made is not None
    assert made.body == b"ok"


def test_nobody_is_told_to_continue_who_is_refused_or_has_sent_the_body() -> None:
    head = b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    reader = RequestReader()
    reader.feed(head % (BODY_MAX + 1))
    with pytest.raises(HttpError, match="413"):
        reader.next_request()
    assert not reader.wants_continue
    reader = RequestReader()
    reader.feed(head % 2 + b"o")
    assert reader.next_request() is None
    assert not reader.wants_continue


def test_requests_in_one_piece_come_one_after_the_other() -> None:
    first = b"POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n"
    requests, refused = outcome([first + b"GET /b HTTP/1.0\r\n\r\n"], eof=True)
    assert refused is None
    assert [(target, body, keep) for _, target, _, body, keep in requests] == [
        (b"/a", b"x", True),
        (b"/b", b"", False),
    ]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Content-Length: 1\r\nTransfer-Encoding: chunked", (400, "two-lengths")),
        (b"Content-Length: 1\r\nContent-Length: 1", (400, "two-lengths")),
        (b"Content-Length: 1, 1", (400, "bad-length")),
        (b"Content-Length: +1", (400, "bad-length")),
        (b"Content-Length: -1", (400, "bad-length")),
        (b"Content-Length: 0x1", (400, "bad-length")),
        (b"Content-Length:", (400, "bad-length")),
        (b"Content-Length: \xb2", (400, "bad-length")),
        (b"Content-Length : 1", (400, "bad-header")),
        (b"Content-Length\t: 1", (400, "bad-header")),
        (b"X: 1\r\n Content-Length: 1", (400, "bad-header")),
        (b"X: a\rb", (400, "bad-header")),
        (b"X: a\0b", (400, "bad-header")),
        (b"no colon", (400, "bad-header")),
        (b"Host: a\r\nHost: b", (400, "two-hosts")),
        (b"Transfer-Encoding: gzip, chunked", (501, "unknown-coding")),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", (400, "two-lengths")),
        (b"Transfer-Encoding: \x0bchunked", (501, "unknown-coding")),
        (b"Content-Length: 99999999999999999999", (413, "body-too-large")),
        (b"Content-Length: %d" % (BODY_MAX + 1), (413, "body-too-large")),
    ],
)
def test_a_head_that_could_be_read_in_two_ways_is_refused(
    head: bytes, expected: tuple[int, str]
) -> None:
    assert refusal(b"POST /a HTTP/1.1\r\n" + head + b"\r\n\r\nx") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"GET /a", (400, "bad-request-line")),
        (b"/a HTTP/1.1", (400, "bad-request-line")),
        (b"GET /a HTTP/2.0", (505, "bad-version")),
        (b"GET a HTTP/1.1", (400, "bad-target")),
        (b"GET /a\0 HTTP/1.1", (400, "bad-target")),
        (b"GET /a\rb HTTP/1.1", (400, "bad-target")),
        (b"G@T /a HTTP/1.1", (400, "bad-request-line")),
        (b"\x16\x03\x01\x02", (400, "tls-on-plain-port")),
    ],
)
def test_a_line_that_is_no_request_is_refused(line: bytes, expected: tuple[int, str]) -> None:
    assert refusal(line + b"\r\n\r\n") == expected


def test_a_1_0_request_has_no_chunks() -> None:
    data = b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert refusal(data) == (400, "two-lengths")


@pytest.mark.parametrize(
    "chunks", [b"3\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"-1\r\n", b"g\r\n",
               b"3\r\nabc\n\n", b"\r\n", b"1" * 300, b"3;\0\r\nabc\r\n"]
)  # fmt: skip
def test_chunks_are_read_strictly(chunks: bytes) -> None:
    status, _ = refusal(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert status == 400


def test_what_is_too_long_is_refused_before_it_is_all_there() -> None:
    assert refusal(b"GET /" + b"a" * LINE_MAX) == (414, "line-too-long")
    assert refusal(b"GET / HTTP/1.1\r\nX: " + b"a" * LINE_MAX) == (431, "line-too-long")
    many = b"X: 1\r\n" * (HEADERS_MAX + 1)
    names = b"".join(b"X-%d: 1\r\n" % number for number in range(HEADERS_MAX + 1))
    large = b"".join(b"X-%d: %s\r\n" % (n, b"a" * 8_000) for n in range(HEAD_MAX // 8_000 + 1))
    assert refusal(b"GET / HTTP/1.1\r\n" + names) == (431, "headers-too-large")
    assert refusal(b"GET / HTTP/1.1\r\n" + large) == (431, "headers-too-large")
    assert outcome([b"GET / HTTP/1.1\r\n" + many + b"\r\n"], eof=False)[1] is None
    chunk = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert refusal(chunked + chunk + chunk + b"1\r\n") == (413, "body-too-large")
    wordy = (b"1;" + b"x" * 200 + b"\r\na\r\n") * 2_000
    assert refusal(chunked + wordy) == (413, "body-too-large")
    assert refusal(b"POST / HTTP/1.0\r\n\r\n" + b"a" * (BODY_MAX + 1)) == (413, "body-too-large")
    assert refusal(b"\r\n" * 9) == (400, "blank-lines")


@pytest.mark.parametrize(
    "cut", [b"GET / HT", b"GET / HTTP/1.1\r\nA: b\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
)  # fmt: skip
def test_a_request_that_was_cut_off_is_none(cut: bytes) -> None:
    assert refusal(cut, eof=True) == (400, "cut-off")


def test_a_refusal_and_a_request_show_nothing_of_their_content() -> None:
    request = only(b"GET /a?crtfcKey=canary HTTP/1.1\r\nX: canary\r\n\r\n")
    assert "canary" not in repr(request)
    with pytest.raises(HttpError) as refused:
        only(b"canary /a?crtfcKey=canary\r\n\r\n")
    assert "canary" not in str(refused.value)


TEXT = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"\r\n", b"\n", b"\r", b" ", b":", b"\0", b"GET / HTTP/1.1\r\n", b"POST /a HTTP/1.0\r\n",
         b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n",
         b"Expect: 100-continue\r\n", b"\r\n\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"abc",
         b"a" * 9_000,
         b"Content-Length: 65536\r\n\r\n", b"2000\r\n" + b"x" * 0x2000 + b"\r\n"]
    ),
)  # fmt: skip
STREAM = st.lists(TEXT, max_size=12).map(b"".join)


@st.composite
def whole_requests(draw: st.DrawFn) -> bytes:
    """Make requests as a client would."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        body = draw(st.binary(max_size=40))
        end = draw(st.sampled_from([b"\r\n", b"\n"]))
        version = draw(st.sampled_from([b"1.0", b"1.1"]))
        framed = draw(st.sampled_from(["length", "chunked", "none"]))
        lines = [b"POST /a?%s HTTP/%s" % (draw(st.sampled_from([b"", b"x y"])), version)]
        if framed == "length":
            lines.append(b"Content-Length: %d" % len(body))
        elif framed == "chunked":
            lines.append(b"Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        parts.append(end.join(lines) + end + end + body)
    return b"".join(parts)


@settings(max_examples=400, deadline=None)
@given(st.one_of(STREAM, whole_requests()), st.lists(st.integers(0, 2_000)), st.booleans())
def test_bytes_cut_anywhere_give_the_same_outcome(
    data: bytes, places: list[int], eof: bool
) -> None:
    whole = outcome([data], eof=eof)
    cuts = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    pieces = [data[start:end] for start, end in pairwise(cuts)]
    assert outcome(pieces, eof=eof) == whole


@settings(max_examples=100, deadline=None)
@given(st.one_of(STREAM.filter(lambda data: len(data) < 600), whole_requests()), st.booleans())
def test_bytes_one_by_one_give_the_same_outcome(data: bytes, eof: bool) -> None:
    whole = outcome([data], eof=eof)
    assert outcome([data[place : place + 1] for place in range(len(data))], eof=eof) == whole
