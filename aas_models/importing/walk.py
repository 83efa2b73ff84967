"""Where a repair is and how it is noted: the state that all repairs of one document share."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from aas_models.elements import Json
from aas_models.importing.names import numbered
from aas_models.importing.report import Action, Report
from aas_models.metamodel.texts import NOT_XML

ORIGINAL_ID_SHORT = "originalIdShort"
ORIGINAL_ID = "originalId"
EXTENSION_NAME_MAX = 120
_NO_CONTENT = frozenset(("type", "modelType", "language", "@type"))

Trail = tuple[Any, ...]
"""Where inside an element: (trail above, member or index), joined only when it is reported."""

Names = dict[str, tuple[str, Any]]
"""idShorts as they were in the file: the new one and the Names below it."""


@dataclass(slots=True)
class Place:
    """The identifiable or element that is being looked at.

    `below` stands between its path and an idShort; `taken` are the idShorts of the variables of an
    operation, which share one name space (AASd-134).
    """

    owner: Json
    path: str
    submodel: str = ""
    template: bool = False
    below: str = "."
    names: Names = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    kept: list[tuple[str, str]] = field(default_factory=list)


class Walk:
    """Notes repairs and keeps originals.

    `for_3_0`: the result must be valid in 3.0 as well. `raw_text`: texts may hold characters that
    XML cannot (they come from JSON). `fits_3_0` turns false where something is valid in 3.1 only.
    """

    def __init__(self, report: Report, *, for_3_0: bool, raw_text: bool) -> None:
        self.report = report
        self.for_3_0 = for_3_0
        self.raw_text = raw_text
        self.names: dict[str, Names] = {}
        self.long_references: list[tuple[Json, Place, Trail]] = []
        self.renamed = False
        self.fits_3_0 = True

    def note(
        self,
        place: Place,
        trail: Trail,
        problem: str,
        action: Action,
        was: object = "",
        now: object = "",
    ) -> None:
        """Report a repair at a member of an element."""
        member = joined(trail)
        self.report.add(
            f"{place.path}#{member}" if member else place.path, problem, action, was, now
        )

    def keep(self, place: Place, trail: Trail, value: Any, problem: str) -> None:
        """Put a value that cannot stay into an Extension; only report it when it says nothing."""
        if has_content(value):
            place.kept.append((f"original.{joined(trail)}", as_text(value)))
            self.note(place, trail, problem, "kept", as_text(value))
        else:
            self.note(place, trail, problem, "removed")

    def keep_quietly(self, place: Place, name: str, value: Any) -> None:
        """Put an original into an Extension; the caller reports."""
        place.kept.append((name, as_text(value)))

    @staticmethod
    def write_kept(place: Place) -> None:
        """Write what was kept into the element, each under a name of its own."""
        if not place.kept:
            return
        extensions = place.owner.setdefault("extensions", [])
        taken = {each["name"] for each in extensions}
        for name, value in place.kept:
            stem = free = name[:EXTENSION_NAME_MAX]
            if free in taken:
                free = numbered(partial("{}#{}".format, stem), taken)
            taken.add(free)
            extensions.append({"name": free, "valueType": "xs:string", "value": value})
        place.kept.clear()


def joined(trail: Trail) -> str:
    """Give a trail as text, such as semanticId.keys[0].value."""
    parts: list[str] = []
    while trail:
        trail, step = trail
        parts.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(reversed(parts)).removeprefix(".")


def has_content(value: Any) -> bool:
    """Tell whether a value says anything: a text that is not blank and not only a type."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, dict):
        return any(
            has_content(each)
            for name, each in value.items()
            if name not in _NO_CONTENT or not isinstance(each, str)
        )
    if isinstance(value, list):
        return any(has_content(each) for each in value)
    return value is not None


def as_text(value: Any) -> str:
    """Give a value as a text that XML can hold; what is no text, as JSON."""
    if isinstance(value, str):
        text = str(value)
        return json.dumps(text, ensure_ascii=True) if NOT_XML.search(text) else text
    text = orjson.dumps(value, default=str).decode("utf-8")
    return NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
