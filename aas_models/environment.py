"""From what is known of each device to an AAS environment: shells, submodels, concepts.

The environment is plain JSON. Live properties carry no value in it; `bindings` says which signal
fills them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aas_models.concepts import concept_description, quantity_concept, quantity_of_signal
from aas_models.elements import (
    Json,
    checked_id_short,
    collection,
    derived_id,
    element,
    lang_strings,
    model_reference,
    name_in_its_language,
    pruned,
    submodel,
)
from aas_models.environment_parts import AnySubmodel as AnySubmodel  # noqa: PLC0414
from aas_models.environment_parts import Binding as Binding  # noqa: PLC0414
from aas_models.environment_parts import LazySubmodel, SubmodelPart
from aas_models.environment_parts import SubmodelModel as SubmodelModel  # noqa: PLC0414
from aas_models.interfaces import terms
from aas_models.interfaces.aid import asset_interfaces_description
from aas_models.interfaces.aimc import mapping_configuration
from aas_models.submodels import (
    kpis,
    nameplate,
    production_calendar,
    quality,
    technical,
    time_series,
)
from gateway.core.assets import AssetInfo, AssetModel, LocalName
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


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything that the API serves and an export writes."""

    shells: tuple[Json, ...] = ()
    submodels: tuple[SubmodelPart, ...] = ()
    concepts: tuple[Json, ...] = ()
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> Json:
        """Give the environment of Part 1's JSON mapping; lists that would be empty are absent."""
        lists: dict[str, list[Any]] = {
            "assetAdministrationShells": list(self.shells),
            "submodels": [part.model for part in self.submodels],
            "conceptDescriptions": list(self.concepts),
        }
        return {key: value for key, value in lists.items() if value}


def build_environment(models: Sequence[AssetModel]) -> Environment:
    """Make one AAS for each device.

    A signal whose path tools would refuse, or whose place is taken, is left out and named in
    `problems`; nothing else is touched by it.
    """
    concepts: dict[str, Json] = {}
    problems: list[Problem] = []
    shells: list[Json] = []
    submodels: list[SubmodelPart] = []
    for model in models:
        eager = _submodels(model, concepts, problems)
        taken = {part.id for part in submodels}
        eager = with_static(model, eager, taken, concepts)
        parts: list[SubmodelPart] = [*eager, *_following(model, eager)]
        shells.append(_shell(model.info, parts))
        submodels += parts
    return Environment(tuple(shells), tuple(submodels), tuple(concepts.values()), tuple(problems))


def _shell(info: AssetInfo, parts: Iterable[SubmodelPart]) -> Json:
    asset: Json = {"assetKind": "Instance", "globalAssetId": info.asset}
    if info.serial:
        asset["specificAssetIds"] = [{"name": "serialNumber", "value": info.serial}]
    shell: Json = {"modelType": "AssetAdministrationShell", "id": info.aas}
    shell["idShort"] = shell_id_short(info.device)
    if names := lang_strings(info.label):
        shell["displayName"] = names
    shell["assetInformation"] = asset
    if references := [model_reference("Submodel", part.id) for part in parts]:
        shell["submodels"] = references
    return shell


def shell_id_short(device: str) -> str:
    """Give `press-01` as `Press01`, which is a valid idShort."""
    made = "".join(part.capitalize() for part in device.split("-") if part)
    return made if made[:1].isalpha() and len(made) > 1 else f"Device{made}"


def _submodels(
    model: AssetModel, concepts: dict[str, Json], problems: list[Problem]
) -> list[AnySubmodel]:
    made: dict[str, SubmodelModel] = {}
    if identifier := model.ids.get(nameplate.ID_SHORT):
        made[identifier] = SubmodelModel(nameplate.nameplate(identifier, model.info))
    identifier = model.ids.get(technical.ID_SHORT)
    if identifier and (known := technical.technical_data(identifier, model.info)):
        made[identifier] = SubmodelModel(known)
    by_submodel: dict[str, list[Signal]] = {}
    for signal in model.table.signals:
        by_submodel.setdefault(signal.submodel, []).append(signal)
    for identifier, signals in by_submodel.items():
        try:
            base = made[identifier].model if identifier in made else _empty(signals[0])
        except AasError as error:
            problems += [_problem(signal, error) for signal in signals]
        else:
            made[identifier] = _with_signals(base, signals, model, concepts, problems)
    return [*made.values(), *interface_submodels(model)]


def interface_submodels(model: AssetModel) -> list[LazySubmodel]:
    """Give the description of a device's interface and of what becomes of its values."""
    interface, table = model.interface, model.table
    description = model.ids.get(terms.AID_ID_SHORT)
    mapping = model.ids.get(terms.AIMC_ID_SHORT)
    if interface is None or description is None or mapping is None:
        return []
    return [
        LazySubmodel(
            description,
            terms.AID_ID_SHORT,
            terms.AID_SUBMODEL,
            lambda: asset_interfaces_description(description, interface),
        ),
        LazySubmodel(
            mapping,
            terms.AIMC_ID_SHORT,
            terms.AIMC_SUBMODEL,
            lambda: mapping_configuration(mapping, description, interface, table),
        ),
    ]


def with_static(
    model: AssetModel,
    parts: list[AnySubmodel],
    taken: Collection[str],
    concepts: dict[str, Json],
) -> list[AnySubmodel]:
    """Add what the maker's file says of a machine.

    A submodel of the same idShort replaces the one made from the device file and takes its id,
    unless it has live values or describes the interface: of those the gateway knows more.
    """
    if model.static is None:
        return parts
    made = {part.id_short: part for part in parts}
    used = {*taken, *(part.id for part in parts)}
    for each in model.static.submodels:
        id_short = str(each["idShort"])
        ours = made.get(id_short)
        if isinstance(ours, LazySubmodel) or (ours is not None and ours.bindings):
            continue
        identifier = str(each["id"])
        if ours is not None:
            identifier = ours.id
        elif id_short == technical.ID_SHORT:
            identifier = model.ids.get(id_short, identifier)  # ours, of which nothing was known
        elif identifier in used:
            identifier = derived_id(model.info.aas, "sm", id_short)
        used.add(identifier)
        made[id_short] = SubmodelModel({**each, "id": identifier})
    for concept in model.static.concepts:
        concepts.setdefault(str(concept["id"]), dict(concept))
    return list(made.values())


def _following(model: AssetModel, parts: Iterable[AnySubmodel]) -> list[SubmodelPart]:
    """Give the submodels that follow from others; those that have no id are not wanted."""
    made: list[SubmodelPart] = []
    for part in parts:
        identifier = model.ids.get(f"{part.id_short}{quality.SUFFIX}")
        if identifier and isinstance(part, SubmodelModel) and part.bindings:
            made.append(quality.QualityModel(identifier, part))
    identifier = model.ids.get(time_series.ID_SHORT)
    if identifier and model.table.signals:
        made.append(time_series.TimeSeriesModel(identifier, model))
    names = (kpis.VARIABLES, kpis.OEE) if model.oee is not None else ()
    made += [
        kpis.KpiModel(model.ids[name], name, model.info.device)
        for name in names
        if name in model.ids
    ]
    made += _calendar(model)
    taken = {part.id for part in parts}
    return [each for each in made if each.id not in taken]


def _calendar(model: AssetModel) -> list[LazySubmodel]:
    plan, device = model.oee, model.info.device
    identifier = model.ids.get(production_calendar.ID_SHORT)
    if plan is None or identifier is None:
        return []
    return [
        LazySubmodel(
            identifier,
            production_calendar.ID_SHORT,
            production_calendar.SEMANTIC_ID,
            lambda: production_calendar.production_calendar(identifier, device, plan),
        )
    ]


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
