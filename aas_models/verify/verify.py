"""Runs all judges over a file or a document.

JSON says nothing of its metamodel: it is judged as 3.0 and as 3.1, unless one of them is asked
for. XML is judged as the metamodel of its namespace; aas-test-engines knows 3.0 only and judges
3.1 under the 3.0 namespace.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import orjson

from aas_models.elements import Json
from aas_models.importing import element_counts
from aas_models.importing.package import Package, model_parts
from aas_models.importing.report import Report
from aas_models.templates.check import check
from aas_models.templates.rules import bundled_for
from aas_models.verify.findings import Finding, Level, Subject, finding, limited
from aas_models.verify.judges import (
    NAMESPACE,
    core_json,
    core_xml,
    engines_json,
    engines_package,
    engines_xml,
)
from aas_models.verify.places import element_at
from aas_models.verify.structure import structure
from aas_models.verify.waivers import Waiver, waived
from gateway.core.errors import AasError

Metamodel = Literal["auto", "3.0", "3.1"]
BYTES_MAX = 512 * 1024 * 1024
_NAMESPACE = re.compile(rf"{re.escape(NAMESPACE)}(\d)/(\d)")
_DOCTYPE = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
JUDGE_FAILS = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)
"""What judges raise over input that they did not foresee: an objection, for it was not judged."""
KINDS = ("assetAdministrationShells", "submodels", "conceptDescriptions")


class Verdict:
    """Collects what is said of one subject."""

    def __init__(self, name: str, metamodel: Metamodel, language: str) -> None:
        self.name = name
        self.metamodel = metamodel
        self.language = language
        self.versions: list[str] = []
        self.judges: list[str] = []
        self.findings: list[Finding] = []
        self.document: Any = {}
        """The part that is being judged, to name the elements in it."""
        self.counts: dict[str, int] = dict.fromkeys((*KINDS, "elements"), 0)

    def ask(self, judge: str, question: Callable[[], Iterable[Finding]], part: str = "") -> None:
        """Ask one judge; what it says stands under the part of a package."""
        if judge not in self.judges:
            self.judges.append(judge)
        try:
            said = limited(question(), judge)
        except AasError as error:
            said = [finding(judge, str(error), "")]
        except JUDGE_FAILS as error:
            said = [finding(judge, f"the judge itself failed: {type(error).__name__}: {error}", "")]
        for each in said:
            where = f"{part}: {each.where}" if part and each.where else part or each.where
            element = each.element or element_at(each.where, self.document)
            self.findings.append(replace(each, where=where, element=element))

    def subject(self, waivers: Iterable[Waiver]) -> Subject:
        """Give the result with waivers applied."""
        return Subject(
            self.name,
            ", ".join(dict.fromkeys(self.versions)) or "?",
            self.counts,
            tuple(self.judges),
            tuple(waived(self.findings, waivers, self.versions)),
        )


def verify_file(
    path: Path, waivers: Sequence[Waiver], metamodel: Metamodel = "auto", language: str = "en"
) -> Subject:
    """Judge an AASX, XML or JSON file as it stands: nothing is repaired first.

    Raises:
        OSError: it cannot be read.
    """
    verdict = Verdict(path.name, metamodel, language)
    if path.stat().st_size > BYTES_MAX:
        verdict.ask("reading", lambda: [finding("reading", f"more than {BYTES_MAX} bytes", "")])
        return verdict.subject(waivers)
    data = path.read_bytes()
    try:
        if data.startswith(b"PK"):
            _package(data, verdict)
        else:
            _part(data, "", verdict)
    except AasError as error:
        said = finding("reading", str(error), "")
        verdict.ask("reading", lambda: [said])
    return verdict.subject(waivers)


def verify_document(
    name: str,
    document: Json,
    waivers: Sequence[Waiver],
    metamodel: Metamodel = "auto",
    language: str = "en",
    further: Iterable[Finding] = (),
) -> Subject:
    """Judge an environment that was fetched; `further` was found while fetching."""
    verdict = Verdict(name, metamodel, language)
    _document(document, "", verdict)
    said = list(further)
    if said:
        verdict.ask("reading", lambda: said)
    return verdict.subject(waivers)


def _package(data: bytes, verdict: Verdict) -> None:
    package = Package(data, Report())
    verdict.ask("package", lambda: engines_package(io.BytesIO(data)))
    parts = list(model_parts(package))
    if not parts:
        verdict.ask("reading", lambda: [finding("reading", "no part holds an AAS model", "")])
    for part in parts:
        _part(package.read(part), part if len(parts) > 1 else "", verdict)


def _part(data: bytes, part: str, verdict: Verdict) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = finding("reading", f"is not UTF-8: {error.reason}", part)
        verdict.ask("reading", lambda: [said])
        return
    if text.lstrip().startswith("<"):
        _xml(text, part, verdict)
        return
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        said = finding("reading", f"is no JSON: {error}", part)
        verdict.ask("reading", lambda: [said])
        return
    _document(document, part, verdict)


def _document(document: Json, part: str, verdict: Verdict) -> None:
    wanted = verdict.metamodel
    verdict.document = document
    if wanted in {"auto", "3.0"}:
        verdict.versions.append("3.0")
        verdict.ask("engines", lambda: engines_json(document), part)
        verdict.ask("core-3.0", lambda: core_json(document, "core-3.0"), part)
    if wanted in {"auto", "3.1"}:
        verdict.versions.append("3.1")
        verdict.ask("core-3.1", lambda: core_json(document, "core-3.1"), part)
    verdict.ask("structure", lambda: structure(document), part)
    _content(document, part, verdict)


def _xml(text: str, part: str, verdict: Verdict) -> None:
    if _DOCTYPE.search(text):
        said = finding("reading", "a document type is not allowed", part)
        verdict.ask("reading", lambda: [said])
        return
    found = _NAMESPACE.search(text)
    version = f"{found[1]}.{found[2]}" if found else "?"
    verdict.versions.append(version)
    if version not in {"3.0", "3.1"}:
        said = finding("reading", f"no judge knows metamodel {version}: import it first", part)
        verdict.ask("reading", lambda: [said])
        return
    as_3_0 = text if version == "3.0" else text.replace(f"{NAMESPACE}3/1", f"{NAMESPACE}3/0")
    document: Json = {}
    verdict.document = {}

    def core() -> list[Finding]:
        nonlocal document
        said, document = core_xml(text, f"core-{version}")
        verdict.document = document
        return said

    verdict.ask(f"core-{version}", core, part)
    verdict.ask("engines", lambda: engines_xml(as_3_0), part)
    _content(document, part, verdict)


def _content(document: Any, part: str, verdict: Verdict) -> None:
    """Count what there is, and hold known submodels to their templates."""
    if not isinstance(document, dict):
        return
    for kind in KINDS:
        items = document.get(kind)
        verdict.counts[kind] += len(items) if isinstance(items, list) else 0
    verdict.counts["elements"] += sum(element_counts(document).values())
    verdict.ask("template", lambda: list(_templates(document, verdict.language)), part)


def _templates(document: Json, language: str) -> Iterable[Finding]:
    for submodel in document.get("submodels") or ():
        if not isinstance(submodel, dict) or submodel.get("kind") == "Template":
            continue
        rules = bundled_for(submodel)
        if rules is None:
            continue
        for issue in check(submodel, rules):
            level: Level = "warning" if issue.code == "unstated" else "error"
            yield Finding("template", level, issue.path, issue.text(language), issue.code)
