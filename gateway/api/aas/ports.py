"""What the AAS side of the API needs of the rest; the application fills it in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from gateway.core.files import NamedFile
from gateway.core.signals import Signal
from gateway.core.types import UnixNs, Value


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


class NewestView(Protocol):
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
    ) -> Iterable[NewestView]:
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


@dataclass(frozen=True, slots=True)
class AasPort:
    """The AAS side. Without `content` all of it is read-only; `package` writes XML and AASX."""

    view: AasView
    content: AasContent | None = None
    package: Package | None = None
