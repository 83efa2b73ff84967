"""Finds what a path names, and the pieces that all AAS routes share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.aas.ports import AasContent, AasPort, AasView, DocumentView, SubmodelView
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
from gateway.core.errors import AasError

Handler = Callable[[Request], Awaitable[Response]]
Table = dict[str, dict[str, Handler]]
"""Handlers by path and method."""

LEVELS = ("deep", "core")
EXTENTS = ("withoutBlobValue", "withBlobValue")
READ_ONLY = "there is no place for written content; what is served comes from the devices"
STATUS = {
    "not-found": 404, "exists": 409, "generated": 405, "invalid": 400, "no-value": 400,
    "no-metadata": 400, "no-paths": 400, "not-a-file": 405, "full": 507, "unavailable": 503,
}  # fmt: skip
"""What an AasError of a reason is over HTTP."""


def api_error(error: AasError) -> ApiError:
    """Give the answer for a failure of the AAS side."""
    status = STATUS.get(error.reason, 500)
    headers = {"allow": "GET, HEAD"} if status == 405 else {}
    return ApiError(status, f"{error.reason}: {error.detail}", headers)


class Documents:
    """The documents behind the paths of requests."""

    def __init__(self, port: AasPort) -> None:
        self.port = port
        self.aas: AasView = port.view

    @property
    def content(self) -> AasContent:
        """The written content.

        Raises:
            ApiError: 405 where nothing may be written at all.
        """
        if self.port.content is None:
            raise ApiError(405, READ_ONLY, {"allow": "GET, HEAD"})
        return self.port.content

    def shell(self, request: Request) -> DocumentView:
        """Find the shell of a request."""
        return document(self.aas.shells(), request.path_params["aas"])

    def concept(self, request: Request) -> DocumentView:
        """Find the concept description of a request."""
        return document(self.aas.concept_descriptions(), request.path_params["concept"])

    def submodel(self, request: Request) -> SubmodelView:
        """Find the submodel of a request, below a shell only if that shell refers to it."""
        wanted = identifier(request.path_params["submodel"])
        if "aas" in request.path_params and wanted not in submodel_ids(self.shell(request).model):
            raise ApiError(404, "this shell has no submodel with this id")
        found = self.aas.submodel(wanted)
        if found is None:
            raise ApiError(404, "there is no submodel with this id")
        return found

    async def prepared(self, request: Request) -> SubmodelView:
        """Find the submodel of a request, ready to be rendered."""
        found = self.submodel(request)
        await found.prepare()
        return found

    def paged(self, request: Request, bodies: Sequence[bytes]) -> Response:
        """Send a page of bodies, with an entity tag of everything served."""
        query = Query(request)
        first, end = window(query, len(bodies))
        return self.sent(request, page(bodies[first:end], first, end < len(bodies)))

    def sent(self, request: Request, body: bytes) -> Response:
        """Send JSON with an entity tag of everything served."""
        etag = f'"{self.aas.mark}-{self.aas.version:x}"'
        return tagged(etag, None if has_tag(request, etag) else body)


def document(documents: Sequence[DocumentView], encoded: str) -> DocumentView:
    """Find a document by the encoded id of a path."""
    wanted = identifier(encoded)
    for each in documents:
        if each.id == wanted:
            return each
    raise ApiError(404, "there is nothing with this id")


async def prepare(submodels: Iterable[SubmodelView]) -> None:
    """Make submodels ready to be rendered."""
    for each in submodels:
        await each.prepare()


def submodel_ids(shell: Mapping[str, object]) -> list[str]:
    """Give the ids of the submodels that a shell refers to."""
    references = shell.get("submodels", ())
    assert isinstance(references, list | tuple)
    return [str(reference["keys"][-1]["value"]) for reference in references]


def model_reference(kind: str, identifier_: str) -> bytes:
    """Write a reference to an identifiable."""
    keys = [{"type": kind, "value": identifier_}]
    return orjson.dumps({"type": "ModelReference", "keys": keys})


def shown(query: Query) -> tuple[bool, bool]:
    """Read `level` and `extent` as (deep, with the content of Blobs)."""
    blob = query.word("extent", EXTENTS) == EXTENTS[1]
    return query.word("level", LEVELS) == LEVELS[0], blob


async def json_of(request: Request) -> object:
    """Read a JSON body.

    Raises:
        ApiError: it is none.
    """
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"the body is not JSON: {error}") from error


def created(body: bytes, place: str) -> Response:
    """Answer that something was made."""
    return json_bytes(body, {"location": place}, 201)


def done() -> Response:
    """Answer that something was changed or removed."""
    return Response(None, 204)
