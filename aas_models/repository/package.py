"""Writes what the API serves as a file: JSON, XML, or AASX with its thumbnail and attachments."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import orjson

from aas_models.elements import Json, pruned
from aas_models.export import AASX_PART, rendered, to_basyx
from gateway.core.errors import AasError
from gateway.core.files import NamedFile


def package(
    document: Mapping[str, Any],
    form: str,
    files: Mapping[str, NamedFile],
    thumbnail: NamedFile | None,
) -> bytes:
    """Write an environment.

    Args:
        document: the environment as JSON.
        form: json, xml or aasx.
        files: by the value of the File element that names it; only an AASX carries them.
        thumbnail: of the shell, for an AASX.

    Raises:
        AasError: the content cannot be written in this form.
    """
    clean: Json = pruned(dict(document))
    match form:
        case "json":
            return orjson.dumps(clean)
        case "xml":
            return rendered(clean, "xml")
        case _ if not files and thumbnail is None:
            return rendered(clean, "aasx")
        case _:
            return _aasx(clean, files, thumbnail)


def _aasx(document: Json, files: Mapping[str, NamedFile], thumbnail: NamedFile | None) -> bytes:
    from basyx.aas.adapter.aasx import AASXWriter, DictSupplementaryFileContainer

    store = to_basyx(document)
    container: Any = DictSupplementaryFileContainer()  # type: ignore[no-untyped-call]
    for value, file in files.items():
        if container.add_file(value, io.BytesIO(file.data), file.content_type) != value:
            raise AasError("invalid", f"two files have the name {value}")
    out = io.BytesIO()
    with AASXWriter(out) as writer:
        writer.write_aas_objects(AASX_PART, [item.id for item in store], store, container)
        if thumbnail is not None:
            name = f"/{thumbnail.name}"
            writer.write_thumbnail(name, bytearray(thumbnail.data), thumbnail.content_type)
    return out.getvalue()
