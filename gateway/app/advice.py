"""Which files of advice speak of a device, a destination, or the disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.app.kinds import KINDS
from gateway.config.plan import GatewayPlan
from gateway.core.kinds import AnyKind
from gateway.core.texts import N_, Language, Texts
from gateway.ops.advice import Advice, Book

_GATEWAY = Path(__file__).resolve().parents[1]
FILE = "advice.toml"
_OWN = Texts(
    __package__,
    {
        "flow": N_("Every machine"),
        "history": N_("History store"),
        "spool": N_("Disk of the gateway"),
    },
)
"""Rooms of the gateway that make reasons, each named after its folder."""
_SINKS = {f"sinks/{kind.name}": kind for kind in KINDS.sinks}
ROOMS: Mapping[str, Path] = {
    **{kind.name: kind.advice for kind in KINDS.adapters},
    "flow": _GATEWAY / "flow" / FILE,
    **{room: kind.advice for room, kind in _SINKS.items()},
    "history": _GATEWAY / "history" / FILE,
    "spool": _GATEWAY / "spool" / FILE,
}
"""The file of every room that makes reasons, in the order in which people read of them."""


def title(room: str, language: Language) -> str:
    """Name a room to people."""
    if room in _SINKS:
        return _SINKS[room].title.pick(language)
    for kind in KINDS.adapters:
        if kind.name == room:
            return kind.title.pick(language)
    return _OWN[language][room]


@cache
def book(*rooms: str) -> Book:
    """Open the advice of some rooms, of all where none is named; the first one's words win."""
    return Book([ROOMS[room] for room in rooms or ROOMS])


def book_of(kind: AnyKind) -> Book:
    """Open the advice for a device: that of its protocol, and what holds for every machine."""
    return book(kind.name, "flow")


@dataclass(frozen=True, slots=True)
class RunningAdvice:
    """The advice for what runs: the same word may mean another thing at another protocol."""

    plan: Callable[[], GatewayPlan]

    def of_device(self, device: str, reason: str) -> Advice | None:
        """Look up a reason of a device."""
        known = self.plan().devices.get(device)
        return (book() if known is None else book_of(known.kind)).advice_for(reason)

    def of_sink(self, reason: str) -> Advice | None:
        """Look up a reason of a destination."""
        return book(*_SINKS, "history").advice_for(reason)

    def of_spool(self, reason: str) -> Advice | None:
        """Look up a reason why nothing can be stored."""
        return book("spool").advice_for(reason)


def known_reasons() -> Mapping[str, Mapping[str, Advice]]:
    """Collect all advice by room and reason, for the command that explains a word."""
    return {room: book(room).entries for room in ROOMS}
