"""Reads all files of a configuration folder and checks each one's own keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.config.cut import report_cuts
from gateway.config.devices import Device, by_scheme, model_of
from gateway.config.findings import Report
from gateway.config.models import GatewayFile, gateway_model
from gateway.config.references import References
from gateway.config.shape import kind_of, known_keys, validated
from gateway.config.words import nearest
from gateway.config.yaml_reader import QUOTED, Document, read
from gateway.core.kinds import AnyKind, Kinds

GATEWAY_FILE = "gateway.yaml"
DEVICES_MAX = 1000
DEVICE_SUFFIXES = (".yaml", ".yml")
Overlay = Mapping[Path, bytes | None]
"""Contents that files are to have, as if they were written; None for one that is to go."""


@dataclass(slots=True)
class DeviceFile:
    """A device file that has the right keys; `places` gives each tag's place in the file."""

    document: Document
    kind: AnyKind
    keys: Device
    places: list[int]
    left_out: set[int] = field(default_factory=set)
    """Places in `keys.tags` of tags that are wrong."""
    spoiled: bool = False
    """Something beside its tags is wrong."""
    named: tuple[Any, ...] = ("device",)
    """Where its name stands."""
    share: Any = None
    """For the one device of a shared file that does something for all of them."""

    @property
    def folder(self) -> Path:
        """The configuration folder, where relative paths begin."""
        return self.document.path.parents[self.document.file.count("/")]

    def tag_path(self, place: int, *keys: Any) -> tuple[Any, ...]:
        """Give the path in the document of a tag of `keys.tags`."""
        return ("tags", self.places[place], *keys)


@dataclass(slots=True)
class Folder:
    """Everything read from one folder."""

    path: Path
    gateway: GatewayFile | None
    document: Document
    devices: list[DeviceFile]
    files: list[Path]
    edits: Overlay = field(default_factory=dict)


def load_folder(
    folder: Path,
    data: Path,
    environ: Mapping[str, str],
    kinds: Kinds,
    report: Report,
    *,
    keep_going: bool,
    overlay: Overlay | None = None,
) -> Folder:
    """Read gateway.yaml and the device files it names.

    Args:
        kinds: those that a device may be of.
        keep_going: leave a wrong tag out and keep the rest of its file.
        overlay: files as they would be; with it, a glob may match nothing yet.
    """
    references = References(folder, data, environ)
    path = folder / GATEWAY_FILE
    edits = overlay or {}
    main = read(path, GATEWAY_FILE, report, references.resolve, content=edits.get(path))
    gateway = _gateway(main, kinds)
    files = [path]
    devices = []
    for device_path in _device_files(folder, gateway, main, overlay):
        files.append(device_path)
        document = _document(device_path, folder, report, references, edits.get(device_path), kinds)
        device = _device(document, kinds, keep_going=keep_going)
        if device is not None:
            devices.append(device)
    return Folder(folder, gateway, main, devices, files + references.files, edits)


def _gateway(document: Document, kinds: Kinds) -> GatewayFile | None:
    if document.data is None and document.broken:
        return None
    if not isinstance(document.data, dict):
        _not_a_mapping(document)
        return None
    gateway, _ = validated(gateway_model(kinds), document, kinds.later)
    return gateway


def _not_a_mapping(document: Document) -> None:
    document.add("E1103", (), expected="@mapping", found=kind_of(document.data))


def _patterns(document: Document, gateway: GatewayFile | None) -> list[str]:
    """Give the globs even where something else in the file is wrong, to report all at once."""
    if gateway is not None:
        return gateway.devices
    found = document.data.get("devices") if isinstance(document.data, dict) else None
    globs = [found] if isinstance(found, str) else found
    if isinstance(globs, list) and all(isinstance(one, str) for one in globs):
        return globs
    return GatewayFile.model_fields["devices"].get_default() or []


def device_files(folder: Path, patterns: list[str]) -> list[Path]:
    """Give the files that the globs match, each once, sorted."""
    return sorted({path for pattern in patterns for path in _matches(folder, pattern)})


def _matches(folder: Path, pattern: str) -> list[Path]:
    try:
        return [path for path in folder.glob(pattern) if path.is_file()]
    except (ValueError, NotImplementedError, OSError):
        return []


def _device_files(
    folder: Path, gateway: GatewayFile | None, document: Document, overlay: Overlay | None
) -> Iterator[Path]:
    patterns = _patterns(document, gateway)
    edits = overlay or {}
    added = {
        path
        for path, content in edits.items()
        if content is not None and path.suffix in DEVICE_SUFFIXES
    }
    added.discard(folder / GATEWAY_FILE)
    for place, pattern in enumerate(patterns):
        if not _matches(folder, pattern) and overlay is None:
            path = ("devices", place) if len(patterns) > 1 else ("devices",)
            document.add("E1022", path, pattern=pattern)
    there = {path for path in device_files(folder, patterns) if edits.get(path, b"") is not None}
    yield from sorted(there | added)[:DEVICES_MAX]


def _document(
    path: Path,
    folder: Path,
    report: Report,
    references: References,
    content: bytes | None,
    kinds: Kinds,
) -> Document:
    name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
    return read(path, name, report, references.resolve, short_tags(kinds), content)


def _device(document: Document, kinds: Kinds, *, keep_going: bool) -> DeviceFile | None:
    if document.data is None and document.broken:
        return None
    report_cuts(document)
    if not isinstance(document.data, dict):
        _not_a_mapping(document)
        return None
    kind = _kind(document, kinds)
    if kind is None:
        return None
    document.data.setdefault("device", document.path.stem)
    model = model_of(kind)
    keys, problems = validated(model, document)
    tags = document.data.get("tags")
    places = list(range(len(tags))) if isinstance(tags, list) else []
    if keys is None and keep_going:
        keys, places = _without_bad_tags(model, document, problems)
    if keys is None:
        return None
    return DeviceFile(document, kind, keys, places, spoiled=document.broken)


def _without_bad_tags(
    model: type[Device], document: Document, problems: list[tuple[Any, ...]]
) -> tuple[Device | None, list[int]]:
    if any(len(path) < 2 or path[0] != "tags" for path in problems):
        return None, []
    bad = {path[1] for path in problems}
    tags = document.data["tags"]
    places = [place for place in range(len(tags)) if place not in bad]
    rest = {**document.data, "tags": [tags[place] for place in places]}
    keys, _ = validated(model, dataclasses.replace(document, data=rest))
    return keys, places


def _kind(document: Document, kinds: Kinds) -> AnyKind | None:
    connect = document.data.get("connect")
    if connect is None:
        near = nearest("connect", (str(key) for key in document.data)) or ""
        document.add("E1102", (near,) if near else (), at_key=bool(near), key="connect")
        return None
    known = by_scheme(kinds)
    scheme = scheme_of(str(connect))
    if scheme in known:
        return known[scheme]
    if scheme in kinds.later:
        document.add("E1110", ("connect",), word=scheme)
    else:
        near = nearest(scheme, (*known, *kinds.later)) or ""
        document.add("E1111", ("connect",), address=connect, near=near, known=", ".join(known))
    return None


def scheme_of(address: str) -> str:
    """Give what begins an address, up to its first colon: a path may follow without a host."""
    scheme, colon, _ = address.partition(":")
    return scheme if colon else ""


def short_tags(kinds: Kinds) -> Callable[[Node], None]:
    """Give what rewrites `- name: address` into its long form, keeping where everything stands."""
    return partial(_expand, kinds=kinds)


def _expand(root: Node, kinds: Kinds) -> None:
    if not isinstance(root, MappingNode):
        return
    nodes = {key.value: value for key, value in root.value if isinstance(key, ScalarNode)}
    connect, tags = nodes.get("connect"), nodes.get("tags")
    if not isinstance(connect, ScalarNode) or not isinstance(tags, SequenceNode):
        return
    kind = by_scheme(kinds).get(scheme_of(connect.value))
    if kind is None:
        return
    known = known_keys(model_of(kind), ("tags",))
    written = {key: node.value for key, node in nodes.items() if isinstance(node, ScalarNode)}
    for item in tags.value:
        if isinstance(item, MappingNode) and len(item.value) == 1:
            key, address = item.value[0]
            if isinstance(key, ScalarNode) and key.value not in known:
                meant = kind.short_key(written, str(address.value))
                item.value = [
                    (_word("name", key), _quoted(key)),
                    (_word(meant, address), address),
                ]


def _word(text: str, place: Node) -> ScalarNode:
    return ScalarNode(QUOTED, text, place.start_mark, place.end_mark)


def _quoted(node: ScalarNode) -> ScalarNode:
    """A name such as `1` or `on` is a name."""
    return _word(node.value, node)
