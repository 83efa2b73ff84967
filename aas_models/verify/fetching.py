"""Fetches everything that a running AAS API shows, page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aas_models.elements import Json
from aas_models.verify.findings import Finding, finding

PAGE = 100
PAGES_MAX = 10_000
ROUTES = {
    "assetAdministrationShells": "shells",
    "submodels": "submodels",
    "conceptDescriptions": "concept-descriptions",
}

Get = Callable[[str, Mapping[str, str | int | None]], Any]
"""Gives the JSON of a GET below the base of the API, such as `/shells`."""


def fetch_environment(get: Get) -> tuple[Json, list[Finding]]:
    """Give the environment and what was wrong with the pages themselves.

    Raises what `get` raises.
    """
    document: Json = {}
    findings: list[Finding] = []
    for kind, route in ROUTES.items():
        items = _all(get, route, findings)
        if items:
            document[kind] = items
    return document, findings


def _all(get: Get, route: str, findings: list[Finding]) -> list[Json]:
    items: list[Json] = []
    seen: set[str] = set()
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        answer = get(f"/{route}", {"limit": PAGE, "cursor": cursor})
        found = answer.get("result") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            findings.append(finding("reading", "the answer has no result list", f"/{route}"))
            return items
        for item in found:
            identifier = str(item.get("id")) if isinstance(item, dict) else ""
            if identifier in seen:
                said = f"{identifier} stands on two pages"
                findings.append(finding("reading", said, f"/{route}"))
                continue
            seen.add(identifier)
            items.append(item)
        cursor = (answer.get("paging_metadata") or {}).get("cursor")
        if not cursor:
            return items
    findings.append(finding("reading", f"more than {PAGES_MAX} pages", f"/{route}"))
    return items
