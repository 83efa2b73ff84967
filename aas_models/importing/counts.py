"""How much is in an environment."""

from __future__ import annotations

from collections import Counter

from aas_models.elements import Json
from aas_models.importing.supplements import walked


def element_counts(environment: Json) -> dict[str, int]:
    """Count submodel elements by kind on every level, variables of operations included."""
    kinds = Counter(
        each["modelType"]
        for model in environment.get("submodels", ())
        for _, each in walked(model, "")
    )
    return dict(sorted(kinds.items()))
