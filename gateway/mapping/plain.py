"""Conversions of single values, for lists and for batches too small for arrays to pay.

They give exactly what the conversions of whole columns give; a test holds the two together.
None stands for a value that cannot be converted; nothing is raised (I2).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping

from gateway.core.types import Value
from gateway.mapping import written
from gateway.mapping.rules import Meant, Rule

Convert = Callable[[Value], Value]
Number = int | float
ReadNumber = Callable[[Value], Number | None]

TRUTH = {"true": 1, "false": 0}
TEXT_MAX = 64
"""No number is written longer than this."""
WORD_LOW, WORD_END = -(2**63), 2**64
"""What fits into 64 bits, signed or not."""
INTEGERS: Mapping[str, tuple[int, int]] = {
    "xs:byte": (-(2**7), 2**7),
    "xs:short": (-(2**15), 2**15),
    "xs:int": (-(2**31), 2**31),
    "xs:long": (-(2**63), 2**63),
    "xs:unsignedByte": (0, 2**8),
    "xs:unsignedShort": (0, 2**16),
    "xs:unsignedInt": (0, 2**32),
    "xs:unsignedLong": (0, 2**64),
}
"""Lowest value and the first one above the highest."""


def number_of(value: Value, *, truth: bool = False) -> Number | None:
    """Give the number that a value stands for; digits in a text count."""
    kind = type(value)
    if kind is float or kind is int:
        return value  # type: ignore[return-value]  # `kind` says so
    if kind is bool:
        return 1 if value else 0
    if isinstance(value, str) and len(value) <= TEXT_MAX and "_" not in value:
        return _number_in(value, truth=truth)
    return None


def _number_in(text: str, *, truth: bool) -> Number | None:
    if truth and text.strip().lower() in TRUTH:
        return TRUTH[text.strip().lower()]
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def double_of(value: Value) -> float:
    """Give the number that a value stands for as a double, NaN where it stands for none."""
    number = number_of(value)
    if number is None:
        return math.nan
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def text_of(value: Value) -> str | None:
    """Give a value as a person would write it; structures and arrays cannot be."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    return None


def converter(rule: Rule) -> Convert | None:
    """Compile a rule for single values; None where it converts nothing or has an expression."""
    if not rule.converts or rule.expression is not None:
        return None
    if rule.result_type == "xs:string" and rule.values is None and _stays(rule):
        return text_of
    first, last = _first(rule), finisher(rule)
    if rule.values is not None and any(isinstance(said, str) for said, _ in rule.values):
        return _worded(rule, first, last)

    def convert(value: Value) -> Value:
        try:
            number = first(value)
            return None if number is None else last(number)
        except OverflowError:  # an integer beyond every float
            return None

    return convert


def _stays(rule: Rule) -> bool:
    return rule.bit is None and not rule.linear


def number_reader(rule: Rule) -> ReadNumber:
    """Give what makes a number of a value: as `number` declares it, else its digits."""
    truth = rule.result_type == "xs:boolean"
    if rule.number is None:
        return (lambda value: number_of(value, truth=True)) if truth else number_of
    read = written.reader(rule.number)
    return lambda value: read(value) if isinstance(value, str) else number_of(value)


def _first(rule: Rule) -> ReadNumber:
    read = number_reader(rule)
    if rule.bit is not None:
        return _bit(rule.bit, read)
    return _linear(rule.scale, rule.offset, read) if rule.linear else read


def _worded(rule: Rule, first: ReadNumber, last: Callable[[Number], Value]) -> Convert:
    """Look texts up as they are written, else without regard to case and blanks."""
    assert rule.values is not None
    words: dict[str, Meant] = {said: meant for said, meant in rule.values if isinstance(said, str)}
    folded = {said.strip().casefold(): meant for said, meant in words.items()}

    def convert(value: Value) -> Value:
        if isinstance(value, str):
            found = words.get(value)
            found = folded.get(value.strip().casefold()) if found is None else found
            if found is not None:
                return found
        number = first(value)
        return None if number is None else last(number)

    return convert


def numbered(rule: Rule) -> dict[Number, Meant]:
    """Give what `values` says of numbers; true and false stand for 1 and 0, as everywhere."""
    table: dict[Number, Meant] = {}
    for said, meant in rule.values or ():
        if not isinstance(said, str):
            table[said] = meant
        elif said.strip().casefold() in TRUTH:
            table.setdefault(TRUTH[said.strip().casefold()], meant)
    return table


def _linear(scale: float, offset: float, read: ReadNumber) -> ReadNumber:
    def linear(value: Value) -> Number | None:
        number = read(value)
        if number is None:
            return None
        result = float(number) * scale + offset
        return result if math.isfinite(result) or not math.isfinite(number) else None

    return linear


def _bit(place: int, read: ReadNumber) -> ReadNumber:
    def bit(value: Value) -> Number | None:
        number = read(value)
        if number is None or number != number or not WORD_LOW <= number < WORD_END:  # noqa: PLR0124 - NaN
            return None
        if isinstance(number, float) and (number >= -WORD_LOW or not number.is_integer()):
            return None
        return int(number) >> place & 1

    return bit


def finisher(rule: Rule) -> Callable[[Number], Value]:
    """Compile the last step of a rule: names, text or a type."""
    if rule.values is not None:
        return numbered(rule).get
    result = rule.result_type
    assert result is not None
    if result == "xs:string":
        return lambda number: str(float(number))
    if result == "xs:double":
        return float
    if result == "xs:float":
        return _single
    if result == "xs:boolean":
        return lambda number: bool(number) if number in (0, 1) else None
    return _integer(*INTEGERS[result])


def _single(number: Number) -> Value:
    packed: float = struct.unpack("<f", struct.pack("<f", float(number)))[0]
    return packed


def _integer(low: int, end: int) -> Callable[[Number], Value]:
    def integer(number: Number) -> Value:
        if isinstance(number, float):
            if not math.isfinite(number):
                return None
            number = round(number)
        return number if low <= number < end else None

    return integer


def unchanged(converted: list[Value], raw: list[Value]) -> bool:
    """Whether a conversion changed no value at all; NaN is NaN."""
    return converted == raw or all(
        a == b or (a != a and b != b)  # noqa: PLR0124 - NaN
        for a, b in zip(converted, raw, strict=True)
    )
