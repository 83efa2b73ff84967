"""What a kind of adapter shows to everybody else: all that is known of a protocol outside its room.

`adapters/<p>/kind.py` makes one `KIND`, `gateway/app/kinds.py` lists them, and whoever loads,
checks, plans, runs, describes or explains a device is handed that list and loops over it. So a new
protocol is a folder and one line. Loading a configuration calls only what needs no protocol stack
and no NumPy: `kind.py` imports the module behind `memory_maker`, `make_adapter`, `probe` and
`browse` inside those functions.

A protocol that pushes and one that is asked have the same face. `make_adapter` gives a
`gateway.core.protocols.Adapter`, one connection that ends by raising. Where `line(source)` names
a line, the fleet hands the adapter a `Polling` (`gateway/core/polling.py`) with that line and the
loop, and the adapter gives itself to them in its `run`; nothing else differs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from gateway.core.assets import LocalName
from gateway.core.config import FileModel
from gateway.core.field_tables import FieldFace
from gateway.core.interfaces import InterfaceFace
from gateway.core.signals import PlanTable

if TYPE_CHECKING:  # NumPy comes with these, and who loads a configuration needs none
    from gateway.core.clock import Clock
    from gateway.core.destination_kinds import AnyHistoryKind, AnySinkKind
    from gateway.core.health import DeviceHealth
    from gateway.core.intake_kinds import AnyIntakeKind
    from gateway.core.polling import Polling
    from gateway.core.probing import Browsed, LiveResult
    from gateway.core.protocols import Adapter
    from gateway.core.trust import Trust
    from gateway.core.types import Value

K = TypeVar("K", bound=FileModel)
T = TypeVar("T", bound=FileModel)
S = TypeVar("S")
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a device file, and where.

    `code` is one of the catalogue (`gateway/config/messages`) and `facts` fill its words. A code
    that begins with `E` leaves the tag out, or the device where there is no tag; one with `W` only
    tells. `path` leads to the place below the device file, or below the tag whose place among the
    keys' tags `tag` is. `at_key` means the key that stands there, not its value.
    """

    code: str
    path: tuple[str | int, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    tag: int | None = None
    at_key: bool = False

    @property
    def wrong(self) -> bool:
        """Whether what it is about cannot be used."""
        return self.code.startswith("E")


@dataclass(frozen=True, slots=True)
class Part:
    """One of several devices that share a file.

    `word` is what tells it from the others, `named` the place in the file where its name stands.
    `keys` are keys of the device that are its own, by their names in the model, and `tags` the same
    of each tag, in their order. With a `problem` it is told and left out.
    """

    word: str
    name: str
    named: tuple[str | int, ...]
    keys: Mapping[str, Any]
    tags: tuple[Mapping[str, Any], ...]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A file that stands for several devices, which its key `key` names.

    With `problems` none of them is planned. The first device that is gets `share` as
    `SourceContext.share`: what one of them does for all.
    """

    key: str
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...] = ()
    share: Any = None


@dataclass(frozen=True, slots=True)
class SourceContext(Generic[K, T]):
    """What a source is made of.

    `tags` are the right ones, in the order of `plan`. `gateway` is the gateway's id, `folder` where
    relative paths begin, `data` the data folder. `share` is what `split` gave this device.
    """

    device: str
    keys: K
    tags: Sequence[T]
    plan: PlanTable
    gateway: str
    folder: Path
    data: Path
    share: Any = None


@dataclass(frozen=True, slots=True)
class AdapterContext(Generic[S, M]):
    """What an adapter is made of: once for each connection, with the memory of those before it.

    `polling` is there where `AdapterKind.line` names a line for the source.
    """

    source: S
    health: DeviceHealth
    memory: M
    clock: Clock
    polling: Polling | None = None


class Commands(Protocol):
    """What an adapter shows that writes to its machine, too; one is asked for while connected."""

    async def write(self, signal: int, value: Value, not_after: float) -> None:
        """Write one value to where a signal comes from; once, and never again by itself.

        Args:
            signal: its index in the plan; not_after: by `Clock.monotonic`, when it is too late.

        Raises:
            SourceRejected: the machine said no; nothing was written.
            SourceUnavailable: whether it was written is not known.
        Cancel: whether it was written is not known.
        """


def at_any_address(_source: object) -> Hashable:
    """Tell of a device's memory that it holds wherever the device is reached."""
    return None


def no_line(_source: object) -> str | None:
    """Tell that devices of this kind share nothing."""
    return None


def same_key(key: str) -> Callable[[Mapping[str, str], str], str]:
    """Tell that the short form of a tag always stands for this key."""
    return lambda _written, _address: key


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AdapterKind(Generic[K, T, S, M]):
    """One protocol. `K` and `T` are keys of its device and tag, `S` its source, `M` its memory.

    Names: `name` in files and logs, `title` for people, `schemes` that begin `connect:`.
    `libraries` are those of its own, by their names in the package index and of their loggers.
    `advice` is the file that says what a person does about its reasons.

    Keys: `device` and `tag` are the models of what only this kind has (called `XDeviceKeys` and
    `XTagKeys`); `conflicts` a key of a tag and those that cannot stand beside it.
    `short_key(written, address)` names the key that the short form `name: address` stands for, by
    the texts of the device file. `problems(keys, tags, folder)` finds what only shows when several
    keys or the files below `folder` are looked at. `split(keys, tags, written)` takes a file apart
    that stands for several devices, None for one that does not; `written` are its keys as YAML has
    them. `address(keys, tag)` says where a value comes from, in one text.
    `reads(tag)` is there where `type:` of a tag says what the machine holds, in words of its own:
    the word of a plain type for it. Without it `type:` says what values are to become.

    Running: `make_source` gives the frozen description, a dataclass with `device`, `plan` and
    `items` (one for each signal, with its `index`); two are equal when nothing has changed.
    What outlives a connection is `memory`, and the fleet owns it; no module keeps any.
    `memory_maker()` is called once for a gateway, and what it gives once for each device. The
    memory goes to every adapter of the device as long as `memory_key(source)` stays the same.
    `line(source)` names what several devices share, None for nothing.

    Looking: `probe` raises SourceError where the device is not reached; `browse` lists what it
    offers, `nearest(found, address)` what of that looks like an address. Cancel: both close their
    connection within 5 s. `command` shows how an adapter of this kind writes. `trust(data)` is the
    kind's side of `gateway trust`, for the data folder.
    """

    name: str
    title: LocalName
    schemes: tuple[str, ...]
    device: type[K]
    tag: type[T]
    interface: InterfaceFace[K, T]
    fields: FieldFace[S]
    short_key: Callable[[Mapping[str, str], str], str]
    problems: Callable[[K, Sequence[T], Path], Iterable[Problem]]
    address: Callable[[K, T], str]
    make_source: Callable[[SourceContext[K, T]], S]
    memory_maker: Callable[[], Callable[[S], M]]
    make_adapter: Callable[[AdapterContext[S, M]], Adapter]
    probe: Callable[[S, Clock], Awaitable[LiveResult]]
    advice: Path
    libraries: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    split: Callable[[K, Sequence[T], Mapping[str, Any]], Split | None] | None = None
    memory_key: Callable[[S], Hashable] = at_any_address
    line: Callable[[S], str | None] = no_line
    browse: Callable[[S, Clock], Awaitable[Sequence[Browsed]]] | None = None
    nearest: Callable[[Sequence[Browsed], str], Sequence[str]] | None = None
    command: Callable[[Adapter], Commands | None] | None = None
    trust: Callable[[Path], Trust] | None = None
    reads: Callable[[T], str] | None = None


AnyKind = AdapterKind[Any, Any, Any, Any]
"""A kind that the holder does not know."""


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """Everything that one program has kinds of; the only one is `gateway.app.kinds.KINDS`.

    The first kind of history is used where nothing is said; ways in for events of use start in this
    order. `later` are schemes, and words of
    `kind:` of a platform, that are known and answered with "not in this version".
    """

    adapters: tuple[AnyKind, ...]
    histories: tuple[AnyHistoryKind, ...]
    sinks: tuple[AnySinkKind, ...]
    intakes: tuple[AnyIntakeKind, ...]
    later: tuple[str, ...] = ()

    def history(self, name: str) -> AnyHistoryKind:
        """Look up the kind of store of this name; a configuration that was read has no other."""
        return next(kind for kind in self.histories if kind.name == name)

    def sink(self, name: str) -> AnySinkKind:
        """Look up the kind of platform of this name; a configuration that was read has no other."""
        return next(kind for kind in self.sinks if kind.name == name)
