"""JSON paths such as `$.a.b[0].c`, `$['온도']` and `$.readings[*].temp`, compiled once."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from operator import itemgetter
from typing import Any, Final

Getter = Callable[[Any], Any]
Expander = Callable[[Any], list[Any]]

MISSING_ERRORS = (KeyError, IndexError, TypeError)
"""What a getter or an expander raises where a document does not have the path."""

PATH_STEPS_MAX = 32


class Star(Enum):
    """The step `[*]`: every reading of an array."""

    EVERY = "*"


EVERY: Final = Star.EVERY
Step = str | int | Star
Steps = tuple[Step, ...]

_STEP = re.compile(
    r"\.(?P<name>[^.\[\]'\"\s][^.\[\]]*)"
    r"|\[(?P<index>-?\d{1,9})\]"
    r"|\[(?P<star>\*)\]"
    r"|\['(?P<single>[^']*)'\]"
    r'|\["(?P<double>[^"]*)"\]'
)


def parse_path(text: str) -> Steps:
    """Read a path into its steps; `$` alone is the whole document.

    Raises:
        ValueError: not such a path; the message names the place.
    """
    if not text.startswith("$"):
        raise ValueError(f"a path starts with $: {text}")
    steps: list[Step] = []
    place = 1
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None or len(steps) == PATH_STEPS_MAX:
            raise ValueError(f"not a path from character {place + 1} on: {text}")
        steps.append(_step(match))
        place = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return int(match["index"])
    if match["star"] is not None:
        return EVERY
    return next(
        part for part in (match["name"], match["single"], match["double"]) if part is not None
    )


def split_at_last_star(steps: Steps) -> tuple[Steps, Steps]:
    """Give the part up to and with the last `[*]`, and what comes after it."""
    for place in range(len(steps) - 1, -1, -1):
        if steps[place] is EVERY:
            return steps[: place + 1], steps[place + 1 :]
    return (), steps


def getter(steps: Steps) -> Getter:
    """Compile steps without `[*]`; the result raises MISSING_ERRORS where there is no such path."""
    assert EVERY not in steps
    if not steps:
        return _itself
    first, *rest = (_one(step) for step in steps)
    if not rest:
        return first
    if len(rest) == 1:
        second = rest[0]
        return lambda document: second(first(document))

    def walk(document: Any) -> Any:
        found = first(document)
        for step in rest:
            found = step(found)
        return found

    return walk


def many(all_steps: list[Steps]) -> Callable[[Any], tuple[Any, ...]]:
    """Compile several paths into one call that gives all their values, or raises for any."""
    if len(all_steps) > 1 and all(len(s) == 1 and isinstance(s[0], str) for s in all_steps):
        return itemgetter(*(steps[0] for steps in all_steps))
    getters = tuple(getter(steps) for steps in all_steps)
    if len(getters) == 1:
        only = getters[0]
        return lambda document: (only(document),)
    return lambda document: tuple([get(document) for get in getters])


def expander(steps: Steps) -> Expander:
    """Compile steps that end in `[*]` (or none at all) into the list of readings they reach."""
    if not steps:
        return lambda document: [document]
    parts: list[Getter] = []
    rest = steps
    while rest:
        star = rest.index(EVERY)
        parts.append(getter(rest[:star]))
        rest = rest[star + 1 :]

    def expand(document: Any) -> list[Any]:
        found = [document]
        for part in parts:
            found = [reading for context in found for reading in _array(part(context))]
        return found

    return expand


def _itself(document: Any) -> Any:
    return document


def _one(step: Step) -> Getter:
    if isinstance(step, str):
        return itemgetter(step)
    assert isinstance(step, int)
    return lambda document: _array(document)[step]


def _array(document: Any) -> list[Any]:
    if type(document) is not list:  # an index into a text would give a character
        raise TypeError
    return document
