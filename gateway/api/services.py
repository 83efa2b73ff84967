"""What the HTTP side needs of the rest; the application fills it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from gateway.api.problems import AdviceView, NoAdvice
from gateway.core.accounts import DeviceAccount
from gateway.core.clock import Clock
from gateway.core.files import NamedFile
from gateway.core.protocols import ReaderState
from gateway.core.records import Item, Usage
from gateway.core.signals import Signal
from gateway.core.types import Offset, UnixNs, Value
from gateway.ops.health import Health

QUERY_PATH = "/influx/api/v2/query"
"""Where viewers ask for history. One of them keeps only an address's part up to `/influx` and adds
the rest itself."""


class DocumentView(Protocol):
    """A shell or concept description, ready to be sent."""

    @property
    def id(self) -> str: ...
    @property
    def id_short(self) -> str: ...
    @property
    def model(self) -> Mapping[str, Any]: ...
    @property
    def body(self) -> bytes: ...


class SubmodelView(Protocol):
    """A submodel with live values."""

    @property
    def id(self) -> str: ...
    @property
    def id_short(self) -> str: ...
    @property
    def semantic_id(self) -> str | None: ...
    @property
    def model(self) -> Mapping[str, Any]: ...

    async def prepare(self) -> None:
        """Do in a worker thread what the first request would hold up the event loop with."""

    def element(self, path: str) -> Mapping[str, Any]:
        """Give an element as it is modelled, without a live value; AasError `not-found`."""

    def etag(self, path: str = "") -> str:
        """Give a mark that changes with every value of the element and with the structure."""

    def render(self, path: str, form: str, *, deep: bool = True, blob: bool = False) -> bytes:
        """Give JSON of the submodel (path "") or an element.

        `form` is normal, value, metadata, reference or path; `blob` with the content of Blobs.

        Raises:
            AasError: `not-found`, `no-value`, `no-metadata` or `no-paths`.
        """

    def children(self, form: str, *, deep: bool = True, blob: bool = False) -> Sequence[bytes]:
        """Give JSON of the top elements one by one."""


class RowView(Protocol):
    """The newest sample of a signal."""

    @property
    def signal(self) -> Signal: ...
    @property
    def name(self) -> Mapping[str, str]: ...
    @property
    def value(self) -> Value: ...
    @property
    def raw(self) -> Value: ...
    @property
    def status(self) -> int: ...
    @property
    def time(self) -> UnixNs: ...
    @property
    def server_time(self) -> UnixNs: ...
    @property
    def received(self) -> UnixNs: ...
    @property
    def offset(self) -> int: ...
    @property
    def version(self) -> int: ...


class AasView(Protocol):
    """The AAS side with live values."""

    @property
    def mark(self) -> str:
        """Name this revision of the structure."""

    @property
    def version(self) -> int:
        """The newest version of any value."""

    def shells(self) -> Sequence[DocumentView]: ...
    def submodels(self) -> Sequence[SubmodelView]: ...
    def submodel(self, identifier: str) -> SubmodelView | None: ...
    def concept_descriptions(self) -> Sequence[DocumentView]: ...

    def rows(
        self, device: str | None = None, match: str | None = None, since: int = 0
    ) -> Iterable[RowView]:
        """Give the newest samples of a device, by pattern, that changed after a version."""

    def find(self, device: str, name: str) -> Signal | None:
        """Find a signal by name or element path."""

    def variables(self, device: str) -> Mapping[str, Signal]:
        """Give the variables of a device's time series by name; empty for an unknown device."""

    def label(self, device: str) -> Mapping[str, str]:
        """Give what people call a device, by language."""


class AasContent(Protocol):
    """AAS documents that people wrote. `kind` is the modelType of an identifiable.

    Every change is durable when it returns. All raise AasError: `invalid` (the detail begins with
    the path), `not-found`, `exists`, `generated` (made from a device), `full`, `unavailable`.
    """

    async def create(self, kind: str, model: Any) -> str: ...
    async def replace(self, kind: str, identifier: str, model: Any) -> bool: ...
    async def remove(self, kind: str, identifier: str) -> None: ...
    async def change(
        self, kind: str, identifier: str, work: Callable[[dict[str, Any]], Any]
    ) -> Any: ...
    async def add_element(self, submodel: str, path: str, element: Any) -> str: ...
    async def put_element(self, submodel: str, path: str, element: Any) -> bool: ...
    async def remove_element(self, submodel: str, path: str) -> None: ...
    async def set_value(self, submodel: str, path: str, value: Any) -> None: ...
    async def merge(self, submodel: str, path: str, patch: Any) -> None: ...
    async def attachment(self, submodel: str, path: str) -> NamedFile | None: ...
    async def put_attachment(self, submodel: str, path: str, file: NamedFile) -> None: ...
    async def remove_attachment(self, submodel: str, path: str) -> None: ...
    async def thumbnail(self, shell: str) -> NamedFile | None: ...
    async def put_thumbnail(self, shell: str, file: NamedFile) -> None: ...
    async def remove_thumbnail(self, shell: str) -> None: ...


class Package(Protocol):
    """Writes an environment with the files that its File elements name and a thumbnail."""

    def __call__(
        self,
        document: Mapping[str, Any],
        form: Literal["xml", "aasx"],
        metamodel: Literal["3.0", "3.1"],
        files: Mapping[str, NamedFile],
        thumbnail: NamedFile | None,
    ) -> bytes:
        """Give the bytes of the file; blocks.

        Raises:
            AasError: the content cannot be written so.
        """


class UsageReceipt(NamedTuple):
    """What became of one event: its id in the ledger, or why nobody can send it."""

    id: str = ""
    code: str = ""
    detail: str = ""


class HistoryRows(Protocol):
    """Rows of one variable, ascending; `next_start` is None when these are all."""

    @property
    def times(self) -> Sequence[int]: ...
    @property
    def values(self) -> Sequence[Value]: ...
    @property
    def next_start(self) -> int | None: ...


class ReadHistory(Protocol):
    """Reads the history that is configured, whatever kind it is."""

    async def __call__(
        self, signal: Signal, start: int, end: int, *, limit: int, every: int, aggregate: str
    ) -> HistoryRows:
        """Give rows with start <= time < end; `every` in ns reduces them, 0: as stored.

        Raises:
            SinkUnavailable: the store does not answer.
        """


TakeUsage = Callable[[Sequence[Usage], str], Awaitable[list[UsageReceipt]]]
"""Events with the request's Idempotency-Key; all are durable when it returns.

Raises LedgerUnavailable: nothing was stored.
"""


Reload = Callable[[], Awaitable[Mapping[str, Any]]]
"""Reads the configuration again; `taken` says whether it runs now."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the routes use.

    `append` stores items durably (Spool.append). `readers` gives every reader's state, `accounts`
    what was counted of each device. `spool_facts` are further facts of the spool for `status`, such
    as bytes and quota. `take_usage` takes events into the usage ledger; without it they go straight
    into the spool. `history` answers the queries of AAS viewers. `reload` reads the configuration
    again. `content` is what people may write on the AAS side; without it all of it is read-only.
    `package` writes XML and AASX. `advice` knows what to do about a reason.
    """

    gateway: str
    version: str
    epoch: str
    health: Health
    clock: Clock
    aas: AasView
    append: Callable[[Sequence[Item]], Awaitable[Offset]]
    head: Callable[[], Offset]
    readers: Callable[[], Sequence[ReaderState]]
    accounts: Callable[[], Mapping[str, DeviceAccount]] = dict
    spool_facts: Callable[[], Mapping[str, Any]] = dict
    site: Mapping[str, str] = field(default_factory=dict)
    take_usage: TakeUsage | None = None
    history: ReadHistory | None = None
    reload: Reload | None = None
    content: AasContent | None = None
    package: Package | None = None
    advice: AdviceView = field(default_factory=NoAdvice)
