"""What a tag asks to be done with its values. Free of NumPy: a configuration is checked with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

XS_FROM_TYPE = {
    "bool": "xs:boolean",
    "int8": "xs:byte",
    "int16": "xs:short",
    "int32": "xs:int",
    "int64": "xs:long",
    "uint8": "xs:unsignedByte",
    "uint16": "xs:unsignedShort",
    "uint32": "xs:unsignedInt",
    "uint64": "xs:unsignedLong",
    "float": "xs:float",
    "float32": "xs:float",
    "double": "xs:double",
    "float64": "xs:double",
    "string": "xs:string",
}
"""The words of `type:` and what they become."""

BIT_MAX = 63
Said = int | str
"""What a machine says of a state."""
Meant = str | bool | int | float
"""What stands for it."""


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How a machine writes numbers as text: its decimal sign, and units that may follow."""

    decimal: str = "."
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with one signal, in this order.

    1. `number`: a text such as `1.234,5 bar` becomes a number;
    2. one of: `bit` (a bit of an integer), `expression` (over `value`), `raw * scale + offset`;
    3. `values`: what stands for each whole number or text;
    4. `value_type`: the XSD name to convert to, None for what the steps above give;
    5. `low`, `high`: outside them a value is kept and marked Uncertain;
    6. `deadband`: a value that differs from the last one kept by no more is left out.
    """

    scale: float = 1.0
    offset: float = 0.0
    expression: str | None = None
    bit: int | None = None
    values: tuple[tuple[Said, Meant], ...] | None = None
    value_type: str | None = None
    low: float | None = None
    high: float | None = None
    deadband: float | None = None
    number: NumberForm | None = None

    @property
    def linear(self) -> bool:
        """Whether scale or offset changes anything."""
        return self.scale != 1.0 or self.offset != 0.0

    @property
    def converts(self) -> bool:
        """Whether a value may become another one."""
        return (
            self.linear
            or self.expression is not None
            or self.bit is not None
            or self.values is not None
            or self.value_type is not None
            or self.number is not None
        )

    @property
    def result_type(self) -> str | None:
        """The XSD name of what comes out where the rule alone says it, else None."""
        if self.value_type is not None:
            return self.value_type
        if self.values is not None:
            return type_of([meant for _, meant in self.values])
        if self.expression is not None or self.linear:
            return "xs:double"
        if self.number is not None and self.bit is None:
            return "xs:double"
        return "xs:boolean" if self.bit is not None else None


def type_of(meant: Sequence[Meant]) -> str:
    """Give the XSD name that fits all of these."""
    kinds = set(map(type, meant))
    if kinds == {bool}:
        return "xs:boolean"
    if kinds == {int}:
        return "xs:long"
    return "xs:string" if str in kinds else "xs:double"
