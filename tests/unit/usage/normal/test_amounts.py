"""The amount of data is whole bytes from 0 to 999,999,999, whatever came."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.usage.normal.amounts import MOST, amount_of
from gateway.usage.rules.lints import Lint

FORM, LARGE, INVALID, BLANK = (
    Lint.AMOUNT_FORM,
    Lint.AMOUNT_TOO_LARGE,
    Lint.AMOUNT_INVALID,
    Lint.AMOUNT_BLANK,
)
CASES = [
    ("0", 0, ()),
    ("2048", 2048, ()),
    ("00012", 12, ()),
    ("999999999", MOST, ()),
    ("1000000000", MOST, (LARGE,)),
    ("9" * 300, MOST, (LARGE,)),
    ("1,234,567", 1_234_567, (FORM,)),
    ("1234.0", 1234, (FORM,)),
    ("0.5", 1, (FORM,)),
    (".4", 0, (FORM,)),
    ("1.5KB", 1536, (FORM,)),
    ("10 MB", 10 * 2**20, (FORM,)),
    ("2GB", MOST, (FORM, LARGE)),
    ("512 bytes", 512, (FORM,)),
    ("512바이트", 512, (FORM,)),
    ("1e3", 1000, (FORM,)),
    ("1E+999999999", MOST, (FORM, LARGE)),
    ("1E-999999999", 0, (FORM,)),
    ("+7", 7, (FORM,)),
    ("-0", 0, (FORM,)),
    ("１２３", 123, ()),
    ('"12"', 12, ()),
    ("-5", 0, (INVALID,)),
    ("abc", 0, (INVALID,)),
    ("1,23", 0, (INVALID,)),
    ("12 parsecs", 0, (INVALID,)),
    ("0x1F", 0, (INVALID,)),
    ("Infinity", 0, (INVALID,)),
    (".", 0, (INVALID,)),
    ("NaN", 0, (BLANK,)),
    ("null", 0, (BLANK,)),
    ("", 0, (BLANK,)),
    ("  ", 0, (BLANK,)),
    (None, 0, (BLANK,)),
]


@pytest.mark.parametrize(("text", "sent", "lints"), CASES)
def test_an_amount_in_this_form_is_sent_so(
    text: str | None, sent: int, lints: tuple[Lint, ...]
) -> None:
    found = amount_of(text)
    assert (found.bytes, found.lints) == (sent, lints)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=500), st.text("0123456789.,eE+-kKmMgGbB ", max_size=60)))
def test_any_text_gives_bytes_in_range(text: str) -> None:
    assert 0 <= amount_of(text).bytes <= MOST


@settings(deadline=None)
@given(st.integers(0, MOST))
def test_every_allowed_number_is_sent_unchanged(number: int) -> None:
    assert amount_of(str(number)).bytes == number
    assert amount_of(f"{number:,}").bytes == number
