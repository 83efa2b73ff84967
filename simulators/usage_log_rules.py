"""The log service's rules: what is stored for a key, and with which code the rest is refused.

Order of the checks: the request is counted; too many; the content; the key; its project; fields
that are missing; their form and length; the day; a test; the day's 144; the ten minutes; stored.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from simulators.virtual_clock import SECOND_NS, stamp

Status = Literal["active", "ended", "unknown"]
FIELDS = ("logDt", "useSe", "sysUser", "conectIp", "dataUsgqty")
MISSING = {
    "logDt": "AP1012",
    "useSe": "AP1015",
    "sysUser": "AP1017",
    "conectIp": "AP1019",
    "dataUsgqty": "AP1022",
}
LENGTHS = {"useSe": 200, "sysUser": 60, "conectIp": 30}
AMOUNT_MAX = 999_999_999
TEST = "DO6999"
STRANGERS_MAX = 10_000
TEXTS = {
    "AP1001": "수신 확인",
    "AP1002": "데이터 이관 완료",
    "AP1004": "데이터 길이 초과",
    "AP1010": "기타 오류",
    "AP1011": "인증키가 없거나 유효하지 않음",
    "AP1012": "로그일시 없음",
    "AP1014": "로그일시 형식 오류",
    "AP1015": "사용구분 없음",
    "AP1017": "시스템 사용자 없음",
    "AP1019": "접속 IP 없음",
    "AP1022": "데이터 사용량 없음",
    "AP1023": "JSON 형식 오류",
    "AP1025": "전송 오류 (logData 파라미터 없음)",
    "AP1026": "데이터 사용량 초과",
    "AP1028": "테스트 데이터 정상 수신 (통계 제외)",
    "AP1029": "전송주기(10분) 내 재전송",
    "AP1030": "수집 대상 아님",
    "AP1031": "일 요청 건수 초과",
    "AP1032": "일 성공 건수 초과",
    "AP1033": "일일 한도 초과",
}
_LOG_DT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", re.ASCII)
_NUMBER = re.compile(r"-?\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class RuleConfig:
    """What no public source settles is a setting: both codes, and whether a test takes a turn."""

    interval_s: float = 600.0
    stored_max: int = 144
    requests_max: int = 5_000
    not_today: str = "AP1014"
    not_a_number: str = "AP1010"
    test_takes_turn: bool = False
    any_key: bool = False
    """Take every key that is not known as active."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a request carried. `trouble` is the code for content that cannot be read."""

    variant: str
    fields: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""

    @property
    def key(self) -> str:
        return self.fields.get("crtfcKey", "").strip()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: when, the code, which field is wrong."""

    received: str
    code: str
    detail: str = ""


@dataclass(slots=True)
class Account:
    """What is known of a key; counts are by Korean day."""

    status: Status
    requests: Counter[str] = field(default_factory=Counter)
    stored: Counter[str] = field(default_factory=Counter)
    tests: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    turn: int | None = None
    """When its last record was taken, ns of the true clock."""
    last_stored: str = ""


class Rules:
    """Judges records; keeps the accounts and nothing else."""

    def __init__(self, keys: Mapping[str, Status], config: RuleConfig | None = None) -> None:
        self.config = config or RuleConfig()
        self.accounts = {key: Account(status) for key, status in keys.items()}

    def set_status(self, key: str, status: Status) -> None:
        """Make a key active, ended or unknown."""
        self.accounts.setdefault(key, Account(status)).status = status

    def judge(self, content: Content, true: int, shown: int) -> Verdict:
        """Judge one request at this time, true and as the service shows it, in ns UTC."""
        received = stamp(shown)
        day = received[:10]
        account = self._account(content.key)
        account.requests[day] += 1
        code, detail = self._judged(content, account, day, true)
        if code == "AP1002":
            account.stored[day] += 1
            account.last_stored = received
        if code == "AP1028":
            account.tests[day] += 1
        if code == "AP1002" or (code == "AP1028" and self.config.test_takes_turn):
            account.turn = true
        account.codes[code] += 1
        return Verdict(received, code, detail)

    def _account(self, key: str) -> Account:
        known = self.accounts.get(key)
        if known is not None:
            return known
        status: Status = "active" if self.config.any_key and key else "unknown"
        account = Account(status)
        if key and len(self.accounts) < STRANGERS_MAX:
            self.accounts[key] = account
        return account

    def _judged(self, content: Content, account: Account, day: str, true: int) -> tuple[str, str]:
        config = self.config
        if account.requests[day] > config.requests_max:
            return "AP1031", ""
        if content.trouble:
            return content.trouble, ""
        if account.status == "unknown":
            return "AP1011", "crtfcKey"
        if account.status == "ended":
            return "AP1030", ""
        wrong = missing(content.fields) or self._misformed(content.fields, day)
        if wrong is not None:
            return wrong
        return self._turn(content.fields["useSe"].strip() == TEST, account, day, true), ""

    def _turn(self, test: bool, account: Account, day: str, true: int) -> str:
        config = self.config
        early = account.turn is not None and true - account.turn < config.interval_s * SECOND_NS
        if test:
            return "AP1029" if early and config.test_takes_turn else "AP1028"
        if account.stored[day] >= config.stored_max:
            return "AP1032"
        return "AP1029" if early else "AP1002"

    def _misformed(self, fields: Mapping[str, str], day: str) -> tuple[str, str] | None:
        if not is_log_dt(fields["logDt"]):
            return "AP1014", "logDt"
        for name, most in LENGTHS.items():
            if len(fields[name]) > most:
                return "AP1004", name
        amount = fields["dataUsgqty"].strip()
        if not _NUMBER.fullmatch(amount) or int(amount[:20]) < 0:
            return self.config.not_a_number, "dataUsgqty"
        if len(amount) > 20 or int(amount) > AMOUNT_MAX:
            return "AP1026", "dataUsgqty"
        return None if fields["logDt"][:10] == day else (self.config.not_today, "logDt")


def missing(fields: Mapping[str, str]) -> tuple[str, str] | None:
    """Give the code for the first field that is not there or blank."""
    for name in FIELDS:
        if not fields.get(name, "").strip():
            return MISSING[name], name
    return None


def is_log_dt(text: str) -> bool:
    """Tell whether a text is a time of 23 characters that exists."""
    if not _LOG_DT.fullmatch(text):
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
