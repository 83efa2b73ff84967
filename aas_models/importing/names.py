"""An idShort that every tool accepts, made from any text."""

from __future__ import annotations

from collections.abc import Callable, Container

from aas_models.metamodel.texts import ID_SHORT_3_1, ID_SHORT_BOTH, ID_SHORT_MAX
from gateway.core.romanise import ascii_name

_PLACE_FOR_NUMBER = 8


def is_id_short(text: str, *, for_3_0: bool) -> bool:
    """Tell whether a text is a valid idShort in 3.1, and if asked for in 3.0 too."""
    pattern = ID_SHORT_BOTH if for_3_0 else ID_SHORT_3_1
    return len(text) <= ID_SHORT_MAX and pattern.fullmatch(text) is not None


def made_id_short(text: str) -> str:
    """Give a valid idShort; the configuration makes the same one of the same name."""
    return ascii_name(text)


def unique(name: str, taken: Container[object]) -> str:
    """Give the name, or the name with the first free number behind it."""
    if name not in taken:
        return name
    stem = name[: ID_SHORT_MAX - _PLACE_FOR_NUMBER]
    return numbered(lambda number: f"{stem}_{number}", taken)


def numbered(name_of: Callable[[int], str], taken: Container[object]) -> str:
    """Give a free name with a number from 2 on.

    A hostile file may hold a million of one name, so the numbers are not tried one by one.
    """
    low, high = 1, 2
    while name_of(high) in taken:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if name_of(middle) in taken:
            low = middle
        else:
            high = middle
    return name_of(high)
