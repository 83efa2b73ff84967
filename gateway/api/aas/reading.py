"""The read side of the repositories: shells, submodels, elements, concept descriptions.

Source: IDTA-01002 (Part 2) 3.1, Asset Administration Shell, Submodel and Concept Description
Repository, read profiles.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.aas.documents import Documents, Handler, Table, model_reference, prepare, shown
from gateway.api.aas.filters import asset_links, named, semantic_id, with_links
from gateway.api.aas.ports import DocumentView, SubmodelView
from gateway.api.answers import Query, has_tag, tagged, window

FORMS = {"": "normal", "/$value": "value", "/$metadata": "metadata", "/$reference": "reference",
         "/$path": "path"}  # fmt: skip


class Reading:
    """Handlers of GET."""

    def __init__(self, found: Documents) -> None:
        self._served = found
        self._aas = found.aas

    def table(self) -> Table:
        """Give the handlers; those that are asked most come first."""
        made: Table = {}
        for above in ("", "/shells/{aas}"):
            one = f"{above}/submodels/{{submodel}}"
            # Suffixes come before the routes in which a path would take them for an element.
            for suffix, form in FORMS.items():
                made[f"{one}{suffix}"] = {"GET": self._rendered(form)}
                made[f"{one}/submodel-elements{suffix}"] = {"GET": self._elements(form)}
            for suffix, form in FORMS.items():
                path = f"{one}/submodel-elements/{{path}}{suffix}"
                made[path] = {"GET": self._rendered(form)}
        lists: dict[str, Handler] = {
            f"/submodels{suffix}": self._submodels(form) for suffix, form in FORMS.items()
        }
        return {**{path: {"GET": get} for path, get in self._documents(lists).items()}, **made}

    def _documents(self, lists: dict[str, Handler]) -> dict[str, Handler]:
        return {
            **lists,
            "/shells": self._shells,
            "/shells/$reference": self._shell_references,
            "/shells/{aas}": self._shell,
            "/shells/{aas}/$reference": self._shell_reference,
            "/shells/{aas}/asset-information": self._asset,
            "/shells/{aas}/submodel-refs": self._references,
            "/concept-descriptions": self._concepts,
            "/concept-descriptions/{concept}": self._concept,
        }

    def _chosen_shells(self, query: Query) -> Sequence[DocumentView]:
        links = asset_links(query.every("assetIds"))
        shells = with_links(self._aas.shells(), links)
        return [each for each in shells if named(query, each.id_short)]

    async def _shells(self, request: Request) -> Response:
        shells = self._chosen_shells(Query(request))
        return self._served.paged(request, [each.body for each in shells])

    async def _shell_references(self, request: Request) -> Response:
        shells = self._chosen_shells(Query(request))
        bodies = [model_reference("AssetAdministrationShell", each.id) for each in shells]
        return self._served.paged(request, bodies)

    async def _shell(self, request: Request) -> Response:
        return self._document(request, self._served.shell(request))

    async def _shell_reference(self, request: Request) -> Response:
        shell = self._served.shell(request)
        return self._served.sent(request, model_reference("AssetAdministrationShell", shell.id))

    async def _asset(self, request: Request) -> Response:
        shell = self._served.shell(request)
        return self._served.sent(request, orjson.dumps(shell.model["assetInformation"]))

    async def _references(self, request: Request) -> Response:
        references = self._served.shell(request).model.get("submodels", ())
        return self._served.paged(request, [orjson.dumps(each) for each in references])

    async def _concepts(self, request: Request) -> Response:
        query = Query(request)
        known = [c for c in self._aas.concept_descriptions() if named(query, c.id_short)]
        for name, member in (("isCaseOf", "isCaseOf"), ("dataSpecificationRef", "")):
            wanted = semantic_id(query.text(name))
            if wanted is not None:
                known = [each for each in known if wanted in _referred(each, member)]
        return self._served.paged(request, [each.body for each in known])

    async def _concept(self, request: Request) -> Response:
        return self._document(request, self._served.concept(request))

    def _document(self, request: Request, document: DocumentView) -> Response:
        etag = f'"{self._aas.mark}"'
        return tagged(etag, None if has_tag(request, etag) else document.body)

    def _submodels(self, form: str) -> Handler:
        async def listed(request: Request) -> Response:
            query = Query(request)
            deep, blob = shown(query)
            wanted = semantic_id(query.text("semanticId"))
            chosen = [
                each
                for each in self._aas.submodels()
                if wanted in (None, each.semantic_id) and named(query, each.id_short)
            ]
            if form == "path":
                await prepare(chosen)
                return self._served.paged(request, _all_paths(chosen, deep=deep))
            first, end = window(query, len(chosen))
            await prepare(chosen[first:end])
            # Only what is on the page is rendered.
            bodies = [b""] * first + [
                each.render("", form, deep=deep, blob=blob) for each in chosen[first:end]
            ]
            return self._served.paged(request, [*bodies, *[b""] * (len(chosen) - end)])

        return listed

    def _rendered(self, form: str) -> Handler:
        async def render(request: Request) -> Response:
            deep, blob = shown(Query(request))
            submodel = await self._served.prepared(request)
            path = request.path_params.get("path", "")
            etag = f'"{submodel.etag(path)}"'
            if form in {"normal", "value"} and has_tag(request, etag):
                return tagged(etag, None)
            return tagged(etag, submodel.render(path, form, deep=deep, blob=blob))

        return render

    def _elements(self, form: str) -> Handler:
        async def listed(request: Request) -> Response:
            query = Query(request)
            deep, blob = shown(query)
            submodel = await self._served.prepared(request)
            bodies = submodel.children(form, deep=deep, blob=blob)
            return self._served.paged(request, bodies)

        return listed


def _all_paths(submodels: Sequence[SubmodelView], *, deep: bool) -> list[bytes]:
    return [path for each in submodels for path in each.children("path", deep=deep)]


def _referred(concept: DocumentView, member: str) -> list[str]:
    if member:
        references = concept.model.get(member, ())
    else:
        specifications = concept.model.get("embeddedDataSpecifications", ())
        references = [each["dataSpecification"] for each in specifications]
    return [str(each["keys"][-1]["value"]) for each in references]
