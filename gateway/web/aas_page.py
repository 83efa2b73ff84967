"""A page of the AAS tree with live values, for people: Korean or English, on any width.

Nothing is loaded from elsewhere. The values are in the page; a small script asks for newer ones,
and without it reloading shows them.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.core.texts import Language
from gateway.web.texts import TEXTS, language_of, text_in

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
STATIC = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
CHILDREN = {
    "SubmodelElementCollection": "value",
    "SubmodelElementList": "value",
    "Entity": "statements",
    "AnnotatedRelationshipElement": "annotations",
}
OPEN_MAX = 60
"""A submodel with more elements begins folded."""


class Document(Protocol):
    """A shell or concept description."""

    @property
    def id(self) -> str: ...
    @property
    def id_short(self) -> str: ...
    @property
    def model(self) -> Mapping[str, Any]: ...


class Submodel(Protocol):
    """A submodel with live values."""

    @property
    def id(self) -> str: ...

    async def prepare(self) -> None:
        """Do in a worker thread what rendering would hold up the event loop with."""

    def render(self, path: str, form: str) -> bytes:
        """Give JSON of the submodel (path "", form `normal`)."""


class Shells(Protocol):
    """What the page shows."""

    def shells(self) -> Sequence[Document]: ...
    def submodels(self) -> Sequence[Submodel]: ...
    def concept_descriptions(self) -> Sequence[Document]: ...


def page_routes(aas: Shells, gateway: str, site: Mapping[str, str]) -> list[Route]:
    """Make the page, its two files, and the way to it from `/`.

    Args:
        gateway: its id, for a head without a name.
        site: names of the site by language.
    """
    page = _Page(aas, gateway, site)
    return [
        Route("/", page.home, methods=["GET"]),
        Route("/aas", page.tree, methods=["GET"]),
        Route("/aas/{name}", _static, methods=["GET"]),
    ]


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        return RedirectResponse("/aas")
    body = files("gateway.web").joinpath("static", name).read_bytes()
    return Response(body, 200, {"cache-control": "no-cache"}, STATIC[name])


class _Page:
    def __init__(self, aas: Shells, gateway: str, site: Mapping[str, str]) -> None:
        self._aas = aas
        self._gateway = gateway
        self._site = site

    async def home(self, request: Request) -> Response:
        """Name what is here, the tree first."""
        language = language_of(request)
        texts = TEXTS[language]
        links = (
            (f"/aas?lang={language}", texts["tree"]),
            ("/api/status", texts["status"]),
            ("/description", texts["description"]),
            ("/metrics", texts["metrics"]),
        )
        items = "".join(f'<li><a href="{to}">{escape(text)}</a></li>' for to, text in links)
        return self._sent(language, f"<ul class=links>{items}</ul>", "/", live=False)

    async def tree(self, request: Request) -> Response:
        """Show every shell with its submodels."""
        language = language_of(request)
        aas = self._aas
        submodels = aas.submodels()
        for each in submodels:
            await each.prepare()
        rendered = {each.id: each.render("", "normal") for each in submodels}
        shells, concepts = list(aas.shells()), aas.concept_descriptions()
        body = await asyncio.to_thread(_tree, shells, rendered, concepts, language)
        return self._sent(language, body or f"<p>{escape(TEXTS[language]['nothing'])}</p>", "/aas")

    def _sent(self, language: Language, body: str, path: str, *, live: bool = True) -> Response:
        texts = TEXTS[language]
        other: Language = "en" if language == "ko" else "ko"
        site = self._site
        name = site.get(language) or next(iter(site.values()), "") or self._gateway
        script = '<script src="/aas/page.js" defer></script>' if live else ""
        state = f"<p id=state role=status>{escape(texts['read'])}</p>" if live else ""
        html = (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(texts['title'])} - {escape(name)}</title>"
            f'<link rel="stylesheet" href="/aas/page.css">{script}</head>'
            f'<body data-live="{escape(texts["live"])}" data-lost="{escape(texts["lost"])}">'
            f"<header><div><h1>{escape(name)}</h1><p>{escape(texts['title'])}</p></div>"
            f'<a href="{path}?lang={other}" hreflang="{other}">{TEXTS[other]["own-name"]}</a>'
            f"</header>{state}<main>{body}</main></body></html>"
        )
        headers = {
            "content-security-policy": CSP,
            "cache-control": "no-store",
            "vary": "Accept-Language",
        }
        return Response(html, 200, headers, "text/html; charset=utf-8")


def _tree(
    shells: Sequence[Document],
    found: dict[str, bytes],
    concepts: Sequence[Document],
    language: Language,
) -> str:
    """Write the shells; 10,000 elements take too long for the event loop."""
    units = _units(concepts)
    body = "".join(_shell(each, found, units, language) for each in shells)
    rest = "".join(_submodel(each, units, language) for each in found.values())
    if rest:
        title = escape(TEXTS[language]["without-shell"])
        body += f"<section class=shell><h2>{title}</h2>{rest}</section>"
    return body


def _shell(
    shell: Document, found: dict[str, bytes], units: Mapping[str, str], language: Language
) -> str:
    """Show a shell; its submodels are taken out of `found`."""
    references = shell.model.get("submodels", ())
    wanted = [str(each["keys"][-1]["value"]) for each in references]
    parts = [part for each in wanted if (part := found.pop(each, None)) is not None]
    asset = str(shell.model["assetInformation"].get("globalAssetId", ""))
    inner = "".join(_submodel(each, units, language) for each in parts)
    name = escape(text_in(shell.model.get("displayName"), language) or shell.id_short or shell.id)
    return (
        f"<section class=shell><h2>{name}</h2><p class=id>{escape(asset or shell.id)}</p>"
        f"{inner}</section>"
    )


def _submodel(rendered: bytes, units: Mapping[str, str], language: Language) -> str:
    whole = orjson.loads(rendered)
    identifier, id_short = str(whole["id"]), str(whole.get("idShort", ""))
    rows = "".join(_rows(whole.get("submodelElements", ()), "", units, language))
    name = text_in(whole.get("displayName"), language) or id_short or identifier
    opened = " open" if rows.count("<dt") <= OPEN_MAX and id_short in OPENED else ""
    encoded = base64.urlsafe_b64encode(identifier.encode()).decode().rstrip("=")
    return (
        f"<details class=submodel data-submodel={encoded}{opened}>"
        f"<summary>{escape(name)}</summary>"
        f"<dl>{rows or '<dt>&nbsp;</dt><dd>-</dd>'}</dl></details>"
    )


OPENED = frozenset({"OperationalData"})


def _rows(
    elements: Sequence[Mapping[str, Any]], above: str, units: Mapping[str, str], language: Language
) -> Iterator[str]:
    for place, element in enumerate(elements):
        id_short = str(element.get("idShort", f"[{place}]"))
        path = above + (id_short if id_short.startswith("[") else f".{id_short}")
        path = path.removeprefix(".")
        name = escape(text_in(element.get("displayName"), language) or id_short)
        small = f" <small>{escape(id_short)}</small>" if name != escape(id_short) else ""
        children = element.get(CHILDREN.get(str(element["modelType"]), ""))
        if isinstance(children, list):
            inner = "".join(_rows(children, path, units, language))
            yield f"<dt class=group>{name}{small}</dt><dd class=group><dl>{inner}</dl></dd>"
            continue
        unit = _unit(element, units)
        yield (
            f"<dt>{name}{small}</dt>"
            f'<dd><span data-path="{escape(path)}">{escape(_value(element, language))}</span>'
            f"{f' <span class=unit>{escape(unit)}</span>' if unit else ''}</dd>"
        )


def _value(element: Mapping[str, Any], language: Language) -> str:
    value = element.get("value")
    match element["modelType"]:
        case "MultiLanguageProperty":
            return text_in(value, language) or "-"
        case "Range":
            return f"{element.get('min', '')} … {element.get('max', '')}"
        case "ReferenceElement" if value:
            return " / ".join(str(key["value"]) for key in value["keys"])
        case "Operation" | "Capability" | "RelationshipElement" | "BasicEventElement":
            return str(element["modelType"])
        case _:
            return "-" if value is None else str(value)


def _unit(element: Mapping[str, Any], units: Mapping[str, str]) -> str:
    references = [element.get("semanticId"), *element.get("supplementalSemanticIds", ())]
    ids = [str(each["keys"][-1]["value"]) for each in references if each]
    return next((units[each] for each in reversed(ids) if each in units), "")


def _units(concepts: Sequence[Document]) -> dict[str, str]:
    units: dict[str, str] = {}
    for concept in concepts:
        for each in concept.model.get("embeddedDataSpecifications", ()):
            unit = each.get("dataSpecificationContent", {}).get("unit")
            if unit:
                units[concept.id] = str(unit)
    return units
