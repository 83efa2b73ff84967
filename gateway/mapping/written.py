"""Numbers that a machine writes as text: `1.234,5`, `1,234.5`, `23.5 °C`, `12 bar`.

Only what the tag declares is read. A text with another unit, or with groups that are none, is no
number: a wrong one would be worse than none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from gateway.mapping.rules import NumberForm

TEXT_MAX = 64
"""No number is written longer than this."""
_SPACES = "\u00a0\u202f\u2009"
_SIGNS = str.maketrans({**dict.fromkeys(_SPACES, " "), "\u2212": "-", "\uff0d": "-", "\uff0b": "+"})

Number = int | float


def reader(form: NumberForm) -> Callable[[str], Number | None]:
    """Give the reader of such texts; None where a text is no number in this form."""
    point, other = re.escape(form.decimal), re.escape("," if form.decimal == "." else ".")
    pattern = re.compile(
        rf"([+-]?) ?((?:\d{{1,3}}(?:({other}|[ '’])\d{{3}})(?:\3\d{{3}})*|\d+|(?={point}\d)))"
        rf"(?:{point}(\d*))?(?:[eE]([+-]?\d{{1,3}}))?",
        re.ASCII,
    )
    units = sorted({unit.translate(_SIGNS).strip() for unit in form.units}, key=len, reverse=True)

    def read(text: str) -> Number | None:
        if len(text) > TEXT_MAX:
            return None
        match = pattern.fullmatch(_without_unit(text.translate(_SIGNS).strip(), units))
        return None if match is None else _number(*match.groups())

    return read


def _without_unit(text: str, units: list[str]) -> str:
    for unit in units:
        if text.endswith(unit):
            return text.removesuffix(unit).rstrip()
    return text


def _number(
    sign: str, whole: str, group: str | None, fraction: str | None, exponent: str | None
) -> Number | None:
    digits = sign + (whole.replace(group, "") if group else whole)
    if fraction is None and exponent is None:
        return int(digits)
    number = float(f"{digits}.{fraction or 0}e{exponent or 0}")
    return number if math.isfinite(number) else None
