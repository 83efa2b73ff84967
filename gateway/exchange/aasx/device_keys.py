"""A device as an AASX describes it, in the keys of a device file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aas_models.interfaces.notes import Note
from aas_models.interfaces.reading import Described
from gateway.config.devices import YEAR_MAX, YEAR_MIN, DeviceKeys
from gateway.config.ids import Ids
from gateway.config.interface import KEPT_HERE, SAID_BY_DEVICE
from gateway.core.interfaces import FaceReason, Keys
from gateway.core.kinds import AdapterKind
from gateway.exchange.aasx.tag_keys import TagMaker, keys_in, read_extras, texts_of
from gateway.exchange.kinds import kind_with

_ASSET_ID = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


@dataclass(frozen=True, slots=True)
class Made:
    """The keys of a device file; `own` and `others` as with `Described`.

    `kept` are keys of this machine that a file which is there already keeps.
    """

    name: str
    keys: Keys
    own: bool
    others: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()


def device_keys(
    described: Described, kinds: Sequence[AdapterKind], ids: Ids, notes: list[Note]
) -> Made | None:
    """Make the keys of a device file.

    Args:
        kinds: those whose bindings the description was read with.
        ids: those that this gateway gives the device; a global asset id that is another one is
            written down.
        notes: takes what could not be used.

    Returns:
        None where the address is none.
    """
    kind = kind_with(described.interface.binding, kinds)
    return _Maker(described, kind, ids, notes).make()


class _Maker:
    def __init__(
        self, described: Described, kind: AdapterKind, ids: Ids, notes: list[Note]
    ) -> None:
        self._described = described
        self._interface = described.interface
        self._kind = kind
        self._face = kind.interface
        self._ids = ids
        self._notes = notes
        self._where = described.path

    def _tell(self, place: str, reason: FaceReason, detail: str) -> None:
        where = f"{self._where}.{place}" if place else self._where
        self._notes.append(Note(where, reason, detail))

    def make(self) -> Made | None:
        address = self._face.connect(self._interface.link.base, self._tell)
        if address is None:
            return None
        interface, facts, name = self._interface, self._described.asset, self._ids.device
        extras = read_extras(interface.extras, self._further(), self._where, self._notes)
        keys: Keys = {"version": 1, "device": name}
        if label := extras.pop("label", None) or texts_of(facts.label):
            keys["label"] = label
        words = self._face.device_keys(interface, address, name, extras, self._tell)
        keys |= words.keys
        asset = self._asset() | (extras.pop("asset", None) or {})
        keys |= extras
        if asset:
            keys["asset"] = asset
        keys |= self._tags()
        return Made(name, keys, self._described.own, self._described.others, words.kept)

    def _further(self) -> frozenset[str]:
        """Give the keys that extensions may bring."""
        known = keys_in(DeviceKeys) | keys_in(self._kind.device)
        left_out = SAID_BY_DEVICE | KEPT_HERE | self._face.said_of_device | self._face.kept_here
        return known - left_out

    def _asset(self) -> dict[str, Any]:
        facts = self._described.asset
        made: dict[str, Any] = {}
        if facts.asset and facts.asset != self._ids.asset():
            if _ASSET_ID.fullmatch(facts.asset):
                made["id"] = facts.asset
            else:
                self._notes.append(Note(self._where, "key", facts.asset))
        if maker := texts_of(facts.maker):
            made["maker"] = maker
        pairs: Iterable[tuple[str, Any]] = (("model", facts.model), ("serial", facts.serial))
        made |= {key: value for key, value in pairs if value}
        if facts.year is not None and YEAR_MIN <= facts.year <= YEAR_MAX:
            made["year"] = facts.year
        return made

    def _tags(self) -> Keys:
        maker = TagMaker(self._kind, self._interface, self._where, self._notes)
        points = self._interface.points
        tags = [tag for point in points if (tag := maker.tag(point, self._tell)) is not None]
        return self._face.gather(tags)
