"""Finding things in submodels that somebody else wrote: by idShort in any case, or semantic id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aas_models.elements import Json
from aas_models.interfaces.terms import EXTENSION, same_term
from gateway.core.assets import LocalName
from gateway.core.interfaces import Terms

ORIGINAL = "originalIdShort"


def dicts(value: Any) -> list[Json]:
    """Give the objects in a list; empty for anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def keys_of(reference: Any) -> list[Json]:
    """Give the keys of a reference."""
    return dicts(reference.get("keys")) if isinstance(reference, dict) else []


def children(element: Json | None) -> list[Json]:
    """Give the elements in a submodel, collection or list."""
    if element is None:
        return []
    found = dicts(element.get("submodelElements", element.get("value")))
    return [child for child in found if "modelType" in child]


def child(element: Json | None, *names: str, term: str = "") -> Json | None:
    """Give the child with one of these idShorts, else the one with this semantic id."""
    wanted = {name.lower() for name in names}
    among = children(element)
    for each in among:
        if str(each.get("idShort", "")).lower() in wanted:
            return each
    return next((each for each in among if term and has_term(each, term)), None)


def has_term(element: Json, term: str) -> bool:
    """Tell whether an element has a semantic id, in any version."""
    return any(same_term(value, term) for value in semantic_ids(element))


def semantic_ids(element: Json) -> Iterator[str]:
    """Give main and supplemental semantic ids."""
    for reference in (element.get("semanticId"), *dicts(element.get("supplementalSemanticIds"))):
        yield from (str(key.get("value", "")) for key in keys_of(reference)[-1:])


def text(element: Json | None) -> str:
    """Give the text of a property, empty where there is none."""
    value = element.get("value") if element is not None else None
    return str(value).strip() if isinstance(value, str | int | float) else ""


def text_of(element: Json | None, *names: str, term: str = "") -> str:
    """Give the text of a child."""
    return text(child(element, *names, term=term))


def said_words(element: Json | None, words: Iterable[str]) -> Terms:
    """Give those of a binding's words that an element has, with their texts."""
    found = ((word, child(element, word)) for word in words)
    return tuple((word, text(each)) for word, each in found if each is not None)


def name_of(element: Json) -> str:
    """Give an element's idShort as its author wrote it."""
    for extension in dicts(element.get("extensions")):
        if extension.get("name") == ORIGINAL and extension.get("value"):
            return str(extension["value"])
    return str(element.get("idShort") or "")


def extras_of(element: Json) -> dict[str, str]:
    """Give our own extensions of an element by name."""
    found = {}
    for extension in dicts(element.get("extensions")):
        keys = keys_of(extension.get("semanticId"))
        ours = bool(keys) and str(keys[-1].get("value", "")).startswith(EXTENSION)
        if ours and "value" in extension:
            found[str(extension.get("name", ""))] = str(extension["value"])
    return found


def local_name(texts: Any) -> LocalName | None:
    """Give a text in Korean and English; another language counts as English where none is."""
    by_language: dict[str, str] = {}
    for entry in dicts(texts):
        code = str(entry.get("language", "")).lower().partition("-")[0]
        if entry.get("text"):
            by_language.setdefault(code, str(entry["text"]))
    if not by_language:
        return None
    english = by_language.get("en")
    korean = by_language.get("ko")
    if english is None and korean is None:
        english = next(iter(by_language.values()))
    return LocalName(ko=korean, en=english)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a model reference leads: a submodel's id and the idShorts of each step."""

    submodel: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.path) or self.submodel


def target_of(reference: Any) -> Target | None:
    """Read a model reference; None for one that leads outside, such as a template's placeholder."""
    keys = keys_of(reference)
    for place, key in enumerate(keys):
        if key.get("type") == "Submodel":
            below = tuple(str(step.get("value", "")) for step in keys[place + 1 :])
            return Target(str(key.get("value", "")), below)
    return None
