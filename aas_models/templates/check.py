"""Compares a submodel with the rules of its template: what is missing, too much or another kind.

A template says nothing against further elements, so none is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aas_models.elements import Json
from aas_models.submodels import kinds
from aas_models.templates.rules import MANY, Rule, children_of, semantic_of

_TIME = "https://admin-shell.io/idta/TimeSeries/"
ALTERNATIVES = {
    f"{_TIME}RelativePointInTime/1/1": frozenset(
        {
            f"{_TIME}UtcTime/1/1",
            f"{_TIME}TaiTime/1/1",
            f"{_TIME}RelativeTimeDuration/1/1",
            "0112/2///61360_4#ADA387#001",
        }
    )
}
"""Semantic ids that may stand for the one in the file. Source: IDTA 02008-1-1, clause on records;
each has a value type of its own."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One difference; `code` is missing, unstated, too-many, kind, semantic-id or value-type.

    `unstated` is a missing element that the gateway leaves out where the device file is silent;
    `found` names the key that would state it. It is a hint, no error.
    """

    path: str
    code: str
    expected: str
    found: str = ""

    def text(self, language: str = "en") -> str:
        """Say it in Korean (`ko`) or English."""
        return _TEXTS[language if language in _TEXTS else "en"][self.code].format(
            path=self.path, expected=self.expected, found=self.found
        )


STATED_BY = {f"{kind.name}.{path}": key for kind in kinds() for path, key in kind.stated_by.items()}
"""What a template demands and the gateway leaves out, with the key that fills it."""

_TEXTS = {
    "en": {
        "unstated": "{path}: {expected} is left out, nothing is known of it yet ({found})",
        "missing": "{path}: {expected} is mandatory and missing",
        "too-many": "{path}: at most {expected}, there are {found}",
        "kind": "{path}: is a {found}, the template has a {expected}",
        "semantic-id": "{path}: semantic id {found}, the template has {expected}",
        "value-type": "{path}: value type {found}, the template has {expected}",
    },
    "ko": {
        "unstated": "{path}: {expected} 은(는) 아직 아는 것이 없어 뺐습니다({found})",
        "missing": "{path}: 필수 요소 {expected} 이(가) 없습니다",
        "too-many": "{path}: 최대 {expected}개인데 {found}개 있습니다",
        "kind": "{path}: {found} 입니다. 템플릿은 {expected} 입니다",
        "semantic-id": "{path}: semanticId 가 {found} 입니다. 템플릿은 {expected} 입니다",
        "value-type": "{path}: valueType 이 {found} 입니다. 템플릿은 {expected} 입니다",
    },
}


def check(submodel: Json, rules: Rule) -> list[Issue]:
    """Give every difference between a submodel and its template's rules, in their order."""
    return list(_element(submodel, rules, str(submodel.get("idShort", ""))))


def _element(model: Json, rule: Rule, path: str) -> Iterator[Issue]:
    if model.get("modelType") != rule.kind:
        yield Issue(path, "kind", rule.kind, str(model.get("modelType")))
        return
    known = [semantic_of(model), *_supplemental(model)]
    other = ALTERNATIVES.get(rule.semantic_id or "", frozenset()) & set(known)
    if rule.semantic_id and rule.semantic_id not in known and not other:
        yield Issue(path, "semantic-id", rule.semantic_id, str(known[0]))
    if rule.value_type and model.get("valueType") != rule.value_type and not other:
        yield Issue(path, "value-type", rule.value_type, str(model.get("valueType")))
    yield from _children(model, rule, path)


def _children(model: Json, rule: Rule, path: str) -> Iterator[Issue]:
    items = children_of(model)
    in_list = rule.kind == "SubmodelElementList"
    shared = [each.semantic_id for each in rule.children]
    for each in rule.children:
        alone = in_list or shared.count(each.semantic_id) == 1
        found = _matching(items, each, in_list=in_list, alone=alone)
        if len(found) < each.low:
            name = each.id_short or f"{each.kind} {each.semantic_id}"
            key = STATED_BY.get(f"{path}.{name}")
            yield Issue(path, "unstated", name, key) if key else Issue(path, "missing", name)
        if len(found) > each.high:
            name = f"{path}.{each.id_short or each.kind}"
            yield Issue(name, "too-many", str(each.high), str(len(found)))
        for place, child in found:
            step = f"[{place}]" if in_list else f".{child.get('idShort', place)}"
            yield from _element(child, each, path + step)


def _matching(
    items: Sequence[Json], rule: Rule, *, in_list: bool, alone: bool
) -> list[tuple[int, Json]]:
    """Find the elements a rule is about: all of a list, else by name, else by what they mean."""
    placed = list(enumerate(items))
    if in_list:
        return placed
    named = [(at, item) for at, item in placed if _named(item, rule)]
    if named and rule.high != MANY:
        return named
    if not rule.semantic_id or not alone:
        return named
    places = {at for at, _ in named}
    return [
        (at, item) for at, item in placed if at in places or (semantic_of(item) == rule.semantic_id)
    ]


def _named(item: Json, rule: Rule) -> bool:
    return rule.id_short is not None and item.get("idShort") == rule.id_short


def _supplemental(model: Json) -> list[str]:
    references = model.get("supplementalSemanticIds") or ()
    return [str(each["keys"][-1]["value"]).strip() for each in references if each.get("keys")]
