"""An event leaves fit to be sent, or with the service's own code for what nobody can know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.types import UnixNs
from gateway.usage.model import FIELDS, Event, Raw
from gateway.usage.normal.normalise import make_normaliser
from gateway.usage.rules.codes import load_codes
from gateway.usage.rules.kinds import Kind
from gateway.usage.rules.lints import Lint
from tests.unit.usage.normal.support import (
    ABSENT,
    RECEIVED,
    assert_sendable,
    config,
    event,
    normal,
    ns,
    raw,
    unfit,
)


def test_an_event_that_is_right_goes_through_without_a_word() -> None:
    given_ = raw()
    found = event(given_, user="raw")
    assert (found.log_dt, found.use_se, found.user, found.address, found.amount) == (
        "2026-11-26 13:05:07.123",
        "DO6001",
        "E2021-17",
        "192.168.0.21",
        2048,
    )
    assert found.lints == ()
    assert found.raw is given_
    assert found.person == "E2021-17"
    assert found.day == "2026-11-26"
    assert_sendable(found)


UNFIT = [
    ({"logDt": ABSENT}, "AP1012", "logDt"),
    ({"logDt": None}, "AP1012", "logDt"),
    ({"logDt": "  "}, "AP1012", "logDt"),
    ({"logDt": "undefined"}, "AP1012", "logDt"),
    ({"logDt": "yesterday"}, "AP1014", "logDt"),
    ({"logDt": "2026-11-26"}, "AP1014", "logDt"),
    ({"useSe": ABSENT}, "AP1015", "useSe"),
    ({"useSe": ""}, "AP1015", "useSe"),
    ({"useSe": "null"}, "AP1015", "useSe"),
    ({"sysUser": ABSENT}, "AP1017", "sysUser"),
    ({"sysUser": " \t"}, "AP1017", "sysUser"),
    ({"sysUser": "\u0000\u200b"}, "AP1017", "sysUser"),
    ({"conectIp": ABSENT}, "AP1019", "conectIp"),
    ({"conectIp": "", "peer": ""}, "AP1019", "conectIp"),
    ({"dataUsgqty": ABSENT}, "AP1022", "dataUsgqty"),
    ({"dataUsgqty": None}, "AP1022", "dataUsgqty"),
]


@pytest.mark.parametrize(("changes", "code", "name"), UNFIT)
def test_what_nobody_can_know_is_answered_with_the_services_code(
    changes: dict[str, Any], code: str, name: str
) -> None:
    found = unfit(raw(**changes))
    assert (found.code, found.field) == (code, name)
    assert load_codes().of(code).kind is Kind.RECORD


def test_the_first_missing_field_is_named_before_any_wrong_form() -> None:
    found = unfit(raw(logDt="rubbish", useSe=ABSENT, sysUser=ABSENT))
    assert (found.code, found.field) == ("AP1015", "useSe")


def test_a_time_that_cannot_be_read_is_quoted_and_bounded() -> None:
    assert unfit(raw(logDt="어제")).detail == "어제"
    assert len(unfit(raw(logDt="x" * 5_000)).detail) == 60


def test_a_refused_loopback_address_is_unfit() -> None:
    assert unfit(raw(conectIp="::1"), loopback="refuse").code == "AP1019"


def test_another_intake_may_leave_out_amount_and_address() -> None:
    found = event(raw(intake="database:mes", dataUsgqty=ABSENT, conectIp=None))
    assert (found.amount, found.address) == (0, "10.0.0.7")
    assert found.lints == (Lint.ADDRESS_BLANK, Lint.AMOUNT_BLANK)
    assert unfit(raw(intake="database:mes", conectIp=ABSENT, peer="")).code == "AP1019"


def test_yesterday_is_noticed_and_stays_fit() -> None:
    assert event(raw(logDt="2026-11-25 18:00:00.001")).lints == (Lint.NOT_TODAY,)


MISTAKES = [
    ("zero for the letter O", {"useSe": "D06001"}, Lint.ZERO_FOR_O),
    ("hh", {"logDt": "2026-11-26 01:05:07.123"}, Lint.TWELVE_HOUR),
    ("ss.sss", {"logDt": "2026-11-26 13:05:07.007"}, Lint.SECONDS_TWICE),
    ("MM for minutes", {"logDt": "2026-11-26 13:11:00.123"}, Lint.MONTH_FOR_MINUTE),
    ("mm for the month", {"logDt": "2026-05-26 13:05:07.123"}, Lint.MONTH_FOR_MINUTE),
    ("no milliseconds", {"logDt": "2026-11-26 13:05:07"}, Lint.MILLISECONDS),
    ("unpadded milliseconds", {"logDt": "2026-11-26 13:05:07.7"}, Lint.MILLISECONDS),
    ("UTC for KST", {"logDt": "2026-11-26 04:05:07.123"}, Lint.UTC_AS_KST),
    ("nine hours added twice", {"logDt": "2026-11-26 22:05:07.123"}, Lint.NINE_HOURS_AHEAD),
    ("key in the page", {"extra": {"origin": "http://mes.local"}}, Lint.KEY_IN_PAGE),
    ("127.0.0.1", {"conectIp": "127.0.0.1"}, Lint.LOOPBACK_REPLACED),
    ("::1", {"conectIp": "::1"}, Lint.LOOPBACK_REPLACED),
    ("blank amount", {"dataUsgqty": ""}, Lint.AMOUNT_BLANK),
    ("a real name", {"sysUser": "kim(김철수)"}, Lint.REAL_NAME),
    ("yesterday's rows at night", {"logDt": "2026-11-25 13:09:07.123"}, Lint.NOT_TODAY),
    ("un-encoded GET", {"extra": {"lints": "U1502 zzz"}}, Lint.NOT_ENCODED),
    ("key eaten by a shell", {"extra": {"lints": "U1503"}}, Lint.KEY_DAMAGED),
    ("cp949", {"extra": {"charset": "cp949"}}, Lint.NOT_UTF8),
    ("a user that is nobody", {"sysUser": "undefined"}, Lint.USER_PLACEHOLDER),
    ("an amount with commas", {"dataUsgqty": "1,024"}, Lint.AMOUNT_FORM),
    ("an amount too large", {"dataUsgqty": "9999999999"}, Lint.AMOUNT_TOO_LARGE),
]
"""Each common mistake that one event shows. Not seen in one event: HTTP 200 for success, AP1029 for
success or failure, a flag set after an exception."""


@pytest.mark.parametrize(("changes", "lint"), [row[1:] for row in MISTAKES], ids=lambda _: "")
def test_a_common_mistake_is_noticed_and_costs_no_event(
    changes: dict[str, Any], lint: Lint
) -> None:
    received = RECEIVED
    if "13:11" in str(changes.get("logDt")):
        received = ns("2026-11-26T13:47:08+09:00")
    found = event(raw(received, **changes))
    assert lint in found.lints
    assert lint not in event(raw()).lints
    assert_sendable(found)


def test_lints_of_an_unfit_event_are_kept() -> None:
    assert unfit(raw(logDt="", extra={"charset": "cp949"})).lints == (Lint.NOT_UTF8,)
    later = unfit(raw(logDt="2026-11-26 13:05:07", conectIp="", peer=""))
    assert later.lints == (Lint.TIME_FORM, Lint.MILLISECONDS)


def test_a_file_is_read_later_without_suspicion() -> None:
    for intake in ("file:log", "folder:drop"):
        assert event(raw(intake=intake, logDt="2026-11-26 04:05:07.123")).lints == ()


def test_modes_of_privacy_change_what_is_sent_and_not_who_it_was() -> None:
    said = {
        mode: event(raw(sysUser="김철수"), user=mode) for mode in ("pseudonym", "masked", "raw")
    }
    assert said["pseudonym"].user.startswith("p:")
    assert said["masked"].user == "김*수"
    assert said["raw"].user == "김철수"
    assert {each.person for each in said.values()} == {"김철수"}


def test_a_user_that_is_too_long_is_noticed_where_it_is_cut() -> None:
    assert Lint.USER_CUT in event(raw(sysUser="x" * 61), user="raw").lints
    assert Lint.USER_CUT not in event(raw(sysUser="x" * 61)).lints


@pytest.mark.parametrize(
    "wrong",
    [{"utc_offset_s": 86_400}, {"unknown_word": "x"}, {"site_address": "x"}, {"salt": b""}],
)
def test_a_setting_that_cannot_be_used_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))}: "):
        make_normaliser(config(**wrong))


FIELD_TEXT = st.one_of(
    st.none(),
    st.text(max_size=90),
    st.sampled_from(["", "2026-11-26 13:05:07.123", "D06001", "127.0.0.1", "::1", "1,0", "김철수"]),
)
RAWS = st.builds(
    Raw,
    st.sampled_from(["receiver", "api", "mqtt:a", "file:a", "folder:a", "database:a", ""]),
    st.integers(0, 2**62).map(UnixNs),
    st.dictionaries(st.sampled_from([*FIELDS, "x"]), FIELD_TEXT),
    st.text(max_size=5),
    st.sampled_from(["", "10.0.0.7", "127.0.0.1", "::1", "rubbish"]),
    extra=st.dictionaries(st.sampled_from(["lints", "origin", "charset"]), st.text(max_size=20)),
)
CODES = {"AP1012", "AP1014", "AP1015", "AP1017", "AP1019", "AP1022"}
CHANGES = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["pseudonym", "masked", "raw"]),
        "loopback": st.sampled_from(["peer", "site", "refuse"]),
        "twelve_hour": st.booleans(),
        "utc_offset_s": st.sampled_from([0, 32_400, -18_000]),
    }
)


@settings(deadline=None)
@given(RAWS, CHANGES)
def test_nothing_that_comes_raises_and_every_event_can_be_sent(
    given_: Raw, changes: dict[str, Any]
) -> None:
    found = normal(given_, **changes)
    if isinstance(found, Event):
        assert_sendable(found)
    else:
        assert found.code in CODES
        assert found.field in FIELDS
    assert found.raw is given_
    assert list(found.lints) == sorted(set(found.lints))
    assert set(found.lints) <= {lint.value for lint in Lint}


FULL = st.fixed_dictionaries(
    {
        "logDt": st.just("2026-11-26 13:05:07.123"),
        "useSe": st.text(min_size=1, max_size=90),
        "sysUser": st.text(min_size=1, max_size=90),
        "conectIp": st.text(max_size=90),
        "dataUsgqty": st.text(max_size=30),
    }
)


@settings(deadline=None)
@given(FULL, CHANGES)
def test_rubbish_in_one_field_costs_no_event(fields: dict[str, str], changes: Any) -> None:
    found = normal(raw(RECEIVED, **fields), **{**changes, "loopback": "peer"})
    if isinstance(found, Event):
        assert_sendable(found)
    else:
        assert found.code in {"AP1015", "AP1017"}
