"""Writes the AAS of devices with their present values as a file: JSON, XML or AASX.

Everything is read back before the file takes its name, because a package that opens empty is worse
than none.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import orjson

from aas_models.elements import Json, pruned
from aas_models.environment import Environment, build_environment
from aas_models.fragments import Fragments
from aas_models.importing.report import File
from aas_models.live import Reading
from aas_models.packages import Format, Metamodel, write_package
from gateway.core.assets import AssetModel
from gateway.core.errors import AasError

Readings = Mapping[tuple[str, str], Reading]

__all__ = [
    "Format",
    "Metamodel",
    "Readings",
    "export",
    "filled",
    "readings_of",
    "rendered",
    "to_basyx",
    "values_only",
]


def export(
    models: Sequence[AssetModel],
    live: Readings,
    path: Path,
    form: Format,
    metamodel: Metamodel = "3.1",
    *,
    files: Mapping[str, File] | None = None,
    thumbnail: str | None = None,
    model_form: Literal["xml", "json"] = "xml",
) -> int:
    """Write the AAS of these devices with their present values.

    Args:
        models: one for each device.
        live: value and type by (submodel id, idShort path); what is missing has no value.
        path: the file; replaced only when everything was written and could be read back.
        form: json, xml or aasx.
        metamodel: 3.0 or 3.1; the JSON is the same in both.
        files: documents of the package by part name, for AASX.
        thumbnail: the part name of its thumbnail.
        model_form: what is inside an AASX, xml or json.

    Returns:
        The number of shells, submodels and concept descriptions written.

    Raises:
        AasError: a model is invalid, or the file does not read back whole.
        OSError: the file cannot be written.
    """
    document = filled(build_environment(models), live)
    count = sum(len(part) for part in document.values())
    written = write_package(
        document,
        form,
        metamodel,
        files=files,
        thumbnail=thumbnail,
        model_form=model_form,
        title=path.name,
    )
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(written.data)
    partial.replace(path)
    return count


def filled(environment: Environment, live: Readings) -> Json:
    """Give the environment as one JSON document with live values put in."""
    document: Json = orjson.loads(orjson.dumps(environment.as_json()))
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
    return write_package(document, form, metamodel, title=name).data


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
