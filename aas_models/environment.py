"""From what is known of each device to an AAS environment: shells, submodels, concepts.

The environment is plain JSON. Live properties carry no value in it; `bindings` says which signal
fills them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aas_models.elements import Json, derived_id, lang_strings, model_reference
from aas_models.environment_parts import AnySubmodel as AnySubmodel  # noqa: PLC0414 - handed on to importers
from aas_models.environment_parts import Binding as Binding  # noqa: PLC0414 - handed on to importers
from aas_models.environment_parts import LazySubmodel, SubmodelPart
from aas_models.environment_parts import SubmodelModel as SubmodelModel  # noqa: PLC0414 - handed on to importers
from aas_models.submodel_kind import PLACE_OF_TAGS, SubmodelKind
from aas_models.submodels import kinds
from aas_models.tag_submodels import Problem, filled_by_tags
from gateway.core.assets import AssetInfo, AssetModel


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
        described = _described(model, concepts, problems)
        taken = {part.id for part in submodels}
        described = with_static(model, described, taken, concepts)
        parts: list[SubmodelPart] = [*described, *_following(model, described)]
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


def _described(
    model: AssetModel, concepts: dict[str, Json], problems: list[Problem]
) -> list[AnySubmodel]:
    """Give the submodels of tags between those that say what the machine is."""
    before: dict[str, AnySubmodel] = {}
    after: list[AnySubmodel] = []
    for kind in kinds():
        if kind.describes and kind.place < PLACE_OF_TAGS:
            before.update((part.id, part) for part in _still(kind, model))
        elif kind.describes:
            after += _still(kind, model)
    bases = {key: part for key, part in before.items() if isinstance(part, SubmodelModel)}
    made = {**before, **filled_by_tags(model, bases, concepts, problems)}
    return [*made.values(), *after]


def _still(kind: SubmodelKind, model: AssetModel) -> list[AnySubmodel]:
    """Make a submodel that does not follow values, whatever is asked of its kind."""
    made: list[AnySubmodel] = []
    for part in kind.parts(model, ()):
        assert isinstance(part, SubmodelModel | LazySubmodel), f"{kind.name} follows values"
        made.append(part)
    return made


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
    replaceable = {kind.name for kind in kinds() if kind.describes and kind.place < PLACE_OF_TAGS}
    used = {*taken, *(part.id for part in parts)}
    for each in model.static.submodels:
        id_short = str(each["idShort"])
        ours = made.get(id_short)
        if isinstance(ours, LazySubmodel) or (ours is not None and ours.bindings):
            continue
        identifier = str(each["id"])
        if ours is not None:
            identifier = ours.id
        elif id_short in replaceable:
            identifier = model.ids.get(id_short, identifier)  # ours, of which nothing was known
        elif identifier in used:
            identifier = derived_id(model.info.aas, "sm", id_short)
        used.add(identifier)
        made[id_short] = SubmodelModel({**each, "id": identifier})
    for concept in model.static.concepts:
        concepts.setdefault(str(concept["id"]), dict(concept))
    return list(made.values())


def _following(model: AssetModel, described: Sequence[AnySubmodel]) -> list[SubmodelPart]:
    """Give the submodels that follow from others; those that have no id are not wanted."""
    made = [part for kind in kinds() if not kind.describes for part in kind.parts(model, described)]
    taken = {part.id for part in described}
    return [part for part in made if part.id not in taken]
