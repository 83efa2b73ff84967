"""Writes what the API serves as XML or AASX, with its thumbnail and attachments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from aas_models.importing.report import File
from aas_models.packages import write_package
from gateway.core.files import NamedFile


def package(
    document: Mapping[str, Any],
    form: Literal["xml", "aasx"],
    metamodel: Literal["3.0", "3.1"],
    files: Mapping[str, NamedFile],
    thumbnail: NamedFile | None,
) -> bytes:
    """Write an environment.

    Args:
        document: the environment as JSON.
        form: xml or aasx.
        metamodel: 3.0 or 3.1.
        files: by the value of the File element that names it; only an AASX carries them.
        thumbnail: of the shell, for an AASX.

    Raises:
        AasError: the content cannot be written in this form.
    """
    parts = {value: File(file.content_type, file.data) for value, file in files.items()}
    name = None
    if thumbnail is not None:
        name = f"/{thumbnail.name}"
        parts[name] = File(thumbnail.content_type, thumbnail.data)
    written = write_package(
        dict(document), form, metamodel, files=parts, thumbnail=name, title="environment"
    )
    return written.data
