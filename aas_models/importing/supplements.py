"""The documents and pictures of a package, and the file elements that name them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from urllib.parse import quote, unquote

from aas_models.elements import Json
from aas_models.importing.members import URI_SAFE
from aas_models.importing.package import Package, part_name
from aas_models.importing.report import File, Report
from aas_models.metamodel.schema import CLASSES

_THUMBNAIL = "thumbnail"
_HOLDING = {
    kind: [
        (name, each)
        for name, each in fields.items()
        if each.kind == "element" or each.of == "OperationVariable"
    ]
    for kind, fields in CLASSES.items()
}
"""The members of each class that hold elements."""


def supplements(package: Package, models: Collection[str]) -> tuple[dict[str, File], str | None]:
    """Give all parts that are no model and no frame of the package, and the thumbnail's name."""
    frame = {*models, "/[content_types].xml"}
    thumbnail = None
    for each in package.relationships("/"):
        if each.kind == "aasx-origin":
            frame.add(package.find(each.target) or each.target)
        elif each.kind == _THUMBNAIL:
            thumbnail = package.find(each.target)
            if thumbnail is None:
                package.report.add(each.target, "part-missing", "read", each.target)
    for model in models:
        for each in package.relationships(model):
            if package.find(each.target) is None:
                package.report.add(each.target, "part-missing", "read", each.target)
    files = {
        name: File(package.content_type(name), package.read(name))
        for name in package.names
        if name not in frame and not _is_frame(name)
    }
    return files, thumbnail if thumbnail in files else None


def _is_frame(name: str) -> bool:
    folded = name.casefold()
    return folded == "/[content_types].xml" or "/_rels/" in folded


def check_files(environment: Json, files: Mapping[str, File], report: Report) -> None:
    """Let file elements name their parts as they are called; tell which are not there."""
    folded = {name.casefold(): name for name in files}
    for shell in environment.get("assetAdministrationShells", ()):
        picture = shell["assetInformation"].get("defaultThumbnail")
        if picture is not None:
            place = f"assetAdministrationShells/{shell.get('idShort') or shell['id']}"
            _check(
                picture, "path", folded, report, f"{place}#assetInformation.defaultThumbnail.path"
            )
    for model in environment.get("submodels", ()):
        above = f"submodels/{model.get('idShort') or model['id']}"
        for path, element in walked(model, above):
            if element["modelType"] == "File" and "value" in element:
                _check(element, "value", folded, report, f"{path}#value")


def _check(holder: Json, member: str, folded: Mapping[str, str], report: Report, path: str) -> None:
    given = holder[member]
    plain = given[5:] if given.casefold().startswith("file:") else given
    scheme, colon, _ = plain.partition(":")
    if colon and "/" not in scheme:
        return
    name = folded.get(part_name(unquote(plain)).casefold())
    if name is None:
        report.add(path, "part-missing", "read", given)
        return
    written = quote(name, safe=URI_SAFE.replace("%", "").replace("#", "").replace("?", ""))
    if written != given:
        report.add(path, "part-name", "replaced", given, written)
        holder[member] = written


def walked(holder: Json, path: str, first: bool = True) -> Iterator[tuple[str, Json]]:
    """Give all elements below a submodel or an element with their paths, each before its own."""
    for member, known in _HOLDING[holder.get("modelType", "OperationVariable")]:
        if member not in holder:
            continue
        if known.of == "OperationVariable":
            for variable in holder[member]:
                yield from walked(variable, path, first=False)
            continue
        items = holder[member] if known.many else [holder[member]]
        for index, each in enumerate(items):
            name = each.get("idShort")
            step = f"[{index}]" if name is None else f"{'/' if first else '.'}{name}"
            yield f"{path}{step}", each
            yield from walked(each, f"{path}{step}", first=False)
