"""How a machine is reached and what is read from it, whatever its protocol.

A device file becomes an `Interface`, and so does an Asset Interfaces Description (AID). What a
single protocol says is data: words by their idShorts, as its WoT binding names them (`Terms`).
Which words those are and what they mean says the `Binding`, one for each kind of adapter; the
kind's `InterfaceFace` turns the keys of a device file into such words and back. So a new protocol
adds no field here. Passwords, user names and key files have no place: of a login only the name of
its scheme is known.

Source: IDTA 02017-1-1; W3C WoT Thing Description 1.1 for forms and security schemes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from gateway.core.assets import LocalName

Terms = tuple[tuple[str, str], ...]
"""Words with their texts, in the order of the binding; an empty text: the word without a value."""

FaceReason = Literal["no-address", "member", "security", "insecure", "login", "tls"]
"""What a kind may have to say of an interface that it turns into keys."""

Tell = Callable[[str, FaceReason, str], None]
"""Takes what could not be used: the place below the interface (empty: itself), why, what."""


@dataclass(frozen=True, slots=True)
class SchemeWords:
    """A security scheme that only one protocol has: how its definition is called, and its words.

    `words` are semantic ids by idShort.
    """

    id_short: str
    meaning: str
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Binding:
    """How descriptions of interfaces speak of one protocol; constant for a kind of adapter.

    `schemes` begin its base addresses, `mark` is the supplemental semantic id that names it, and
    `content` the content type of its payloads. `words` are those of its forms, `endpoint` those
    beside its base: semantic ids by idShort. A form whose word is none of `reads` (in small
    letters) is there for something else than reading. With `messages` a form has a content type of
    its own, and one message may hold many values.
    """

    protocol: str
    schemes: tuple[str, ...]
    id_short: str
    mark: str
    content: str
    words: Mapping[str, str] = field(default_factory=dict)
    endpoint: Mapping[str, str] = field(default_factory=dict)
    security: Mapping[str, SchemeWords] = field(default_factory=dict)
    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    messages: bool = False


@dataclass(frozen=True, slots=True)
class Security:
    """A security scheme by its name, such as `nosec` or `basic`, with what else it says."""

    scheme: str
    terms: Terms = ()


@dataclass(frozen=True, slots=True)
class Form:
    """How to get at a value or a message: a reference below the base, and words of the binding."""

    href: str
    content: str | None = None
    terms: Terms = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """Where one value comes from.

    `path` leads into a structured message (`$.a['b']`), None where the payload is the value;
    `every_s` is how often it is asked for where the interface's own period does not count.
    """

    form: Form
    path: str | None = None
    every_s: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One value that an interface offers; `form`, `path` and `every_s` as with `Reach`.

    `sink` is a submodel's idShort and the idShort path of the element that takes the value.
    `extras` are further keys of the tag as JSON texts.
    """

    name: str
    id_short: str
    form: Form
    path: str | None = None
    type: str | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    semantic: str | None = None
    label: LocalName | None = None
    every_s: float | None = None
    sink: tuple[str, str] | None = None
    extras: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """The connection of an interface; `terms` stand beside its base, `every_s` is its period."""

    base: str
    security: tuple[Security, ...] = ()
    terms: Terms = ()
    every_s: float | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """One connection with its points, in the order of the device file's tags."""

    device: str
    binding: Binding
    link: Link
    points: tuple[Point, ...] = ()
    extras: Mapping[str, str] = field(default_factory=dict)

    @property
    def protocol(self) -> str:
        """The protocol's name, which is that of its kind of adapter."""
        return self.binding.protocol


Keys = dict[str, Any]
"""Keys of a device file or of a tag as YAML has them."""


@dataclass(frozen=True, slots=True)
class DeviceWords:
    """What an interface comes to in a device file.

    `keys` are those of the connection, in their order. `kept` names keys of this machine that a
    file which is there already keeps with such a connection: certificates, client names.
    """

    keys: Keys
    kept: frozenset[str] = frozenset()


def tags_alone(tags: list[Keys]) -> Keys:
    """Write tags where they have nothing in common that their device could say for them."""
    return {"tags": tags}


K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InterfaceFace(Generic[K, T]):
    """What a kind of adapter knows of descriptions; `K` and `T` are its device's and tag's keys.

    Device keys to an interface: `link(keys)` and `reach(keys, tag)`. An interface to device keys:
    `connect` gives the address of a base, or None after telling why; `device_keys` gives the keys
    of the connection, `tag_keys` those of a tag's address, or None after telling why. Both get the
    extensions that hold keys of a device file (`extras`): what they take out of them is not
    written a second time. `gather` writes tags that have keys in common.

    `said_of_device` and `said_of_tag` are the keys that `link` and `reach` say, `kept_here` those
    that belong to this machine and enter no description. `period_of_tag` is the key of a tag's own
    period. `words` are keys for what has another name in the frozen source, by `connection.` or
    `item.` and that name.
    """

    binding: Binding
    link: Callable[[K], Link]
    reach: Callable[[K, T], Reach]
    connect: Callable[[str, Tell], str | None]
    device_keys: Callable[[Interface, str, str, Keys, Tell], DeviceWords]
    """From the interface, its address, the name of the device, `extras`."""
    tag_keys: Callable[[Interface, Point, Keys, Tell], Keys | None]
    gather: Callable[[list[Keys]], Keys] = tags_alone
    said_of_device: frozenset[str] = frozenset()
    said_of_tag: frozenset[str] = frozenset()
    kept_here: frozenset[str] = frozenset()
    period_of_tag: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)


AnyFace = InterfaceFace[Any, Any]
"""The face of a kind that the holder does not know."""
