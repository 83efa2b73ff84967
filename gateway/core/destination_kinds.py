"""What a kind of destination shows to everybody else: central platforms, and history stores.

`gateway/sinks/<s>/kind.py` and `gateway/history/kinds.py` make them, `gateway/app/kinds.py` lists
them, and whoever loads, checks, runs or explains a destination is handed that list. Loading a
configuration calls only what needs no client library: what `make` runs by is imported inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gateway.core.assets import LocalName
from gateway.core.config import HistoryKeys, PlatformKeys
from gateway.core.kinds import Problem

if TYPE_CHECKING:  # NumPy comes with these, and who loads a configuration needs none
    from gateway.core.clock import Clock
    from gateway.core.protocols import Sink
    from gateway.core.signals import PlanTable

P = TypeVar("P", bound=PlatformKeys)
H = TypeVar("H", bound=HistoryKeys)
Store = TypeVar("Store")


@dataclass(frozen=True, slots=True)
class SinkContext(Generic[P]):
    """What a sink is made of.

    `gateway` is the gateway's id, `site` its names by language, `folder` where relative paths
    begin. `plans` gives the newest table of each device, for gaps that have none of their own.
    With `backfilled` it sends samples alone and says of each that it comes again from history.
    """

    keys: P
    gateway: str
    site: Mapping[str, str]
    folder: Path
    clock: Clock
    plans: Callable[[], Mapping[str, PlanTable]] = dict
    backfilled: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SinkKind(Generic[P]):
    """One kind of central platform.

    `name` is the word of `kind:`, `title` what people call it. `keys` is the model of one entry of
    `platform:`, `problems(keys, folder)` finds what only shows when several keys or the files below
    `folder` are looked at. `make` gives the sink; it opens nothing before its first write. Live
    writes begin at least `interval_s` apart. `advice` is the file that says what a person does
    about its reasons.
    """

    name: str
    title: LocalName
    keys: type[P]
    problems: Callable[[P, Path], Iterable[Problem]]
    make: Callable[[SinkContext[P]], Sink]
    interval_s: float
    advice: Path


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HistoryKind(Generic[H, Store]):
    """One kind of history store.

    `keys` is the model of `history:`, with the word of `kind:` as the only value of that key;
    `problems(keys)` finds what only shows when several keys are looked at together.
    `make(keys, folder, clock)` gives the store; it opens and connects at its first use. `folder` is
    its own in the data folder.
    """

    name: str
    keys: type[H]
    problems: Callable[[H], Iterable[Problem]]
    make: Callable[[H, Path, Clock], Store]


AnySinkKind = SinkKind[Any]
AnyHistoryKind = HistoryKind[Any, Any]
"""Kinds that the holder does not know."""
