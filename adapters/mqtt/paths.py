"""JSON paths such as `$.a.b[0].c`, `$['온도']` and `$.readings[*].temp`, compiled once.

`$.values[?(@.id=='Line.Pressure')].v` takes the entries of an array whose field says so (RFC 9535
§2.3.5, of which only `==` and `&&` are read).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import Any, Final, TypeGuard

import orjson

Getter = Callable[[Any], Any]
Expander = Callable[[Any], list[Any]]

MISSING_ERRORS = (KeyError, IndexError, TypeError)
"""What a getter or an expander raises where a document does not have the path."""

PATH_STEPS_MAX = 32


class Star(Enum):
    """The step `[*]`: every reading of an array."""

    EVERY = "*"


EVERY: Final = Star.EVERY
Word = str | int | float | bool | None
"""What a field is compared with."""


@dataclass(frozen=True, slots=True)
class Where:
    """The step `[?(@.id=='x')]`: the readings of an array whose fields all have these values."""

    fields: tuple[tuple[Steps, Word], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A step of named formats: the list in the first of these places, or what is here itself.

    So a message with a list of entries and a message that is one entry are read alike.
    """

    places: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Either:
    """A last step of named formats: the first of these paths that is there."""

    paths: tuple[Steps, ...]


Step = str | int | Star | Where | Listed | Either
Steps = tuple[Step, ...]

_STEP = re.compile(
    r"\.(?P<name>[^.\[\]'\"\s][^.\[\]]*)"
    r"|\[(?P<index>-?\d{1,9})\]"
    r"|\[(?P<star>\*)\]"
    r"|\['(?P<single>[^']*)'\]"
    r'|\["(?P<double>[^"]*)"\]'
    r"|\[\?\s*(?P<where>(?:[^\[\]'\"]|'[^']*'|\"[^\"]*\"|\[(?:-?\d+|'[^']*'|\"[^\"]*\")\])+)\]"
)
_TEST = re.compile(
    r"@(?P<path>(?:\.[^.\[\]'\"\s=&()]+|\[(?:-?\d{1,9}|'[^']*'|\"[^\"]*\")\])+)\s*==\s*"
    r"(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<word>true|false|null|-?\d[\d.eE+-]*))"
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
    if match["where"] is not None:
        return _where(match["where"])
    return next(
        part for part in (match["name"], match["single"], match["double"]) if part is not None
    )


def _where(text: str) -> Where:
    """Read `(@.id=='x' && @.a.b==1)`, with or without its brackets."""
    bare = text.strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    fields: list[tuple[Steps, Word]] = []
    place = 0
    while True:
        match = _TEST.match(bare, place)
        if match is None:
            raise ValueError(f"not a filter: {text}")
        fields.append((parse_path("$" + match["path"]), _word(match)))
        rest = bare[match.end() :].lstrip()
        if not rest:
            return Where(tuple(fields))
        if not rest.startswith("&&"):
            raise ValueError(f"not a filter: {text}")
        place = len(bare) - len(rest[2:].lstrip())


def _word(match: re.Match[str]) -> Word:
    if match["word"] is None:
        return match["single"] if match["single"] is not None else match["double"]
    word: Word = orjson.loads(match["word"])  # JSONDecodeError is a ValueError
    return word


def expands(step: Step) -> TypeGuard[Star | Where]:
    """Tell whether a step reaches any number of readings."""
    return step is EVERY or isinstance(step, Where)


def levels_of(steps: Steps) -> tuple[tuple[Steps, ...], Steps]:
    """Give the parts that each end in `[*]` or a filter, and what comes after the last of them."""
    levels: list[Steps] = []
    begin = 0
    for place, step in enumerate(steps):
        if expands(step):
            levels.append(steps[begin : place + 1])
            begin = place + 1
    return tuple(levels), steps[begin:]


def key_of(value: Any) -> Any:
    """Give what a value is looked up by: true is no 1, and 1 is 1.0, as JSON has it."""
    return (value,) if value is None or type(value) is bool else value


def getter(steps: Steps) -> Getter:
    """Compile steps without `[*]`; the result raises MISSING_ERRORS where there is no such path."""
    assert not any(map(expands, steps))
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


def readings_of(level: Steps) -> Expander:
    """Compile one level, which ends in `[*]` or a filter, into the list of readings it reaches."""
    array = getter(level[:-1])
    last = level[-1]
    if not isinstance(last, Where):
        return lambda document: array_of(array(document))
    tests = tuple((getter(path), key_of(word)) for path, word in last.fields)
    return lambda document: [one for one in array_of(array(document)) if _passes(one, tests)]


def _passes(reading: Any, tests: tuple[tuple[Getter, Any], ...]) -> bool:
    try:
        return all(key_of(get(reading)) == key for get, key in tests)
    except MISSING_ERRORS:
        return False


def _itself(document: Any) -> Any:
    return document


def _one(step: Step) -> Getter:
    if isinstance(step, str):
        return itemgetter(step)
    if isinstance(step, Listed):
        return lambda document: _listed(step.places, document)
    if isinstance(step, Either):
        return _either(tuple(map(getter, step.paths)))
    assert isinstance(step, int)
    return lambda document: array_of(document)[step]


def _listed(places: tuple[tuple[str, ...], ...], document: Any) -> list[Any]:
    if type(document) is list:
        return document
    for names in places:
        found = document
        for name in names:
            found = found.get(name) if type(found) is dict else None
        if type(found) is list:
            return found
    return [document]


def _either(getters: tuple[Getter, ...]) -> Getter:
    def first(document: Any) -> Any:
        for get in getters:
            try:
                return get(document)
            except MISSING_ERRORS:
                continue
        raise KeyError

    return first


def array_of(document: Any) -> list[Any]:
    """Give a list as it is; anything else has no entries, and is missing.

    Raises:
        TypeError: one of MISSING_ERRORS.
    """
    if type(document) is not list:  # an index into a text would give a character
        raise TypeError
    return document
