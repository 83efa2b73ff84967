"""Figures as elements: a tree of plain values becomes properties and collections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aas_models.elements import Json, collection, text_property
from aas_models.submodels.quality import utc_text
from gateway.core.assets import SEMANTIC_BASE, LocalName


@dataclass(frozen=True, slots=True)
class Instant:
    """A time in ns UTC among figures."""

    at: int


@dataclass(frozen=True, slots=True)
class Span:
    """A duration in seconds among figures."""

    seconds: float


Figure = bool | int | float | str | Instant | Span | None
Figures = Mapping[str, "Figure | Figures"]
"""By idShort; a figure that is None is not known and left out, so is a tree without any."""


def figure_elements(figures: Figures, template: str, names: Mapping[str, LocalName]) -> list[Json]:
    """Make the elements of a tree of figures.

    Args:
        figures: the tree; keys are idShorts.
        template: name of our own template, for the semantic ids.
        names: displayName by idShort, where there is one.
    """
    made: list[Json] = []
    for id_short, figure in figures.items():
        if figure is None:
            continue
        semantic_id = f"{SEMANTIC_BASE}/{template}/{id_short}/1/0"
        if isinstance(figure, Mapping):
            below = figure_elements(figure, template, names)
            if not below:
                continue
            known = collection(id_short, below, semantic_id)
        else:
            text, value_type = _lexical(figure)
            known = text_property(id_short, text, semantic_id, value_type=value_type)
        name = names.get(id_short)
        if name is not None:
            known["displayName"] = [
                {"language": code, "text": text}
                for code, text in (("ko", name.ko), ("en", name.en))
                if text
            ]
        made.append(known)
    return made


def duration_text(seconds: float) -> str:
    """Write seconds as xs:duration."""
    seconds = round(seconds, 3) + 0.0  # no negative nothing
    whole = f"{seconds:.3f}".rstrip("0").rstrip(".")
    return f"PT{whole}S" if seconds >= 0 else f"-PT{whole.removeprefix('-')}S"


def _lexical(figure: bool | float | str | Instant | Span) -> tuple[str, str]:
    match figure:
        case bool():
            return ("true" if figure else "false"), "xs:boolean"
        case int():
            return str(figure), "xs:long"
        case float():
            return f"{figure:.6g}", "xs:double"
        case Instant():
            return utc_text(figure.at), "xs:dateTime"
        case Span():
            return duration_text(figure.seconds), "xs:duration"
        case str():
            return figure, "xs:string"
