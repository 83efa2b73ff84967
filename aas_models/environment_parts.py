"""What an environment is made of: submodels as JSON, and what fills their live properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aas_models.elements import Json


@dataclass(frozen=True, slots=True)
class Binding:
    """The signal that fills a live property."""

    device: str
    index: int


@dataclass(frozen=True, slots=True)
class SubmodelModel:
    """A submodel as JSON; `bindings` by idShort path."""

    model: Json
    bindings: Mapping[str, Binding] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.model["id"])


class SubmodelPart(Protocol):
    """A submodel of an environment; one that follows from others makes its JSON when asked."""

    @property
    def id(self) -> str: ...
    @property
    def model(self) -> Json: ...
    @property
    def bindings(self) -> Mapping[str, object]: ...
