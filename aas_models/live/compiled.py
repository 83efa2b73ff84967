"""What live values run on, made of models alone: any thread may do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aas_models.environment import Environment, build_environment
from aas_models.environment_parts import SubmodelPart
from aas_models.fragments import Fragments
from aas_models.live.devices import UNMAPPED
from aas_models.live.documents import Document, document_of
from aas_models.values import Slots
from gateway.core.assets import AssetModel
from gateway.core.signals import Signal


@dataclass(frozen=True, slots=True)
class CompiledPart:
    """A submodel, the slot of each value by idShort path, and its fragments where it has values.

    The others are compiled when somebody asks for them.
    """

    part: SubmodelPart
    slots: Mapping[str, int]
    fragments: Fragments | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """The structure of all devices; `arrays` gives the slot of each signal of a device."""

    models: Mapping[str, AssetModel]
    environment: Environment
    signals: Sequence[Signal | None]
    arrays: Mapping[str, Slots]
    parts: Sequence[CompiledPart]
    shells: Sequence[Document]
    concepts: Mapping[str, Document]


def compile_models(models: Sequence[AssetModel]) -> Compiled:
    """Build the environment and compile what has live values; takes about 60 us a signal."""
    environment = build_environment(models)
    by_name = {model.info.device: model for model in models}
    arrays = {
        name: np.full(len(model.table.signals), UNMAPPED, np.intp)
        for name, model in by_name.items()
    }
    signals: list[Signal | None] = [None]
    parts: list[CompiledPart] = []
    for part in environment.submodels:
        slots: dict[str, int] = {}
        for path, binding in part.bindings.items():
            slots[path] = arrays[binding.device][binding.index] = len(signals)
            signals.append(by_name[binding.device].table.signals[binding.index])
        parts.append(CompiledPart(part, slots, Fragments(part.model, slots) if slots else None))
    return Compiled(
        by_name,
        environment,
        signals,
        arrays,
        parts,
        [document_of(shell) for shell in environment.shells],
        {str(concept["id"]): document_of(concept) for concept in environment.concepts},
    )
