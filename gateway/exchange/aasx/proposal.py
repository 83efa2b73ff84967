"""What a file with interface submodels would make of a configuration folder. Writes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from aas_models.elements import Json
from aas_models.interfaces.notes import Note
from aas_models.interfaces.reading import Described, read_interfaces
from gateway.config.findings import ConfigError, Finding, Report
from gateway.config.ids import Ids
from gateway.config.load import expand_short_tags
from gateway.config.models import GatewayFile
from gateway.config.plan import GatewayPlan, load_plan
from gateway.config.references import References
from gateway.config.yaml_reader import read
from gateway.core.errors import AasError
from gateway.core.kinds import AdapterKind
from gateway.exchange.aasx.device_file import head_of, merged, yaml_text
from gateway.exchange.aasx.device_keys import Made, device_keys
from gateway.exchange.aasx.difference import DeviceChange, differences
from gateway.exchange.aasx.names import device_names
from gateway.exchange.kinds import bindings_of

DEVICES_FOLDER = "devices"
PACKAGES = "aasx"
"""Where packages of makers are kept, below the configuration folder."""


@dataclass(frozen=True, slots=True)
class Package:
    """A file as it was given; `suffix` such as `.aasx`."""

    suffix: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Proposal:
    """An intended edit. `files` are contents by path, None for a file that is to go.

    `named` are the devices that the file describes; `plan` is None where the edit is wrong, and
    `findings` say why.
    """

    old: GatewayPlan
    plan: GatewayPlan | None
    files: Mapping[Path, bytes | None]
    named: tuple[str, ...]
    changes: tuple[DeviceChange, ...]
    notes: tuple[Note, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def probed(self) -> GatewayPlan | None:
        """The new plan with only the devices that the file names."""
        if self.plan is None:
            return None
        devices = {
            name: self.plan.devices[name] for name in self.named if name in self.plan.devices
        }
        return dataclasses.replace(self.plan, devices=devices)


def propose(
    environment: Json,
    folder: Path,
    data: Path,
    environ: Mapping[str, str],
    kinds: Sequence[AdapterKind],
    *,
    prune: bool = False,
    package: Package | None = None,
) -> Proposal:
    """Compare what an environment describes with a configuration folder.

    Args:
        environment: in the JSON mapping of metamodel 3.x.
        folder: holds gateway.yaml; data, environ: as for `load_plan`.
        kinds: the protocols that can be read.
        prune: devices that the environment does not describe are to go.
        package: the file itself; where it says more of a device than we make, it is to be kept
            beside the device files and named by `aasx:`.

    Raises:
        ConfigError: the folder is wrong as it is.
        AasError: no glob of gateway.yaml would find a new device's file.
    """
    old = load_plan(folder, data, environ, overlay={})
    described = read_interfaces(environment, bindings_of(kinds))
    notes = list(described.notes)
    running = {device.asset.info.asset: name for name, device in old.devices.items()}
    made = made_devices(described.devices, kinds, old.settings, notes, running)
    overlay: dict[Path, bytes | None] = {}
    for each in made:
        overlay |= _kept_package(each, old, package)
        path, content = _file(each, old, data, environ)
        overlay[path] = content
    named = tuple(each.name for each in made)
    if prune:
        overlay |= {old.devices[name].file: None for name in old.devices if name not in named}
    try:
        new = load_plan(folder, data, environ, overlay=overlay)
    except ConfigError as error:
        return Proposal(old, None, overlay, named, (), tuple(notes), error.findings)
    changes = differences(old, new, kinds)
    same = {old.devices[c.name].file for c in changes if c.kind == "same"}
    files = {path: content for path, content in overlay.items() if path not in same}
    return Proposal(old, new, files, named, tuple(changes), tuple(notes), new.findings)


def made_devices(
    devices: tuple[Described, ...],
    kinds: Sequence[AdapterKind],
    settings: GatewayFile,
    notes: list[Note],
    running: Mapping[str, str] | None = None,
) -> list[Made]:
    """Give the keys of every device that can be used; `running` as for `device_names`."""
    identity = settings.gateway
    seed = identity.business_number or identity.id
    found = []
    for name, each in device_names(devices, running).items():
        made = device_keys(each, kinds, Ids(name, seed, identity.id_base), notes)
        if made is not None:
            found.append(made)
    return found


def _kept_package(made: Made, old: GatewayPlan, package: Package | None) -> dict[Path, bytes]:
    """Name the package in the keys of a device and give the file, where it is another one."""
    if package is None or made.own or not made.others:
        return {}
    name = f"{PACKAGES}/{made.name}{package.suffix}"
    made.keys["aasx"] = name
    path = old.folder / name
    same = path.is_file() and path.read_bytes() == package.data
    return {} if same else {path: package.data}


def _file(
    made: Made, old: GatewayPlan, data: Path, environ: Mapping[str, str]
) -> tuple[Path, bytes]:
    known = old.devices.get(made.name)
    if known is None:
        path = new_path(old.folder, old.settings.devices, made.name)
        return path, yaml_text(made.keys).encode()
    references = References(old.folder, data, environ)
    document = read(known.file, known.file.name, Report(), references.resolve, expand_short_tags)
    keys = merged(made.keys, document.data, own=made.own, kept=made.kept)
    return known.file, yaml_text(keys, head_of("\n".join(document.lines))).encode()


def new_path(folder: Path, patterns: list[str], name: str) -> Path:
    """Give the path of a new device file, where a glob of gateway.yaml finds it.

    Raises:
        AasError: no glob would find it.
    """
    for pattern in patterns:
        above, _, last = pattern.rpartition("/")
        above = above.replace("**", DEVICES_FOLDER)
        for suffix in (".yaml", ".yml"):
            if fnmatchcase(f"{name}{suffix}", last) and "*" not in above:
                return folder / above / f"{name}{suffix}"
    raise AasError("no-place", f"{name}.yaml: {', '.join(patterns)}")
