"""Registries and discovery, made of what is served: they are never out of date.

Endpoints carry the address at which the request came in. Source: IDTA-01002 (Part 2) 3.1, AAS and
Submodel Registry, Discovery, read profiles; `GET /lookup/shells` as 3.0 has it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.aas.documents import Documents, Handler, Table, document, json_of, submodel_ids
from gateway.api.aas.filters import asset_links, links_of, links_of_shell, with_links
from gateway.api.aas.ports import DocumentView, SubmodelView
from gateway.api.answers import ApiError, Query, identifier

VERSIONS = ("3.0", "3.1")
KEPT = ("idShort", "displayName", "description", "administration", "extensions")
ASSET_MEMBERS = ("assetKind", "assetType", "globalAssetId", "specificAssetIds")
FIXED = "descriptors and asset links follow from what is served; change the shell instead"


class Registry:
    """Handlers of the registries and of discovery."""

    def __init__(self, found: Documents) -> None:
        self._served = found
        self._aas = found.aas

    def table(self) -> Table:
        """Give the handlers."""
        fixed: dict[str, Handler] = dict.fromkeys(("POST", "PUT", "DELETE"), _fixed)
        return {
            "/shell-descriptors": {"GET": self._shells, **fixed},
            "/shell-descriptors/{aas}": {"GET": self._shell, **fixed},
            "/shell-descriptors/{aas}/submodel-descriptors": {"GET": self._of_shell, **fixed},
            "/shell-descriptors/{aas}/submodel-descriptors/{submodel}": {
                "GET": self._submodel, **fixed,
            },
            "/submodel-descriptors": {"GET": self._submodels, **fixed},
            "/submodel-descriptors/{submodel}": {"GET": self._submodel, **fixed},
            "/lookup/shells": {"GET": self._lookup},
            "/lookup/shellsByAssetLink": {"POST": self._by_link},
            "/lookup/shells/{aas}": {"GET": self._links, **fixed},
        }  # fmt: skip

    async def _shells(self, request: Request) -> Response:
        query = Query(request)
        kind, type_ = query.text("assetKind"), query.text("assetType")
        shells = [
            each
            for each in self._aas.shells()
            if kind in (None, each.model["assetInformation"].get("assetKind"))
            and (type_ is None or identifier(type_) == _asset_type(each))
        ]
        place = _base(request)
        return self._served.paged(request, [orjson.dumps(self._of(s, place)) for s in shells])

    async def _shell(self, request: Request) -> Response:
        made = self._of(self._served.shell(request), _base(request))
        return self._served.sent(request, orjson.dumps(made))

    async def _of_shell(self, request: Request) -> Response:
        made = self._parts(self._served.shell(request), _base(request))
        return self._served.paged(request, [orjson.dumps(each) for each in made])

    async def _submodels(self, request: Request) -> Response:
        place = _base(request)
        made = [orjson.dumps(_submodel(each, place)) for each in self._aas.submodels()]
        return self._served.paged(request, made)

    async def _submodel(self, request: Request) -> Response:
        made = _submodel(self._served.submodel(request), _base(request))
        return self._served.sent(request, orjson.dumps(made))

    def _of(self, shell: DocumentView, place: str) -> dict[str, Any]:
        asset = shell.model["assetInformation"]
        made = _kept(shell.model)
        made |= {key: asset[key] for key in ASSET_MEMBERS if key in asset}
        made["id"] = shell.id
        made["endpoints"] = _endpoints("AAS", f"{place}/shells/{_encoded(shell.id)}")
        if parts := self._parts(shell, place):
            made["submodelDescriptors"] = parts
        return made

    def _parts(self, shell: DocumentView, place: str) -> list[dict[str, Any]]:
        found = [self._aas.submodel(each) for each in submodel_ids(shell.model)]
        return [_submodel(each, place) for each in found if each is not None]

    async def _lookup(self, request: Request) -> Response:
        return self._ids(request, asset_links(Query(request).every("assetIds")))

    async def _by_link(self, request: Request) -> Response:
        return self._ids(request, links_of(await json_of(request)))

    def _ids(self, request: Request, links: Sequence[tuple[str, str]]) -> Response:
        shells = with_links(self._aas.shells(), links)
        return self._served.paged(request, [orjson.dumps(each.id) for each in shells])

    async def _links(self, request: Request) -> Response:
        shell = document(self._aas.shells(), request.path_params["aas"])
        pairs = [{"name": n, "value": v} for n, v in links_of_shell(shell.model)]
        return self._served.sent(request, orjson.dumps(pairs))


async def _fixed(_: Request) -> Response:
    raise ApiError(405, FIXED, {"allow": "GET, HEAD"})


def _asset_type(shell: DocumentView) -> str | None:
    given = shell.model["assetInformation"].get("assetType")
    return None if given is None else str(given)


def _submodel(submodel: SubmodelView, place: str) -> dict[str, Any]:
    made = _kept(submodel.model)
    made["id"] = submodel.id
    for key in ("semanticId", "supplementalSemanticIds"):
        if key in submodel.model:
            made[key] = submodel.model[key]
    made["endpoints"] = _endpoints("SUBMODEL", f"{place}/submodels/{_encoded(submodel.id)}")
    return made


def _kept(model: Mapping[str, Any]) -> dict[str, Any]:
    return {key: model[key] for key in KEPT if key in model}


def _endpoints(name: str, href: str) -> list[dict[str, Any]]:
    protocol = href.partition(":")[0]
    information = {
        "href": href,
        "endpointProtocol": protocol.upper(),
        "endpointProtocolVersion": ["1.1"],
        "securityAttributes": [{"type": "NONE", "key": "NONE", "value": "NONE"}],
    }
    return [{"interface": f"{name}-{v}", "protocolInformation": information} for v in VERSIONS]


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _encoded(identifier_: str) -> str:
    return base64.urlsafe_b64encode(identifier_.encode()).decode().rstrip("=")
