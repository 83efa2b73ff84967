"""The values that one interface of an Asset Interfaces Description offers.

Tolerant of what real files do: other spellings of collections, nested properties, blanks in hrefs.
A message without `key` is the payload's root; below it each property is one step of a JSON path.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aas_models.elements import Json
from aas_models.interfaces.addresses import other_base, path_of_keys
from aas_models.interfaces.aid import PATH, coarse_type
from aas_models.interfaces.notes import Reason
from aas_models.interfaces.terms import JS, TD
from aas_models.interfaces.walk import (
    child,
    children,
    extras_of,
    keys_of,
    local_name,
    name_of,
    said_words,
    text_of,
)
from gateway.core.interfaces import Binding, Form, Point

Tell = Callable[[str, Reason, str], None]
DEPTH_MAX = 32
NAME_MAX = 128
TEXT = "text/plain"
KNOWN = frozenset(
    [
        "key",
        "type",
        "title",
        "observable",
        "const",
        "enum",
        "default",
        "unit",
        "min_max",
        "range",
        "lengthrange",
        "items",
        "itemsrange",
        "properties",
        "valuesemantics",
        "forms",
        "description",
    ]
)
WORDS = {
    "boolean": "bool",
    "integer": "int64",
    "number": "double",
    "float": "double",
    "double": "double",
    "string": "string",
}


@dataclass(frozen=True, slots=True)
class Offered:
    """A point and where it stands: the idShorts from the interface down."""

    point: Point
    path: tuple[str, ...]


class PointReader:
    """Reads the properties of one interface; what it cannot read goes to `tell`."""

    def __init__(self, binding: Binding, base: str, content: str, tell: Tell) -> None:
        self._binding = binding
        self._base = base
        self._content = content
        self._tell = tell

    def read(self, interface: Json) -> Iterator[Offered]:
        """Give every value below the interface's properties, in the order of the file."""
        outer = child(interface, "InteractionMetadata", "InterfaceMetadata")
        properties = child(outer, "properties", term=f"{TD}PropertyAffordance")
        for name in ("actions", "events"):
            if children(child(outer, name)):
                self._tell(str(interface.get("idShort")), "affordance", name)
        if outer is None or properties is None:
            return
        above = tuple(str(each.get("idShort", "")) for each in (interface, outer, properties))
        for each in children(properties):
            path = (*above, str(each.get("idShort", "")))
            if form := self._form(each, path):
                yield from self._property(each, path, form, self._top_key(each, form))

    def _top_key(self, element: Json, form: Form) -> tuple[str, ...]:
        key = text_of(element, "key")
        return (key,) if key and self._structured(form) else ()

    def _structured(self, form: Form) -> bool:
        """Tell whether a payload has members; a text has none."""
        return self._binding.messages and not (form.content or "").startswith(TEXT)

    def _property(
        self, element: Json, path: tuple[str, ...], form: Form, keys: tuple[str, ...]
    ) -> Iterator[Offered]:
        inner = child(element, "properties", term=f"{JS}properties")
        if not children(inner) or not self._binding.messages or len(path) > DEPTH_MAX:
            self._unknown_members(element, path)
            yield Offered(self._point(element, path, form, keys), path)
            return
        assert inner is not None
        for each in children(inner):
            below = (*path, str(inner.get("idShort", "")), str(each.get("idShort", "")))
            key = text_of(each, "key") or name_of(each)
            yield from self._property(each, below, form, (*keys, key))

    def _unknown_members(self, element: Json, path: tuple[str, ...]) -> None:
        for each in children(element):
            if str(each.get("idShort", "")).lower() not in KNOWN:
                self._tell(".".join(path), "member", str(each.get("idShort", "")))

    def _form(self, element: Json, path: tuple[str, ...]) -> Form | None:
        form = child(element, "forms", term=f"{TD}hasForm")
        href, where = text_of(form, "href"), ".".join(path)
        if other := other_base(href, self._base):
            self._tell(where, "other-address", other)
            return None
        terms = said_words(form, self._binding.words)
        for word, said in terms:
            if said and said.lower() not in self._binding.reads.get(word, (said.lower(),)):
                self._tell(where, "form", f"{word} {said}")
                return None
        if not href and not terms:
            self._tell(where, "no-address", href)
            return None
        content = text_of(form, "contentType") or self._content
        return Form(href, content if self._binding.messages else None, terms)

    def _point(
        self, element: Json, path: tuple[str, ...], form: Form, keys: tuple[str, ...]
    ) -> Point:
        extras = extras_of(element)
        low, high = self._range(element, path)
        written = _own(extras.pop(PATH, None))
        name = text_of(element, "title") or name_of(element)
        semantics = child(element, "valueSemantics")
        return Point(
            name=name[:NAME_MAX].strip(),
            id_short=path[-1],
            form=form,
            path=written or path_of_keys(keys) if self._structured(form) else None,
            type=self._type(element, path, _own(extras.pop("type", None))),
            unit=text_of(element, "unit") or None,
            low=low,
            high=high,
            semantic=_first_key(semantics),
            label=local_name(element.get("displayName")),
            extras=extras,
        )

    def _type(self, element: Json, path: tuple[str, ...], exact: str | None) -> str | None:
        """Take our own word where it still agrees with the standard member beside it."""
        written = text_of(element, "type").removeprefix("xs:").rpartition("#")[2].lower()
        if exact is not None and (not written or coarse_type(exact) == written):
            return exact
        if not written:
            return None
        if written not in WORDS:
            self._tell(".".join(path), "type", written)
        return WORDS.get(written)

    def _range(
        self, element: Json, path: tuple[str, ...]
    ) -> tuple[float, float] | tuple[None, None]:
        found = child(element, "min_max", "range") or {}
        if found.get("min") is None or found.get("max") is None:
            return None, None
        try:
            low, high = float(found["min"]), float(found["max"])
        except (ValueError, TypeError):
            low = high = math.nan
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            self._tell(".".join(path), "number", f"{found['min']} .. {found['max']}")
            return None, None
        return low, high


def _own(value: str | None) -> str | None:
    """Read a text that we wrote as JSON; anything else counts as not there."""
    try:
        found = json.loads(value) if value is not None else None
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def _first_key(element: Json | None) -> str | None:
    keys = keys_of(element.get("value")) if element is not None else []
    return str(keys[-1].get("value", "")).strip() or None if keys else None
