"""The write side of the repositories, for what people wrote; generated documents refuse it.

Source: IDTA-01002 (Part 2) 3.1, full profiles. PUT may create; PATCH is a merge patch (RFC 7386).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.aas.documents import (
    Documents,
    Handler,
    Table,
    created,
    done,
    json_of,
    submodel_ids,
)
from gateway.api.answers import ApiError, identifier
from gateway.core.errors import AasError

SHELL, SUBMODEL, CONCEPT = "AssetAdministrationShell", "Submodel", "ConceptDescription"
NO_OPERATIONS = (
    "this gateway reads machines and carries no operation out (이 게이트웨이는 읽기 전용입니다)"
)


class Writing:
    """Handlers of POST, PUT, PATCH and DELETE."""

    def __init__(self, found: Documents) -> None:
        self._served = found

    def table(self) -> Table:
        """Give the handlers."""
        made: Table = {
            "/shells": {"POST": self._post(SHELL)},
            "/shells/{aas}": {"PUT": self._put(SHELL, "aas"), "DELETE": self._delete(SHELL, "aas")},
            "/shells/{aas}/asset-information": {"PUT": self._put_asset},
            "/shells/{aas}/submodel-refs": {"POST": self._post_reference},
            "/shells/{aas}/submodel-refs/{submodel}": {"DELETE": self._delete_reference},
            "/submodels": {"POST": self._post(SUBMODEL)},
            "/concept-descriptions": {"POST": self._post(CONCEPT)},
            "/concept-descriptions/{concept}": {
                "PUT": self._put(CONCEPT, "concept"), "DELETE": self._delete(CONCEPT, "concept"),
            },
        }  # fmt: skip
        for above in ("", "/shells/{aas}"):
            made |= self._submodel(f"{above}/submodels/{{submodel}}")
        below = "/shells/{aas}/submodels/{submodel}"
        made[below]["DELETE"] = self._delete_below
        return made

    def _submodel(self, one: str) -> Table:
        many = f"{one}/submodel-elements"
        path = f"{many}/{{path}}"
        ways = ("invoke", "invoke/$value", "invoke-async", "invoke-async/$value")
        invoked: Table = {f"{path}/{way}": {"POST": self._invoke} for way in ways}
        return {
            one: {
                "PUT": self._put(SUBMODEL, "submodel"),
                "PATCH": self._merge,
                "DELETE": self._delete(SUBMODEL, "submodel"),
            },
            f"{one}/$metadata": {"PATCH": self._merge},
            f"{one}/$value": {"PATCH": self._value},
            many: {"POST": self._add},
            path: {
                "POST": self._add, "PUT": self._put_element, "PATCH": self._merge,
                "DELETE": self._remove,
            },
            f"{path}/$metadata": {"PATCH": self._merge},
            f"{path}/$value": {"PATCH": self._value},
            **invoked,
        }  # fmt: skip

    def _post(self, kind: str) -> Handler:
        async def post(request: Request) -> Response:
            model = await json_of(request)
            made = await self._served.content.create(kind, model)
            return created(orjson.dumps(model), f"{request.url.path}/{_encoded(made)}")

        return post

    def _put(self, kind: str, name: str) -> Handler:
        async def put(request: Request) -> Response:
            wanted = identifier(request.path_params[name])
            model = await json_of(request)
            new = await self._served.content.replace(kind, wanted, model)
            return created(orjson.dumps(model), request.url.path) if new else done()

        return put

    def _delete(self, kind: str, name: str) -> Handler:
        async def delete(request: Request) -> Response:
            wanted = identifier(request.path_params[name])
            await self._served.content.remove(kind, wanted)
            return done()

        return delete

    async def _put_asset(self, request: Request) -> Response:
        model = await json_of(request)

        def work(shell: dict[str, Any]) -> None:
            shell["assetInformation"] = model

        await self._served.content.change(SHELL, identifier(request.path_params["aas"]), work)
        return done()

    async def _post_reference(self, request: Request) -> Response:
        reference = await json_of(request)
        match reference:
            case {"keys": [*_, {"value": str(wanted)}]}:
                pass
            case _:
                raise ApiError(400, "the body is not a Reference")

        def work(shell: dict[str, Any]) -> None:
            if wanted in submodel_ids(shell):
                raise AasError("exists", wanted)
            shell.setdefault("submodels", []).append(reference)

        await self._served.content.change(SHELL, identifier(request.path_params["aas"]), work)
        return created(orjson.dumps(reference), f"{request.url.path}/{_encoded(wanted)}")

    async def _delete_reference(self, request: Request) -> Response:
        wanted = identifier(request.path_params["submodel"])
        shell = identifier(request.path_params["aas"])
        await self._served.content.change(SHELL, shell, _without(wanted))
        return done()

    async def _delete_below(self, request: Request) -> Response:
        """Take a submodel away, and the shell's reference to it."""
        submodel = self._served.submodel(request)
        await self._served.content.remove(SUBMODEL, submodel.id)
        shell = identifier(request.path_params["aas"])
        await self._served.content.change(SHELL, shell, _without(submodel.id))
        return done()

    async def _add(self, request: Request) -> Response:
        submodel, path = self._element(request)
        element = await json_of(request)
        made = await self._served.content.add_element(submodel, path, _object(element))
        place = request.url.path.partition("/submodel-elements")[0]
        return created(orjson.dumps(element), f"{place}/submodel-elements/{made}")

    async def _put_element(self, request: Request) -> Response:
        submodel, path = self._element(request)
        element = _object(await json_of(request))
        new = await self._served.content.put_element(submodel, path, element)
        return created(orjson.dumps(element), request.url.path) if new else done()

    async def _merge(self, request: Request) -> Response:
        submodel, path = self._element(request)
        await self._served.content.merge(submodel, path, _object(await json_of(request)))
        return done()

    async def _value(self, request: Request) -> Response:
        submodel, path = self._element(request)
        await self._served.content.set_value(submodel, path, await json_of(request))
        return done()

    async def _remove(self, request: Request) -> Response:
        await self._served.content.remove_element(*self._element(request))
        return done()

    def _element(self, request: Request) -> tuple[str, str]:
        self._served.content  # noqa: B018 - whether anything may be written comes first
        return self._served.submodel(request).id, request.path_params.get("path", "")

    async def _invoke(self, request: Request) -> Response:
        submodel = await self._served.prepared(request)
        if submodel.element(request.path_params["path"])["modelType"] != "Operation":
            raise ApiError(405, "only an Operation can be invoked", {"allow": "GET, HEAD"})
        raise ApiError(501, NO_OPERATIONS)


def _without(wanted: str) -> Callable[[dict[str, Any]], None]:
    def work(shell: dict[str, Any]) -> None:
        places = submodel_ids(shell)
        if wanted not in places:
            raise AasError("not-found", wanted)
        del shell["submodels"][places.index(wanted)]
        if not shell["submodels"]:
            del shell["submodels"]

    return work


def _object(given: object) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ApiError(400, "the body is not a JSON object")
    return given


def _encoded(identifier_: str) -> str:
    return base64.urlsafe_b64encode(identifier_.encode()).decode().rstrip("=")
