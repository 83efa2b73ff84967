"""A configuration folder as an AASX, and an AASX as a configuration folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aas_models.elements import Json
from aas_models.environment import build_environment
from aas_models.export import Format, Metamodel, filled, rendered
from aas_models.interfaces.notes import Note
from aas_models.interfaces.parts import with_extensions
from aas_models.interfaces.reading import read_interfaces
from aas_models.interfaces.terms import AID_ID_SHORT
from gateway.config.models import GatewayFile, Identity
from gateway.config.plan import GatewayPlan
from gateway.core.kinds import AdapterKind
from gateway.exchange.aasx.device_file import yaml_text
from gateway.exchange.aasx.proposal import made_devices
from gateway.exchange.kinds import bindings_of

IDENTITY = "gateway"
"""The extension that says which gateway's ids these are."""
UNKNOWN_GATEWAY = "gateway"
HEADS = {
    "gateway": "# yaml-language-server: $schema=schema/gateway.json\n",
    "device": "# yaml-language-server: $schema=../schema/device.json\n",
}


@dataclass(frozen=True, slots=True)
class Converted:
    """Files by their path in the configuration folder, and what was not understood."""

    files: Mapping[str, str]
    notes: tuple[Note, ...]


def aasx_of(plan: GatewayPlan, form: Format, name: str, metamodel: Metamodel = "3.1") -> bytes:
    """Give the AAS of a configuration as the bytes of a file, without live values.

    Raises:
        AasError: a model is invalid, or the file would not read back whole.
    """
    environment = build_environment([device.asset for device in plan.devices.values()])
    document = filled(environment, {})
    said = {IDENTITY: orjson.dumps(_identity(plan.settings)).decode()}
    document["submodels"] = [
        with_extensions(each, said) if each["idShort"] == AID_ID_SHORT else each
        for each in document.get("submodels", ())
    ]
    return rendered(_present(document), form, name, metamodel)


def _present(document: Json) -> Json:
    return {key: value for key, value in document.items() if value}


def _identity(settings: GatewayFile) -> dict[str, Any]:
    identity = settings.gateway
    return identity.model_dump(exclude_unset=True, exclude_none=True)


def files_of(environment: Json, kinds: Sequence[AdapterKind]) -> Converted:
    """Give a configuration folder of its own for what an environment describes.

    Devices whose protocol is none of `kinds` are left out and noted.

    What belongs to one machine (destinations, users, quotas, secrets) is in no AASX.
    """
    described = read_interfaces(environment, bindings_of(kinds))
    notes = list(described.notes)
    identity = _read_identity(described.identity.get(IDENTITY))
    gateway = GatewayFile(gateway=Identity.model_validate(identity))
    files = {"gateway.yaml": yaml_text({"version": 1, "gateway": identity}, HEADS["gateway"])}
    for made in made_devices(described.devices, kinds, gateway, notes):
        files[f"devices/{made.name}.yaml"] = yaml_text(made.keys, HEADS["device"])
    return Converted(files, tuple(notes))


def _read_identity(text: str | None) -> dict[str, Any]:
    """Read what a gateway said of itself; another one is called by a word."""
    from pydantic import ValidationError

    try:
        found = json.loads(text or "")
        Identity.model_validate(found)
    except (ValueError, ValidationError):
        return {"id": UNKNOWN_GATEWAY}
    return dict(found)


def write_files(converted: Converted, folder: Path) -> list[Path]:
    """Write the files of a conversion; nothing that is there is replaced.

    Raises:
        FileExistsError: one of them is there already; nothing was written.
        OSError: the folder cannot be written.
    """
    paths = {folder / name: text for name, text in converted.files.items()}
    for path in paths:
        if path.exists():
            raise FileExistsError(str(path))
    for path, text in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(paths)
