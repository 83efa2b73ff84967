"""All AAS routes under every base path. Source: IDTA-01002 (Part 2), 3.0 and 3.1."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.aas.documents import Documents, Handler, Table, api_error
from gateway.api.aas.files import Files
from gateway.api.aas.ports import AasPort
from gateway.api.aas.reading import Reading
from gateway.api.aas.registry import Registry
from gateway.api.aas.serialization import Serialization
from gateway.api.aas.writing import Writing
from gateway.api.answers import ApiError
from gateway.core.errors import AasError

PREFIXES = ("/api/v3.0", "/api/v3.1")
QUERIES = "/query/{what}"


def aas_routes(port: AasPort) -> list[Route]:
    """Give one route for each path, with all its methods."""
    served = Documents(port)
    tables = [Files(served).table(), Reading(served).table(), Writing(served).table()]
    tables += [Registry(served).table(), Serialization(served).table()]
    tables += [{QUERIES: {"POST": _no_query}}]
    return [
        Route(path, _by_method(methods), methods=list(methods))
        for path, methods in _merged(tables).items()
    ]


def _merged(tables: list[Table]) -> Table:
    made: Table = {}
    for table in tables:
        for path, methods in table.items():
            made.setdefault(path, {}).update(methods)
    return dict(sorted(made.items(), key=lambda item: _order(item[0])))


def _order(path: str) -> tuple[bool, tuple[bool, ...]]:
    """Sort what viewers ask again and again to the front, and what a placeholder would swallow
    before it.
    """
    return not path.startswith("/submodels/"), tuple("{" in step for step in path.split("/"))


def _by_method(methods: dict[str, Handler]) -> Handler:
    async def handle(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        try:
            return await methods[method](request)
        except AasError as error:
            raise api_error(error) from error

    return handle


async def _no_query(_: Request) -> Response:
    raise ApiError(501, "the query language is not served yet")


class Versions:
    """Lets every route be found below `/api/v3.0` and `/api/v3.1` as well."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for prefix in PREFIXES:
            if scope["type"] == "http" and scope["path"].startswith(f"{prefix}/"):
                scope = {**scope, "root_path": prefix}
        await self._app(scope, receive, send)
