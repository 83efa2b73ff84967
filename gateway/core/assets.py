"""What is known of a piece of equipment apart from its values: who made it, what it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.core.signals import PlanTable

if TYPE_CHECKING:
    from gateway.core.interfaces import Interface


@dataclass(frozen=True, slots=True)
class LocalName:
    """A text in Korean, English or both."""

    ko: str | None = None
    en: str | None = None

    def pick(self, language: str) -> str:
        """Give the text in this language, else in the other, else an empty text."""
        first, second = (self.ko, self.en) if language == "ko" else (self.en, self.ko)
        return first or second or ""


SEMANTIC_BASE = "https://factory-telemetry.example/smt"
"""Where the gateway's own submodel templates and concepts are named."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the maker is; `country` is an ISO 3166-1 code of two letters."""

    street: LocalName | None = None
    zip: str | None = None
    city: LocalName | None = None
    country: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class AssetInfo:
    """Identity and nameplate of one device's asset; `aas` and `asset` are the global ids.

    `uri` is the product's own address, `made` the day of manufacture (ISO 8601), `origin` the
    country of origin (ISO 3166-1, two letters). What nobody stated is None.
    """

    device: str
    aas: str
    asset: str
    label: LocalName = field(default_factory=LocalName)
    maker: LocalName | None = None
    model: str | None = None
    serial: str | None = None
    year: int | None = None
    uri: str | None = None
    address: Address | None = None
    family: LocalName | None = None
    order_code: str | None = None
    article: str | None = None
    made: str | None = None
    origin: str | None = None
    hardware: str | None = None
    firmware: str | None = None
    software: str | None = None
    facility: str | None = None


@dataclass(frozen=True, slots=True)
class StaticContent:
    """Submodels and concept descriptions of a file, in the JSON mapping of metamodel 3.x.

    Two are equal when they come from the same bytes.
    """

    digest: str
    submodels: tuple[Mapping[str, Any], ...] = field(default=(), compare=False, repr=False)
    concepts: tuple[Mapping[str, Any], ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OeePlan:
    """How a machine's effectiveness is told; `state`, `total` and `second` are signal indices.

    The words are values of the state tag as text. `second` counts good parts, or defects where
    `bad_counted`. Spans are (begin, end) in minutes of the Korean day; Monday is day 0.
    """

    state: int
    running: frozenset[str]
    setup: frozenset[str] = frozenset()
    planned_stop: frozenset[str] = frozenset()
    total: int | None = None
    second: int | None = None
    bad_counted: bool = False
    ideal_cycle: float | None = None
    shifts: tuple[tuple[int, int], ...] = ((0, 0),)
    breaks: tuple[tuple[int, int], ...] = ()
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class AssetModel:
    """Everything from which the AAS of one device is made.

    `ids` gives each submodel's id by its idShort, such as `OperationalData`.
    `enumerations` names the values of a signal (by index) that stands for states.
    `display` gives names of a signal (by index) in both languages where they are known.
    `interface` is how the device is reached; its points stand in the order of the signals.
    `static` is what an AASX of the machine's maker says of it.
    """

    info: AssetInfo
    table: PlanTable
    ids: Mapping[str, str]
    enumerations: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    display: Mapping[int, LocalName] = field(default_factory=dict)
    interface: Interface | None = None
    static: StaticContent | None = None
    oee: OeePlan | None = None
