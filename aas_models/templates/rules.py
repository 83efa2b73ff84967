"""What an IDTA template asks of an instance, read from the template's own JSON.

The cardinality stands in a qualifier `SMT/Cardinality` (newer files), `Cardinality` or
`Multiplicity`: One, ZeroToOne, ZeroToMany, OneToMany. An element without one may be there or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import orjson

from aas_models.elements import Json
from gateway.core.errors import AasError

MANY = 1_000_000
CARDINALITIES = {
    "One": (1, 1),
    "ZeroToOne": (0, 1),
    "ZeroToMany": (0, MANY),
    "OneToMany": (1, MANY),
}
CHILDREN = {
    "Submodel": "submodelElements",
    "SubmodelElementCollection": "value",
    "SubmodelElementList": "value",
    "Entity": "statements",
    "AnnotatedRelationshipElement": "annotations",
}
_PLACEHOLDER = re.compile(r"[{}<>]|__\d+__|^(arbitrary|sample)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One element of a template.

    `low` and `high` bound how many there may be; `id_short` is None where the template leaves the
    name to the instance.
    """

    id_short: str | None
    kind: str
    low: int = 0
    high: int = MANY
    semantic_id: str | None = None
    value_type: str | None = None
    children: tuple[Rule, ...] = ()

    def as_row(self) -> list[Any]:
        """Give the rule as a row of our compact tables."""
        below = [child.as_row() for child in self.children]
        high = None if self.high == MANY else self.high
        return [self.id_short, self.kind, self.low, high, self.semantic_id, self.value_type, below]

    @staticmethod
    def from_row(row: Sequence[Any]) -> Rule:
        """Read a row that `as_row` wrote."""
        name, kind, low, high, semantic_id, value_type, below = row
        children = tuple(Rule.from_row(part) for part in below)
        return Rule(name, kind, low, MANY if high is None else high, semantic_id, value_type,
                    children)  # fmt: skip


def rules_of(document: Json) -> Rule:
    """Read a template: an environment with one submodel, or the submodel itself.

    Raises:
        AasError: there is no submodel in it.
    """
    found = document.get("submodels", [document])
    if not found or "submodelElements" not in found[0]:
        raise AasError("no-template", "there is no submodel with elements in this file")
    return _rule(found[0], in_list=False)


def table_names() -> list[str]:
    """Name the templates whose rules are bundled."""
    return sorted(_bundled())


def bundled(name: str) -> Rule:
    """Give the rules of a bundled template.

    Raises:
        AasError: there is none of this name.
    """
    tables = _bundled()
    if name not in tables:
        raise AasError("no-template", f"{name}; there are {', '.join(sorted(tables))}")
    return Rule.from_row(tables[name])


def bundled_for(submodel: Json) -> Rule | None:
    """Give the bundled rules of the template that a submodel names by its semantic id."""
    wanted = semantic_of(submodel)
    for name in table_names() if wanted else ():
        rule = bundled(name)
        if rule.semantic_id == wanted:
            return rule
    return None


@cache
def _bundled() -> Mapping[str, Sequence[Any]]:
    text = resources.files("aas_models.templates").joinpath("tables.json").read_bytes()
    tables: Mapping[str, Sequence[Any]] = orjson.loads(text)["tables"]
    return tables


def semantic_of(model: Json) -> str | None:
    """Give the last key of an element's semantic id."""
    keys = (model.get("semanticId") or {}).get("keys") or ()
    return str(keys[-1]["value"]).strip() if keys else None


def children_of(model: Json) -> Sequence[Json]:
    """Give the elements directly below a submodel or element."""
    member = CHILDREN.get(str(model.get("modelType")))
    found = model.get(member) if member else None
    return found if isinstance(found, list) else ()


def _rule(model: Json, *, in_list: bool) -> Rule:
    kind = str(model["modelType"])
    low, high = _cardinality(model.get("qualifiers") or (), kind, in_list=in_list)
    name = model.get("idShort")
    named = name if name and not in_list and not _PLACEHOLDER.search(name) else None
    below = [_rule(child, in_list=kind == "SubmodelElementList") for child in children_of(model)]
    if kind == "SubmodelElementList":
        below = below[:1]  # further ones show other examples of the same item
    return Rule(named, kind, low, high, semantic_of(model), model.get("valueType"), tuple(below))


def _cardinality(qualifiers: Iterable[Json], kind: str, *, in_list: bool) -> tuple[int, int]:
    if kind == "Submodel":
        return 1, 1
    for each in qualifiers:
        word = str(each.get("type", "")).rpartition("/")[2]
        if word in {"Cardinality", "Multiplicity"} and each.get("value") in CARDINALITIES:
            return CARDINALITIES[str(each["value"])]
    return (0, MANY) if in_list else (0, 1)
