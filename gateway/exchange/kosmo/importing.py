"""Makes a configuration folder of a filled engineering.csv, a syscfg.json and an AAS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aas_models.elements import Json
from aas_models.kosmo.engineering import BYTES_MAX as TABLE_BYTES_MAX
from aas_models.kosmo.engineering import Engineering, read_engineering
from aas_models.kosmo.problems import Problem
from aas_models.kosmo.space import address_space
from aas_models.kosmo.syscfg import BYTES_MAX as SYSCFG_BYTES_MAX
from aas_models.kosmo.syscfg import SystemConfig, read_syscfg, system_of
from gateway.core.errors import GatewayError
from gateway.core.kinds import AdapterKind
from gateway.exchange.kosmo.devices import DeviceDocument, device_documents, slug
from gateway.exchange.kosmo.join import Joined, gateway_names, join
from gateway.exchange.kosmo.sidecar import Origin, Sidecar, read_sidecar, write_sidecar

GATEWAY_FILE = "gateway.yaml"
SEVERAL = "edge"
TABLES = ("engineering-filled.csv", "engineering.csv")
SYSCFGS = ("syscfg-filled.json", "syscfg.json")
MODELS = ("*.aasx", "*.aas.xml", "environment*.xml", "environment*.json", "*.aas.json")
NODESET = "nodeset.xml"


class KosmoError(GatewayError):
    """The files cannot be used; `reason` is a key of the command's texts."""


@dataclass(frozen=True, slots=True)
class Files:
    """The three files of one folder; the first of each kind that is there."""

    table: Path
    syscfg: Path | None
    model: Path


@dataclass(frozen=True, slots=True)
class Imported:
    """What a configuration was made of; `rows` were mapped, `tags` are collected."""

    devices: tuple[DeviceDocument, ...]
    problems: tuple[Problem, ...]
    rows: int
    gateways: tuple[str, ...] = ()

    @property
    def tags(self) -> int:
        return sum(len(device.nodes) for device in self.devices)

    @property
    def lost(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if not problem.harmless)


def find_files(folder: Path, model: Path | None = None) -> Files:
    """Find the files in a folder; `model` names the AAS where several are there.

    Raises:
        KosmoError: the table or the model is missing, or there are several models.
    """
    table = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if table is None:
        raise KosmoError("no-table", str(folder))
    syscfg = next((folder / name for name in SYSCFGS if (folder / name).is_file()), None)
    if model is not None:
        return Files(table, syscfg, model)
    for pattern in (*MODELS, NODESET):
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
        if len(found) > 1:
            raise KosmoError("several-models", ", ".join(path.name for path in found))
        if found:
            return Files(table, syscfg, found[0])
    raise KosmoError("no-model", str(folder))


def import_kosmo(
    files: Files,
    environment: Json,
    out: Path,
    kinds: Sequence[AdapterKind],
    gateway: str | None = None,
    *,
    unsafe: bool = False,
) -> Imported:
    """Write gateway.yaml (where there is none), device files and what is kept for the way back.

    Args:
        kinds: the protocols that can be collected from.
        gateway: only rows of this one; None takes all.
        unsafe: the servers of the field devices know no security.

    Raises:
        KosmoError: nothing can be collected, or a device file there is somebody else's.
        OSError: a file cannot be read or written.
    """
    table = read_engineering(_bounded(files.table, TABLE_BYTES_MAX), files.table.name)
    system = _system(files, environment)
    joined = _joined(environment, table, system, kinds, gateway)
    devices = device_documents(joined.links, environment, unsafe=unsafe)
    problems = (*table.problems, *system.problems, *joined.problems)
    names = tuple(gateway_names(table.mapped)) if gateway is None else (gateway,)
    made = Imported(tuple(devices), problems, len(table.mapped), names)
    if devices:
        _write(out, made, environment, system)
    return made


def _bounded(path: Path, limit: int) -> bytes:
    """Read one byte more than may be: the reader then says that it is too much."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def _joined(
    environment: Json,
    table: Engineering,
    system: SystemConfig,
    kinds: Sequence[AdapterKind],
    gateway: str | None,
) -> Joined:
    space = address_space(environment)
    joined = join(space, table, system, kinds, gateway)
    notes = []
    names = gateway_names(table.mapped)
    if gateway is None and len(names) > 1:
        facts = {"names": ", ".join(names)}
        notes.append(Problem("several-gateways", "engineering.csv", None, facts))
    return Joined(joined.links, (*space.problems, *joined.problems, *notes))


def _system(files: Files, environment: Json) -> SystemConfig:
    """Give what syscfg.json says; where it is missing or empty, what the AAS itself says."""
    read = (
        SystemConfig()
        if files.syscfg is None
        else read_syscfg(_bounded(files.syscfg, SYSCFG_BYTES_MAX))
    )
    if read.gateways:
        return read
    own = system_of(environment)
    note = Problem("syscfg-from-aas", files.model.name)
    return SystemConfig(own.gateways, (*read.problems, note)) if own.gateways else read


def _write(out: Path, made: Imported, environment: Json, system: SystemConfig) -> None:
    kept = read_sidecar(out)
    ours = set() if kept is None else set(kept.origins)
    folder = out / "devices"
    for device in made.devices:
        path = folder / f"{device.name}.yaml"
        if path.exists() and device.name not in ours:
            raise KosmoError("not-ours", str(path))
    folder.mkdir(parents=True, exist_ok=True)
    if not (out / GATEWAY_FILE).exists():
        name = made.gateways[0] if len(made.gateways) == 1 else SEVERAL
        _write_yaml(out / GATEWAY_FILE, gateway_document(slug(name)))
    for device in made.devices:
        _write_yaml(folder / f"{device.name}.yaml", device.document)
    for name in ours - {device.name for device in made.devices}:
        (folder / f"{name}.yaml").unlink(missing_ok=True)
    origins = {
        device.name: Origin(
            device.station.gateway, device.station.device.name, device.station.url, device.nodes
        )
        for device in made.devices
    }
    write_sidecar(out, Sidecar(environment, system, origins))


def gateway_document(name: str) -> dict[str, Any]:
    """Give the smallest gateway.yaml; destinations are a person's decision."""
    return {"version": 1, "gateway": {"id": name}, "devices": "devices/*.yaml"}


def _write_yaml(path: Path, document: Mapping[str, Any]) -> None:
    """Write a line for each key and each tag; values in JSON, which YAML reads."""
    lines = []
    for key, value in document.items():
        if key == "tags":
            lines += ["tags:", *(f"  - {json.dumps(tag, ensure_ascii=False)}" for tag in value)]
        else:
            lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    partial.replace(path)


@dataclass(frozen=True, slots=True)
class Read:
    """An AAS from any file, with what had to be repaired or was lost on the way."""

    environment: Json
    repairs: int = 0
    lost: tuple[str, ...] = field(default=())


def read_model(path: Path, language: str) -> Read:
    """Read an AASX, XML or JSON of any metamodel, or a nodeset.xml.

    Raises:
        AasError: it cannot be read as either.
        OSError: it cannot be read at all.
    """
    from aas_models.kosmo.nodeset_read import environment_of, read_nodes

    with path.open("rb") as file:
        head = file.read(4096)
    if b"UANodeSet" in head:
        return Read(environment_of(read_nodes(path.read_bytes())))
    from aas_models.importing import read_path, say

    made = read_path(path)
    lost = tuple(f"{each.path}: {say(each, language)[0]}" for each in made.lost)
    return Read(made.environment, len(made.repairs), lost)
