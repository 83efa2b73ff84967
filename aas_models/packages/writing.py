"""Writes an environment as JSON, XML or AASX in metamodel 3.0 or 3.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from aas_models.elements import Json
from aas_models.importing.reading import read_package
from aas_models.importing.repairing import repair
from aas_models.importing.report import File, Repair, Report
from aas_models.importing.supplements import check_files
from aas_models.importing.walk import Walk
from aas_models.packages.aasx import aasx_bytes
from aas_models.packages.xml import xml_bytes
from gateway.core.errors import AasError

Format = Literal["json", "xml", "aasx"]
Metamodel = Literal["3.0", "3.1"]
CREATOR = "factory-telemetry-gateway"


@dataclass(frozen=True)
class Written:
    """The bytes of a file, and what had to change for its metamodel."""

    data: bytes
    repairs: tuple[Repair, ...] = ()


def write_package(
    environment: Json,
    form: Format,
    metamodel: Metamodel = "3.1",
    *,
    files: Mapping[str, File] | None = None,
    thumbnail: str | None = None,
    model_form: Literal["xml", "json"] = "xml",
    title: str | None = None,
) -> Written:
    """Write an environment; what its metamodel does not allow is repaired and reported.

    Args:
        environment: stays as it is.
        form: json, xml or aasx; documents and thumbnail go into an AASX only.
        metamodel: 3.0 or 3.1.
        files: other parts of the package by part name.
        thumbnail: name of the part that is the thumbnail.
        model_form: what is inside an AASX.
        title: title in the core properties of an AASX; None: no properties of ours.

    Raises:
        AasError: the file does not read back as the same environment.
    """
    environment, repairs = valid_for(environment, metamodel)
    if form == "aasx" and files:
        report = Report()
        check_files(environment, files, report)
        repairs += tuple(each for each in report.repairs if each.problem == "part-name")
    inner = model_form if form == "aasx" else form
    if inner == "json":
        data = orjson.dumps(environment, option=orjson.OPT_INDENT_2)
    else:
        data = xml_bytes(environment, metamodel)
    if form == "aasx":
        data = aasx_bytes(data, inner, files, thumbnail, title, CREATOR)
    _check(environment, data, form)
    return Written(data, repairs)


def valid_for(environment: Json, metamodel: Metamodel) -> tuple[Json, tuple[Repair, ...]]:
    """Give a copy that is valid in a metamodel, and what had to change."""
    report = Report()
    copy = orjson.loads(orjson.dumps(environment))
    walk = Walk(report, for_3_0=metamodel == "3.0", raw_text=True)
    return repair(walk, copy), tuple(report.repairs)


def _check(environment: Json, data: bytes, form: str) -> None:
    if not environment:
        return
    back = read_package(data, form)
    changed = [each for each in back.repairs if each.problem != "part-missing"]
    if changed or back.lost:
        first = (*back.lost, *changed)[0]
        raise AasError("invalid", f"{first.path}: {first.problem} {first.was}")
    if back.environment != environment:
        raise AasError("round-trip", "the file does not read back as it was")
