"""syscfg.json: the gateways and field devices of the KOSMO reference solution.

Source: kosmo-nestfield AAS Parser V3.0 (2025-10); it has no schema and no version.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aas_models.elements import Json
from aas_models.kosmo.names import original_name
from aas_models.kosmo.problems import Problem, shown
from aas_models.kosmo.space import AAS_NAMESPACE, SERVER_NAMESPACE

FILE_NAME = "syscfg.json"
BYTES_MAX = 16 * 1024 * 1024
CLOUD_SHELL = "CloudDataSolution"
CLOUD_SHELL_ID = "http://www.aasnest.io/ids/aas/CloudDataSolution"
GATEWAYS = "EdgeGWSolution"
GATEWAYS_ID = "http://www.aasnest.io/ids/sm/EdgeGWSolution"
BASIC = "BasicConfiguration"
CONNECTION, SAMPLING = "NetworkConnection", "SamplingInterval"
NAMESPACES: tuple[Json, ...] = (
    {"ns_index": 1, "ns": SERVER_NAMESPACE, "aas_id": "-"},
    {"ns_index": 2, "ns": AAS_NAMESPACE, "aas_id": "-"},
)


@dataclass(frozen=True, slots=True)
class FieldDevice:
    """A machine's server; a sampling interval is a text in ms, as the file has it."""

    name: str
    connection: str | None = None
    sampling: str | None = None


@dataclass(frozen=True, slots=True)
class EdgeGateway:
    """A gateway with the devices that it collects from."""

    name: str
    connection: str | None = None
    sampling: str | None = None
    devices: tuple[FieldDevice, ...] = ()

    def device(self, name: str) -> FieldDevice | None:
        """Give a device by its name."""
        return next((each for each in self.devices if each.name == name), None)


@dataclass(frozen=True, slots=True)
class SystemConfig:
    """The whole file."""

    gateways: tuple[EdgeGateway, ...] = ()
    problems: tuple[Problem, ...] = ()

    def gateway(self, name: str) -> EdgeGateway | None:
        """Give a gateway by its name."""
        return next((each for each in self.gateways if each.name == name), None)


def write_syscfg(system: SystemConfig) -> bytes:
    """Give the file as JSON; what is not known of a device is left out."""
    document = {
        "namespaces": list(NAMESPACES),
        "system": [
            {
                **_members("GatewayName", gateway),
                "FieldDevices": [_members("DeviceName", device) for device in gateway.devices],
            }
            for gateway in system.gateways
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _members(name_key: str, each: EdgeGateway | FieldDevice) -> Json:
    made: Json = {name_key: each.name}
    if each.connection is not None:
        made[CONNECTION] = each.connection
    if each.sampling is not None:
        made[SAMPLING] = each.sampling
    return made


def read_syscfg(data: bytes, where: str = FILE_NAME) -> SystemConfig:
    """Read a file; `problems` says what could not be understood, with the line for broken JSON."""
    try:
        text = data[:BYTES_MAX].decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data[:BYTES_MAX].decode("cp949", "replace")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        facts = {"line": str(error.lineno), "column": str(error.colno), "reason": error.msg}
        return SystemConfig((), (Problem("syscfg-json", where, error.lineno, facts),))
    except RecursionError:
        facts = {"line": "1", "column": "1", "reason": "nested too deep"}
        return SystemConfig((), (Problem("syscfg-json", where, 1, facts),))
    reader = _Reader(where)
    gateways = reader.gateways(document)
    return SystemConfig(gateways, tuple(reader.problems))


class _Reader:
    def __init__(self, where: str) -> None:
        self.where = where
        self.problems: list[Problem] = []

    def tell(self, code: str, **facts: str) -> None:
        self.problems.append(Problem(code, self.where, None, facts))

    def gateways(self, document: Any) -> tuple[EdgeGateway, ...]:
        system = document.get("system") if isinstance(document, dict) else None
        if not isinstance(system, list):
            self.tell("syscfg-shape", what="system")
            return ()
        made = []
        for name, entry in self.named(system, "GatewayName"):
            devices = entry.get("FieldDevices", [])
            if not isinstance(devices, list):
                self.tell("syscfg-shape", what=f"{name}.FieldDevices")
                devices = []
            inner = tuple(
                FieldDevice(device, _text(each.get(CONNECTION)), _text(each.get(SAMPLING)))
                for device, each in self.named(devices, "DeviceName")
            )
            connection, sampling = _text(entry.get(CONNECTION)), _text(entry.get(SAMPLING))
            made.append(EdgeGateway(name, connection, sampling, inner))
        return tuple(made)

    def named(self, entries: Iterable[Any], key: str) -> Iterator[tuple[str, Json]]:
        seen: set[str] = set()
        for place, entry in enumerate(entries):
            name = _text(entry.get(key)) if isinstance(entry, dict) else None
            if name is None:
                self.tell("syscfg-shape", what=f"{key} [{place}]")
            elif name in seen:
                self.tell("syscfg-name-twice", name=shown(name))
            else:
                seen.add(name)
                yield name, entry


def _text(value: Any) -> str | None:
    """Give a text; people write numbers for intervals too. Blanks around it do not count."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def system_of(environment: Json) -> SystemConfig:
    """Give what the CloudDataSolution shell of an environment says; nothing without it."""
    submodel = _gateways_submodel(environment)
    if submodel is None:
        return SystemConfig()
    gateways = []
    for gateway in _collections(submodel.get("submodelElements", ())):
        inner = gateway.get("value", ())
        devices = tuple(
            FieldDevice(original_name(device), *_basic(device.get("value", ())))
            for device in _collections(inner)
            if original_name(device) != BASIC
        )
        gateways.append(EdgeGateway(original_name(gateway), *_basic(inner), devices))
    return SystemConfig(tuple(gateways))


def _gateways_submodel(environment: Json) -> Json | None:
    """Find it by the ids that the reference solution fixes, else by idShort."""
    shells = environment.get("assetAdministrationShells", ())
    shell = _by(shells, "id", CLOUD_SHELL_ID) or _by(shells, "idShort", CLOUD_SHELL)
    if shell is None:
        return None
    wanted = {
        str(reference["keys"][-1].get("value", ""))
        for reference in shell.get("submodels", ())
        if reference.get("keys")
    }
    parts = [part for part in environment.get("submodels", ()) if part.get("id") in wanted]
    return _by(parts, "id", GATEWAYS_ID) or _by(parts, "idShort", GATEWAYS)


def _by(items: Iterable[Json], key: str, value: str) -> Json | None:
    return next((item for item in items if item.get(key) == value), None)


def _collections(children: Iterable[Json]) -> Iterator[Json]:
    return (c for c in children if c.get("modelType") == "SubmodelElementCollection")


def _basic(children: Iterable[Json]) -> tuple[str | None, str | None]:
    basic = next((c for c in _collections(children) if original_name(c) == BASIC), {})
    values = {original_name(child): child.get("value") for child in basic.get("value", ())}
    return _text(values.get(CONNECTION)), _text(values.get(SAMPLING))
