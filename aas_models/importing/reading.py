"""Reads any AAS file into a valid environment of metamodel 3.1."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aas_models.elements import Json
from aas_models.importing import detect
from aas_models.importing.limits import FILE_MAX
from aas_models.importing.old_xml import old_document
from aas_models.importing.package import Package, model_parts
from aas_models.importing.reading_json import json_document
from aas_models.importing.reading_xml import xml_document
from aas_models.importing.repairing import repair
from aas_models.importing.report import Imported, Report
from aas_models.importing.supplements import check_files, supplements
from aas_models.importing.texts import decoded, parsed
from aas_models.importing.upgrade import upgraded
from aas_models.importing.walk import Walk
from aas_models.metamodel.schema import IDENTIFIABLES
from gateway.core.errors import AasError

_OLD = 3


def read_path(path: Path) -> Imported:
    """Read an AASX, XML or JSON file; see `read_package`.

    Raises:
        AasError: see there.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size > FILE_MAX:
        raise AasError("too-large", f"{path.name}: {size} bytes")
    return read_package(path.read_bytes(), path.name)


def read_package(data: bytes, name: str) -> Imported:
    """Read the bytes of an AASX, XML or JSON file, whatever its name says.

    Args:
        data: the whole file.
        name: for messages.

    Returns:
        The environment with everything that was repaired.

    Raises:
        AasError: not an AAS file, damaged, hostile, too large, or without a single object. Never is
            a part of it given as if it were the whole.
    """
    if len(data) > FILE_MAX:
        raise AasError("too-large", f"{name}: {len(data)} bytes")
    report = Report()
    if detect.is_package(data):
        return _from_package(Package(data, report), name, report)
    document, version, raw = _read_model(data, name, report)
    return _finished(document, version, report, name, raw_text=raw)


def _from_package(package: Package, name: str, report: Report) -> Imported:
    models: list[tuple[Imported, bool]] = []
    used: list[str] = []
    problem: AasError | None = None
    for part in model_parts(package):
        try:
            document, version, raw = _read_model(package.read(part), part, report)
            models.append((_finished(document, version, report, part, raw_text=raw), raw))
        except AasError as error:
            if error.reason != "no-objects":
                raise
            problem = error
            continue
        used.append(part)
    if not models:
        raise problem or AasError("no-objects", f"{name}: no part holds an AAS model")
    whole = models[0][0] if len(models) == 1 else _joined(models, report)
    files, thumbnail = supplements(package, used)
    check_files(whole.environment, files, report)
    return replace(
        whole,
        repairs=tuple(report.repairs),
        lost=tuple(report.lost),
        files=files,
        thumbnail=thumbnail,
    )


def _read_model(data: bytes, name: str, report: Report) -> tuple[Json, str, bool]:
    text = decoded(data, name, report)
    if not text.strip("\ufeff \t\r\n\x00"):
        raise AasError("empty", f"{name} is empty")
    if detect.is_xml(text):
        root = parsed(text, name, report)
        version = detect.version_of_xml(root)
        if int(version.partition(".")[0]) < _OLD:
            document = upgraded(old_document(root))
        else:
            document = xml_document(root, name)
        raw = False
    else:
        document = json_document(text, name)
        version = detect.version_of_json(document)
        raw = True
        if int(version.partition(".")[0]) < _OLD:
            document = upgraded(document)
    if int(version.partition(".")[0]) < _OLD:
        report.add(name, "metamodel", "replaced", version, "3.1")
    return document, version, raw


def _joined(models: list[tuple[Imported, bool]], report: Report) -> Imported:
    """Join the models of a package; an object that is there as XML and as JSON counts once."""
    made: Json = {}
    seen: dict[tuple[str, str], tuple[Json, bool]] = {}
    for model, is_json in models:
        for member, items in model.environment.items():
            for each in items:
                same, form = seen.setdefault((member, each["id"]), (each, is_json))
                if form != is_json and same == each:
                    report.add(f"{member}/{each['id']}", "id-duplicate", "removed", each["id"])
                else:
                    made.setdefault(member, []).append(each)
    version = max(model.metamodel for model, _ in models)
    return _finished(made, version, report, "", raw_text=False)


def _finished(
    document: Json, version: str, report: Report, name: str, *, raw_text: bool
) -> Imported:
    walk = Walk(report, for_3_0=version < "3.1", raw_text=raw_text)
    environment = repair(walk, document)
    if not any(environment.get(member) for member in IDENTIFIABLES):
        raise AasError("no-objects", f"{name} holds no AAS, submodel or concept description")
    if raw_text and version == "3.1" and walk.fits_3_0:
        version = "3.0"
    return Imported(environment, version, tuple(report.repairs), tuple(report.lost))
