from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.requests import Request

from gateway.api.answers import ApiError, Query, identifier, page, window
from gateway.api.guard import is_loopback, needed_role
from gateway.api.users import Role
from gateway.core.accounts import DeviceAccount
from gateway.core.protocols import ReaderState
from gateway.core.status import DeviceCounts
from gateway.core.types import Offset
from gateway.ops.status import Rates, accounts_of


def query(text: str) -> Query:
    return Query(Request({"type": "http", "query_string": text.encode(), "headers": []}))


@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_identifiers_may_come_with_their_padding(padding: str) -> None:
    assert identifier("aHR0cHM6Ly94" + padding) == "https://x"


@pytest.mark.parametrize("given", ["aHR0cHM6Ly94===", "a", "+/+/", "한글", "_w"])
def test_what_is_no_base64url_of_text_is_refused(given: str) -> None:
    with pytest.raises(ApiError) as caught:
        identifier(given)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, 100)), ("limit=7", (0, 7)), ("LIMIT=7&Cursor=", (0, 7)),
        ("limit=99999", (0, 1000)), ("cursor=MTUwMA", (1500, 1600)),
        ("cursor=MjAwMA", (2000, 2000)),
    ],
)  # fmt: skip
def test_pages_of_a_long_list(text: str, expected: tuple[int, int]) -> None:
    assert window(query(text), 2_000) == expected


@pytest.mark.parametrize(
    "text", ["limit=-1", "limit=0", "limit=x", "limit=1e3", "cursor=xx", "cursor=LTE"]
)
def test_a_limit_or_cursor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        window(query(text), 10)


def test_the_cursor_of_a_page_leads_through_the_whole_list() -> None:
    import orjson

    bodies = [str(number).encode() for number in range(25)]
    seen: list[int] = []
    text = "limit=10"
    while True:
        first, end = window(query(text), len(bodies))
        content = orjson.loads(page(bodies[first:end], first, end < len(bodies)))
        seen += content["result"]
        if "cursor" not in content["paging_metadata"]:
            break
        text = f"limit=10&cursor={content['paging_metadata']['cursor']}"
    assert seen == list(range(25))


def test_the_rate_is_taken_over_the_last_ten_seconds() -> None:
    rates = Rates()
    for second in range(31):
        rates.note(float(second), {"press-01": second * 10 if second <= 10 else 100})
    assert rates.of("press-01") == 0
    assert rates.of("unknown") == 0
    for second in range(31, 42):
        rates.note(float(second), {"press-01": 100 + (second - 31) * 24})
    assert rates.of("press-01") == pytest.approx(24, abs=0.1)


@pytest.mark.invariant("I4")
def test_a_device_balances_when_what_came_is_stored_waits_or_is_accounted_for() -> None:
    account = DeviceAccount(100, dropped=2, returned=5, waiting=7, spooled=90, rejected=1, late=5)

    def entry() -> DeviceCounts:
        (found,) = accounts_of({"press-01": account}, ()).devices
        return found

    assert (entry().waiting, entry().returned) == (7, 0)
    assert entry().balanced is True
    account.waiting = 0
    assert entry().balanced is False
    account.spooled += 7
    assert entry().balanced is True


def test_a_reader_balances_against_what_the_spool_counted() -> None:
    state = ReaderState("platform", Offset(8), (), 3, 1, 6, 0, None, spooled=10)
    assert accounts_of({}, [state]).balanced is True
    assert accounts_of({}, [replace(state, spooled=11)]).balanced is False
    assert accounts_of({}, [replace(state, unexplained_samples=1)]).balanced is False


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True),
        ("localhost", True), ("0.0.0.0", False), ("10.0.0.1", False), ("edge", False),
    ],
)  # fmt: skip
def test_loopback_is_told_from_other_addresses(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/healthz", None), ("HEAD", "/healthz", None), ("POST", "/healthz", Role.OPERATOR),
        ("GET", "/anything-new", Role.VIEWER), ("DELETE", "/submodels", Role.OPERATOR),
    ],
)  # fmt: skip
def test_what_nobody_thought_of_needs_a_login(method: str, path: str, role: Role | None) -> None:
    assert needed_role(method, path) is role
