"""Global ids of assets, shells and submodels: the same after every installation.

With a domain they are addresses under it; without one, UUIDs made from the business registration
number (or the gateway's id) and the device, so that a re-installed gateway finds its own again.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

SEMANTIC_BASE = "https://factory-telemetry.example/smt"
"""Where the gateway's own submodel templates are named."""
OPERATIONAL_DATA = "OperationalData"
NAMEPLATE = "Nameplate"
TECHNICAL_DATA = "TechnicalData"
INTERFACES = "AssetInterfacesDescription"
MAPPING = "AssetInterfacesMappingConfiguration"
STATIC_SUBMODELS = (NAMEPLATE, TECHNICAL_DATA, INTERFACES, MAPPING)
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{SEMANTIC_BASE}/ids")


def submodel_semantic_id(id_short: str) -> str:
    """Give the semantic id of a submodel of live values."""
    return f"{SEMANTIC_BASE}/{id_short}/1/0"


@dataclass(frozen=True, slots=True)
class Ids:
    """Makes the ids of one device."""

    device: str
    seed: str
    base: str | None = None

    def aas(self) -> str:
        return self._id("aas", f"aas/{self.device}")

    def asset(self) -> str:
        return self._id("asset", f"asset/{self.device}")

    def submodel(self, id_short: str) -> str:
        return self._id(f"sm/{id_short}", f"sm/{self.device}/{id_short}/1/0")

    def _id(self, role: str, path: str) -> str:
        if self.base is not None:
            return f"{self.base}/{path}"
        return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{self.seed}/{self.device}/{role}')}"
