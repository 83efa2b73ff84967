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


@dataclass(frozen=True, slots=True)
class AssetInfo:
    """Identity and nameplate of one device's asset; `aas` and `asset` are the global ids."""

    device: str
    aas: str
    asset: str
    label: LocalName = field(default_factory=LocalName)
    maker: LocalName | None = None
    model: str | None = None
    serial: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class StaticContent:
    """Submodels and concept descriptions of a file, in the JSON mapping of metamodel 3.x.

    Two are equal when they come from the same bytes.
    """

    digest: str
    submodels: tuple[Mapping[str, Any], ...] = field(default=(), compare=False, repr=False)
    concepts: tuple[Mapping[str, Any], ...] = field(default=(), compare=False, repr=False)


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
