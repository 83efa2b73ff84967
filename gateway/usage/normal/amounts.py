"""Makes the amount of data a whole number of bytes that the service takes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from gateway.usage.normal.plain import is_placeholder
from gateway.usage.rules.lints import Lint

MOST = 999_999_999
"""Source: field `dataUsgqty` of the service, Integer(10)."""

LENGTH_MAX = 100
DIGITS_MAX = 400
"""Of the power of ten: above it a number is taken for too large without counting it out."""

_UNITS = {
    "": 1, "b": 1, "byte": 1, "bytes": 1, "바이트": 1,
    "k": 2**10, "kb": 2**10, "kib": 2**10, "kbyte": 2**10, "kbytes": 2**10, "킬로바이트": 2**10,
    "m": 2**20, "mb": 2**20, "mib": 2**20, "mbyte": 2**20, "mbytes": 2**20, "메가바이트": 2**20,
    "g": 2**30, "gb": 2**30, "gib": 2**30, "gbyte": 2**30, "gbytes": 2**30, "기가바이트": 2**30,
}  # fmt: skip
_NUMBER = re.compile(
    r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(\.\d*)?(?:e([+-]?\d{1,9}))?\s*([a-z]*|[가-힣]*)\.?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Amount:
    """Bytes, from 0 to the most that the service takes, and what was noticed."""

    bytes: int
    lints: tuple[Lint, ...] = ()


def amount_of(text: str | None) -> Amount:
    """Read an amount; what cannot be read is 0, which means "not known". Never raises."""
    plain = unicodedata.normalize("NFKC", (text or "")[: LENGTH_MAX * 4]).strip().strip("\"'")
    if not plain or is_placeholder(plain):
        return Amount(0, (Lint.AMOUNT_BLANK,))
    if plain.isascii() and plain.isdecimal():
        return _clamped(Decimal(plain), ())
    value = _value(plain.casefold())
    if value is None or value < 0:
        return Amount(0, (Lint.AMOUNT_INVALID,))
    return _clamped(value, (Lint.AMOUNT_FORM,))


def _value(text: str) -> Decimal | None:
    parts = _NUMBER.fullmatch(text)
    if parts is None or (parts[2] is None and len(parts[3] or "") < 2) or parts[5] not in _UNITS:
        return None
    exponent = int(parts[4] or 0)
    if abs(exponent) > DIGITS_MAX:
        exponent = DIGITS_MAX if exponent > 0 else -DIGITS_MAX
    number = Decimal(f"{(parts[2] or '0').replace(',', '')}{parts[3] or ''}") * _UNITS[parts[5]]
    value = number.scaleb(exponent)
    return -value if parts[1] == "-" else value


def _clamped(value: Decimal, lints: tuple[Lint, ...]) -> Amount:
    if value > MOST:
        return Amount(MOST, (*lints, Lint.AMOUNT_TOO_LARGE))
    return Amount(int(value.quantize(Decimal(1), ROUND_HALF_UP)), lints)
