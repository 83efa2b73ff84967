"""What only shows when keys, tags and files are looked at together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.config.devices import TagKeys
from gateway.config.findings import Span
from gateway.config.ids import RESERVED_SUBMODELS
from gateway.config.load import DeviceFile, Folder
from gateway.config.models import GatewayFile
from gateway.config.usage_checks import check_usage
from gateway.config.words import nearest
from gateway.config.yaml_reader import Document
from gateway.core.hosts import is_loopback
from gateway.core.kinds import Kinds, Problem
from gateway.core.romanise import ID_SHORT, ID_SHORT_MAX
from gateway.mapping.expression import ExpressionError, parse

CONFLICTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("expr", ("scale", "offset", "bit")),
    ("bit", ("scale", "offset", "range", "deadband")),
    ("values", ("scale", "offset", "expr", "type", "range", "deadband")),
    ("number", ("values",)),
)
"""A key of any tag and those that cannot stand beside it; a kind has more."""
NEEDS_NUMBERS = ("range", "deadband")
NOT_NUMBERS = ("string", "bool")


HISTORY_READER = "history"
"""The history store's place in the spool; a platform of this name would share its cursor."""


def check_folder(folder: Folder, kinds: Kinds) -> None:
    """Report everything that is wrong across a folder; marks tags and devices to leave out."""
    if folder.gateway is not None:
        check_gateway(folder.gateway, folder.document, kinds)
    _unique_devices(folder.devices)
    for device in folder.devices:
        check_device(device)


def check_gateway(gateway: GatewayFile, document: Document, kinds: Kinds) -> None:
    """Check gateway.yaml's sections against one another."""
    store = kinds.history(gateway.history.kind)
    _tell(document, ("history",), store.problems(gateway.history))
    _platforms(gateway, document, kinds)
    host = gateway.api.listen.rpartition(":")[0]
    if not is_loopback(host) and gateway.api.users is None:
        document.add("E1306", ("api", "listen"), address=gateway.api.listen)
    check_usage(gateway.usage, document, kinds.intakes)


def _platforms(gateway: GatewayFile, document: Document, kinds: Kinds) -> None:
    names: dict[str, int] = {}
    for place, platform in enumerate(gateway.platform):
        path = ("platform", place)
        if platform.name in names:
            line = document.span(("platform", names[platform.name], "name")).line
            document.add("E1218", (*path, "name"), name=platform.name, line=line)
        names.setdefault(platform.name, place)
        if platform.name == HISTORY_READER:
            document.add("E1220", (*path, "name"), name=platform.name)
        found = kinds.sink(platform.kind).problems(platform, document.path.parent)
        _tell(document, path, found)


def _tell(document: Document, path: tuple[Any, ...], problems: Iterable[Problem]) -> None:
    """Report what a kind of destination has found in its section."""
    for each in problems:
        document.add(each.code, (*path, *each.path), at_key=each.at_key, **each.facts)


def _unique_devices(devices: list[DeviceFile]) -> None:
    known: dict[str, DeviceFile] = {}
    for device in devices:
        first = known.setdefault(device.keys.device, device)
        if first is not device:
            device.spoiled = True
            name, file = device.keys.device, first.document.file
            device.document.add("E1201", device.named, device=name, file=file)


def check_device(device: DeviceFile) -> None:
    """Check one device file: its connection, then each tag, then the tags together."""
    _of_its_kind(device)
    if not device.keys.tags:
        device.document.add("W1505", ("tags",), at_key=True, device=device.keys.device)
    names: dict[str, int] = {}
    for place, tag in enumerate(device.keys.tags):
        first = names.setdefault(tag.name, place)
        if first != place:
            line = device.document.span(device.tag_path(first, "name")).line
            _spoil(device, place, "E1202", "name", name=tag.name, line=line)
        _tag(device, place, tag)
    _oee(device)


def _oee(device: DeviceFile) -> None:
    """Names of tags in `oee:` must be there; without one the figures are left out."""
    keys = device.keys.oee
    if keys is None:
        return
    names = [tag.name for tag in device.keys.tags]
    for key, name in keys.tags().items():
        if name not in names:
            near = nearest(name, names) or ""
            device.document.add("E1226", ("oee", key), key=key, name=name, near=near)
    if keys.good is not None and keys.defect is not None:
        device.document.add("E1208", ("oee", "defect"), at_key=True, key="defect", other="good")


def tell(device: DeviceFile, problem: Problem) -> None:
    """Report what a device's kind found."""
    path: tuple[Any, ...] = problem.path
    if problem.tag is not None:
        path = device.tag_path(problem.tag, *path)
    device.document.add(problem.code, path, at_key=problem.at_key, **problem.facts)


def _of_its_kind(device: DeviceFile) -> None:
    """Report what the kind finds, and leave out what is wrong."""
    for problem in device.kind.problems(device.keys, device.keys.tags, device.folder):
        tell(device, problem)
        if problem.wrong:
            device.spoiled |= problem.tag is None
            device.left_out |= set() if problem.tag is None else {problem.tag}


def _spoil(
    device: DeviceFile, place: int, code: str, /, *keys: Any, at_key: bool = False, **facts: object
) -> None:
    device.left_out.add(place)
    device.document.add(code, device.tag_path(place, *keys), at_key=at_key, **facts)


def _tag(device: DeviceFile, place: int, tag: TagKeys) -> None:
    given = tag.model_fields_set
    if len(given) > 2:
        _conflicts(device, place, tag, {_written(tag, key) for key in given})
    if tag.expr is not None:
        _expression(device, place, tag.expr)
    if tag.aas is not None:
        _element(device, place, tag.aas)
    if isinstance(tag.deadband, str) and tag.range is None:
        _spoil(device, place, "E1215", "deadband", value=tag.deadband)


def _written(tag: TagKeys, key: str) -> str:
    """Name a key as it stands in the file."""
    return type(tag).model_fields[key].alias or key


def _conflicts(device: DeviceFile, place: int, tag: TagKeys, given: set[str]) -> None:
    reads = device.kind.reads
    for key, others in (*CONFLICTS, *device.kind.conflicts):
        if key in given:
            for other in others:
                if other in given and not (reads and other == "type"):
                    _spoil(device, place, "E1208", other, at_key=True, key=other, other=key)
    if (reads(tag) if reads else tag.type) in NOT_NUMBERS:
        for key in NEEDS_NUMBERS:
            if key in given:
                other = f"type: {tag.type}"
                _spoil(device, place, "E1208", key, at_key=True, key=key, other=other)


def _expression(device: DeviceFile, place: int, text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        document = device.document
        span = document.span(device.tag_path(place, "expr"))
        line = document.lines[span.line - 1]
        start = line.find(text, span.column - 1)
        if start >= 0:
            span = Span(span.line, start + 1 + error.column, error.width)
        device.left_out.add(place)
        document.add_at("E1207", span, problem=f"@expr-{error.problem}", word=error.word)


def _element(device: DeviceFile, place: int, path: str) -> None:
    parts = path.split(".")
    wrong = [p for p in parts if not ID_SHORT.fullmatch(p) or len(p) > ID_SHORT_MAX]
    if wrong or len(parts) < 2:
        _spoil(device, place, "E1205", "aas", path=path, word=wrong[0] if wrong else path)
    elif parts[0] in RESERVED_SUBMODELS:
        _spoil(device, place, "E1217", "aas", submodel=parts[0])
