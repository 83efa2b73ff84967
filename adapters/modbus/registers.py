"""How registers, types and orders are written in a device file. Free of NumPy.

A register is a table and a number: `holding:100`, `input:0`, `coil:3`, `discrete:0x1F`. The number
counts from 0, as on the wire, or from 1 where the device says `base: 1`. `40001` is the name that
manuals give the first holding register; it counts from 1 whatever the base, and its first digit
is the table (0 coil, 1 discrete, 3 input, 4 holding), with five digits or with six.

`holding:40001` may be meant either way, and a reading that is off by 40,000 or by one gives numbers
that look right. So it is refused; who means the number writes it in hex.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LAST = 0xFFFF
TABLES = ("coil", "discrete", "input", "holding")
BIT_TABLES = ("coil", "discrete")
_DIGITS = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}
_NAMED = re.compile(r"([a-z]+):(0x[0-9a-f]{1,4}|\d{1,6})", re.IGNORECASE)
_NUMBERED = re.compile(r"([0134])(\d{4,5})")
REGISTER_FORM = "holding:100, input:0, coil:3, discrete:0x1F, 40101"

SIZES = {
    "bool": 1,
    "int16": 2,
    "uint16": 2,
    "bcd16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "bcd32": 4,
    "int64": 8,
    "uint64": 8,
    "float64": 8,
}
"""Bytes of each type; a bool of a register is one bit of its two bytes."""
_STRING = re.compile(r"string\((\d{1,3})\)")
STRING_MAX = 250
"""Bytes of the longest string: those of one request."""
TYPE_FORM = f"{', '.join(SIZES)}, string(8)"
ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
"""Of values of 32 and 64 bits; A is the most significant byte (of 64 bits: A to H alike)."""
SHORT_ORDERS = ("AB", "BA")
"""Of values in one register, and of the characters of a string."""


class AddressError(ValueError):
    """A text that names no register, or `two`; `form` shows what it could be."""

    def __init__(self, form: str, *, two: bool = False) -> None:
        super().__init__(form)
        self.form = form
        self.two = two


@dataclass(frozen=True, slots=True)
class Register:
    """A register as it is written; `number` counts from `base`, None: from the device's."""

    table: str
    number: int
    base: int | None = None

    def address(self, base: int) -> int:
        """Give the address on the wire, which counts from 0; it may lie outside the table."""
        return self.number - (base if self.base is None else self.base)


def parse_register(text: str) -> Register:
    """Read the address of a tag.

    Raises:
        AddressError: it names none, or could mean two.
    """
    numbered = _NUMBERED.fullmatch(text)
    if numbered:
        return Register(_DIGITS[numbered[1]], int(numbered[2]), 1)
    named = _NAMED.fullmatch(text)
    if named is None or named[1].lower() not in TABLES:
        raise AddressError(REGISTER_FORM)
    table, digits = named[1].lower(), named[2].lower()
    if digits.startswith("0x"):
        return Register(table, int(digits, 16))
    number = int(digits)
    as_manual = _NUMBERED.fullmatch(digits)
    if as_manual and _DIGITS[as_manual[1]] == table and number > 9999:
        first = f"{digits} ({table}:{int(as_manual[2]) - 1})"
        ways = first if number > LAST else f"{first}, {table}:{number:#x}"
        raise AddressError(ways, two=True)
    return Register(table, number)


def written(table: str, address: int) -> str:
    """Write a register, counted from 0, so that it cannot be taken for one of manuals."""
    return f"{table}:{address:#x}" if address > 9999 else f"{table}:{address}"


def string_size(word: str) -> int | None:
    """Give the bytes of `string(N)`, None for any other type."""
    found = _STRING.fullmatch(word)
    return int(found[1]) if found else None


def type_there(word: str) -> bool:
    """Tell whether there is such a type."""
    size = string_size(word)
    return word in SIZES if size is None else 1 <= size <= STRING_MAX


def size_of(word: str) -> int:
    """Give the bytes of a type, rounded up to whole registers."""
    size = string_size(word) or SIZES[word]
    return size + size % 2


def orders_for(word: str) -> tuple[str, ...]:
    """Give the orders that a type may have; none for a bit of its own table."""
    return SHORT_ORDERS if string_size(word) or SIZES[word] <= 2 else ORDERS


def result_word(word: str) -> str:
    """Give the plain type that values of a type are: that of any tag."""
    if string_size(word):
        return "string"
    return {"bcd16": "uint16", "bcd32": "uint32"}.get(word, word)
