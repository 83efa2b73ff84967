"""What a tag asks to be done with its values. Free of NumPy: a configuration is checked with it."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with one signal, in this order.

    1. one of: `bit` (a bit of an integer), `expression` (over `value`), `raw * scale + offset`;
    2. `values`: the text for each whole number;
    3. `value_type`: the XSD name to convert to, None for what the steps above give;
    4. `low`, `high`: outside them a value is kept and marked Uncertain;
    5. `deadband`: a value that differs from the last one kept by no more is left out.
    """

    scale: float = 1.0
    offset: float = 0.0
    expression: str | None = None
    bit: int | None = None
    values: tuple[tuple[int, str], ...] | None = None
    value_type: str | None = None
    low: float | None = None
    high: float | None = None
    deadband: float | None = None

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
        )

    @property
    def result_type(self) -> str | None:
        """The XSD name of what comes out where the rule alone says it, else None."""
        if self.value_type is not None:
            return self.value_type
        if self.values is not None:
            return "xs:string"
        if self.expression is not None or self.linear:
            return "xs:double"
        return "xs:boolean" if self.bit is not None else None
