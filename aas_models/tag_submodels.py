"""The submodels that the tags of a device fill, each live property in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aas_models.concepts import concept_description, quantity_concept, quantity_of_signal
from aas_models.elements import (
    Json,
    checked_id_short,
    collection,
    derived_id,
    element,
    name_in_its_language,
    pruned,
    submodel,
)
from aas_models.environment_parts import Binding, SubmodelModel
from gateway.core.assets import AssetModel, LocalName
from gateway.core.errors import AasError
from gateway.core.signals import Signal

UNKNOWN_VALUE_TYPE = "xs:string"
"""A property needs a type (Part 1 §5.3.7.8) before a first value has shown it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A signal that has no place in its submodel; its neighbours have theirs."""

    device: str
    signal: str
    reason: str
    detail: str


def filled_by_tags(
    model: AssetModel,
    bases: Mapping[str, SubmodelModel],
    concepts: dict[str, Json],
    problems: list[Problem],
) -> dict[str, SubmodelModel]:
    """Make the submodels of a device's tags by their id, in the order of the tags.

    Args:
        model: the device.
        bases: submodels that are there already, by id; a tag of theirs joins them.
        concepts: takes what the tags mean.
        problems: takes the tags that have no place.
    """
    by_submodel: dict[str, list[Signal]] = {}
    for signal in model.table.signals:
        by_submodel.setdefault(signal.submodel, []).append(signal)
    made: dict[str, SubmodelModel] = {}
    for identifier, signals in by_submodel.items():
        try:
            known = bases.get(identifier)
            base = known.model if known else _empty(signals[0])
        except AasError as error:
            problems += [_problem(signal, error) for signal in signals]
        else:
            made[identifier] = _with_signals(base, signals, model, concepts, problems)
    return made


def _problem(signal: Signal, error: AasError) -> Problem:
    return Problem(signal.device, signal.name, error.reason, error.detail)


def _empty(signal: Signal) -> Json:
    return submodel(
        signal.submodel,
        signal.submodel_id_short,
        signal.submodel_semantic_id or None,
        [],
        version=("1", "0"),
    )


class _Tree:
    """Elements of a submodel as they are put in place; finds one by its path at once."""

    def __init__(self, base: Json) -> None:
        self.top: list[Json] = list(base.get("submodelElements", ()))
        self._found: dict[str, Json] = {}
        self._lists: dict[str, list[Json]] = {"": self.top}
        self._index("", self.top)

    def _index(self, path: str, children: list[Json]) -> None:
        for child in children:
            below = f"{path}.{child['idShort']}" if path else str(child["idShort"])
            self._found[below] = child
            if child["modelType"] == "SubmodelElementCollection":
                self._lists[below] = inner = child.setdefault("value", [])
                self._index(below, inner)

    def put(self, path: str, made: Json) -> None:
        """Put an element into its collections, which are made where they are missing.

        Raises:
            AasError: something else is there.
        """
        for step in path.split("."):
            checked_id_short(step)
        place = self._group(path.rpartition(".")[0])
        known = self._found.get(path)
        if known is None:
            place.append(made)
        elif known["modelType"] == "Property":
            semantic_id = known.get("semanticId")
            made = {**made, "semanticId": semantic_id} if semantic_id else made
            place[place.index(known)] = made
        else:
            raise AasError("path-conflict", f"{path} is a {known['modelType']} already")
        self._found[path] = made

    def _group(self, path: str) -> list[Json]:
        known = self._lists.get(path)
        if known is not None:
            return known
        if path in self._found:
            raise AasError("path-conflict", f"{path} is a value and a group at once")
        above, _, id_short = path.rpartition(".")
        made = collection(id_short, [])
        made["value"] = []
        self._group(above).append(made)
        self._found[path], self._lists[path] = made, made["value"]
        return self._lists[path]


def _with_signals(
    base: Json,
    signals: Sequence[Signal],
    model: AssetModel,
    concepts: dict[str, Json],
    problems: list[Problem],
) -> SubmodelModel:
    tree = _Tree(base)
    bindings: dict[str, Binding] = {}
    for signal in signals:
        try:
            if signal.element in bindings:
                raise AasError("path-conflict", f"{signal.element} is filled by two tags")
            tree.put(signal.element, _live_property(signal, model, concepts))
        except AasError as error:
            problems.append(_problem(signal, error))
        else:
            bindings[signal.element] = Binding(signal.device, signal.index)
    return SubmodelModel(pruned({**base, "submodelElements": tree.top}), bindings)


def signal_name(signal: Signal, model: AssetModel) -> LocalName:
    """Give what people call a signal, in the languages that are known."""
    return model.display.get(signal.index) or name_in_its_language(signal.name)


def _live_property(signal: Signal, model: AssetModel, concepts: dict[str, Json]) -> Json:
    leaf = checked_id_short(signal.element.rpartition(".")[2])
    name = signal_name(signal, model)
    semantic_id, also = _meaning(signal, name, model.enumerations.get(signal.index), concepts)
    return element(
        "Property",
        leaf,
        semantic_id=semantic_id,
        also=also,
        name=name,
        valueType=signal.value_type or UNKNOWN_VALUE_TYPE,
    )


def _meaning(
    signal: Signal, name: LocalName, states: Mapping[int, str] | None, concepts: dict[str, Json]
) -> tuple[str | None, list[str]]:
    """Describe what a signal means; gives its semantic id and a further one where there is one."""
    quantity = None if states else quantity_of_signal(signal, name)
    if quantity is not None:
        concepts.setdefault(quantity.id, quantity_concept(quantity))
        return quantity.id, []
    if not (signal.unit or states):
        return signal.semantic_id, []
    own = derived_id(signal.submodel, "cd", *signal.element.split("."))
    identifier = signal.semantic_id or own
    made = concept_description(identifier, signal, name, states)
    if identifier in concepts and concepts[identifier] != made:
        # the same meaning in another unit: both are said
        made = concept_description(own, signal, name, states)
        concepts.setdefault(own, made)
        return identifier, [own]
    concepts.setdefault(identifier, made)
    return identifier, []
