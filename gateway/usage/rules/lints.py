"""Codes of what was put right or looked wrong in an event; their texts are in `messages/`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Lint(StrEnum):
    """A mistake of a solution that a receiver can see; it never keeps an event from the ledger."""

    ZERO_FOR_O = "U1001"
    CODE_SPELLING = "U1002"
    LEGACY_WORD = "U1003"
    UNKNOWN_WORD = "U1004"
    WORD_KEPT = "U1005"

    TIME_FORM = "U1101"
    MILLISECONDS = "U1102"
    TWELVE_HOUR = "U1103"
    SECONDS_TWICE = "U1104"
    MONTH_FOR_MINUTE = "U1105"
    UTC_AS_KST = "U1106"
    NINE_HOURS_AHEAD = "U1107"
    FUTURE = "U1108"
    NOT_TODAY = "U1109"
    DATE_GUESSED = "U1110"
    HALF_DAY_MENDED = "U1111"

    LOOPBACK_REPLACED = "U1201"
    LOOPBACK_KEPT = "U1202"
    ADDRESS_FORM = "U1203"
    ADDRESS_SHORTENED = "U1204"
    ADDRESS_INVALID = "U1205"
    ADDRESS_BLANK = "U1206"
    ONE_ADDRESS = "U1207"

    AMOUNT_BLANK = "U1301"
    AMOUNT_FORM = "U1302"
    AMOUNT_TOO_LARGE = "U1303"
    AMOUNT_INVALID = "U1304"

    REAL_NAME = "U1401"
    USER_PLACEHOLDER = "U1402"
    USER_CUT = "U1403"
    USER_FORM = "U1404"

    KEY_IN_PAGE = "U1501"
    NOT_ENCODED = "U1502"
    KEY_DAMAGED = "U1503"
    KEY_IN_URL = "U1504"
    NOT_UTF8 = "U1505"

    SENT_AGAIN = "U1601"
    SEVERAL_SENDERS = "U1602"
    BURST = "U1603"


def in_order(lints: Iterable[str]) -> tuple[str, ...]:
    """Give each lint once, as plain text, in order of code."""
    return tuple(sorted({str(lint) for lint in lints}))
