"""Which property goes to which element: Asset Interfaces Mapping Configuration 1.0 and 2.0.

Sources: IDTA 02027-1-0-1 (relations) and 02027-2-0 (sources and sinks with equal ids).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from aas_models.elements import Json
from aas_models.interfaces.notes import Note, Reason
from aas_models.interfaces.terms import AIMC_ID_SHORT, AIMC_SUBMODEL
from aas_models.interfaces.walk import Target, child, children, has_term, target_of, text_of

Tell = Callable[[str, Reason, str], None]
POLLING_MAX_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Mapped:
    """One source with its sink; `sink` is None where it has none that can be used."""

    source: Target
    sink: Target | None
    polling_s: float | None = None
    default_s: float | None = None


@dataclass(slots=True)
class Mappings:
    """All mappings of an environment, in their order."""

    rows: list[Mapped] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    found: bool = False


def read_mappings(submodels: Iterable[Json]) -> Mappings:
    """Read every mapping configuration among submodels."""
    read = Mappings()
    for submodel in submodels:
        if is_mapping(submodel):
            read.found = True
            outer = child(submodel, "MappingConfigurations")
            for place, configuration in enumerate(children(outer)):
                where = f"{submodel.get('idShort', AIMC_ID_SHORT)}.MappingConfigurations[{place}]"
                read.rows += _configuration(configuration, where, read.notes)
    return read


def is_mapping(submodel: Json) -> bool:
    """Tell whether a submodel is a mapping configuration."""
    return submodel.get("idShort") == AIMC_ID_SHORT or has_term(submodel, AIMC_SUBMODEL)


def _configuration(configuration: Json, where: str, notes: list[Note]) -> list[Mapped]:
    def tell(below: str, reason: Reason, detail: str) -> None:
        notes.append(Note(f"{where}{below}", reason, detail))

    if relations := child(configuration, "MappingSourceSinkRelations"):
        return list(_relations(relations, tell))
    default_s = _seconds(configuration, "DefaultPollingInterval", tell)
    sinks = _by_id(configuration, "Sinks", "Sink", "SinkId")
    lua = text_of(configuration, "Transformation")
    if lua:
        tell(".Transformation", "transformation", "")
    rows = []
    for place, source in enumerate(children(child(configuration, "Sources"))):
        found = target_of((child(source, "Source") or {}).get("value"))
        name = text_of(source, "SourceId")
        if found is None:
            tell(f".Sources[{place}]", "reference", name)
            continue
        sink = sinks.pop(name, None)
        if sink is None and not lua:
            tell(f".Sources[{place}]", "pairing", name)
        polling_s = _seconds(source, "PollingInterval", tell)
        rows.append(Mapped(found, None if lua else sink, polling_s, default_s))
    if sinks and not lua:
        tell(".Sinks", "pairing", ", ".join(sorted(sinks)))
    return rows


def _by_id(configuration: Json, outer: str, inner: str, name: str) -> dict[str, Target | None]:
    return {
        text_of(each, name): target_of((child(each, inner) or {}).get("value"))
        for each in children(child(configuration, outer))
    }


def _relations(relations: Json, tell: Tell) -> Iterator[Mapped]:
    for place, relation in enumerate(children(relations)):
        source = target_of(relation.get("first"))
        if source is None:
            tell(f".MappingSourceSinkRelations[{place}]", "reference", "first")
        else:
            yield Mapped(source, target_of(relation.get("second")))


def _seconds(element: Json, id_short: str, tell: Tell) -> float | None:
    written = text_of(element, id_short)
    if not written:
        return None
    try:
        seconds = float(written)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= POLLING_MAX_S:
        tell(f".{id_short}", "number", written)
        return None
    return seconds
