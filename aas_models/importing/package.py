"""Opens an AASX package: parts, content types, relationships, as the field writes them.

Source: Open Packaging Conventions (ECMA-376 Part 2) and the AASX specification (IDTA-01005).
Accepted beyond them: names that differ in case or slashes, relationship types of older versions,
internal targets marked External, no relationships at all, Korean file names of Windows tools.
"""

from __future__ import annotations

import io
import lzma
import mimetypes
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from aas_models.importing.limits import (
    ENTRIES_MAX,
    RATIO_FROM,
    RATIO_MAX,
    RELATIONSHIPS_MAX,
    UNPACKED_MAX,
)
from aas_models.importing.report import Report
from aas_models.importing.texts import KOREAN, decoded, parsed
from gateway.core.errors import AasError

CONTENT_TYPES = "/[Content_Types].xml"
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1
_MODEL_KINDS = frozenset(("aas-spec", "aas-spec-split"))
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Relationship:
    """From a part to another; `kind` is the last word of its type in lower case."""

    kind: str
    type: str
    target: str


class Package:
    """The parts of a package by name, such as /aasx/data.xml."""

    def __init__(self, data: bytes, report: Report) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except ZIP_ERRORS as error:
            raise AasError("not-a-package", str(error)) from error
        self.report = report
        self._parts = _checked(self._zip.infolist(), report)
        self._folded = {name.casefold(): name for name in reversed(self._parts)}
        self._types: tuple[dict[str, str], dict[str, str]] | None = None

    @property
    def names(self) -> list[str]:
        """Names of all parts that are files."""
        return list(self._parts)

    def find(self, name: str) -> str | None:
        """Give the name of the part that is meant: upper and lower case do not count (OPC)."""
        return self._folded.get(name.casefold())

    def read(self, name: str) -> bytes:
        """Give the content of a part.

        Raises:
            AasError: it is damaged or encrypted.
        """
        info = self._parts[name]
        if info.flag_bits & _ENCRYPTED_FLAG:
            raise AasError("encrypted", name)
        try:
            return self._zip.read(info)
        except ZIP_ERRORS as error:
            raise AasError("damaged", f"{name}: {error}") from error

    def relationships(self, source: str) -> list[Relationship]:
        """Give the relationships of a part; of the package itself for `/`."""
        folder, _, last = source.rpartition("/")
        part = self.find(f"{folder}/_rels/{last}.rels")
        if part is None:
            return []
        data = self.read(part)
        if len(data) > RELATIONSHIPS_MAX:
            raise AasError("too-large", part)
        root = parsed(decoded(data, part, self.report), part, self.report)
        found = []
        for each in root:
            kind, target = each.get("Type", ""), each.get("Target", "")
            if kind and target:
                name = kind.rstrip("/").rpartition("/")[2].casefold()
                found.append(Relationship(name, kind, resolved(folder, target)))
        return found

    def content_type(self, name: str) -> str:
        """Give the content type of a part, guessed where the package does not say."""
        if self._types is None:
            self._types = self._content_types()
        by_name, by_suffix = self._types
        suffix = name.rpartition(".")[2].casefold()
        return (
            by_name.get(name.casefold())
            or by_suffix.get(suffix)
            or mimetypes.guess_type(name)[0]
            or OCTETS
        )

    def _content_types(self) -> tuple[dict[str, str], dict[str, str]]:
        part = self.find(CONTENT_TYPES)
        by_name: dict[str, str] = {}
        by_suffix: dict[str, str] = {}
        if part is not None:
            for each in parsed(decoded(self.read(part), part, self.report), part, self.report):
                kind = each.get("ContentType", "")
                if "PartName" in each.attrib:
                    by_name[part_name(each.get("PartName", "")).casefold()] = kind
                elif "Extension" in each.attrib:
                    by_suffix[each.get("Extension", "").casefold()] = kind
        return by_name, by_suffix


def _checked(infos: list[zipfile.ZipInfo], report: Report) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > ENTRIES_MAX:
        raise AasError("too-large", f"{len(infos)} entries")
    total = 0
    parts: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        total += info.file_size
        if total > UNPACKED_MAX:
            raise AasError("too-large", f"more than {UNPACKED_MAX} bytes unpacked")
        packed = max(info.compress_size, 1)
        if info.file_size > RATIO_FROM and info.file_size > RATIO_MAX * packed:
            raise AasError("too-large", f"{info.filename!r} is packed {info.file_size // packed}:1")
        if info.is_dir() or info.filename.endswith("\\"):
            continue
        name = _safe(_entry_name(info))
        while name in parts:
            report.add(name, "part-name", "renamed", name, f"{name}~")
            name += "~"
        parts[name] = info
    return parts


def _entry_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: without the UTF-8 mark it is UTF-8 all the same, or Korean."""
    if info.flag_bits & _UTF8_FLAG or info.orig_filename.isascii():
        return info.orig_filename
    raw = info.orig_filename.encode("cp437", "replace")
    for encoding in ("utf-8", KOREAN):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def _safe(name: str) -> str:
    made = part_name(name)
    steps = made.split("/")
    if ".." in steps or "\x00" in name or (len(steps[1]) == 2 and steps[1].endswith(":")):
        raise AasError("unsafe-name", f"{name!r} leads out of the package")
    return made


def part_name(name: str) -> str:
    """Give a part name as it is looked up: one slash in front, none doubled, nothing encoded."""
    plain = unquote(name.replace("\\", "/"))
    return "/" + "/".join(
        step for step in plain.replace("\\", "/").split("/") if step not in {"", "."}
    )


def resolved(folder: str, target: str) -> str:
    """Give the name of a part that a relationship points to from a folder."""
    target = target.replace("\\", "/").partition("#")[0]
    if target.casefold().startswith("file:"):
        target = target[5:]
    steps: list[str] = []
    whole = target if target.startswith("/") else f"{folder}/{target}"
    for step in part_name(whole).split("/"):
        if step == "..":
            del steps[-1:]
        elif step:
            steps.append(step)
    return "/" + "/".join(steps)


def model_parts(package: Package) -> Iterator[str]:
    """Give the parts that hold models: through the relationships, else by their names.

    The old types (www.admin-shell.io, http or https) are told by their last word.
    """
    seen: set[str] = set()
    root = package.relationships("/")
    found = list(root)
    for origin in root:
        if origin.kind == "aasx-origin":
            found += package.relationships(origin.target)
    for each in found:
        if each.kind not in _MODEL_KINDS:
            continue
        part = package.find(each.target)
        if part is None:
            package.report.add(each.target, "part-missing", "read", each.target)
        elif part not in seen:
            seen.add(part)
            yield part
    if seen:
        return
    for name in package.names:
        if name.casefold().endswith((".aas.xml", ".aas.json", ".xml", ".json")) and not _is_frame(
            name
        ):
            package.report.add(name, "relationship", "read")
            yield name


def _is_frame(name: str) -> bool:
    folded = name.casefold()
    return "/_rels/" in folded or folded == CONTENT_TYPES.casefold() or "/docprops/" in folded
