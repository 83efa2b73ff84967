"""What an environment is made of: submodels as JSON, and what fills their live properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from aas_models.elements import Json

if TYPE_CHECKING:
    from aas_models.live.running import Running
    from aas_models.served import ServedSubmodel


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

    @property
    def id_short(self) -> str:
        return str(self.model["idShort"])

    @property
    def semantic_id(self) -> str | None:
        keys = self.model.get("semanticId", {}).get("keys", ())
        return str(keys[-1]["value"]) if keys else None


class LazySubmodel:
    """A submodel without live values that is made when somebody asks: few ever do.

    Interface submodels have a dozen elements for each signal; made at once they would outweigh
    everything else of a large plan.
    """

    def __init__(
        self, identifier: str, id_short: str, semantic_id: str, make: Callable[[], Json]
    ) -> None:
        self.id = identifier
        self.id_short = id_short
        self.semantic_id: str | None = semantic_id
        self._make = make

    @cached_property
    def model(self) -> Json:
        return self._make()

    @property
    def bindings(self) -> Mapping[str, Binding]:
        return {}


AnySubmodel = SubmodelModel | LazySubmodel
"""A submodel whose values, where it has live ones, are those of signals."""


class FollowingPart(Protocol):
    """A part that shows itself while its device runs: it is more than values of signals.

    Its `model` is what is there without a running service.
    """

    @property
    def id(self) -> str: ...
    @property
    def id_short(self) -> str: ...
    @property
    def model(self) -> Json: ...
    @property
    def bindings(self) -> Mapping[str, Binding]: ...

    def served(self, running: Running) -> ServedSubmodel:
        """Give the submodel that is served, over what runs."""


SubmodelPart = AnySubmodel | FollowingPart
"""A submodel of an environment."""
