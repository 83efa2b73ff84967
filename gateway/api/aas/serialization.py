"""What concerns everything served: `/serialization` and `/description`.

Source: IDTA-01002 (Part 2) 3.1, Serialization and Description interfaces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.aas.documents import Documents, Table, prepare, submodel_ids
from gateway.api.aas.ports import DocumentView, SubmodelView
from gateway.api.answers import ApiError, Query, identifier, json_answer
from gateway.core.errors import AasError
from gateway.core.files import NamedFile

AASX = "application/asset-administration-shell-package"
Form = Literal["json", "xml", "aasx"]
Metamodel = Literal["3.0", "3.1"]
OLD = "/api/v3.0"
"""Below this path XML and AASX are of metamodel 3.0; tools open only one of the two."""
FORMS: dict[str, tuple[Form, str]] = {
    "application/json": ("json", "application/json"),
    "application/xml": ("xml", "application/xml"),
    "text/xml": ("xml", "application/xml"),
    "application/aas+xml": ("xml", "application/xml"),
    AASX: ("aasx", AASX),
    f"{AASX}+xml": ("aasx", f"{AASX}+xml"),
    f"{AASX}+json": ("aasx", AASX),
    "application/aasx+xml": ("aasx", f"{AASX}+xml"),
}
WRITTEN_AT_ONCE = 1
"""An XML or AASX is made in a worker thread through an object model; more would starve the loop."""
_SERVICES = {
    "AssetAdministrationShellRepository": ("001", "002"),
    "SubmodelRepository": ("001", "002"),
    "ConceptDescriptionRepository": ("001",),
    "AssetAdministrationShellRegistry": ("002",),
    "SubmodelRegistry": ("002",),
    "Discovery": ("002",),
}
PROFILES = [
    f"https://admin-shell.io/aas/API/3/{minor}/{name}ServiceSpecification/SSP-{profile}"
    for minor in (1, 0)
    for name, profiles in _SERVICES.items()
    for profile in profiles
]


class Serialization:
    """Handlers of the two common routes."""

    def __init__(self, found: Documents) -> None:
        self._served = found
        self._writing = asyncio.Semaphore(WRITTEN_AT_ONCE)

    def table(self) -> Table:
        """Give the handlers."""
        return {
            "/serialization": {"GET": self._serialization},
            "/description": {"GET": self._description},
        }

    async def _description(self, _: Request) -> Response:
        known = PROFILES if self._served.port.content else _reading(PROFILES)
        return json_answer({"profiles": known})

    async def _serialization(self, request: Request) -> Response:
        query = Query(request)
        form, media = _form(request.headers.get("accept", ""))
        shells, submodels = self._chosen(query)
        wanted = query.flag("includeConceptDescriptions", default=True)
        concepts = self._served.aas.concept_descriptions() if wanted else ()
        await prepare(submodels)
        body = _environment(shells, submodels, concepts)
        if form == "json":
            return Response(body, 200, media_type=media)
        document = await asyncio.to_thread(orjson.loads, body)
        metamodel: Metamodel = "3.0" if request.scope.get("root_path") == OLD else "3.1"
        return await self._packed(document, form, metamodel, media, shells)

    async def _packed(
        self,
        document: dict[str, Any],
        form: Literal["xml", "aasx"],
        metamodel: Metamodel,
        media: str,
        shells: list[DocumentView],
    ) -> Response:
        package = self._served.port.package
        if package is None:
            raise ApiError(501, "only JSON is written here")
        async with self._writing:
            files = await self._files(document) if form == "aasx" else {}
            image = await self._thumbnail(shells) if form == "aasx" else None
            try:
                body = await asyncio.to_thread(package, document, form, metamodel, files, image)
            except AasError as error:
                raise ApiError(500, f"cannot be written as {form}: {error.detail}") from error
        headers = {"content-disposition": f'attachment; filename="environment.{form}"'}
        return Response(body, 200, headers, media)

    def _chosen(self, query: Query) -> tuple[list[DocumentView], list[SubmodelView]]:
        aas = self._served.aas
        shell_ids = [identifier(each) for each in query.every("aasIds")]
        wanted = [identifier(each) for each in query.every("submodelIds")]
        if not shell_ids and not wanted:
            return list(aas.shells()), list(aas.submodels())
        shells = [each for each in aas.shells() if each.id in shell_ids]
        if not wanted:
            wanted = [part for each in shells for part in submodel_ids(each.model)]
        found = {part: aas.submodel(part) for part in wanted}
        submodels = [each for each in found.values() if each is not None]
        if set(shell_ids) - {each.id for each in shells}:
            raise ApiError(404, "there is no shell with one of these ids")
        return shells, submodels

    async def _files(self, document: Mapping[str, Any]) -> dict[str, NamedFile]:
        content = self._served.port.content
        files: dict[str, NamedFile] = {}
        for submodel in document.get("submodels", ()) if content else ():
            for path, element in _file_elements(submodel.get("submodelElements", ()), ""):
                assert content is not None
                file = await content.attachment(submodel["id"], path)
                if file is not None:
                    files[element["value"]] = file
        return files

    async def _thumbnail(self, shells: Iterable[DocumentView]) -> NamedFile | None:
        content = self._served.port.content
        for shell in shells if content else ():
            assert content is not None
            if (image := await content.thumbnail(shell.id)) is not None:
                return image
        return None


def _reading(profiles: Iterable[str]) -> list[str]:
    return [each for each in profiles if "Repository" not in each or not each.endswith("001")]


def _environment(
    shells: Iterable[DocumentView],
    submodels: Iterable[SubmodelView],
    concepts: Iterable[DocumentView],
) -> bytes:
    """Join what is rendered already; lists that would be empty are absent."""
    lists = {
        b"assetAdministrationShells": [each.body for each in shells],
        b"submodels": [each.render("", "normal", blob=True) for each in submodels],
        b"conceptDescriptions": [each.body for each in concepts],
    }
    shown = [b'"%s":[%s]' % (key, b",".join(parts)) for key, parts in lists.items() if parts]
    return b"{" + b",".join(shown) + b"}"


def _form(accept: str) -> tuple[Form, str]:
    """Choose by `Accept` (RFC 9110 §12.5.1); what is not understood gets JSON."""
    weighted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",")):
        name, *parameters = [each.strip() for each in part.split(";")]
        weighted.append((-_weight(parameters), place, name.lower()))
    for _, _, name in sorted(weighted):
        if name in FORMS:
            return FORMS[name]
        if name in {"*/*", "application/*", ""}:
            break
    return FORMS["application/json"]


def _weight(parameters: Iterable[str]) -> float:
    for each in parameters:
        if each.startswith("q="):
            try:
                return float(each[2:])
            except ValueError:
                return 0.0
    return 1.0


def _file_elements(elements: Iterable[Any], above: str) -> Iterator[tuple[str, Any]]:
    for place, each in enumerate(elements):
        step = f".{each['idShort']}" if "idShort" in each else f"[{place}]"
        path = (above + step).removeprefix(".")
        if each["modelType"] == "File" and "value" in each:
            yield path, each
        elif each["modelType"] in {"SubmodelElementCollection", "SubmodelElementList", "Entity"}:
            member = "statements" if each["modelType"] == "Entity" else "value"
            yield from _file_elements(each.get(member, ()), path)
