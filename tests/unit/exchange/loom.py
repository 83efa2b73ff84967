"""A protocol that there is not: looms, asked for the numbers of their sheds.

It has what no other has: words beside the base and in forms, a security scheme of its own, tags
that share a key, keys that stay on this machine.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.config.devices import DeviceKeys, TagKeys
from gateway.core.config import FileModel, Seconds, duration
from gateway.core.field_tables import Fault, FieldDevice, FieldFace
from gateway.core.interfaces import (
    Binding,
    DeviceWords,
    Form,
    Interface,
    InterfaceFace,
    Keys,
    Link,
    Point,
    Reach,
    SchemeWords,
    Security,
    Tell,
)
from gateway.core.kinds import AdapterKind

WORDS = "https://looms.example/words#"
BINDING = Binding(
    protocol="loom",
    schemes=("loom+tcp",),
    id_short="InterfaceLOOM",
    mark=WORDS,
    content="application/octet-stream",
    words={"lov_shed": f"{WORDS}shed", "lov_action": f"{WORDS}action"},
    endpoint={"lov_weave": f"{WORDS}weave"},
    security={"loom_seal": SchemeWords("loom_seal_sc", f"{WORDS}Seal", {"lov_wax": f"{WORDS}wax"})},
    reads={"lov_action": frozenset({"watch"})},
)


class LoomKeys(FileModel):
    """What only a loom has."""

    connect: str
    weave: str = "plain"
    wax: str | None = None
    every: Seconds = 1.0
    shuttle: str | None = None
    patience: int = 3


class LoomTagKeys(FileModel):
    """What only a tag of a loom has."""

    shed: int
    beat: Seconds | None = None
    twill: bool = False


class LoomTag(TagKeys, LoomTagKeys):
    """A tag of a loom."""


class Loom(DeviceKeys, LoomKeys):
    """A device file of a loom."""

    tags: list[LoomTag]


def link(keys: LoomKeys) -> Link:
    seal = (
        Security("nosec") if keys.wax is None else Security("loom_seal", (("lov_wax", keys.wax),))
    )
    return Link(keys.connect, (seal,), (("lov_weave", keys.weave),), keys.every)


def reach(_keys: LoomKeys, tag: LoomTagKeys) -> Reach:
    terms = (("lov_shed", str(tag.shed)), ("lov_action", "watch"))
    return Reach(Form(f"/sheds/{tag.shed}", terms=terms), every_s=tag.beat)


def connect(base: str, tell: Tell) -> str | None:
    if urlsplit(base).hostname:
        return base
    tell("base", "no-address", base)
    return None


def device_keys(
    interface: Interface, address: str, _name: str, _extras: Keys, _tell: Tell
) -> DeviceWords:
    keys: Keys = {"connect": address, "weave": dict(interface.link.terms)["lov_weave"]}
    if wax := dict(interface.link.security[0].terms).get("lov_wax"):
        keys["wax"] = wax
    if interface.link.every_s is not None:
        keys["every"] = duration(interface.link.every_s)
    return DeviceWords(keys, frozenset({"shuttle"}))


def tag_keys(_interface: Interface, point: Point, _extras: Keys, tell: Tell) -> Keys | None:
    shed = dict(point.form.terms).get("lov_shed", "")
    if not shed.isdecimal():
        tell(point.id_short, "no-address", shed)
        return None
    return {"shed": int(shed)}


FACE: InterfaceFace[LoomKeys, LoomTagKeys] = InterfaceFace(
    binding=BINDING,
    link=link,
    reach=reach,
    connect=connect,
    device_keys=device_keys,
    tag_keys=tag_keys,
    said_of_device=frozenset({"weave", "wax", "every"}),
    said_of_tag=frozenset({"shed", "beat"}),
    kept_here=frozenset({"shuttle"}),
    period_of_tag="beat",
)


def field_tag_keys(address: str, every: str, index: int | None) -> Keys | Fault:
    if index is not None:
        return "index"
    shed = address.removeprefix("shed ")
    return {"shed": int(shed), "beat": every} if shed.isdecimal() else "address"


FIELDS: FieldFace[object] = FieldFace(
    schemes=BINDING.schemes,
    device=lambda _source: FieldDevice("loom+tcp://h", ()),
    url=lambda text: text,
    device_keys=lambda every, _unsafe: {} if every is None else {"every": every},
    tag_keys=field_tag_keys,
    form="`shed 7`",
)
LOOM = AdapterKind("loom", BINDING.schemes, LoomKeys, LoomTagKeys, FACE, FIELDS)
