"""The AAS read interface with live values. Source: IDTA-01002 (Part 2), 3.0 and 3.1."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.answers import (
    ApiError,
    Query,
    has_tag,
    identifier,
    json_bytes,
    page,
    tagged,
    window,
)
from gateway.api.services import AasView, DocumentView, SubmodelView
from gateway.core.errors import AasError

PREFIXES = ("", "/api/v3.0", "/api/v3.1")
FORMS = {"": "normal", "/$value": "value", "/$metadata": "metadata", "/$reference": "reference",
         "/$path": "path"}  # fmt: skip
LEVELS = ("deep", "core")
EXTENTS = ("withoutBlobValue", "withBlobValue")
Handler = Callable[[Request], Awaitable[Response]]


class AasRoutes:
    """Handlers over one view of the AAS side."""

    def __init__(self, aas: AasView) -> None:
        self._aas = aas

    def routes(self) -> list[Route]:
        """Give all routes below every base path."""
        handlers = {**self._repository(), **self._submodel_forms()}
        return [
            Route(prefix + path, handler, methods=["GET"])
            for prefix in PREFIXES
            for path, handler in handlers.items()
        ]

    def _repository(self) -> dict[str, Handler]:
        return {
            "/shells": self._list_shells,
            "/shells/{aas}": self._shell,
            "/shells/{aas}/asset-information": self._asset,
            "/shells/{aas}/submodel-refs": self._references,
            "/submodels": self._list_submodels,
            "/concept-descriptions": self._list_concepts,
            "/concept-descriptions/{concept}": self._concept,
        }

    def _submodel_forms(self) -> dict[str, Handler]:
        made: dict[str, Handler] = {}
        for above in ("", "/shells/{aas}"):
            one = f"{above}/submodels/{{submodel}}"
            # Suffixes come before the routes in which a path would take them for an element.
            for suffix, form in FORMS.items():
                made[f"{one}{suffix}"] = self._rendered(form)
                made[f"{one}/submodel-elements{suffix}"] = self._elements(form)
            for suffix, form in FORMS.items():
                made[f"{one}/submodel-elements/{{path}}{suffix}"] = self._rendered(form)
        return made

    async def _list_shells(self, request: Request) -> Response:
        query = Query(request)
        wanted = _asset_id(query.text("assetIds"))
        shells = [
            shell
            for shell in self._aas.shells()
            if _named(shell, query) and (wanted is None or wanted in _asset_ids(shell))
        ]
        return self._documents(query, shells)

    async def _list_concepts(self, request: Request) -> Response:
        query = Query(request)
        known = self._aas.concept_descriptions()
        return self._documents(query, [each for each in known if _named(each, query)])

    @staticmethod
    def _documents(query: Query, documents: Sequence[DocumentView]) -> Response:
        first, end = window(query, len(documents))
        bodies = [document.body for document in documents[first:end]]
        return json_bytes(page(bodies, first, end < len(documents)))

    async def _shell(self, request: Request) -> Response:
        return self._document(request, self._find_shell(request))

    async def _concept(self, request: Request) -> Response:
        known = self._aas.concept_descriptions()
        return self._document(request, _find(known, request.path_params["concept"]))

    def _document(self, request: Request, document: DocumentView) -> Response:
        etag = f'"{self._aas.mark}"'
        return tagged(etag, None if has_tag(request, etag) else document.body)

    async def _asset(self, request: Request) -> Response:
        return json_bytes(orjson.dumps(self._find_shell(request).model["assetInformation"]))

    async def _references(self, request: Request) -> Response:
        query = Query(request)
        references = self._find_shell(request).model.get("submodels", ())
        first, end = window(query, len(references))
        bodies = [orjson.dumps(each) for each in references[first:end]]
        return json_bytes(page(bodies, first, end < len(references)))

    def _find_shell(self, request: Request) -> DocumentView:
        return _find(self._aas.shells(), request.path_params["aas"])

    async def _list_submodels(self, request: Request) -> Response:
        query = Query(request)
        deep = _deep(query)
        semantic_id, id_short = _semantic_id(query.text("semanticId")), query.text("idShort")
        submodels = [
            submodel
            for submodel in self._aas.submodels()
            if semantic_id in (None, submodel.semantic_id) and id_short in (None, submodel.id_short)
        ]
        first, end = window(query, len(submodels))
        bodies = [each.render("", "normal", deep=deep) for each in submodels[first:end]]
        return json_bytes(page(bodies, first, end < len(submodels)))

    def _find_submodel(self, request: Request) -> SubmodelView:
        wanted = identifier(request.path_params["submodel"])
        submodel = self._aas.submodel(wanted)
        if submodel is None:
            raise ApiError(404, "there is no submodel with this id")
        if "aas" in request.path_params:
            references = self._find_shell(request).model.get("submodels", ())
            if wanted not in [reference["keys"][-1]["value"] for reference in references]:
                raise ApiError(404, "this shell has no submodel with this id")
        return submodel

    def _rendered(self, form: str) -> Handler:
        async def render(request: Request) -> Response:
            deep = _deep(Query(request))
            submodel = self._find_submodel(request)
            path = request.path_params.get("path", "")
            etag = f'"{submodel.etag()}"'
            if path == "" and has_tag(request, etag):
                return tagged(etag, None)
            body = _checked(submodel, path, form, deep)
            known = has_tag(request, etag)
            return tagged(etag, None if known else body)

        return render

    def _elements(self, form: str) -> Handler:
        async def listed(request: Request) -> Response:
            query = Query(request)
            deep = _deep(query)
            bodies = self._find_submodel(request).children(form, deep=deep)
            first, end = window(query, len(bodies))
            return json_bytes(page(bodies[first:end], first, end < len(bodies)))

        return listed


def _checked(submodel: SubmodelView, path: str, form: str, deep: bool) -> bytes:
    try:
        return submodel.render(path, form, deep=deep)
    except AasError as error:
        status = 400 if error.reason == "no-value" else 404
        raise ApiError(status, f"{error.reason}: {error.detail}") from None


def _find(documents: Sequence[DocumentView], encoded: str) -> DocumentView:
    wanted = identifier(encoded)
    for document in documents:
        if document.id == wanted:
            return document
    raise ApiError(404, "there is nothing with this id")


def _deep(query: Query) -> bool:
    query.word("extent", EXTENTS)  # there is no Blob yet: the words are checked, the answer equal
    return query.word("level", LEVELS) == "deep"


def _named(document: DocumentView, query: Query) -> bool:
    return query.text("idShort") in (None, document.id_short)


def _decoded(given: str) -> Any:
    text = identifier(given)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "the parameter is not base64url of JSON") from error


def _semantic_id(given: str | None) -> str | None:
    """Read a filter: base64url of a Reference."""
    if given is None:
        return None
    match _decoded(given):
        case {"keys": [*_, {"value": str(value)}]}:
            return value
        case _:
            raise ApiError(400, "semanticId is not a Reference")


def _asset_id(given: str | None) -> tuple[str, str] | None:
    """Read a filter: base64url of a SpecificAssetId, or of a list with one, as clients send it."""
    if given is None:
        return None
    match _decoded(given):
        case {"name": str(name), "value": str(value)} | [{"name": str(name), "value": str(value)}]:
            return name, value
        case _:
            raise ApiError(400, "assetIds is not a SpecificAssetId")


def _asset_ids(shell: DocumentView) -> set[tuple[str, str]]:
    asset: Mapping[str, Any] = shell.model["assetInformation"]
    specific = {(each["name"], each["value"]) for each in asset.get("specificAssetIds", ())}
    return specific | {("globalAssetId", str(asset.get("globalAssetId")))}
