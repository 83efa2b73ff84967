"""Asset Interfaces Description 1.1 of a device. Source: IDTA 02017-1-1.

A point is a property, unless it stands inside a message: then the message is the property that has
a form, and its values are nested properties, so that `key` never has to stand beside a form. Words
of a protocol come as data (`gateway.core.interfaces`). What no template has a place for (scale,
states, deadband, ...) is in extensions under our own semantic ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from aas_models.elements import (
    Json,
    collection,
    element,
    global_reference,
    lang_strings,
    submodel,
)
from aas_models.interfaces import terms
from aas_models.interfaces.addresses import keys_of_path
from aas_models.interfaces.aid_security import security_definitions, security_list
from aas_models.interfaces.parts import collections_to, typed, with_extensions, words
from aas_models.interfaces.terms import HM, JS, TD
from gateway.core.interfaces import Form, Interface, Point

FORMAT = "format"
"""The extension by which a description shows that a gateway of this kind wrote it."""
MESSAGE_FORMAT = "message-format"
"""What the device key `format` is called among the extensions, which have a `format` already."""
PATH = "json"
"""The extension with a path into a message that keys of members cannot say."""
COARSE = {"bool": "boolean", "string": "string", "float": "number", "double": "number"}
"""JSON Schema words for the type words of a device file; the rest are integers."""


def coarse_type(word: str) -> str:
    """Give the JSON Schema type of a type word such as `int16` or `string(8)`."""
    return COARSE.get(word.partition("(")[0].rstrip("0123456789"), "integer")


@dataclass(slots=True)
class _Group:
    """A property that holds others: a message, or an object inside one."""

    id_short: str
    key: str | None
    form: Form | None = None
    leaves: list[Point] = field(default_factory=list)
    groups: dict[str, _Group] = field(default_factory=dict)


@dataclass(slots=True)
class Layout:
    """Where each point stands in the description; `paths` by the point's idShort."""

    flat: list[Point] = field(default_factory=list)
    messages: dict[Form, _Group] = field(default_factory=dict)
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)


def layout_of(interface: Interface) -> Layout:
    """Say where each point stands, below `InteractionMetadata.properties`."""
    layout = Layout()
    taken = {point.id_short for point in interface.points}
    for point in interface.points:
        if point.path in (None, "$"):
            layout.flat.append(point)
            layout.paths[point.id_short] = (point.id_short,)
        else:
            _put(layout, point, taken)
    return layout


def _put(layout: Layout, point: Point, taken: set[str]) -> None:
    group = layout.messages.get(point.form)
    if group is None:
        group = _Group(_free(_ascii(unquote(point.form.href), "Topic"), taken), None, point.form)
        layout.messages[point.form] = group
    path = [group.id_short]
    for key in (keys_of_path(point.path or "$") or ("",))[:-1]:
        inner = group.groups.get(key)
        if inner is None:
            inner = group.groups[key] = _Group(_free(_ascii(key, "Object"), taken), key)
        group = inner
        path += ["properties", group.id_short]
    group.leaves.append(point)
    layout.paths[point.id_short] = (*path, "properties", point.id_short)


def _ascii(text: str, otherwise: str) -> str:
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in text).split()
    made = "".join(word[0].upper() + word[1:] for word in words)
    return made if len(made) > 1 and made[0].isalpha() else f"{otherwise}{made}"


def _free(wanted: str, taken: set[str]) -> str:
    wanted = wanted[:100]
    made, number = wanted, 1
    while made in taken:
        number += 1
        made = f"{wanted}_{number}"
    taken.add(made)
    return made


def asset_interfaces_description(identifier: str, interface: Interface) -> Json:
    """Make the submodel; `identifier` is its id."""
    return submodel(
        identifier,
        terms.AID_ID_SHORT,
        terms.AID_SUBMODEL,
        [_Writer(identifier, interface).interface()],
        version=("1", "1"),
        template=terms.AID_TEMPLATE,
    )


class _Writer:
    """Writes one interface."""

    def __init__(self, submodel_id: str, interface: Interface) -> None:
        self._interface = interface
        self._binding = interface.binding
        self._id_short = interface.binding.id_short
        self._security = security_list(submodel_id, interface)

    def interface(self) -> Json:
        interface = self._interface
        parts = [
            typed("title", interface.device, f"{TD}title"),
            self._endpoint(),
            self._interaction(),
        ]
        also = [self._binding.mark, f"{terms.WOT}td"]
        made = collection(self._id_short, parts, terms.INTERFACE, also)
        extras = dict(interface.extras)
        if FORMAT in extras:
            extras[MESSAGE_FORMAT] = extras.pop(FORMAT)
        return with_extensions(made, {FORMAT: "1", **extras})

    def _endpoint(self) -> Json:
        interface = self._interface
        parts = [
            typed("base", interface.link.base, f"{TD}baseURI", "xs:anyURI"),
            typed("contentType", self._binding.content, f"{HM}forContentType"),
            self._security,
            security_definitions(interface),
            *words(interface.link.terms, self._binding.endpoint),
        ]
        return collection("EndpointMetadata", parts, terms.ENDPOINT)

    def _interaction(self) -> Json:
        layout = layout_of(self._interface)
        properties = [self._property(point) for point in layout.flat]
        properties += [self._message(group) for group in layout.messages.values()]
        inner = collection("properties", properties, f"{TD}PropertyAffordance")
        return collection(
            "InteractionMetadata", [inner], terms.INTERACTION, [f"{TD}InteractionAffordance"]
        )

    def _property(self, point: Point) -> Json:
        parts = [*_described(point), self._form(point.form)]
        made = collection(point.id_short, parts, terms.PROPERTY, [f"{TD}name"])
        return with_extensions(_named(made, point), _extras(point))

    def _message(self, group: _Group) -> Json:
        parts = [
            _type("object"),
            _observable(),
            _inside(group, f"{JS}properties"),
            *([self._form(group.form)] if group.form else ()),
        ]
        return collection(group.id_short, parts, terms.PROPERTY, [f"{TD}name"])

    def _form(self, form: Form) -> Json:
        parts = [typed("href", form.href, f"{HM}hasTarget")]
        if form.content is not None:
            parts.append(typed("contentType", form.content, f"{HM}forContentType"))
        parts += [self._security, *words(form.terms, self._binding.words)]
        return collection("forms", parts, f"{TD}hasForm")


def _inside(group: _Group, term: str) -> Json:
    children = [_nested(point) for point in group.leaves]
    for inner in group.groups.values():
        parts = [_key(inner.key or ""), _type("object"), _inside(inner, f"{JS}propertyName")]
        children.append(collection(inner.id_short, parts, f"{JS}propertyName"))
    return collection("properties", children, term)


def _nested(point: Point) -> Json:
    keys = keys_of_path(point.path or "$")
    parts = [*([_key(keys[-1])] if keys else ()), *_described(point)]
    made = collection(point.id_short, parts, f"{JS}propertyName")
    return with_extensions(_named(made, point), _extras(point))


def _key(text: str) -> Json:
    return element(
        "Property",
        "key",
        semantic_id=terms.KEY,
        also=[f"{TD}name"],
        valueType="xs:string",
        value=text,
    )


def _type(word: str) -> Json:
    return typed("type", word, terms.RDF_TYPE)


def _observable() -> Json:
    return typed("observable", "true", f"{TD}isObservable", "xs:boolean")


def _described(point: Point) -> Iterator[Json]:
    if point.type is not None:
        yield _type(coarse_type(point.type))
    yield typed("title", point.name, f"{TD}title")
    yield _observable()
    if point.unit is not None:
        yield typed("unit", point.unit, terms.UNIT_CODE)
    if point.low is not None and point.high is not None:
        yield element(
            "Range",
            "min_max",
            semantic_id=terms.MIN_MAX,
            also=[f"{JS}minimum", f"{JS}maximum"],
            valueType="xs:double",
            min=repr(point.low),
            max=repr(point.high),
        )
    if point.semantic is not None:
        yield element(
            "ReferenceElement",
            "valueSemantics",
            semantic_id=terms.VALUE_SEMANTICS,
            value=global_reference(point.semantic),
        )


def _named(made: Json, point: Point) -> Json:
    names = lang_strings(point.label)
    return {**made, "displayName": names} if names else made


def _extras(point: Point) -> dict[str, str]:
    """Give what the standard members leave open: the exact type and path, and other keys."""
    extras = dict(point.extras)
    if point.type is not None:
        extras["type"] = f'"{point.type}"'
    if point.path not in (None, "$") and keys_of_path(point.path or "") is None:
        extras[PATH] = _json_text(point.path or "")
    return extras


def _json_text(text: str) -> str:
    import orjson

    return orjson.dumps(text).decode()


def path_of(interface: Interface, layout: Layout, point: Point) -> list[tuple[str, str]]:
    """Give the steps of a reference to a point's property."""
    below = layout.paths[point.id_short]
    return collections_to(interface.binding.id_short, "InteractionMetadata", "properties", *below)
