"""What a configuration keeps of the KOSMO files it was made from: `kosmo/` beside gateway.yaml.

Device files cannot say all of it (idShorts as they were, gateways and field devices by name), and
without it a configuration could not give the three files back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aas_models.elements import Json
from aas_models.kosmo.syscfg import FILE_NAME as SYSCFG
from aas_models.kosmo.syscfg import SystemConfig, read_syscfg, write_syscfg
from gateway.core.errors import AasError

FOLDER = "kosmo"
ENVIRONMENT = "environment.json"
NODES = "nodes.json"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a device file came from; `nodes` gives the AAS node id of each tag."""

    gateway: str
    device: str
    connect: str
    nodes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """All that is kept; `origins` by the name of the device."""

    environment: Json
    system: SystemConfig
    origins: Mapping[str, Origin]


def write_sidecar(config: Path, kept: Sidecar) -> None:
    """Write the folder; each file is replaced whole."""
    folder = config / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    origins = {
        name: {
            "gateway": origin.gateway,
            "device": origin.device,
            "connect": origin.connect,
            "nodes": dict(origin.nodes),
        }
        for name, origin in kept.origins.items()
    }
    _replace(folder / ENVIRONMENT, _json(kept.environment))
    _replace(folder / NODES, _json(origins))
    _replace(folder / SYSCFG, write_syscfg(kept.system))


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)


def read_sidecar(config: Path) -> Sidecar | None:
    """Give what a configuration keeps, None where it was not made from KOSMO files.

    Raises:
        AasError: a file of it is damaged.
        OSError: a file of it is missing or cannot be read.
    """
    folder = config / FOLDER
    if not (folder / NODES).exists():
        return None
    try:
        environment = json.loads((folder / ENVIRONMENT).read_bytes())
        entries = json.loads((folder / NODES).read_bytes())
        origins = {
            str(name): Origin(
                str(entry["gateway"]),
                str(entry["device"]),
                str(entry["connect"]),
                {str(tag): str(node) for tag, node in entry["nodes"].items()},
            )
            for name, entry in entries.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AasError("kosmo-damaged", f"{folder}: {error}") from None
    return Sidecar(environment, read_syscfg((folder / SYSCFG).read_bytes()), origins)
