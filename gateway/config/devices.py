"""The keys of a device file: what all devices have, joined with what each protocol adds."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, create_model
from pydantic_core import PydanticCustomError

from gateway.config.models import Local, Version
from gateway.config.oee import OeeKeys
from gateway.config.units import canonical_unit, nearest_unit
from gateway.core.config import FileModel, Name, TimeKeys
from gateway.core.kinds import AnyKind, Kinds
from gateway.core.time_policy import TimePolicy
from gateway.mapping.rules import BIT_MAX, Meant, Said

NAME_MAX = 128
VALUES_MAX = 4096
PERCENT = "%"
URI = r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$"
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1, two letters."""
Day = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
YEAR_MIN, YEAR_MAX = 1900, 2100
KEYS = "Keys"
MODELS_MAX = 64
"""More than there are kinds."""

TypeWord = Literal[
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float", "float32", "double", "float64", "string",
]  # fmt: skip
Number = Annotated[float, Field(allow_inf_nan=False)]


def _unit(text: str) -> str:
    unit = canonical_unit(text)
    if unit is None:
        raise PydanticCustomError(
            "E1203", "unknown unit", {"unit": text, "near": nearest_unit(text)}
        )
    return unit


def _range(pair: list[float]) -> list[float]:
    if pair[0] >= pair[1]:
        raise PydanticCustomError(
            "E1206", "empty range", {"low": f"{pair[0]:g}", "high": f"{pair[1]:g}"}
        )
    return pair


def _deadband(value: Any) -> Any:
    """Accept a positive number, or a percentage as text."""
    number = value
    if isinstance(value, str) and value.endswith(PERCENT):
        try:
            number = float(value[:-1])
        except ValueError:
            number = -1.0
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < 1e300:
        raise PydanticCustomError("E1214", "not a deadband", {"value": str(value)})
    if isinstance(value, str) and number > 100:
        raise PydanticCustomError("E1214", "not a deadband", {"value": value})
    return value


def _values(table: Any) -> Any:
    """Accept whole numbers and texts as keys; texts as values, or numbers, never both."""
    if not isinstance(table, dict) or not table:
        raise PydanticCustomError("E1213", "not an enumeration", {"value": str(table)})
    worded = any(isinstance(meant, str) for meant in table.values())
    for said, meant in table.items():
        fits = (isinstance(meant, str) and bool(meant)) if worded else _finite(meant)
        if not isinstance(said, int | str) or said == "" or not fits:
            raise PydanticCustomError("E1213", "not an enumeration", {"value": f"{said}: {meant}"})
    return {said if isinstance(said, str) else int(said): m for said, m in table.items()}


def _finite(number: Any) -> bool:
    return isinstance(number, int | float) and -1e300 < number < 1e300


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class NumberKeys(FileModel):
    """`number:` of a tag; how the machine writes numbers as text."""

    decimal: Literal[".", ","] = "."
    unit: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=32)]], BeforeValidator(_one_or_many)
    ] = Field(default=[])


class TagKeys(FileModel):
    """What every tag has, whatever the protocol."""

    name: str = Field(min_length=1, max_length=NAME_MAX, pattern=r"^\S(.*\S)?$")
    label: Local | None = None
    unit: Annotated[str, AfterValidator(_unit)] | None = None
    scale: Number = 1.0
    offset: Number = 0.0
    expr: str | None = None
    bit: int | None = Field(default=None, ge=0, le=BIT_MAX)
    number: NumberKeys | None = None
    values: Annotated[dict[Said, Meant], BeforeValidator(_values)] | None = None
    type: TypeWord | None = None
    range: (
        Annotated[list[Number], Field(min_length=2, max_length=2), AfterValidator(_range)] | None
    ) = None
    deadband: Annotated[float | str, BeforeValidator(_deadband)] | None = None
    seldom: bool = False
    aas: str | None = None
    semantic: str | None = Field(default=None, min_length=1, max_length=2000)


class AddressKeys(FileModel):
    """`asset.address:`; where the maker is."""

    street: Local | None = None
    zip: str | None = None
    city: Local | None = None
    country: Country | None = None
    phone: str | None = None
    email: str | None = None


class AssetKeys(FileModel):
    """`asset:`; identity and nameplate of the equipment."""

    id: str | None = Field(default=None, pattern=URI, max_length=2000)
    maker: Local | None = None
    model: str | None = None
    serial: str | None = None
    year: int | None = Field(default=None, ge=YEAR_MIN, le=YEAR_MAX)
    made: Day | None = None
    origin: Country | None = None
    uri: str | None = Field(default=None, pattern=URI, max_length=2000)
    family: Local | None = None
    order_code: str | None = None
    article: str | None = None
    hardware: str | None = None
    firmware: str | None = None
    software: str | None = None
    facility: str | None = None
    address: AddressKeys = AddressKeys()


class DeviceKeys(FileModel):
    """What every device file has. Without `device` the name of the file counts."""

    version: Version = 1
    device: Name
    label: Local | None = None
    asset: AssetKeys = AssetKeys()
    oee: OeeKeys | None = None
    aasx: str | None = None

    if TYPE_CHECKING:  # of the kind: an address with the rules of its own, and its tags
        connect: str
        tags: list[Any]


Device = DeviceKeys
"""The keys of any device; which model they are of says its kind."""


@lru_cache(MODELS_MAX)
def model_of(kind: AnyKind) -> type[Device]:
    """Join what every device has with what its kind adds, for its tags too.

    The models are named as the kind names its own, without `Keys`. Where a kind has a key that any
    tag has, the kind's counts.
    """
    fields = kind.tag.model_fields
    own: dict[str, Any] = {
        name: (fields[name].annotation, fields[name])
        for name in fields
        if name in TagKeys.model_fields
    }
    tag = create_model(
        kind.tag.__name__.removesuffix(KEYS),
        __base__=(TagKeys, kind.tag),
        __doc__=f"A tag of {kind.title.en}.",
        **own,
    )
    model = create_model(
        kind.device.__name__.removesuffix(KEYS),
        __base__=(DeviceKeys, kind.device),
        __doc__=f"A device file of {kind.title.en}.",
        tags=(list[tag], ...),
    )
    return cast("type[Device]", model)


def by_scheme(kinds: Kinds) -> dict[str, AnyKind]:
    """Map the schemes that begin `connect:` to their kinds, in the order of the kinds."""
    return {scheme: kind for kind in kinds.adapters for scheme in kind.schemes}


def times_of(keys: Device) -> TimePolicy:
    """Say what is thought of a device's source times; one without `time:` has the usual."""
    said = getattr(keys, "time", None)
    if not isinstance(said, TimeKeys):
        return TimePolicy()
    return TimePolicy(said.source == "trust", said.ahead)
