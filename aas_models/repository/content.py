"""What people wrote, beside what is generated: documents in memory, each change durable first.

A document that is generated from a device cannot be changed and hides a written one of its id.
Readers get compiled documents that never change; a change compiles the new one in a worker thread
and then takes the old one's place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from aas_models.elements import Json
from aas_models.environment import SubmodelModel
from aas_models.live.documents import Document, document_of
from aas_models.live.submodel import LiveSubmodel
from aas_models.repository import edit
from aas_models.repository.checks import check_identifiable
from aas_models.repository.store import ContentStore
from aas_models.values import Slots
from gateway.core.errors import AasError
from gateway.core.files import NamedFile

SHELL, SUBMODEL, CONCEPT = "AssetAdministrationShell", "Submodel", "ConceptDescription"
DOCUMENTS_MAX = 5_000
THUMBNAIL = "#thumbnail"
"""No idShort path looks like it."""
_NOTHING: NDArray[np.int64] = np.zeros(0, np.int64)

Change = Callable[[Json], Any]


class _Still:
    """The owner of a submodel without live values."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def versions(self) -> NDArray[np.int64]:
        return _NOTHING

    def tokens(self, _slots: Slots) -> list[bytes]:
        return []


class Content:
    """Written documents over a store, read whole when it begins.

    Args:
        store: open; this object closes it.
        generated: tells whether a document of (kind, id) is made from a device.
        boot: names this process, for entity tags.
        made: gives the file of a File element of a generated submodel, by its id and path.
    """

    def __init__(
        self,
        store: ContentStore,
        generated: Callable[[str, str], bool],
        boot: str,
        made: Callable[[str, str], NamedFile | None] = lambda *_: None,
    ) -> None:
        self._store = store
        self._generated = generated
        self._boot = boot
        self._made = made
        self._changing = asyncio.Lock()
        self.revision = 0
        self.shells: dict[str, Document] = {}
        self.concepts: dict[str, Document] = {}
        self.submodels: dict[str, LiveSubmodel] = {}
        for kind, body in store.documents():
            self._take(kind, self._compiled(orjson.loads(body), kind))

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _compiled(self, model: Json, kind: str) -> Document | LiveSubmodel:
        self.revision += 1
        if kind != SUBMODEL:
            return document_of(model)
        return LiveSubmodel(_Still(f"{self._boot}-w{self.revision:x}"), SubmodelModel(model), {})

    def _take(self, kind: str, made: Document | LiveSubmodel) -> None:
        if isinstance(made, LiveSubmodel):
            self.submodels[made.id] = made
        else:
            self._documents(kind)[made.id] = made

    def _documents(self, kind: str) -> dict[str, Document]:
        return self.shells if kind == SHELL else self.concepts

    def _known(self, kind: str) -> Mapping[str, Document | LiveSubmodel]:
        return self.submodels if kind == SUBMODEL else self._documents(kind)

    def _refuse_generated(self, kind: str, identifier: str) -> None:
        if self._generated(kind, identifier):
            raise AasError(
                "generated",
                "this document is made from a device's configuration and its live values; "
                "change the device's file instead (장치 파일에서 만들어진 문서입니다)",
            )

    async def create(self, kind: str, model: Any) -> str:
        """Store a new document and give its id.

        Raises:
            AasError: `invalid`, `exists`, `generated`, `full` or `unavailable`.
        """
        await asyncio.to_thread(check_identifiable, model, kind)
        identifier = str(model["id"])
        async with self._changing:
            if self._generated(kind, identifier) or identifier in self._known(kind):
                raise AasError("exists", identifier)
            await self._put(kind, model)
        return identifier

    async def replace(self, kind: str, identifier: str, model: Any) -> bool:
        """Store a document in place of the one with this id; True where there was none.

        Raises:
            AasError: see `create`.
        """
        self._refuse_generated(kind, identifier)
        await asyncio.to_thread(check_identifiable, model, kind)
        if model["id"] != identifier:
            raise AasError("invalid", "id: is not the one of the address")
        async with self._changing:
            new = identifier not in self._known(kind)
            await self._put(kind, model)
        return new

    async def _put(self, kind: str, model: Json) -> None:
        known = self._known(kind)
        if str(model["id"]) not in known and len(known) >= DOCUMENTS_MAX:
            raise AasError("full", f"there are {DOCUMENTS_MAX} documents of this kind already")
        made = await asyncio.to_thread(self._stored, kind, model)
        self._take(kind, made)

    def _stored(self, kind: str, model: Json) -> Document | LiveSubmodel:
        made = self._compiled(model, kind)
        self._store.put(kind, str(model["id"]), orjson.dumps(model))
        return made

    async def remove(self, kind: str, identifier: str) -> None:
        """Take a document away, with its files.

        Raises:
            AasError: `not-found`, `generated` or `unavailable`.
        """
        self._refuse_generated(kind, identifier)
        async with self._changing:
            self._written(kind, identifier)
            await asyncio.to_thread(self._store.remove, kind, identifier)
            self.revision += 1
            if kind == SUBMODEL:
                del self.submodels[identifier]
            else:
                del self._documents(kind)[identifier]

    def _written(self, kind: str, identifier: str) -> Json:
        known = self._known(kind).get(identifier)
        if known is None:
            raise AasError("not-found", identifier)
        return known.model

    async def change(self, kind: str, identifier: str, work: Change) -> Any:
        """Change a copy of a document, check it and store it; gives what `work` gives.

        Raises:
            AasError: what `work` raises, `not-found`, and as in `create`.
        """
        self._refuse_generated(kind, identifier)
        async with self._changing:
            return await self._changed(kind, identifier, work)

    async def _changed(
        self,
        kind: str,
        identifier: str,
        work: Change,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> Any:
        copy: Json = orjson.loads(orjson.dumps(self._written(kind, identifier)))
        given = work(copy)
        await asyncio.to_thread(check_identifiable, copy, kind)
        if copy["id"] != identifier:
            raise AasError("invalid", "id: cannot be changed")
        if before is not None:
            await before()
        await self._put(kind, copy)
        return given

    async def add_element(self, submodel: str, path: str, element: Json) -> str:
        """Add an element below a path and give its own path."""
        made: str = await self.change(
            SUBMODEL, submodel, lambda model: edit.add_element(model, path, element)
        )
        return made

    async def put_element(self, submodel: str, path: str, element: Json) -> bool:
        """Put an element at a path; True where nothing was there."""
        new: bool = await self.change(
            SUBMODEL, submodel, lambda model: edit.put_element(model, path, element)
        )
        return new

    async def remove_element(self, submodel: str, path: str) -> None:
        """Take an element away, with its files."""
        await self.change(SUBMODEL, submodel, lambda model: edit.remove_element(model, path))
        await asyncio.to_thread(self._store.remove_files, submodel, path)

    async def set_value(self, submodel: str, path: str, value: Any) -> None:
        """Put value-only content into an element, "" the submodel."""

        def work(model: Json) -> None:
            edit.set_value(edit.element_at(model, path), value, path)

        await self.change(SUBMODEL, submodel, work)

    async def merge(self, submodel: str, path: str, patch: Json) -> None:
        """Merge a patch into an element, "" the submodel (RFC 7386)."""

        def work(model: Json) -> None:
            target = edit.element_at(model, path)
            merged = edit.merge(target, patch)
            target.clear()
            target.update(merged)

        await self.change(SUBMODEL, submodel, work)

    async def attachment(self, submodel: str, path: str) -> NamedFile | None:
        """Give the file of a File element; None where there is none."""
        if self._generated(SUBMODEL, submodel):
            return self._made(submodel, path)
        return await asyncio.to_thread(self._store.file, submodel, path)

    async def thumbnail(self, shell: str) -> NamedFile | None:
        """Give a shell's thumbnail; None where none is stored."""
        return await asyncio.to_thread(self._store.file, shell, THUMBNAIL)

    async def put_attachment(self, submodel: str, path: str, file: NamedFile) -> None:
        """Store the file of a File element, which then names it.

        Raises:
            AasError: `not-a-file`, and as in `change`.
        """
        self._refuse_generated(SUBMODEL, submodel)

        def work(model: Json) -> None:
            element = _file_element(model, path)
            element["value"] = f"/aasx/files/{file.name}"
            element["contentType"] = file.content_type

        async with self._changing:
            await self._changed(
                SUBMODEL,
                submodel,
                work,
                lambda: asyncio.to_thread(self._store.put_file, submodel, path, file),
            )

    async def remove_attachment(self, submodel: str, path: str) -> None:
        """Take the file of a File element away."""

        def work(model: Json) -> None:
            _file_element(model, path).pop("value", None)

        await self.change(SUBMODEL, submodel, work)
        await asyncio.to_thread(self._store.remove_files, submodel, path)

    async def put_thumbnail(self, shell: str, file: NamedFile) -> None:
        """Store a shell's thumbnail, which its asset information then names."""
        self._refuse_generated(SHELL, shell)

        def work(model: Json) -> None:
            resource = {"path": f"/{file.name}", "contentType": file.content_type}
            model["assetInformation"]["defaultThumbnail"] = resource

        async with self._changing:
            await self._changed(
                SHELL,
                shell,
                work,
                lambda: asyncio.to_thread(self._store.put_file, shell, THUMBNAIL, file),
            )

    async def remove_thumbnail(self, shell: str) -> None:
        """Take a shell's thumbnail away."""

        def work(model: Json) -> None:
            if model["assetInformation"].pop("defaultThumbnail", None) is None:
                raise AasError("not-found", "this shell has no thumbnail")

        await self.change(SHELL, shell, work)
        await asyncio.to_thread(self._store.remove_files, shell, THUMBNAIL)


def _file_element(model: Json, path: str) -> Json:
    element = edit.element_at(model, path)
    if element["modelType"] != "File":
        raise AasError("not-a-file", f"{path} is a {element['modelType']}")
    return element
