"""Writes an AAS environment as a file: JSON, XML or AASX.

JSON is written by us, valid in 3.0 and 3.1. XML and the AASX package go through basyx, which knows
3.1 only; everything is read back before the file takes its name, because a package that opens
empty is worse than none. What we write uses nothing that 3.1 added, so that for 3.0 only the XML
namespace is another one.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import orjson

from aas_models.elements import Json, pruned
from aas_models.environment import Environment, build_environment
from aas_models.fragments import Fragments
from aas_models.live import Reading
from gateway.core.assets import AssetModel
from gateway.core.errors import AasError

Format = Literal["json", "xml", "aasx"]
Readings = Mapping[tuple[str, str], Reading]

Wholes = Mapping[str, Json]
Metamodel = Literal["3.0", "3.1"]

NAMESPACE = b"https://admin-shell.io/aas/"
AASX_PART = "/aasx/data.xml"
AASX_CREATOR = "factory-telemetry-gateway"


def export(
    models: Sequence[AssetModel],
    live: Readings,
    path: Path,
    form: Format,
    metamodel: Metamodel = "3.1",
    wholes: Wholes | None = None,
) -> int:
    """Write the AAS of these devices with their present values.

    Args:
        models: one for each device.
        live: value and type by (submodel id, idShort path); what is missing has no value.
        path: the file; replaced only when everything was written and could be read back.
        form: json, xml or aasx.
        metamodel: 3.0 or 3.1; the JSON is the same in both.
        wholes: submodels as the running service gave them, by id, whose elements come and go.

    Returns:
        The number of shells, submodels and concept descriptions written.

    Raises:
        AasError: a model is invalid, or the file does not read back whole.
        OSError: the file cannot be written.
    """
    document = filled(build_environment(models), live, wholes)
    count = sum(len(part) for part in document.values())
    data = rendered(document, form, path.name, metamodel)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)
    return count


def filled(environment: Environment, live: Readings, wholes: Wholes | None = None) -> Json:
    """Give the environment as one JSON document with live values put in; see `export`."""
    document: Json = orjson.loads(orjson.dumps(environment.as_json()))
    if wholes and "submodels" in document:
        document["submodels"] = [wholes.get(each["id"], each) for each in document["submodels"]]
    for part in document.get("submodels", ()):
        for path, model in _properties(part.get("submodelElements", ()), ""):
            reading = live.get((part["id"], path))
            if reading is not None:
                model["valueType"] = reading.value_type
                if reading.value is not None:
                    model["value"] = reading.value
    made: Json = pruned(document)
    return made


def _properties(children: Sequence[Json], above: str) -> list[tuple[str, Json]]:
    found: list[tuple[str, Json]] = []
    for child in children:
        path = f"{above}.{child['idShort']}" if above else str(child["idShort"])
        if child["modelType"] == "SubmodelElementCollection":
            found += _properties(child.get("value", ()), path)
        elif child["modelType"] == "Property":
            found.append((path, child))
    return found


def rendered(
    document: Json, form: Format, name: str = "export", metamodel: Metamodel = "3.1"
) -> bytes:
    """Give a document as the bytes of a file; see `export`."""
    if form == "json":
        return orjson.dumps(document, option=orjson.OPT_INDENT_2)
    store = to_basyx(document)
    data = _xml(store) if form == "xml" else _aasx(store, name)
    back = _read_back(data, form)
    missing = {item.id for item in store} ^ {item.id for item in back}
    if missing:
        raise AasError("round-trip", f"{len(missing)} objects differ, such as {min(missing)}")
    return data if metamodel == "3.1" else _as_3_0(data, form)


def _as_3_0(data: bytes, form: Format) -> bytes:
    if form == "xml":
        return data.replace(NAMESPACE + b"3/1", NAMESPACE + b"3/0")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == AASX_PART.lstrip("/"):
                content = content.replace(NAMESPACE + b"3/1", NAMESPACE + b"3/0")
            new.writestr(part, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def to_basyx(document: Json) -> Any:
    """Read a JSON document into a basyx store, strictly.

    Raises:
        AasError: basyx refuses it, or reads fewer objects than there are.
    """
    from basyx.aas.adapter.json import read_aas_json_file

    text = io.StringIO(orjson.dumps(document).decode())
    try:
        store = read_aas_json_file(text, failsafe=False)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise AasError("invalid", str(error)) from error
    expected = sum(len(part) for part in document.values())
    if len(store) != expected:
        raise AasError("invalid", f"{len(store)} of {expected} objects were read")
    return store


def _xml(store: Any) -> bytes:
    from basyx.aas.adapter.xml import write_aas_xml_file

    out = io.BytesIO()
    write_aas_xml_file(out, store)
    return out.getvalue()


def _aasx(store: Any, name: str) -> bytes:
    from basyx.aas import model
    from basyx.aas.adapter.aasx import AASXWriter
    from pyecma376_2.package_model import OPCCoreProperties  # type: ignore[attr-defined]

    properties: Any = OPCCoreProperties()  # type: ignore[no-untyped-call]
    properties.creator = AASX_CREATOR
    properties.title = name
    out = io.BytesIO()
    with AASXWriter(out, failsafe=False) as writer:
        writer.write_aas_objects(
            AASX_PART,
            [item.id for item in store if isinstance(item, model.Identifiable)],
            store,
            _no_files(),
        )
        writer.write_core_properties(properties)
    return out.getvalue()


def _read_back(data: bytes, form: Format) -> Any:
    from basyx.aas import model
    from basyx.aas.adapter.aasx import AASXReader
    from basyx.aas.adapter.xml import read_aas_xml_file

    if form == "xml":
        return read_aas_xml_file(io.BytesIO(data), failsafe=False)
    store: Any = model.DictIdentifiableStore()
    with AASXReader(io.BytesIO(data), failsafe=False) as reader:
        reader.read_into(store, _no_files())
    return store


def _no_files() -> Any:
    from basyx.aas.adapter.aasx import DictSupplementaryFileContainer

    return DictSupplementaryFileContainer()  # type: ignore[no-untyped-call]


def readings_of(model: Json) -> dict[tuple[str, str], Reading]:
    """Read the values of a submodel in normal form, such as the running service sends."""
    return {
        (str(model["id"]), path): Reading(child.get("value"), str(child["valueType"]))
        for path, child in _properties(model.get("submodelElements", ()), "")
    }


def values_only(model: Json) -> Any:
    """Give the value-only form of a submodel in normal form."""
    fragments = Fragments(model, {})
    return orjson.loads(fragments.value(fragments.root, deep=True))
