"""Writes what the API serves as a file: JSON, XML, or AASX with its thumbnail and attachments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from aas_models.elements import Json, pruned
from aas_models.importing.report import File
from aas_models.packages import Format
from aas_models.packages.writing import write_package
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
    parts = {value: File(file.content_type, file.data) for value, file in files.items()}
    picture = None
    if thumbnail is not None:
        picture = f"/{thumbnail.name}"
        parts[picture] = File(thumbnail.content_type, thumbnail.data)
    made = write_package(clean, cast("Format", form), "3.1", files=parts, thumbnail=picture)
    return made.data
