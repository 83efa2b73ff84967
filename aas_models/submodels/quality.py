"""How good each value of a submodel is: the same idShort paths, below each one quality and times.

An own template: the value's submodel stays as tools expect it, and a value-only GET of this one is
a map of qualities. Words as in IDTA 02008-1-1, qualifier ValueQuality: good, uncertain, bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import orjson

from aas_models.elements import Json, collection, submodel, text_property
from aas_models.environment_parts import AnySubmodel, Binding, SubmodelModel
from aas_models.submodel_kind import SubmodelKind
from gateway.core.assets import SEMANTIC_BASE, AssetModel

if TYPE_CHECKING:
    from aas_models.live.running import Running
    from aas_models.served import ServedSubmodel

SUFFIX = "Quality"
QUALITY, SOURCE_TIME, AGE = range(3)
FACETS = (
    ("Quality", "xs:string"),
    ("SourceTime", "xs:dateTime"),
    ("Age", "xs:double"),
)
"""What is told of each value, in the order of the facet numbers; `Age` in seconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class QualityModel:
    """The quality of another submodel's live values; its JSON is made when first asked for."""

    id: str
    of: SubmodelModel

    @property
    def id_short(self) -> str:
        return f"{self.of.model['idShort']}{SUFFIX}"

    @property
    def semantic_id(self) -> str:
        return f"{SEMANTIC_BASE}/{self.id_short}/1/0"

    @property
    def bindings(self) -> Mapping[str, Binding]:
        """No signal fills an element of it by itself."""
        return {}

    @cached_property
    def model(self) -> Json:
        elements = _mirrored(self.of.model.get("submodelElements", ()), "", set(self.of.bindings))
        return submodel(self.id, self.id_short, self.semantic_id, elements, version=("1", "0"))

    def served(self, running: Running) -> ServedSubmodel:
        """Show the qualities over the slots of the other submodel's values."""
        from aas_models.live.quality import QualitySubmodel

        return QualitySubmodel(running, self, running.slots_of(self.of.id), running.clock)


def facet_path(path: str, facet: int) -> str:
    """Give the path of one facet of the value at a path."""
    return f"{path}.{FACETS[facet][0]}"


def _mirrored(children: Sequence[Json], above: str, live: set[str]) -> list[Json]:
    made: list[Json] = []
    for child in children:
        id_short = str(child["idShort"])
        path = f"{above}.{id_short}" if above else id_short
        if path in live:
            made.append(_named(collection(id_short, _FACETS), child))
        elif child["modelType"] == "SubmodelElementCollection":
            below = _mirrored(child.get("value", ()), path, live)
            if below:
                made.append(collection(id_short, below))
    return made


def _named(made: Json, like: Json) -> Json:
    if "displayName" in like:
        made["displayName"] = like["displayName"]
    return made


def _facets() -> list[Json]:
    return [
        text_property(name, None, f"{SEMANTIC_BASE}/quality/{name}/1/0", value_type=value_type)
        for name, value_type in FACETS
    ]


_FACETS = _facets()
"""The same for every value, and never changed: a thousand values share it."""


_SEVERITIES = ("good", "uncertain", "bad", "bad")


def quality_word(status: int) -> str:
    """Give good, uncertain or bad. Source: OPC UA Part 4 §7.39, the two highest bits."""
    return _SEVERITIES[status >> 30 & 3]


def utc_text(nanoseconds: int) -> str:
    """Write a time as xs:dateTime in UTC, to the microsecond.

    Finer ones are cut: tools read microseconds at most.
    """
    try:
        moment = _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return ""
    return moment.replace(tzinfo=None).isoformat() + "Z"


_WORDS = {word: orjson.dumps(word) for word in ("good", "uncertain", "bad")}


class FacetWriter:
    """Writes facets in value-only form, at one moment; times that many values share only once."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._times: dict[int, bytes] = {}

    def token(self, facet: int, status: int, time: int) -> bytes:
        """Give one facet of a value, b"" where it cannot be told."""
        if facet == QUALITY:
            return _WORDS[quality_word(status)]
        if facet == AGE:
            return b"%.1f" % ((self._now - time) / 1e9)
        known = self._times.get(time)
        if known is None:
            text = utc_text(time)
            known = self._times[time] = orjson.dumps(text) if text else b""
        return known


def _parts(model: AssetModel, of_tags: Sequence[AnySubmodel]) -> list[QualityModel]:
    return [
        QualityModel(identifier, part)
        for part in of_tags
        if isinstance(part, SubmodelModel) and part.bindings
        if (identifier := model.ids.get(f"{part.id_short}{SUFFIX}"))
    ]


KINDS = (SubmodelKind(name=SUFFIX, semantic_id=None, place=60, parts=_parts, beside=True),)
