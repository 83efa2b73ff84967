"""Writes an AASX package: model, documents, thumbnail; the same bytes each time.

Source: AASX specification (IDTA-01005) 3.1 and Open Packaging Conventions (ECMA-376 Part 2).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from aas_models.importing.report import File

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_AASX = "http://admin-shell.io/aasx/relationships"
ORIGIN_TYPE: Final = f"{_AASX}/aasx-origin"
MODEL_TYPE: Final = f"{_AASX}/aas-spec"
SUPPLEMENT_TYPE: Final = f"{_AASX}/aas-suppl"
THUMBNAIL_TYPE: Final = f"{_PACKAGE}/relationships/metadata/thumbnail"
PROPERTIES_TYPE: Final = f"{_PACKAGE}/relationships/metadata/core-properties"
PROPERTIES_CONTENT: Final = "application/vnd.openxmlformats-package.core-properties+xml"
PROPERTIES_PART: Final = "/docProps/core.xml"
ORIGIN_PART: Final = "/aasx/aasx-origin"
ORIGIN_TEXT: Final = b"Intentionally empty."
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_READ_WRITE = 0o644 << 16
_SAFE_IN_NAMES = "/-_.!~*'();:@&=+$,"


def aasx_bytes(
    model: bytes,
    suffix: str,
    files: Mapping[str, File] | None = None,
    thumbnail: str | None = None,
    title: str | None = None,
    creator: str = "",
) -> bytes:
    """Give a package with one model.

    Args:
        model: XML or JSON.
        suffix: xml or json.
        files: other parts by part name, such as /aasx/files/manual.pdf.
        thumbnail: name of the part that is the thumbnail of the package.
        title, creator: core properties; none are written without a title, or when `files` has them.
    """
    parts = dict(files or {})
    if title is not None:
        parts.setdefault(PROPERTIES_PART, _properties(title, creator))
    model_part = _free(f"/aasx/data.{suffix}", parts)
    origin = _free(ORIGIN_PART, parts)
    root = [(ORIGIN_TYPE, origin)]
    if thumbnail is not None and thumbnail in parts:
        root.append((THUMBNAIL_TYPE, thumbnail))
    properties = {name for name, part in parts.items() if part.content_type == PROPERTIES_CONTENT}
    root += [(PROPERTIES_TYPE, name) for name in sorted(properties)[:1]]
    supplements = [(SUPPLEMENT_TYPE, name) for name in sorted(parts) if name not in properties]
    written = {name: part.data for name, part in parts.items()}
    written[origin], written[model_part] = ORIGIN_TEXT, model
    written["/_rels/.rels"] = _relationships(root)
    written[_rels_of(origin)] = _relationships([(MODEL_TYPE, model_part)])
    if supplements:
        written[_rels_of(model_part)] = _relationships(supplements)
    types = {name: part.content_type for name, part in parts.items()}
    types[model_part] = "text/xml" if suffix == "xml" else "application/json"
    types[origin] = "text/plain"
    return _zipped({"/[Content_Types].xml": _content_types(types), **written})


def _free(name: str, parts: Mapping[str, File]) -> str:
    taken = {each.casefold() for each in parts}
    stem, dot, suffix = name.partition(".")
    number, free = 2, name
    while free.casefold() in taken:
        free, number = f"{stem}-{number}{dot}{suffix}", number + 1
    return free


def _rels_of(name: str) -> str:
    folder, _, last = name.rpartition("/")
    return f"{folder}/_rels/{last}.rels"


def _written_name(name: str) -> str:
    """OPC part names are ASCII: other characters are percent-encoded."""
    return name if name.startswith("/[") else quote(name, safe=_SAFE_IN_NAMES)


def _relationships(pairs: Iterable[tuple[str, str]]) -> bytes:
    lines = [
        f'<Relationship Type="{kind}" Target={quoteattr(_written_name(target))} Id="r{number}"/>'
        for number, (kind, target) in enumerate(pairs, 1)
    ]
    body = "".join(lines)
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{body}</Relationships>'.encode()


def _content_types(types: Mapping[str, str]) -> bytes:
    rels = "application/vnd.openxmlformats-package.relationships+xml"
    lines = [
        f"<Override PartName={quoteattr(_written_name(name))} ContentType={quoteattr(kind)}/>"
        for name, kind in sorted(types.items())
    ]
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{rels}"/>{"".join(lines)}</Types>'
    ).encode()


def _properties(title: str, creator: str) -> File:
    text = (
        f'{_HEAD}<coreProperties xmlns="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:creator>{escape(creator)}</dc:creator><dc:title>{escape(title)}</dc:title>"
        "</coreProperties>"
    )
    return File(PROPERTIES_CONTENT, text.encode())


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name in sorted(parts):
            info = zipfile.ZipInfo(_written_name(name).lstrip("/"), _FIRST_DAY)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, _READ_WRITE
            info.create_system = 3
            package.writestr(info, parts[name])
    return out.getvalue()
